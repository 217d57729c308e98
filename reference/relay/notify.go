package relay

import (
	"fmt"
	"io"

	"smpcheck/reference/box"
	"smpcheck/reference/smp"
)

// subscribeNotifier executes NSUB. What waits comes after the answers to all
// commands of the block. Authorise found the notifier when the queue was not
// locked. SMP, "Subscribe to queue notifications".
func (s *Session) subscribeNotifier(r *Request) smp.Response {
	q := r.Queue
	if !q.isNotifiedAs(r.Transmission.EntityID) {
		return fail(smp.ErrAuth)
	}
	s.takeOver()
	if after := q.state(); after.notifierService != s.service {
		after.notifierService = s.service
		s.relay.become(q, after, s)
	} else {
		s.takeNotifications(q)
	}
	return smp.SOK{ServiceID: s.serviceID()}
}

// takeNotifications is take for the notifications of a queue.
func (s *Session) takeNotifications(q *Queue) {
	if displaced := s.claimNotifications(q); displaced != nil {
		s.relay.stages.Push(displaced, q, Output{EntityID: q.notifier.ID, Response: smp.END{}})
	}
	s.relay.postponeNotifications(q)
}

// defaultAnnounce is the stage Announce.
func defaultAnnounce(r *Relay, q *Queue, m *Message) {
	if n := q.notifier; n != nil && m.Notify {
		n.add(Notification{Notifier: &n.Notifier, MessageID: m.ID, Time: m.Time}, r.config.MaxNotifications)
	}
}

// notify pushes the notifications of q that wait to the session that is
// subscribed. If its connection has no room, they stay where they are, as
// messages do. The lock of q is held.
func (r *Relay) notify(q *Queue) {
	n := q.notifier
	if n == nil || len(n.waiting) == 0 {
		return
	}
	if v := n.service; v != nil {
		v.mu.RLock()
		defer v.mu.RUnlock()
		q.followNotifications(v)
	}
	if n.subscriber == nil || n.postponed {
		return
	}
	for len(n.waiting) > 0 {
		if !n.subscriber.out.room() {
			r.postponeNotifications(q)
			n.subscriber.Flush() // so that the writer looks at the list even if it has just become idle
			return
		}
		r.stages.Push(n.subscriber, q, Output{EntityID: n.ID, Notification: n.take()})
	}
}

// postponeNotifications leaves them to a later call of deliverPostponed. The lock
// of q is held.
func (r *Relay) postponeNotifications(q *Queue) {
	if n := q.notifier; !n.postponed {
		n.postponed = true
		n.subscriber.postpone(q)
	}
}

// resumeNotifications sends notifications of q to the session if they were
// postponed. The lock of q is held.
func (r *Relay) resumeNotifications(s *Session, q *Queue) {
	if q.notifies(s) && q.notifier.postponed {
		q.notifier.postponed = false
		r.notify(q)
	}
}

// defaultNotify is the stage Notify.
func defaultNotify(s *Session, out Output) (smp.Response, error) {
	n := out.Notification
	var nonce box.Nonce
	if _, err := io.ReadFull(s.relay.config.Rand, nonce[:]); err != nil {
		return nil, fmt.Errorf("randomness for a nonce: %w", err)
	}
	meta := smp.NMsgMeta{MessageID: n.MessageID, Timestamp: n.Time.Unix()}
	return meta.Seal(nonce, &n.Notifier.MetaKey)
}
