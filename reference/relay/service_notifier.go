package relay

import "smpcheck/reference/smp"

// What services have with notifications is what they have with messages, except
// that there is no ALLS.

// claimNotifications is claim for the notifications of a queue.
func (s *Session) claimNotifications(q *Queue) (displaced *Session) {
	if q.notifier.service != s.service {
		s.relay.detachNotifier(q, s, smp.END{})
	}
	if s.service == nil {
		return q.subscribeNotifications(s)
	}
	displaced = q.subscribeNotifications(s)
	q.notifier.service = s.service
	s.service.add(q, q.notifier.ID)
	return displaced
}

// detachNotifier is detach for the notifications of a queue, which has a
// notifier.
func (r *Relay) detachNotifier(q *Queue, by *Session, event smp.Response) {
	v := q.notifier.service
	if v == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.removeLocked(q, q.notifier.ID)
	q.notifier.service = nil
	q.unsubscribeNotifications()
	if to := v.subscriber.Load(); to != nil && to != by {
		r.stages.Push(to, q, Output{EntityID: q.notifier.ID, Response: event})
	}
}

// checkNotified ends a subscription to notifications that a connection has lost
// with that to its service.
func (q *Queue) checkNotified() {
	n := q.notifier
	if n.service != nil && n.subscriber != nil && n.subscriber != n.service.subscriber.Load() {
		q.unsubscribeNotifications()
	}
}

// followNotifications gives the notifications the subscription that the service
// has. The lock of the service is held.
func (q *Queue) followNotifications(v *service) {
	q.checkNotified()
	if s := v.subscriber.Load(); s != nil && q.notifier.subscriber == nil {
		q.subscribeNotifications(s)
	}
}
