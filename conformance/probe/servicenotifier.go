package probe

import (
	"bytes"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// notifyTime is how long a relay may take for a notification, at time scale 1.
// The official relay sends them every 1.5 s.
const notifyTime = 8 * time.Second

// ServiceNotifier is the notifier of a queue, as a notification service knows it.
type ServiceNotifier struct {
	// Queue is the queue that it belongs to.
	Queue *Queue
	// ID addresses the notifier.
	ID []byte
	// Key authorizes NSUB.
	Key keys.PrivateKey
}

// NewServiceNotifier creates a queue that nobody is subscribed to, with a notifier;
// a relay that refuses blocks the case.
func (c *Conn) NewServiceNotifier() *ServiceNotifier {
	n := &ServiceNotifier{Queue: c.NewQueue(OnlyCreate), Key: c.generate(keys.Ed25519)}
	request := smp.NotifierKeys{AuthKey: n.Key.Public(), DHKey: c.generate(keys.X25519).Public()}
	nid := RequireA[smp.NID](c.buildOn(n.Queue.RecipientID, n.Queue.Key, smp.NKEY{NotifierKeys: request}))
	n.ID = nid.NotifierID
	return n
}

// Subscribe sends NSUB on c; an answer other than OK or SOK blocks the case.
func (n *ServiceNotifier) Subscribe(c *Conn) {
	a := c.buildOn(n.ID, n.Key, smp.NSUB{})
	if _, ok := a.Response.(smp.SOK); !ok {
		a.Require(smp.OK{})
	}
	c.Settle()
}

// Announce sends a message with the notification flag on c; a relay that refuses it
// blocks the case.
func (n *ServiceNotifier) Announce(c *Conn) {
	c.buildOn(n.Queue.SenderID, NoKey, smp.SEND{Notify: true, Body: c.t.Rand().Bytes(40)}).Require(smp.OK{})
}

// ExpectNotification fails the case unless NMSG comes for the notifier on c.
func (n *ServiceNotifier) ExpectNotification(c *Conn) {
	_, missing := c.await(notifyTime, n.isNotification)
	if missing != "" {
		c.t.Fail("NMSG for the notifier's id", missing)
	}
}

// RequireNotification is ExpectNotification for one that the case builds on.
func (n *ServiceNotifier) RequireNotification(c *Conn) {
	_, missing := c.await(notifyTime, n.isNotification)
	if missing != "" {
		Blocked(c.t, "no notification came: %s", missing)
	}
}

// ExpectNoNotification fails the case if NMSG has come for the notifier on c. A PING
// is the fence: something that the relay sent later has to be here already.
func (n *ServiceNotifier) ExpectNoNotification(c *Conn, why string) {
	c.Ping()
	for _, r := range c.inbox {
		if n.isNotification(r) {
			c.t.Fail("no NMSG: "+why, r.WithIDs())
		}
	}
}

func (n *ServiceNotifier) isNotification(r Received) bool {
	_, ok := r.Response.(smp.NMSG)
	return ok && bytes.Equal(r.EntityID, n.ID)
}

// ExpectEvent fails the case unless the event comes for the notifier on c.
func (n *ServiceNotifier) ExpectEvent(c *Conn, event smp.Response) {
	c.expectEvent(n.ID, "notifier's", event)
}

// ExpectNoEvent fails the case if the event has come for the notifier on c. A PING
// is the fence.
func (n *ServiceNotifier) ExpectNoEvent(c *Conn, event smp.Response, why string) {
	c.expectNoEvent(n.ID, event, why)
}

// Replace gives the queue another notifier with NKEY on c; a relay that refuses blocks
// the case.
func (n *ServiceNotifier) Replace(c *Conn) {
	request := smp.NotifierKeys{AuthKey: c.generate(keys.Ed25519).Public(), DHKey: c.generate(keys.X25519).Public()}
	RequireA[smp.NID](c.buildOn(n.Queue.RecipientID, n.Queue.Key, smp.NKEY{NotifierKeys: request}))
}
