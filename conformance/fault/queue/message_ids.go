package queue

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"sync"
	"sync/atomic"

	"smpcheck/conformance/fault"
	"smpcheck/reference/box"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

var messageIDFaults = []fault.Fault{
	{
		ID:     "delivery/id-short",
		Story:  "Message ids have 16 bytes, like UUIDs.",
		Breaks: []string{"SMP-MSG-ID-LENGTH"},
		Cases:  []string{"relay/delivery/form"},
		Apply:  fault.MessageIDs(func(_ *relay.Request, id []byte) []byte { return id[:16] }),
	},
	{
		ID:     "delivery/id-long",
		Story:  "Message ids are SHA-256 hashes and not cut.",
		Breaks: []string{"SMP-MSG-ID-LENGTH"},
		Cases:  []string{"relay/delivery/form"},
		Apply:  fault.MessageIDs(func(_ *relay.Request, id []byte) []byte { h := sha256.Sum256(id); return h[:] }),
	},
	{
		ID:     "delivery/id-counts-in-queue",
		Story:  "Message ids count the messages of a queue.",
		Breaks: []string{"SMP-MSG-ID-UNIQUE"},
		Cases:  []string{"relay/delivery/ids-unique"},
		Apply: fault.Remembering(func(counts *fault.Notes[string, uint64]) func(*relay.Config) {
			return fault.MessageIDs(func(r *relay.Request, _ []byte) []byte {
				n := counts.Update(string(r.Queue.RecipientID()), func(n uint64) uint64 { return n + 1 })
				return binary.BigEndian.AppendUint64(make([]byte, 16), n)
			})
		}),
	},
	{
		ID:     "delivery/id-of-body",
		Story:  "The id of a message is the hash of its body, so that the same message is not stored twice.",
		Breaks: []string{"SMP-MSG-ID-UNIQUE"},
		Cases:  []string{"relay/delivery/ids-unique"},
		Apply: fault.MessageIDs(func(r *relay.Request, id []byte) []byte {
			c, ok := r.Command.(smp.SEND)
			if !ok {
				return id
			}
			h := sha512.Sum512(c.Body)
			return h[:box.NonceSize]
		}),
	},
	{
		ID:     "delivery/id-of-body-start",
		Story:  "The id of a message is the start of its body, which clients fill with random bytes.",
		Breaks: []string{"SMP-MSG-NO-SHARED-CIPHERTEXT"},
		Cases:  []string{"relay/delivery/no-shared-ciphertext"},
		Apply: fault.MessageIDs(func(r *relay.Request, id []byte) []byte {
			if c, ok := r.Command.(smp.SEND); ok {
				copy(id, c.Body)
			}
			return id
		}),
	},
	{
		ID:     "delivery/id-reused",
		Story:  "The id of an acknowledged message is free and given to the next one.",
		Breaks: []string{"SMP-MSG-ID-UNIQUE"},
		Cases:  []string{"relay/delivery/ids-unique"},
		Apply:  reusesMessageIDs,
	},
	{
		ID:     "delivery/id-sequential",
		Story:  "Message ids count all messages of the relay.",
		Breaks: []string{"SMP-MSG-ID-RANDOM"},
		Cases:  []string{"relay/delivery/ids-random"},
		Apply: func(c *relay.Config) {
			var last atomic.Uint64
			fault.MessageIDs(func(*relay.Request, []byte) []byte {
				return binary.BigEndian.AppendUint64(make([]byte, 16), last.Add(1))
			})(c)
		},
	},
	{
		ID:     "delivery/id-time-based",
		Story:  "Message ids begin with the time, so that they sort by it.",
		Breaks: []string{"SMP-MSG-ID-RANDOM"},
		Cases:  []string{"relay/delivery/ids-random"},
		Apply:  fault.MessageIDs(func(_ *relay.Request, id []byte) []byte { return beginWithTime(id) }),
	},
	{
		ID:     "delivery/id-of-queue",
		Story:  "Message ids begin with the id of their queue.",
		Breaks: []string{"SMP-MSG-ID-RANDOM"},
		Cases:  []string{"relay/delivery/ids-random"},
		Apply:  fault.MessageIDs(func(r *relay.Request, id []byte) []byte { copy(id, r.Queue.RecipientID()[:8]); return id }),
	},
}

// reusesMessageIDs gives messages the ids of those that were acknowledged before.
func reusesMessageIDs(c *relay.Config) {
	var mu sync.Mutex
	var free [][]byte
	fault.Stages(func(st *relay.Stages) {
		next := st.Remove
		st.Remove = func(q *relay.Queue, id []byte) bool {
			removed := next(q, id)
			if removed {
				mu.Lock()
				defer mu.Unlock()
				free = append(free, bytes.Clone(id))
			}
			return removed
		}
	})(c)
	fault.MessageIDs(func(_ *relay.Request, id []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		if len(free) > 0 {
			id, free = free[0], free[1:]
		}
		return id
	})(c)
}
