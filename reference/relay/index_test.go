package relay

import (
	"hash/maphash"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestPropertyIndexModel holds an index against a map, with good hashes, and with so bad
// ones that most ids share theirs.
func TestPropertyIndexModel(t *testing.T) {
	t.Parallel()
	hashes := map[string]func(maphash.Seed, []byte) uint64{
		"good":  maphash.Bytes,
		"bad":   func(_ maphash.Seed, id []byte) uint64 { return uint64(len(id)) },
		"worst": func(maphash.Seed, []byte) uint64 { return 7 },
	}
	for name, hash := range hashes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) { indexMachine(t, hash) })
		})
	}
}

// indexMachine changes an index and a model of it in the same way.
func indexMachine(t *rapid.T, hash func(maphash.Seed, []byte) uint64) {
	var x index
	x.init()
	x.hash = hash
	model := make(map[string]entry)
	ids := rapid.StringMatching("[ab]{1,3}")
	t.Repeat(map[string]func(*rapid.T){
		"insert": func(t *rapid.T) {
			id := ids.Draw(t, "id")
			p := rapid.SampledFrom([]party{recipient, sender, notifier}).Draw(t, "party")
			e := entry{&Queue{}, p}
			switch p {
			case recipient:
				e.queue.recipientID = []byte(id)
			case sender:
				e.queue.senderID = []byte(id)
			}
			_, taken := model[id]
			require.Equal(t, !taken, x.insert([]byte(id), e))
			if !taken {
				model[id] = e
			}
		},
		"delete": func(t *rapid.T) {
			id := ids.Draw(t, "id")
			x.delete([]byte(id))
			delete(model, id)
		},
		"": func(t *rapid.T) {
			id := ids.Draw(t, "id")
			for _, p := range []party{recipient, sender, notifier, linkReader} {
				var want *Queue
				if e := model[id]; e.party == p {
					want = e.queue
				}
				require.Same(t, want, x.find(p, []byte(id)))
			}
			var queues []*Queue
			for _, e := range model {
				if e.party == recipient {
					queues = append(queues, e.queue)
				}
			}
			got := x.appendQueues(nil)
			require.Len(t, got, len(queues))
			for _, q := range queues {
				require.Equal(t, 1, count(got, q))
			}
		},
	})
}

func count(queues []*Queue, q *Queue) (n int) {
	for _, other := range queues {
		if other == q {
			n++
		}
	}
	return n
}
