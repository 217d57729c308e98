package relay

import (
	"bytes"
	"hash/maphash"
	"sync"
)

// shards is the number of parts of an index, each with its own lock.
const shards = 64

// index finds queues by ids of one space: an id means one queue and one party.
//
// Every queue has the ids of recipient and sender, so these take as little as
// possible: a hash and a pointer. The ids themselves stand in the queue.
type index struct {
	seed   maphash.Seed
	hash   func(maphash.Seed, []byte) uint64
	shards [shards]shard
}

type shard struct {
	sync.RWMutex
	// recipients and senders are the queues whose id of this party has the hash.
	recipients, senders map[uint64]*Queue
	// others are the ids that stand in none of the two: those of other parties, and
	// those whose hash is that of another id. nil for none.
	others map[string]entry
}

type entry struct {
	queue *Queue
	party party
}

func (x *index) init() {
	x.seed, x.hash = maphash.MakeSeed(), maphash.Bytes
	for i := range x.shards {
		x.shards[i].recipients = make(map[uint64]*Queue)
		x.shards[i].senders = make(map[uint64]*Queue)
	}
}

// of returns the hash of an id and the shard that it belongs to.
func (x *index) of(id []byte) (uint64, *shard) {
	hash := x.hash(x.seed, id)
	return hash, &x.shards[hash%shards]
}

// find returns the queue of which the id is that of the party, nil for none.
func (x *index) find(p party, id []byte) *Queue {
	hash, sh := x.of(id)
	sh.RLock()
	defer sh.RUnlock()
	return sh.find(p, hash, id)
}

// insert reports whether the id was free, and means e now. The queue has it already if it
// is that of the recipient or the sender.
func (x *index) insert(id []byte, e entry) bool {
	hash, sh := x.of(id)
	sh.Lock()
	defer sh.Unlock()
	if sh.taken(hash, id) {
		return false
	}
	if byHash := sh.byHash(e.party); byHash != nil && byHash[hash] == nil {
		byHash[hash] = e.queue
		return true
	}
	if sh.others == nil {
		sh.others = make(map[string]entry)
	}
	sh.others[string(id)] = e
	return true
}

// delete makes an id free.
func (x *index) delete(id []byte) {
	hash, sh := x.of(id)
	sh.Lock()
	defer sh.Unlock()
	for _, p := range []party{recipient, sender} {
		if q := sh.byHash(p)[hash]; q != nil && bytes.Equal(q.id(p), id) {
			delete(sh.byHash(p), hash)
		}
	}
	delete(sh.others, string(id))
}

// appendQueues appends the queues that have an id of the recipient, each shard as it is
// at some moment.
func (x *index) appendQueues(queues []*Queue) []*Queue {
	for i := range x.shards {
		queues = x.shards[i].appendQueues(queues)
	}
	return queues
}

func (sh *shard) appendQueues(queues []*Queue) []*Queue {
	sh.RLock()
	defer sh.RUnlock()
	for _, q := range sh.recipients {
		queues = append(queues, q)
	}
	for _, e := range sh.others {
		if e.party == recipient {
			queues = append(queues, e.queue)
		}
	}
	return queues
}

// byHash returns the queues that are found by the hash of their id of a party, nil for a
// party that is not found so.
func (sh *shard) byHash(p party) map[uint64]*Queue {
	switch p {
	case recipient:
		return sh.recipients
	case sender:
		return sh.senders
	}
	return nil
}

func (sh *shard) find(p party, hash uint64, id []byte) *Queue {
	if q := sh.byHash(p)[hash]; q != nil && bytes.Equal(q.id(p), id) {
		return q
	}
	if e := sh.others[string(id)]; e.party == p {
		return e.queue
	}
	return nil
}

// taken reports whether somebody has the id.
func (sh *shard) taken(hash uint64, id []byte) bool {
	_, other := sh.others[string(id)]
	return other || sh.find(recipient, hash, id) != nil || sh.find(sender, hash, id) != nil
}
