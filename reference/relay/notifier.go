package relay

import (
	"bytes"
	"errors"
	"time"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// Notifier is the party that is told about the messages of a queue and does not
// get them. It does not change: NKEY makes a new one.
type Notifier struct {
	// ID is the id by which the notifier addresses the queue.
	ID []byte
	// AuthKey authorises NSUB.
	AuthKey keys.PublicKey
	// MetaKey encrypts what notifications say, for the recipient of the queue.
	MetaKey box.Key
}

// Notification tells a notifier about one message.
type Notification struct {
	Notifier *Notifier
	// MessageID and Time are those of the message.
	MessageID []byte
	Time      time.Time
}

// notifications are what a queue that has a notifier keeps besides.
type notifications struct {
	Notifier
	// waiting are what was not sent yet, the oldest first.
	waiting []Notification
	// subscriber is the session that used NSUB, nil for none.
	subscriber *Session
	// service is that which the notifications belong to, nil for none.
	service *service
	// postponed: the queue is in the subscriber's list of postponed deliveries.
	postponed bool
}

// add keeps a notification; of more than limit the oldest go.
func (n *notifications) add(next Notification, limit int) {
	n.waiting = append(n.waiting, next)
	n.waiting = n.waiting[max(0, len(n.waiting)-limit):]
}

// take returns the oldest notification and removes it.
func (n *notifications) take() *Notification {
	next := n.waiting[0]
	n.waiting = n.waiting[1:]
	if len(n.waiting) == 0 {
		n.waiting = nil
	}
	return &next
}

// expire removes the oldest notifications, of messages that came before the given
// time.
func (n *notifications) expire(before time.Time) {
	for len(n.waiting) > 0 && n.waiting[0].Time.Before(before) {
		n.take()
	}
}

// Notifier is the notifier of the queue, nil if it has none.
func (q *Queue) Notifier() *Notifier {
	if q.notifier == nil {
		return nil
	}
	return &q.notifier.Notifier
}

// NotificationSubscriber is the session to which notifications are pushed, nil if
// there is none.
func (q *Queue) NotificationSubscriber() *Session {
	if q.notifier == nil {
		return nil
	}
	if v := q.notifier.service; v != nil {
		return v.subscriber.Load()
	}
	return q.notifier.subscriber
}

// notifies reports whether notifications of the queue go to the session.
func (q *Queue) notifies(s *Session) bool {
	return q.notifier != nil && q.notifier.subscriber == s
}

// notifierKey is the key that authorises NSUB with the given id, zero if the
// queue has not, or no more, a notifier with this id.
func (r *Relay) notifierKey(q *Queue, id []byte) keys.PublicKey {
	r.lock(q)
	defer q.mu.Unlock()
	if !q.isNotifiedAs(id) {
		return keys.PublicKey{}
	}
	return q.notifier.AuthKey
}

func (q *Queue) isNotifiedAs(id []byte) bool {
	return q.notifier != nil && bytes.Equal(q.notifier.ID, id)
}

// subscribeNotifications makes the session the one that is told about messages.
// It returns the session that was displaced, nil if there was none or it is the
// same.
func (q *Queue) subscribeNotifications(s *Session) (displaced *Session) {
	q.checkNotified()
	if q.notifies(s) {
		return nil
	}
	displaced = q.unsubscribeNotifications()
	q.notifier.subscriber = s
	s.remember(q)
	return displaced
}

// unsubscribeNotifications returns the session that was subscribed, nil if there
// was none.
func (q *Queue) unsubscribeNotifications() (subscriber *Session) {
	n := q.notifier
	subscriber = n.subscriber
	n.subscriber, n.postponed = nil, false
	if subscriber != nil {
		q.part(subscriber)
	}
	return subscriber
}

// newNotifier makes a notifier, still without id, and the key that the recipient
// needs. It returns keys.ErrLowOrder if nothing can be agreed with the key of the
// recipient.
func (s *Session) newNotifier(k smp.NotifierKeys) (*notifications, keys.PublicKey, error) {
	serverKey, err := keys.Generate(keys.X25519, s.relay.config.Rand)
	if err != nil {
		return nil, keys.PublicKey{}, err
	}
	metaKey, err := box.Agree(serverKey, k.DHKey)
	if err != nil {
		return nil, keys.PublicKey{}, err
	}
	return &notifications{Notifier: Notifier{AuthKey: k.AuthKey, MetaKey: metaKey}}, serverKey.Public(), nil
}

// requestNotifier gives a new queue the notifier that NEW asks for, if it does,
// and returns the relay's key.
func (s *Session) requestNotifier(q *Queue, k *smp.NotifierKeys) (serverKey keys.PublicKey, err error) {
	if k == nil {
		return keys.PublicKey{}, nil
	}
	q.notifier, serverKey, err = s.newNotifier(*k)
	return serverKey, err
}

// nameNotifier gives the notifier of a new queue, if there is one, its id.
func (s *Session) nameNotifier(q *Queue, r *Request) (err error) {
	if q.notifier != nil {
		q.notifier.ID, err = s.relay.stages.NewID(s, r, NotifierID)
	}
	return err
}

// credentials are what IDS says about the notifier of a new queue, nil for none.
func (n *notifications) credentials(serverKey keys.PublicKey) *smp.NotifierCredentials {
	if n == nil {
		return nil
	}
	return &smp.NotifierCredentials{NotifierID: n.ID, ServerDHKey: serverKey}
}

// setNotifier executes NKEY. Credentials that the queue had before, and whatever
// waits to be sent for them, go; as in the official relay their holder learns of
// it. SMP, "Enable notifications command".
func (s *Session) setNotifier(r *Request, c smp.NKEY) smp.Response {
	n, serverKey, err := s.newNotifier(c.NotifierKeys)
	if errors.Is(err, keys.ErrLowOrder) {
		return fail(smp.ErrCrypto)
	}
	if err != nil {
		return s.internal(err)
	}
	if n.ID, err = s.addNotifierID(r); err != nil {
		return s.internal(err)
	}
	after := r.Queue.state()
	after.notifier, after.notifierService = n, nil
	s.relay.become(r.Queue, after, s)
	return smp.NID{NotifierCredentials: *n.credentials(serverKey)}
}

// disableNotifier executes NDEL. SMP, "Disable notifications command".
func (s *Session) disableNotifier(q *Queue) {
	after := q.state()
	if after.notifier != nil {
		after.notifier, after.notifierService = nil, nil
		s.relay.become(q, after, s)
	}
}

// addNotifierID makes an id for a notifier of the queue and enters it into the
// store.
func (s *Session) addNotifierID(r *Request) ([]byte, error) {
	for range idAttempts {
		id, err := s.relay.stages.NewID(s, r, NotifierID)
		if err != nil {
			return nil, err
		}
		if s.relay.store.addNotifier(r.Queue, id) {
			return id, nil
		}
	}
	return nil, errDuplicate
}

// deleteNotifier takes the notifier from a queue, if it has one, and tells the
// session that is subscribed if that is not by, which asked for it. With a store
// that comes after the store knows. The lock of q is held.
func (r *Relay) deleteNotifier(q *Queue, by *Session) {
	if q.notifier == nil {
		return
	}
	id := q.notifier.ID
	r.store.ids.delete(id)
	r.detachNotifier(q, by, smp.DELD{})
	subscriber := q.unsubscribeNotifications()
	q.notifier = nil
	if subscriber != nil && subscriber != by {
		r.stages.Push(subscriber, q, Output{EntityID: id, Response: smp.DELD{}})
	}
}
