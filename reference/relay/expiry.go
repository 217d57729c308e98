package relay

import (
	"context"
	"time"

	"smpcheck/reference/smp"
)

// defaultExpire is the stage Expire. Messages expire by their own time, also in
// notifications, a queue
// a while after it was suspended or last used.
func defaultExpire(r *Relay, q *Queue, now time.Time) bool {
	q.mailbox.Expire(now.Add(-r.config.MessageTTL))
	if q.notifier != nil {
		q.notifier.expire(now.Add(-r.config.NotificationTTL))
	}
	if q.record.Suspended() && now.Sub(q.record.SuspendedAt) > r.config.SuspendedTTL {
		return true
	}
	return r.config.QueueTTL > 0 && now.UnixNano()-q.usedAt > int64(r.config.QueueTTL)
}

// alive removes what is too old from the queue and reports whether the queue
// still exists. The lock of q is held.
func (r *Relay) alive(q *Queue) bool {
	if !q.deleted && !q.pending && r.stages.Expire(r, q, r.config.Now()) {
		r.delete(q, nil)
	}
	return !q.deleted && !q.pending
}

// created enters a new queue, which is in the store of ids, and returns the commit that
// the answer has to wait for, nil without store. Its lock is held.
func (r *Relay) created(q *Queue) *commit {
	if r.journal != nil {
		return r.journal.create(q)
	}
	q.enterService()
	return nil
}

// delete removes the queue with its messages, and tells its subscriber and that
// to its notifications, if it is not by, the session that asked for it. With a store
// it does so when the store has removed the queue. The lock of q is held.
func (r *Relay) delete(q *Queue, by *Session) {
	if r.journal != nil {
		r.journal.remove(q, by)
		return
	}
	r.forget(q, by)
}

// forget is delete for a queue that is not stored any more.
func (r *Relay) forget(q *Queue, by *Session) {
	r.deleteNotifier(q, by)
	r.store.remove(q)
	r.detach(q, by, smp.DELD{})
	if s := q.close(); s != nil && s != by {
		r.stages.Push(s, q, Output{EntityID: q.recipientID, Response: smp.DELD{}})
	}
}

// Expire removes everything that is too old now. A relay that serves does so
// by itself, every SweepInterval; whatever is used before then is looked at
// when it is used.
func (r *Relay) Expire() {
	for _, q := range r.store.all() {
		q.mu.Lock()
		if r.alive(q) {
			q.shrink()
		}
		q.mu.Unlock()
		r.journal.pace()
	}
}

func (r *Relay) sweep(ctx context.Context) {
	ticker := time.NewTicker(r.config.SweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			r.Expire()
		}
	}
}
