package link

import (
	"errors"
	"fmt"

	"smpcheck/reference/ratchet"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// Errors of binary forms.
var (
	// ErrMode: the letter of a link is neither 'I' nor 'C', or its parts belong to the
	// other mode.
	ErrMode = errors.New("wrong link mode")
	// ErrNoQueues: a connection has no queue.
	ErrNoQueues = errors.New("connection without queues")
	// ErrAmbiguous: what follows the address of a queue that has no mode would be taken
	// for the mode.
	ErrAmbiguous = errors.New("queue address runs into what follows")
)

// Write appends the binary form: the letter of the mode, agent versions, a list of
// queues, optional client data with a word16 length, and for an invitation the ratchet
// parameters. The form does not tell the scheme. Agent protocol, "Link data
// encryption".
func (c Connection) Write(w *wire.Writer) {
	if modeWords[c.Mode] == "" || (c.Mode == Invitation) != (c.Ratchet != nil) {
		w.Fail(fmt.Errorf("%w: %v, with ratchet parameters: %t", ErrMode, c.Mode, c.Ratchet != nil))
		return
	}
	w.Byte(byte(c.Mode))
	w.Range(c.AgentVersions)
	c.writeQueues(w)
	w.Maybe(c.ClientData != nil)
	if c.ClientData != nil {
		w.Large(c.ClientData)
	}
	if c.Ratchet != nil {
		c.Ratchet.Put(w)
	}
}

func (c Connection) writeQueues(w *wire.Writer) {
	if len(c.Queues) == 0 {
		w.Fail(ErrNoQueues)
	}
	w.Count(len(c.Queues))
	for i, q := range c.Queues {
		if i > 0 && !c.Queues[i-1].hasModeByte() && startsLikeMode(q) {
			w.Fail(fmt.Errorf("%w: client version %d of queue %d", ErrAmbiguous, q.ClientVersions.Min, i+1))
		}
		q.Write(w)
	}
}

func startsLikeMode(q QueueURI) bool {
	_, ok := modeLetters[byte(q.ClientVersions.Min>>8)]
	return ok
}

// ReadConnection reads the form that Write appends. As in the official implementation
// a queue without mode is taken for a contact queue, because that mode is not written
// below client version 3; the agent versions are not raised.
func ReadConnection(r *wire.Reader) Connection {
	c := Connection{Mode: readMode(r), AgentVersions: r.Range()}
	count := r.Byte()
	if r.Err() == nil && count == 0 {
		r.Fail(ErrNoQueues)
	}
	for range count {
		q := ReadQueueURI(r)
		if r.Err() != nil {
			return Connection{}
		}
		if q.Mode == 0 {
			q.Mode = smp.Contact
		}
		c.Queues = append(c.Queues, q)
	}
	if r.Maybe() {
		c.ClientData = validText(string(r.Large()))
	}
	if c.Mode == Invitation && r.Err() == nil {
		offer := ratchet.ReadOffer(r)
		c.Ratchet = &offer
	}
	return orZero(r, c)
}

func readMode(r *wire.Reader) Mode {
	m := Mode(r.Byte())
	if r.Err() == nil && modeWords[m] == "" {
		r.Fail(fmt.Errorf("%w: 0x%02x", ErrMode, byte(m)))
	}
	return m
}
