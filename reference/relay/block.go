package relay

import (
	"errors"
	"fmt"

	"smpcheck/reference/smp"
)

// Errors of Block and Unblock.
var (
	// ErrNoQueue: the relay has no queue with this sender id or link id.
	ErrNoQueue = errors.New("no such queue")
	// ErrNotBlocked: the queue is not blocked.
	ErrNotBlocked = errors.New("queue is not blocked")
	// ErrBlocking: the reason is none of the protocol, or the notice has no
	// positive time.
	ErrBlocking = errors.New("reason or notice of blocking")
)

// Block blocks the queue with the given sender id or link id, and tells its
// subscriber. It may be called again with another reason, and by the operator of
// the relay only: there is no command for it.
//
// While a queue is blocked, what its recipient and its senders send for it is
// answered with BLOCKED and the reason, from version 18 with the notice, below
// version 12 with AUTH. OFF and DEL do what they do otherwise, NSUB as well, and
// nothing is delivered. Messages stay, as long as messages stay. SMP, "Error
// responses"; what each command is answered is as in the official relay.
//
// The error is ErrNoQueue or ErrBlocking.
func (r *Relay) Block(id []byte, info smp.BlockingInfo) error {
	if err := checkBlocking(&info); err != nil {
		return err
	}
	answer := blockedError(&info)
	return r.withQueue(id, func(q *Queue) error {
		if q.record.Blocked() && blockedError(q.record.Blocking).Equal(answer) {
			return nil
		}
		q.Change(func(r *Record) { r.Blocking = &info })
		if s := q.Subscriber(); s != nil {
			r.stages.Push(s, q, Output{EntityID: q.recipientID, Response: fail(answer)})
		}
		return nil
	})
}

// checkBlocking returns ErrBlocking for what a client cannot be told.
func checkBlocking(info *smp.BlockingInfo) error {
	if info.Reason != smp.BlockedSpam && info.Reason != smp.BlockedContent {
		return fmt.Errorf("%w: %q, expected spam or content", ErrBlocking, info.Reason)
	}
	if n := info.Notice; n != nil && n.TTL != nil && *n.TTL <= 0 {
		return fmt.Errorf("%w: a notice for %d seconds", ErrBlocking, *n.TTL)
	}
	return nil
}

// Unblock ends what Block did. A subscriber goes on where it was. The error is
// ErrNoQueue or ErrNotBlocked.
func (r *Relay) Unblock(id []byte) error {
	return r.withQueue(id, func(q *Queue) error {
		if !q.record.Blocked() {
			return ErrNotBlocked
		}
		q.Change(func(r *Record) { r.Blocking = nil })
		r.deliver(q)
		return nil
	})
}

// withQueue calls do with the queue of a sender id or link id, locked.
func (r *Relay) withQueue(id []byte, do func(*Queue) error) error {
	q := r.store.find(sender, id)
	if q == nil {
		q = r.store.find(linkReader, id)
	}
	if q == nil {
		return ErrNoQueue
	}
	c, err := r.withLocked(q, do)
	if c != nil {
		<-c.done
		err = errors.Join(err, c.err)
	}
	return err
}

// withLocked is withQueue for a queue that was found. It returns the commit of what do
// changed, nil for none.
func (r *Relay) withLocked(q *Queue, do func(*Queue) error) (*commit, error) {
	r.lock(q)
	defer q.mu.Unlock()
	if !r.alive(q) {
		return nil, ErrNoQueue
	}
	before := q.state()
	err := do(q)
	return r.changed(q, before), err
}

// blockedError is what commands for a blocked queue are answered.
func blockedError(info *smp.BlockingInfo) *smp.Error {
	return &smp.Error{Code: smp.CodeBlocked, Blocking: info}
}

// Blocked reports whether the operator has blocked the queue.
func (r *Record) Blocked() bool { return r.Blocking != nil }

// refusal is what a request is answered because its queue is blocked, nil for
// one that is executed.
func (s *Session) refusal(r *Request) *smp.Error {
	if r.Queue == nil || !r.Queue.record.Blocked() {
		return nil
	}
	switch c := r.Command.(type) {
	case smp.OFF, smp.DEL, smp.NSUB:
		return nil
	case smp.SEND:
		if len(c.Body) > smp.MaxMessageLength(s.Version()) {
			return smp.ErrLargeMsg
		}
	}
	return blockedError(r.Queue.record.Blocking)
}
