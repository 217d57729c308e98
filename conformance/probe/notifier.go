package probe

import (
	"bytes"
	"time"

	"smpcheck/conformance"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// notificationTime is how long a relay may take for NMSG, at time scale 1. The
// official relay sends notifications from a task that runs every 1.5 s.
const notificationTime = 5 * time.Second

// Notifier is the notifier of a queue with everything that it and, for its
// notifications, the recipient know.
type Notifier struct {
	Queue *Queue
	// ID addresses the queue.
	ID []byte
	// Key authorizes NSUB.
	Key keys.PrivateKey
	// DHKey and RelayKey agree the secret of the metadata.
	DHKey    keys.PrivateKey
	RelayKey keys.PublicKey
}

// NotifierRequest returns the keys of a new notifier for NKEY or NEW, and the
// notifier that keeps their private parts. alg authorizes NSUB.
func (q *Queue) NotifierRequest(alg keys.Algorithm) (smp.NotifierKeys, *Notifier) {
	n := &Notifier{Queue: q, Key: q.Conn.generate(alg), DHKey: q.Conn.generate(keys.X25519)}
	return smp.NotifierKeys{AuthKey: n.Key.Public(), DHKey: n.DHKey.Public()}, n
}

// Created takes id and key from the relay's answer.
func (n *Notifier) Created(c smp.NotifierCredentials) { n.ID, n.RelayKey = c.NotifierID, c.ServerDHKey }

// Notify gives the queue a notifier with NKEY; a relay that refuses blocks the
// case.
func (q *Queue) Notify() *Notifier {
	request, n := q.NotifierRequest(keys.Ed25519)
	nid := RequireA[smp.NID](q.Conn.buildOn(q.RecipientID, q.Key, smp.NKEY{NotifierKeys: request}))
	n.Created(nid.NotifierCredentials)
	return n
}

// NewNotified creates a queue that c is not subscribed to, with a notifier; a
// relay that refuses blocks the case.
func (c *Conn) NewNotified(opts ...QueueOption) *Notifier {
	return c.NewQueue(append(opts, OnlyCreate)...).Notify()
}

// Ask asks NSUB on connection c.
func (n *Notifier) Ask(c *Conn) Answer { return c.Ask(n.ID, n.Key, smp.NSUB{}) }

// Subscribe subscribes c with NSUB; a relay that refuses blocks the case. A PING
// follows, to give the relay time to register the subscription.
func (n *Notifier) Subscribe(c *Conn) {
	a := c.buildOn(n.ID, n.Key, smp.NSUB{})
	switch a.Response.(type) {
	case smp.OK, smp.SOK:
	default:
		Blocked(c.t, "NSUB was answered %s", a)
	}
	c.Ping()
}

// Announce sends messages with the notification flag on connection c; a relay that
// refuses one blocks the case.
func (q *Queue) Announce(c *Conn, bodies ...[]byte) {
	for _, b := range bodies {
		c.buildOn(q.SenderID, q.SenderKey, smp.SEND{Notify: true, Body: b}).Require(smp.OK{})
	}
}

// isNotification reports whether a transmission is a notification for n.
func (n *Notifier) isNotification(r Received) bool {
	_, ok := r.Response.(smp.NMSG)
	return ok && bytes.Equal(r.EntityID, n.ID)
}

// Expect fails the case unless a notification for n comes on c. A relay that does
// not do that in the simplest case either blocks it, see ExpectSimplest.
func (n *Notifier) Expect(c *Conn) Notification {
	r, missing := c.await(notificationTime, n.isNotification)
	if missing != "" {
		RequireNotifying(c.t)
		c.t.Fail("NMSG for the notifier's id", missing)
	}
	return Notification{Received: r, NMSG: r.Response.(smp.NMSG)}
}

// ExpectSimplest is Expect for the case on which all others build: a message that is
// sent with the flag after NSUB.
func (n *Notifier) ExpectSimplest(c *Conn) Notification {
	r, missing := c.await(notificationTime, n.isNotification)
	if missing != "" {
		c.t.Fail("NMSG for the notifier's id", missing)
	}
	return Notification{Received: r, NMSG: r.Response.(smp.NMSG)}
}

// Require is Expect for a notification that the case builds on.
func (n *Notifier) Require(c *Conn) Notification {
	r, missing := c.await(notificationTime, n.isNotification)
	if missing != "" {
		Blocked(c.t, "no notification came: %s", missing)
	}
	return Notification{Received: r, NMSG: r.Response.(smp.NMSG)}
}

// RequireNotification returns the next NMSG on c, whatever its ids are; a relay that
// sends none blocks the case.
func (c *Conn) RequireNotification() Notification {
	r, missing := c.await(notificationTime, func(r Received) bool {
		_, ok := r.Response.(smp.NMSG)
		return ok
	})
	if missing != "" {
		Blocked(c.t, "no notification came: %s", missing)
	}
	return Notification{Received: r, NMSG: r.Response.(smp.NMSG)}
}

// RequireNotifying blocks the case unless the relay announces a message that is sent
// with the flag after NSUB.
func RequireNotifying(t *conformance.T) {
	control, watcher := Dial(t).NewNotified(), Dial(t)
	control.Subscribe(watcher)
	control.Queue.Announce(Dial(t), []byte("control"))
	control.Require(watcher)
}

// ExpectNone fails the case if a notification for n that the case has not taken has
// come, or is on its way, on c. The fence is a notification of another queue for the
// same connection: a relay that sends notifications from a periodic task has sent the
// earlier ones then.
func (n *Notifier) ExpectNone(c *Conn, why string) {
	c.fenceNotifications()
	for _, r := range c.inbox {
		if n.isNotification(r) {
			c.t.Fail("no NMSG: "+why, r.WithIDs())
		}
	}
}

// fenceNotifications waits until a notification that is asked for now has come.
func (c *Conn) fenceNotifications() {
	control := Dial(c.t).NewNotified()
	control.Subscribe(c)
	control.Queue.Announce(control.Queue.Conn, []byte("control"))
	control.Require(c)
	c.Ping() // what shares a task with it is here as well
}

// ExpectUnannounced fails the case if any notification but those that the case has
// taken has come on a connection that is nobody's notifier, or is on its way.
func (c *Conn) ExpectUnannounced(why string) {
	c.fenceNotifications()
	for _, r := range c.inbox {
		if _, ok := r.Response.(smp.NMSG); ok {
			c.t.Fail("no NMSG: "+why, r.WithIDs())
		}
	}
}

// ExpectEvent fails the case unless the event comes for the notifier on c.
func (n *Notifier) ExpectEvent(c *Conn, event smp.Response) { c.expectEvent(n.ID, "notifier's", event) }

// ExpectNoEvent fails the case if the event has come for the notifier on c. A PING
// is the fence.
func (n *Notifier) ExpectNoEvent(c *Conn, event smp.Response, why string) {
	c.expectNoEvent(n.ID, event, why)
}

// Notification is an NMSG that the relay sent.
type Notification struct {
	Received
	NMSG smp.NMSG
}

// Open decrypts the metadata of a notification.
func (n *Notifier) Open(m Notification) (smp.NMsgMeta, error) {
	key, err := box.Agree(n.DHKey, n.RelayKey)
	if err != nil {
		return smp.NMsgMeta{}, err
	}
	return smp.OpenNMsgMeta(m.NMSG, &key)
}

// RequireMeta returns the metadata of a notification; one that the recipient cannot
// open blocks the case.
func (n *Notifier) RequireMeta(c *Conn, m Notification) smp.NMsgMeta {
	meta, err := n.Open(m)
	if err != nil {
		Blocked(c.t, "a notification cannot be read: %v", err)
	}
	return meta
}
