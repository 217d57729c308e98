package probe

import (
	"bytes"

	"smpcheck/reference/smp"
)

// Acknowledge acknowledges a delivery on c. A relay answers with OK, or with
// the next message in its place; such a message stays in the inbox. Another
// answer blocks the case.
func (q *Queue) Acknowledge(c *Conn, d Delivery) {
	if a := c.buildOn(q.RecipientID, q.Key, smp.ACK{MsgID: d.MsgID}); !q.acknowledged(c, a) {
		Blocked(c.t, "ACK was answered %s", a)
	}
}

// ExpectAcknowledged is Acknowledge for cases about ACK: another answer fails the case.
func (q *Queue) ExpectAcknowledged(c *Conn, d Delivery) {
	if a := c.Ask(q.RecipientID, q.Key, smp.ACK{MsgID: d.MsgID}); !q.acknowledged(c, a) {
		c.t.Fail("ACK → OK, or the next message", a.String())
	}
}

// acknowledged reports whether an answer says that ACK was executed.
func (q *Queue) acknowledged(c *Conn, a Answer) bool {
	switch a.Response.(type) {
	case smp.OK:
		return true
	case smp.MSG:
		if !q.isMessage(a.Received) {
			Blocked(c.t, "ACK was answered with a message under another entity id: %s", a.WithIDs())
		}
		c.inbox = append([]Received{a.Received}, c.inbox...)
		return true
	}
	return false
}

// Drain receives and acknowledges everything that the queue holds, in order,
// and returns it: the first message must be in the inbox of c, or on its way.
// It ends when the relay has answered OK and delivers nothing more. A relay that
// delivers more than maxDrained messages blocks the case.
func (q *Queue) Drain(c *Conn) []Delivery {
	var all []Delivery
	for d := q.RequireMessage(c); ; d = q.RequireMessage(c) {
		if n := len(all); n > 0 && bytes.Equal(all[n-1].MsgID, d.MsgID) {
			Blocked(c.t, "an acknowledged message is delivered again: %s", d.Describe())
		}
		if all = append(all, d); len(all) > maxDrained {
			Blocked(c.t, "the queue holds more than %d messages", maxDrained)
		}
		q.Acknowledge(c, d)
		if q.delivered(c) {
			continue
		}
		if c.Ping(); !q.delivered(c) {
			return all
		}
	}
}

// maxDrained is how many messages Drain takes: many times the quota of any relay.
const maxDrained = 1024

// delivered reports whether the inbox of c holds a message from the queue.
func (q *Queue) delivered(c *Conn) bool {
	for _, r := range c.inbox {
		if q.isMessage(r) {
			return true
		}
	}
	return false
}

// FillUp sends messages, in batches, until the relay refuses one with QUOTA or,
// after it has accepted some, with another error. It returns the bodies of those
// that the relay accepted and the first refusal. A relay that accepts more than limit messages gives false.
func (q *Queue) FillUp(c *Conn, limit int) (accepted [][]byte, refusal Answer, full bool) {
	const batch = 32
	for len(accepted) <= limit {
		bodies := c.Bodies(batch)
		trs := make([]smp.Transmission, batch)
		for i, b := range bodies {
			trs[i] = c.Transmission(q.SenderID, q.SenderKey, smp.SEND{Body: b})
		}
		c.Send(trs...)
		for i, tr := range trs {
			a := c.Await("SEND", tr)
			isQuota := a.is(c.t.Version(), errorResponses([]*smp.Error{smp.ErrQuota}))
			if isQuota || len(accepted) > 0 && a.OK() && a.isError() {
				if !full {
					refusal, full = a, true
				}
				continue
			}
			a.Require(smp.OK{})
			accepted = append(accepted, bodies[i])
		}
		if full {
			return accepted, refusal, true
		}
	}
	return accepted, refusal, false
}
