package probe

import (
	"bytes"
	"fmt"

	"smpcheck/conformance"
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
		RequireDelivering(c.t)
		c.t.Fail("MSG for the recipient's id", missing)
	}
	d := q.readable(c, r)
	const least = 8
	if got := d.Message.Body; len(got) >= least && len(got) < len(body) && bytes.Contains(body, got) {
		Blocked(c.t, "the relay delivered a part of a message: %s in the place of %d bytes", d.Describe(), len(body))
	}
	if !d.holds(body) {
		RequireDelivering(c.t)
	}
	return d.expectBody(c, body)
}

// Await waits on c for a delivery from the queue and says why none came. One that cannot
// be read blocks the case.
func (q *Queue) Await(c *Conn) (d Delivery, missing string) {
	r, missing := q.AwaitMessage(c, answerTime)
	if missing != "" {
		return Delivery{}, missing
	}
	return q.readable(c, r), ""
}

// PutBack puts what was taken out of the inbox in front of everything in it.
func (c *Conn) PutBack(r Received) { c.inbox = append([]Received{r}, c.inbox...) }

// ExpectRedelivery is ExpectMessage for a message that was delivered to another
// connection before: a relay that redelivers nothing blocks the case.
func (q *Queue) ExpectRedelivery(c *Conn, body []byte) Delivery {
	r, missing := q.AwaitMessage(c, answerTime)
	if missing != "" {
		q.blockOnMisaddressed(c)
		blockUnlessRedelivering(c.t)
		c.t.Fail("MSG for the recipient's id", missing)
	}
	d := q.readable(c, r)
	if !d.holds(body) {
		blockUnlessRedelivering(c.t)
		RequireDelivering(c.t)
	}
	return d.expectBody(c, body)
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
	d, err := q.delivery(c, r)
	if err != nil {
		c.t.Fail("MSG whose content the recipient can decrypt", err.Error())
	}
	return d
}

// readable opens a delivery. One that cannot be read blocks the case.
func (q *Queue) readable(c *Conn, r Received) Delivery {
	d, err := q.delivery(c, r)
	if err != nil {
		Blocked(c.t, "a delivered message cannot be read: %v", err)
	}
	return d
}

// expectBody fails the case unless d has the body; nil stands for any.
func (d Delivery) expectBody(c *Conn, body []byte) Delivery {
	if !d.holds(body) {
		c.t.Fail(fmt.Sprintf("MSG with the body %s that was sent", short(body)), d.Describe())
	}
	return d
}

func (d Delivery) holds(body []byte) bool {
	return body == nil || !d.Message.Quota && bytes.Equal(d.Message.Body, body)
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

// RequireDelivering blocks the case unless the relay delivers three messages in
// their order, each one after ACK of the one before, to the connection that created
// their queue, and then one that was sent after all were acknowledged.
func RequireDelivering(t *conformance.T) {
	recipient, sender := Dial(t), Dial(t)
	bodies := recipient.Bodies(4)
	const waiting = 3
	control := recipient.NewQueue()
	control.Fill(sender, bodies[:waiting]...)
	for i, body := range bodies {
		if i == waiting {
			control.Fill(sender, body)
		}
		control.Acknowledge(recipient, control.requireBody(recipient, body))
	}
}

// blockUnlessRedelivering blocks a case that misses a message if the relay does
// not deliver one that was not acknowledged to the next connection that
// subscribes.
func blockUnlessRedelivering(t *conformance.T) {
	recipient := Dial(t)
	bodies := recipient.Bodies(2)
	control := recipient.NewQueue()
	control.Fill(Dial(t), bodies...)
	for range 2 {
		control.requireBody(recipient, bodies[0])
		recipient = Dial(t)
		control.Subscribe(recipient)
	}
	control.requireBody(recipient, bodies[0])
}

// Another reports whether one more message of the queue has been, or is being,
// delivered on c. A PING is the fence.
func (q *Queue) Another(c *Conn) (Received, bool) {
	c.Ping()
	for _, r := range c.inbox {
		if q.isMessage(r) {
			return r, true
		}
	}
	return Received{}, false
}

// RequireBlocks says that from here on the case builds on the form of blocks: one
// from the relay that cannot be read blocks it.
func (c *Conn) RequireBlocks() { c.relying = true }

// see notes that the case has received a message.
func (c *Conn) see(id []byte) {
	if c.seen == nil {
		c.seen = make(map[string]bool)
	}
	c.seen[string(id)] = true
}

// RequireNext is Next for something that the case builds on.
func (c *Conn) RequireNext() Received {
	r, missing := c.await(answerTime, func(Received) bool { return true })
	if missing != "" {
		Blocked(c.t, "nothing came: %s", missing)
	}
	return r
}

// requireBody is RequireMessage for a message with the given body.
func (q *Queue) requireBody(c *Conn, body []byte) Delivery {
	d := q.RequireMessage(c)
	if !bytes.Equal(d.Message.Body, body) {
		Blocked(c.t, "the relay delivers %s in the place of another message", d.Describe())
	}
	return d
}
