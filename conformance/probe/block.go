package probe

import (
	"bytes"
	"errors"
	"slices"

	"smpcheck/reference/smp"
)

// Content returns the content of a block with the given transmissions.
func (c *Conn) Content(trs ...smp.Transmission) []byte {
	encoded := make([][]byte, len(trs))
	for i, tr := range trs {
		encoded[i] = c.Encode(tr)
	}
	content, err := smp.EncodeBlock(encoded...)
	if err != nil {
		c.t.Broken(err)
	}
	return content
}

// AwaitBlockError waits for ERR BLOCK, with whatever ids, and says why none came.
func (c *Conn) AwaitBlockError() (Received, string) {
	return c.await(answerTime, func(r Received) bool {
		e, ok := r.Response.(smp.ERR)
		return ok && e.Err.Equal(smp.ErrBlock)
	})
}

// Refusal is what a relay did about a block that it cannot serve.
type Refusal struct {
	// Answer is the ERR BLOCK.
	Answer Received
	// Closed says that the relay ended the connection without an answer.
	Closed bool
}

// ExpectBlockRefused fails the case unless the relay answers ERR BLOCK, with
// whatever ids, or ends the connection. What names the block.
func (c *Conn) ExpectBlockRefused(what string) Refusal {
	r, missing := c.AwaitBlockError()
	if missing != "" && c.ended == nil {
		c.t.Fail(what+" → ERR BLOCK or the end of the connection", missing)
	}
	return Refusal{Answer: r, Closed: missing != ""}
}

// ExpectUnserved fails the case if one of the transmissions has been, or is
// being, answered with anything but an error.
func (c *Conn) ExpectUnserved(why string, trs ...smp.Transmission) {
	fence := c.Ask(nil, NoKey, smp.PING{})
	if c.ended == nil && !fence.OK() {
		Blocked(c.t, "PING was answered %s", fence)
	}
	for _, r := range c.inbox {
		served := func(tr smp.Transmission) bool { return bytes.Equal(tr.CorrelationID, r.CorrelationID) }
		if !r.isError() && slices.ContainsFunc(trs, served) {
			c.t.Fail("no answer: "+why, r.String())
		}
	}
}

// Waiting returns what has arrived and was not waited for.
func (c *Conn) Waiting() []Received { return slices.Clone(c.inbox) }

// ExpectContentRefused sends a block with the given content and is then
// ExpectBlockRefused.
func (c *Conn) ExpectContentRefused(content []byte, what string) Refusal {
	c.SendContent(content)
	return c.ExpectBlockRefused(what)
}

// ExpectPadded reads one block and returns it decrypted and with its padding. It
// fails the case if it is no block, and blocks it if nothing comes.
func (c *Conn) ExpectPadded() []byte {
	padded, err := c.ReadPadded(answerTime)
	if err != nil {
		if timedOut(err) && !errors.Is(err, errMalformed) {
			Blocked(c.t, "a block is missing: %s", c.explain(answerTime, err))
		}
		c.t.Fail("a block of 16384 bytes", c.explain(answerTime, err))
	}
	return padded
}
