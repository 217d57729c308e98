package relay

import (
	"smpcheck/reference/smp"
)

// deliver pushes the oldest message of q to its subscriber, unless the
// subscriber has one that it did not acknowledge, or the queue is blocked. The
// lock of q is held.
//
// If the subscriber's connection has no room, the message stays where it is and
// its session comes back for it: one slow connection costs the relay nothing
// but a place in a list.
func (r *Relay) deliver(q *Queue) {
	if v := q.service(); v != nil {
		v.mu.RLock()
		defer v.mu.RUnlock()
		q.follow(v)
	}
	sub := q.subscriber
	if sub == nil || sub.delivered != nil || sub.postponed || q.record.Blocked() {
		return
	}
	if !sub.session.out.room() {
		r.postpone(q)
		sub.session.Flush() // so that the writer looks at the list even if it has just become idle
		return
	}
	r.push(q, sub)
}

// push pushes the oldest message of q to a subscriber that has none.
func (r *Relay) push(q *Queue, sub *Subscription) {
	m := r.stages.Head(q)
	if m == nil {
		return
	}
	sub.delivered = m.ID
	r.stages.Push(sub.session, q, Output{EntityID: q.recipientID, Message: m, Queue: q})
}

// postpone leaves the delivery to a later call of deliverPostponed. The lock of
// q is held.
func (r *Relay) postpone(q *Queue) {
	if sub := q.subscriber; !sub.postponed {
		sub.postponed = true
		sub.session.postpone(q)
	}
}

// deliverPostponed delivers what was postponed for the session.
func (r *Relay) deliverPostponed(s *Session) {
	for _, q := range s.takePostponed() {
		q.mu.Lock()
		r.resume(s, q)
		r.resumeNotifications(s, q)
		q.mu.Unlock()
	}
}

// resume delivers from q to the session if that was postponed. The lock of q is
// held.
func (r *Relay) resume(s *Session, q *Queue) {
	if sub := q.subscription(s); sub != nil && sub.postponed {
		sub.postponed = false
		r.deliver(q)
	}
}

// defaultPush is the stage Push.
func defaultPush(to *Session, _ *Queue, out Output) {
	to.Send(out)
	to.Flush()
}

// defaultRemove is the stage Remove.
func defaultRemove(q *Queue, id []byte) bool {
	m := q.mailbox.Head()
	removed := q.mailbox.Remove(id)
	if removed {
		m.forget()
	}
	return removed
}

// defaultDeliver is the stage Deliver.
func defaultDeliver(_ *Session, out Output) (smp.Response, error) {
	m := out.Message
	content := smp.RcvMessage{Quota: m.Quota, Timestamp: m.Time.Unix(), Notify: m.Notify, Body: m.Body}
	body, err := content.Seal(m.ID, &out.Queue.deliveryKey)
	if err != nil {
		return nil, err
	}
	return smp.MSG{ID: m.ID, Body: body}, nil
}
