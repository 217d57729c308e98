package relay

import (
	"errors"
	"sync/atomic"
)

// party says by which of its ids a queue is addressed.
type party uint8

const (
	recipient party = iota + 1
	sender
	linkReader
	notifier
)

// errDuplicate: one of the ids of a new queue is taken.
var errDuplicate = errors.New("queue id is taken")

// errFull: the store holds as many queues as it may.
var errFull = errors.New("as many queues as allowed")

// store finds queues by their ids. The ids of recipients, senders and notifiers
// share one space, so that an id means one queue and one party only: an id used for the
// wrong party is unknown. SMP, "Simplex queue IDs". Link ids, some of which
// clients choose, have a space of their own: that one of them is taken says
// nothing about other ids.
type store struct {
	ids   index
	links index
	count atomic.Int64
	limit int64
}

func newStore(limit int) *store {
	s := &store{limit: int64(limit)}
	s.ids.init()
	s.links.init()
	return s
}

// find returns the queue with the id, nil if there is none for this party.
func (s *store) find(p party, id []byte) *Queue {
	if p == linkReader {
		return s.links.find(p, id)
	}
	return s.ids.find(p, id)
}

// add enters a queue under its ids: of recipient and sender, and of its notifier
// and its link if it has them. It returns errDuplicate if one is taken and errFull at the limit,
// and then has changed nothing.
func (s *store) add(q *Queue) error {
	if s.count.Add(1) > s.limit {
		s.count.Add(-1)
		return errFull
	}
	if !s.ids.insert(q.recipientID, entry{q, recipient}) {
		s.count.Add(-1)
		return errDuplicate
	}
	if !s.ids.insert(q.senderID, entry{q, sender}) {
		s.ids.delete(q.recipientID)
		s.count.Add(-1)
		return errDuplicate
	}
	if q.notifier != nil && !s.addNotifier(q, q.notifier.ID) {
		s.ids.delete(q.recipientID)
		s.ids.delete(q.senderID)
		s.count.Add(-1)
		return errDuplicate
	}
	if q.link != nil && !s.addLink(q, q.link.ID) {
		s.removeIDs(q)
		s.count.Add(-1)
		return errDuplicate
	}
	return nil
}

// addNotifier enters a queue under the id of a notifier. It reports whether the
// id was free.
func (s *store) addNotifier(q *Queue, id []byte) bool {
	return s.ids.insert(id, entry{q, notifier})
}

// addLink enters a queue under the id of its link. It reports whether the id
// was free.
func (s *store) addLink(q *Queue, id []byte) bool {
	return s.links.insert(id, entry{q, linkReader})
}

// removeIDs forgets the ids of recipient, sender and notifier.
func (s *store) removeIDs(q *Queue) {
	s.ids.delete(q.recipientID)
	s.ids.delete(q.senderID)
	if q.notifier != nil {
		s.ids.delete(q.notifier.ID)
	}
}

// remove forgets a queue that was added, with its notifier and its link.
func (s *store) remove(q *Queue) {
	s.removeIDs(q)
	if q.link != nil {
		s.links.delete(q.link.ID)
	}
	s.count.Add(-1)
}

// all returns the queues of the store at some moment, for expiry.
func (s *store) all() []*Queue {
	return s.ids.appendQueues(make([]*Queue, 0, s.count.Load()))
}
