package probe

import (
	"slices"

	"smpcheck/reference/smp"
)

// expecting notes that a command with the correlation id is about to be sent.
func (c *Conn) expecting(id []byte) {
	if c.commands == nil {
		c.commands = make(map[string]bool)
	}
	c.commands[string(id)] = true
}

// blockOnStray blocks a case that misses an answer if one came that answers no
// command: the relay has lost the correlation id, and that is the business of the
// cases about correlation ids.
func (c *Conn) blockOnStray() {
	for _, r := range c.inbox {
		if c.stray(r) {
			Blocked(c.t, "an answer has the correlation id of no command: %s", r.WithIDs())
		}
	}
}

// stray reports whether r is an answer, readable or not, and not one to a command
// of this connection. Events, and ERR BLOCK about bytes that hold no command, have no
// correlation id.
func (c *Conn) stray(r Received) bool {
	if c.commands[string(r.CorrelationID)] {
		return false
	}
	return r.Response == nil || !slices.Contains(events, r.Response.Tag()) && !isBlockError(r)
}

// events are the responses that relays send unasked.
var events = []string{"MSG", "NMSG", "END", "DELD", "ENDS", "ALLS"}

func isBlockError(r Received) bool {
	e, ok := r.Response.(smp.ERR)
	return ok && e.Err.Equal(smp.ErrBlock)
}
