package relay

import (
	"bytes"
	"slices"

	"smpcheck/reference/smp"
)

// lock locks a queue of which no change is on its way to the store. Whoever
// looks at the state of a queue for a client, or changes it, locks it like this.
func (r *Relay) lock(q *Queue) {
	q.mu.Lock()
	for q.pending {
		c := r.journal.commitOf(q)
		q.mu.Unlock()
		<-c.done
		q.mu.Lock()
	}
}

// snapshot returns the record for a caller that does not hold the lock.
func (r *Relay) snapshot(q *Queue) *Record {
	r.lock(q)
	defer q.mu.Unlock()
	return q.record
}

// settle ends a change of a queue: the store has it, or err says why not and the
// queue becomes again what it was. The lock of the queue is held.
func (r *Relay) settle(c *change, err error) {
	q := c.queue
	switch {
	case c.kind == removed && err == nil:
		r.forget(q, c.by)
	case c.kind == created && err == nil:
		q.enterService()
	case c.kind == created:
		r.forget(q, q.Subscriber())
	case c.kind == planned:
		r.settlePlan(c, err)
	case c.kind == updated && err == nil:
		r.freeIDs(c.before, c.after)
	case c.kind == updated:
		r.freeIDs(c.after, c.before)
		q.restore(c.before)
	}
}

// freeIDs takes the ids that only the first state has out of the store.
func (r *Relay) freeIDs(had, has queueState) {
	if had.link != nil && (has.link == nil || !bytes.Equal(had.link.ID, has.link.ID)) {
		r.store.links.delete(had.link.ID)
	}
	if had.notifier != nil && had.notifier != has.notifier {
		r.store.ids.delete(had.notifier.ID)
	}
}

// become gives a queue another state as soon as that is durable, without store at
// once. It is for what others have to do with: the ids of a new notifier are in the
// store of ids already, everything else, and what others are told, comes with the
// state. The lock of q is held, it is not pending.
func (r *Relay) become(q *Queue, after queueState, by *Session) {
	if r.journal == nil {
		r.takeState(q, after, by)
		return
	}
	by.remember(q) // so that the session waits for the queue before it is gone
	r.journal.enter(change{queue: q, kind: planned, before: q.state(), after: after, by: by})
}

// settlePlan is settle for a change that did not happen yet.
func (r *Relay) settlePlan(c *change, err error) {
	if err == nil {
		r.takeState(c.queue, c.after, c.by)
	} else {
		r.freeIDs(c.after, c.before)
	}
	c.queue.part(c.by)
	c.by.Flush() // the writer delivers what takeState has postponed
}

// takeState changes the notifier and the services of a queue to those of a state.
func (r *Relay) takeState(q *Queue, after queueState, by *Session) {
	if q.notifier != after.notifier {
		r.deleteNotifier(q, by)
		q.notifier = after.notifier
	}
	if n := q.notifier; n != nil && n.service != after.notifierService {
		by.takeNotifications(q)
		r.notify(q) // if another connection of the service has the subscription by now
	}
	if q.service() != after.service {
		by.take(q)
		r.deliver(q)
	}
}

// executed runs the stage Execute for a request whose queue, if there is one, is
// locked, and makes the answers wait for what it changed. SEND does not wait: it
// says nothing about the link that it may delete.
func (s *Session) executed(r *Request) []Output {
	var before queueState
	if r.Queue != nil {
		before = r.Queue.state()
	}
	outs := s.relay.stages.Execute(s, r)
	if r.Queue != nil {
		r.commit = s.relay.changed(r.Queue, before)
	}
	if _, ok := r.Command.(smp.SEND); ok {
		r.commit = nil
	}
	for i := range outs {
		outs[i].commit = r.commit
	}
	return outs
}

// changed ends what may have changed a queue since it was in the given state. It
// returns the commit that brings the change to the store; nil if there is none, or
// no store. The lock of q is held.
func (r *Relay) changed(q *Queue, before queueState) *commit {
	switch after := q.state(); {
	case q.pending: // it was removed
		return r.journal.commitOf(q)
	case before == after, r.journal == nil:
		return nil
	default:
		return r.journal.enter(change{queue: q, kind: updated, before: before, after: after})
	}
}

// settled waits for the changes that the answers among outs tell about. What was
// not stored is answered with INTERNAL.
func settled(outs []Output) []Output {
	same := true
	for i := range outs {
		c := outs[i].commit
		if c == nil {
			continue
		}
		<-c.done
		if c.err == nil {
			continue
		}
		if same {
			outs, same = slices.Clone(outs), false
		}
		outs[i].Response, outs[i].Message = fail(smp.ErrInternal), nil
	}
	return outs
}
