package relay

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
)

// BenchmarkIdleQueue is the memory of one queue without messages, after so many NEW: that
// of the heap, without garbage, with the part of the index that belongs to it.
func BenchmarkIdleQueue(b *testing.B) {
	for _, n := range []int{10_000, 30_000, 100_000, 300_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				before := inUse()
				r := &Relay{config: Config{Quota: DefaultQuota, Now: time.Now}, store: newStore(n)}
				fillStore(b, r, n)
				b.ReportMetric((inUse()-before)/float64(n), "B/queue")
				runtime.KeepAlive(r)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// fillStore enters n queues as NEW does.
func fillStore(b *testing.B, r *Relay, n int) {
	random := rand.NewChaCha8([32]byte{})
	bytes := func(n int) []byte {
		list := make([]byte, n)
		_, _ = random.Read(list)
		return list
	}
	for range n {
		key, err := keys.NewPublic(keys.Ed25519, bytes(32))
		require.NoError(b, err)
		q := &Queue{record: newRecord(key), recipientID: bytes(idSize), senderID: bytes(idSize)}
		r.adopt(q)
		require.NoError(b, r.store.add(q))
	}
}

// inUse is the heap without garbage.
func inUse() float64 {
	runtime.GC()
	runtime.GC() // what the first one has put aside of pools is gone
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
