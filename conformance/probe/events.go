package probe

import (
	"bytes"

	"smpcheck/reference/smp"
)

// ExpectEvent fails the case unless the event comes for the queue on c, with
// the recipient's id and an empty correlation id. It waits as long as the
// official relay's periodic tasks take.
func (q *Queue) ExpectEvent(c *Conn, event smp.Response) {
	c.expectEvent(q.RecipientID, "recipient's", event)
}

// expectEvent is ExpectEvent for the id of any party.
func (c *Conn) expectEvent(id []byte, whose string, event smp.Response) {
	r, missing := c.awaitEvent(id, event)
	if missing != "" {
		c.t.Fail(event.Tag()+" for the "+whose+" id", missing)
	}
	if len(r.CorrelationID) != 0 {
		c.t.Fail(event.Tag()+" with an empty correlation id", r.WithIDs())
	}
}

func (c *Conn) awaitEvent(id []byte, event smp.Response) (Received, string) {
	want, err := smp.EncodeResponse(c.version, event)
	if err != nil {
		c.t.Broken(err)
	}
	return c.await(EventTime, func(r Received) bool {
		return bytes.Equal(r.Command, want) && bytes.Equal(r.EntityID, id)
	})
}

// RequireEvent is ExpectEvent for an event that the case builds on.
func (q *Queue) RequireEvent(c *Conn, event smp.Response) {
	if _, missing := c.awaitEvent(q.RecipientID, event); missing != "" {
		Blocked(c.t, "%s did not come: %s", event.Tag(), missing)
	}
}

// ExpectNoEvent fails the case if the event has come for the queue on c. A PING
// is the fence.
func (q *Queue) ExpectNoEvent(c *Conn, event smp.Response, why string) {
	c.expectNoEvent(q.RecipientID, event, why)
}

// expectNoEvent is ExpectNoEvent for the id of any party.
func (c *Conn) expectNoEvent(id []byte, event smp.Response, why string) {
	c.Ping()
	for _, r := range c.inbox {
		if r.Response != nil && r.Response.Tag() == event.Tag() && bytes.Equal(r.EntityID, id) {
			c.t.Fail("no "+event.Tag()+": "+why, r.WithIDs())
		}
	}
}
