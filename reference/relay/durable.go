package relay

import (
	"bytes"
	"fmt"
	"math"
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
	case c.kind == created && err != nil:
		r.forget(q, q.Subscriber())
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

// restore enters the queues of Config.Store into a relay that has none.
func (r *Relay) restore() error {
	r.store.limit = math.MaxInt64
	defer func() { r.store.limit = int64(r.config.MaxQueues) }()
	return r.config.Store.Load(func(record StoredRecord) error {
		if record.Kind != QueueRecord {
			return fmt.Errorf("%w: kind %d", ErrRecord, record.Kind)
		}
		q, err := decodeQueue(record.ID, record.Value)
		if err != nil {
			return err
		}
		r.adopt(q)
		if err := r.store.add(q); err != nil {
			return fmt.Errorf("%w: %w", ErrRecord, err)
		}
		return nil
	})
}
