package probe

import (
	"os"

	"smpcheck/conformance"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// Steps that cases build on, other than commands.
const (
	stepTLS   = "the TLS handshake"
	stepHello = "the time for its hello"
)

// build performs a step that the case builds on, unless the relay has left the step
// unanswered too often in this run: then the case is blocked without waiting for the
// same silence once more.
func build(t *conformance.T, step string, perform func() error) error {
	patience := t.Info().Patience
	if patience.Lost(step, t.Version()) {
		Blocked(t, "at version %d the relay has let %s pass in silence in several cases", t.Version(), step)
	}
	err := perform()
	if t.Context().Err() == nil { // the end of a case is no silence of the relay
		patience.Note(step, t.Version(), !timedOut(err))
	}
	return err
}

// patiently is build for a command; ask reports whether it was answered.
func (c *Conn) patiently(command string, ask func() bool) {
	_ = build(c.t, command, func() error {
		if answered := ask(); !answered && c.ended == nil {
			return os.ErrDeadlineExceeded
		}
		return nil
	})
}

// buildOn is Ask for a command that the case builds on.
func (c *Conn) buildOn(entity []byte, key keys.PrivateKey, cmd smp.Command) Answer {
	var a Answer
	c.patiently(cmd.Tag(), func() bool {
		a = c.Ask(entity, key, cmd)
		return a.missing == ""
	})
	return a
}
