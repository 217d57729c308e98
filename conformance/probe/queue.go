package probe

import (
	"bytes"
	"fmt"
	"time"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// Queue is a queue of the relay with everything that its recipient and its
// sender know.
type Queue struct {
	// Conn is the connection that created the queue.
	Conn *Conn
	// IDS is the relay's answer to NEW.
	IDS smp.IDS
	// RecipientID and SenderID address the queue.
	RecipientID, SenderID []byte
	// Key authorizes the recipient's commands.
	Key keys.PrivateKey
	// DHKey agrees the delivery secret.
	DHKey keys.PrivateKey
	// SenderKey authorizes the sender's commands; NoKey until the queue is
	// secured.
	SenderKey keys.PrivateKey
}

// QueueOption changes the NEW command of NewQueue.
type QueueOption func(*smp.NEW)

// SenderCanSecure asks for a queue that its sender may secure: sender-secure at
// versions 9 to 14, mode messaging from 15.
func SenderCanSecure(c *smp.NEW) { c.Request = &smp.QueueRequest{Mode: smp.Messaging} }

// ContactQueue asks for a queue of mode contact.
func ContactQueue(c *smp.NEW) { c.Request = &smp.QueueRequest{Mode: smp.Contact} }

// NoMode asks for a queue without a mode, as clients did before modes existed;
// versions 9 to 14 know it as a queue that its sender may not secure.
func NoMode(c *smp.NEW) { c.Request = nil }

// OnlyCreate asks not to subscribe to the new queue.
func OnlyCreate(c *smp.NEW) { c.Subscribe = false }

// NewQueueRequest returns the NEW command of a new queue and the keys in it: an
// Ed25519 key for authorization, and the password of the address if there is
// one. The queue is subscribed, unsecured and has no mode.
func (c *Conn) NewQueueRequest(opts ...QueueOption) (smp.NEW, *Queue) {
	q := &Queue{Conn: c, Key: c.generate(keys.Ed25519), DHKey: c.generate(keys.X25519)}
	cmd := smp.NEW{AuthKey: q.Key.Public(), DHKey: q.DHKey.Public(), Subscribe: true}
	if password := c.t.Server().Password; password != "" {
		cmd.Password = []byte(password)
	}
	for _, set := range opts {
		set(&cmd)
	}
	return cmd, q
}

// NewQueue creates a queue; a relay that refuses blocks the case.
func (c *Conn) NewQueue(opts ...QueueOption) *Queue {
	cmd, q := c.NewQueueRequest(opts...)
	q.Created(RequireA[smp.IDS](c.buildOn(nil, q.Key, cmd)))
	if cmd.Subscribe {
		c.Settle()
	}
	return q
}

// NewQueueWithKey creates a queue whose recipient uses the given authorization
// key; a relay that refuses blocks the case.
func (c *Conn) NewQueueWithKey(key keys.PrivateKey, opts ...QueueOption) *Queue {
	cmd, q := c.NewQueueRequest(opts...)
	q.Key, cmd.AuthKey = key, key.Public()
	q.Created(RequireA[smp.IDS](c.buildOn(nil, q.Key, cmd)))
	if cmd.Subscribe {
		c.Settle()
	}
	return q
}

// Created takes the ids from the relay's answer to NEW.
func (q *Queue) Created(ids smp.IDS) {
	q.IDS, q.RecipientID, q.SenderID = ids, ids.RecipientID, ids.SenderID
}

// Secure has the recipient secure the queue with a new sender key; a relay that
// refuses blocks the case.
func (q *Queue) Secure() {
	key := q.Conn.generate(keys.Ed25519)
	q.Conn.buildOn(q.RecipientID, q.Key, smp.KEY{SenderKey: key.Public()}).Require(smp.OK{})
	q.SenderKey = key
}

// Recipient asks a command of the recipient on connection c.
func (q *Queue) Recipient(c *Conn, cmd smp.Command) Answer { return c.Ask(q.RecipientID, q.Key, cmd) }

// Sender asks a command of the sender on connection c.
func (q *Queue) Sender(c *Conn, cmd smp.Command) Answer { return c.Ask(q.SenderID, q.SenderKey, cmd) }

// Fill sends a message with each of the bodies on connection c; a relay that
// refuses one blocks the case.
func (q *Queue) Fill(c *Conn, bodies ...[]byte) {
	for _, b := range bodies {
		c.buildOn(q.SenderID, q.SenderKey, smp.SEND{Body: b}).Require(smp.OK{})
	}
}

// Bodies returns n random message bodies of different lengths.
func (c *Conn) Bodies(n int) [][]byte {
	bodies := make([][]byte, n)
	for i := range bodies {
		bodies[i] = c.t.Rand().Bytes(32 + i)
	}
	return bodies
}

// Delivery is a message that the relay delivered.
type Delivery struct {
	Received
	// MsgID is the id to acknowledge.
	MsgID []byte
	// Message is the decrypted content.
	Message smp.RcvMessage
}

// Open decrypts the content of a delivery.
func (q *Queue) Open(m smp.MSG) (smp.RcvMessage, error) {
	key, err := box.Agree(q.DHKey, q.IDS.ServerDHKey)
	if err != nil {
		return smp.RcvMessage{}, err
	}
	return smp.OpenRcvMessage(m, &key)
}

// AwaitMessage waits on c for a delivery from the queue, with or without a
// correlation id, and says why none came.
func (q *Queue) AwaitMessage(c *Conn, d time.Duration) (Received, string) {
	return c.await(d, q.isMessage)
}

// isMessage reports whether a transmission delivers a message from the queue.
func (q *Queue) isMessage(r Received) bool {
	_, ok := r.Response.(smp.MSG)
	return ok && bytes.Equal(r.EntityID, q.RecipientID)
}

// RequireMessage is ExpectMessage for a delivery that the case builds on.
func (q *Queue) RequireMessage(c *Conn) Delivery {
	r, missing := q.AwaitMessage(c, answerTime)
	if missing != "" {
		Blocked(c.t, "no message was delivered: %s", missing)
	}
	d, err := q.delivery(c, r)
	if err != nil {
		Blocked(c.t, "a delivered message cannot be read: %v", err)
	}
	return d
}

func (q *Queue) delivery(c *Conn, r Received) (Delivery, error) {
	m := r.Response.(smp.MSG)
	content, err := q.Open(m)
	c.see(m.ID)
	return Delivery{Received: r, MsgID: m.ID, Message: content}, err
}

// Describe names the content of a delivery as reports show it.
func (d Delivery) Describe() string {
	if d.Message.Quota {
		return "the marker that the queue was full"
	}
	return fmt.Sprintf("a message with the body %s (%d bytes)", short(d.Message.Body), len(d.Message.Body))
}

// ExpectNoMessage fails the case if a message from the queue has been or is
// being delivered on c. A PING is the fence, so the check takes no waiting. One
// that the case has seen on c already, or that is from another queue, blocks it.
func (q *Queue) ExpectNoMessage(c *Conn, why string) {
	c.Ping()
	for _, r := range c.inbox {
		if !q.isMessage(r) {
			continue
		}
		if m := r.Response.(smp.MSG); c.seen[string(m.ID)] {
			Blocked(c.t, "a message was delivered twice: %s", r)
		}
		q.readable(c, r)
		c.t.Fail("no message: "+why, r.String())
	}
}

// Subscribe subscribes c to the queue. Relays answer with OK or SOK, or with
// the first message in its place; either is accepted, and a message that comes
// with the answer stays in the inbox. Another answer blocks the case.
func (q *Queue) Subscribe(c *Conn) {
	tr := c.Transmission(q.RecipientID, q.Key, smp.SUB{})
	c.Send(tr)
	var r Received
	var missing string
	c.patiently(smp.SUB{}.Tag(), func() bool {
		r, missing = c.await(answerTime, func(r Received) bool {
			return bytes.Equal(r.CorrelationID, tr.CorrelationID) || q.isMessage(r)
		})
		return missing == ""
	})
	if missing != "" {
		Blocked(c.t, "SUB was not answered: %s", missing)
	}
	switch r.Response.(type) {
	case smp.OK, smp.SOK:
	case smp.MSG:
		if !q.isMessage(r) {
			Blocked(c.t, "SUB was answered with a message under another entity id: %s", r.WithIDs())
		}
		c.inbox = append([]Received{r}, c.inbox...)
	default:
		Blocked(c.t, "SUB was answered %s", r)
	}
	c.Settle()
}

// SecureBySender has the sender secure the queue with a new key on connection
// c; a relay that refuses blocks the case.
func (q *Queue) SecureBySender(c *Conn) {
	key := c.generate(keys.Ed25519)
	c.buildOn(q.SenderID, key, smp.SKEY{SenderKey: key.Public()}).Require(smp.OK{})
	q.SenderKey = key
}
