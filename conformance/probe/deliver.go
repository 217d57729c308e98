package probe

import (
	"bytes"
	"fmt"

	"smpcheck/reference/smp"
)

// ExpectMessage fails the case unless a message with the given body is
// delivered from the queue on c. A nil body stands for any message. A relay that
// fails in the simplest delivery too, see ExpectSimplest, blocks the case; so does
// a body of which a part was delivered.
func (q *Queue) ExpectMessage(c *Conn, body []byte) Delivery {
	r, missing := q.AwaitMessage(c, answerTime)
	if missing != "" {
		q.blockOnMisaddressed(c)
		blockUnlessDelivering(c)
		c.t.Fail("MSG for the recipient's id", missing)
	}
	d := q.readable(c, r)
	const least = 8
	if got := d.Message.Body; len(got) >= least && len(got) < len(body) && bytes.Contains(body, got) {
		Blocked(c.t, "the relay delivered a part of a message: %s in the place of %d bytes", d.Describe(), len(body))
	}
	return d.expectBody(c, body)
}

// ExpectRedelivery is ExpectMessage for a message that was delivered to another
// connection before: a relay that redelivers nothing blocks the case.
func (q *Queue) ExpectRedelivery(c *Conn, body []byte) Delivery {
	if !q.comes(c) {
		blockUnlessRedelivering(c)
	}
	return q.ExpectMessage(c, body)
}

// comes waits for a message and leaves it in the inbox.
func (q *Queue) comes(c *Conn) bool {
	r, missing := q.AwaitMessage(c, answerTime)
	if missing == "" {
		c.inbox = append([]Received{r}, c.inbox...)
	}
	return missing == ""
}

// ExpectSimplest is ExpectMessage for the cases about the delivery of a message
// to the connection that created the queue, and of the next one after ACK: on
// that all other cases build.
func (q *Queue) ExpectSimplest(c *Conn, body []byte) Delivery {
	r, missing := q.AwaitMessage(c, answerTime)
	if missing != "" {
		q.blockOnMisaddressed(c)
		c.t.Fail("MSG for the recipient's id", missing)
	}
	return q.readable(c, r).expectBody(c, body)
}

// ExpectReadable is RequireMessage for the cases about the encryption of
// deliveries: it fails the case if the recipient cannot decrypt the content.
func (q *Queue) ExpectReadable(c *Conn) Delivery {
	r, missing := q.AwaitMessage(c, answerTime)
	if missing != "" {
		Blocked(c.t, "no message was delivered: %s", missing)
	}
	d, err := q.delivery(r)
	if err != nil {
		c.t.Fail("MSG whose content the recipient can decrypt", err.Error())
	}
	return d
}

// readable opens a delivery. One that cannot be read blocks the case.
func (q *Queue) readable(c *Conn, r Received) Delivery {
	d, err := q.delivery(r)
	if err != nil {
		Blocked(c.t, "a delivered message cannot be read: %v", err)
	}
	return d
}

// expectBody fails the case unless d has the body; nil stands for any.
func (d Delivery) expectBody(c *Conn, body []byte) Delivery {
	if body != nil && (d.Message.Quota || !bytes.Equal(d.Message.Body, body)) {
		c.t.Fail(fmt.Sprintf("MSG with the body %s that was sent", short(body)), d.Describe())
	}
	return d
}

// blockOnMisaddressed blocks a case that misses a message if one of the queue
// came under another entity id: cases about entity ids report that.
func (q *Queue) blockOnMisaddressed(c *Conn) {
	for _, r := range c.inbox {
		m, ok := r.Response.(smp.MSG)
		if !ok || bytes.Equal(r.EntityID, q.RecipientID) {
			continue
		}
		if _, err := q.Open(m); err == nil {
			Blocked(c.t, "a message of the queue was delivered under another entity id: %s", r.WithIDs())
		}
	}
}

// blockUnlessDelivering blocks a case that misses a message if the relay does not
// even deliver two messages, the second one after ACK, to the connection that
// created their queue.
func blockUnlessDelivering(c *Conn) {
	recipient := Dial(c.t)
	bodies := recipient.Bodies(2)
	control := recipient.NewQueue()
	control.Fill(Dial(c.t), bodies...)
	for _, body := range bodies {
		control.Acknowledge(recipient, control.requireBody(recipient, body))
	}
}

// blockUnlessRedelivering blocks a case that misses a message if the relay does
// not deliver one that was not acknowledged to the next connection that
// subscribes.
func blockUnlessRedelivering(c *Conn) {
	recipient := Dial(c.t)
	bodies := recipient.Bodies(2)
	control := recipient.NewQueue()
	control.Fill(Dial(c.t), bodies...)
	for range 2 {
		control.requireBody(recipient, bodies[0])
		recipient = Dial(c.t)
		control.Subscribe(recipient)
	}
	control.requireBody(recipient, bodies[0])
}

// RequireNext is Next for something that the case builds on.
func (c *Conn) RequireNext() Received {
	r, missing := c.await(answerTime, func(Received) bool { return true })
	if missing != "" {
		Blocked(c.t, "nothing came: %s", missing)
	}
	return r
}

func (q *Queue) requireBody(c *Conn, body []byte) Delivery {
	d := q.RequireMessage(c)
	if !bytes.Equal(d.Message.Body, body) {
		Blocked(c.t, "the relay delivers %s in the place of another message", d.Describe())
	}
	return d
}
