package relay

import (
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// shards is the number of parts of the store, each with its own lock.
const shards = 64

// party says by which of its ids a queue is addressed.
type party uint8

const (
	recipient party = iota + 1
	sender
)

// errDuplicate: one of the ids of a new queue is taken.
var errDuplicate = errors.New("queue id is taken")

// errFull: the store holds as many queues as it may.
var errFull = errors.New("as many queues as allowed")

type entry struct {
	queue *Queue
	party party
}

type shard struct {
	sync.RWMutex
	entries map[string]entry
}

// store finds queues by their ids. All kinds of ids share one space, so that an
// id means one queue and one party only: an id used for the wrong party is
// unknown. SMP, "Simplex queue IDs".
type store struct {
	seed   maphash.Seed
	shards [shards]shard
	count  atomic.Int64
	limit  int64
}

func newStore(limit int) *store {
	s := &store{seed: maphash.MakeSeed(), limit: int64(limit)}
	for i := range s.shards {
		s.shards[i].entries = make(map[string]entry)
	}
	return s
}

func (s *store) shard(id []byte) *shard {
	return &s.shards[maphash.Bytes(s.seed, id)%shards]
}

// find returns the queue with the id, nil if there is none for this party.
func (s *store) find(p party, id []byte) *Queue {
	sh := s.shard(id)
	sh.RLock()
	e := sh.entries[string(id)]
	sh.RUnlock()
	if e.party != p {
		return nil
	}
	return e.queue
}

// add enters a queue under both of its ids. It returns errDuplicate if one is
// taken and errFull at the limit, and then has changed nothing.
func (s *store) add(q *Queue) error {
	if s.count.Add(1) > s.limit {
		s.count.Add(-1)
		return errFull
	}
	if !s.insert(q.recipientID, entry{q, recipient}) {
		s.count.Add(-1)
		return errDuplicate
	}
	if !s.insert(q.senderID, entry{q, sender}) {
		s.delete(q.recipientID)
		s.count.Add(-1)
		return errDuplicate
	}
	return nil
}

// remove forgets a queue that was added.
func (s *store) remove(q *Queue) {
	s.delete(q.recipientID)
	s.delete(q.senderID)
	s.count.Add(-1)
}

func (s *store) insert(id []byte, e entry) bool {
	sh := s.shard(id)
	sh.Lock()
	defer sh.Unlock()
	if _, taken := sh.entries[string(id)]; taken {
		return false
	}
	sh.entries[string(id)] = e
	return true
}

func (s *store) delete(id []byte) {
	sh := s.shard(id)
	sh.Lock()
	delete(sh.entries, string(id))
	sh.Unlock()
}

// all returns the queues of the store at some moment, for expiry.
func (s *store) all() []*Queue {
	queues := make([]*Queue, 0, s.count.Load())
	for i := range s.shards {
		sh := &s.shards[i]
		sh.RLock()
		for _, e := range sh.entries {
			if e.party == recipient {
				queues = append(queues, e.queue)
			}
		}
		sh.RUnlock()
	}
	return queues
}
