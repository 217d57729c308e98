// Package soak_test lets many connections do random things with one relay and holds
// what each of them sees against a model: no message is lost, changed, delivered to
// another queue or again after it was acknowledged, or comes in another order than its
// sender sent it in; every answer is one that the history allows; and when everybody is
// gone, so are goroutines and memory.
//
//	go test ./reference/relay/soak -soak.time 10m -v
package soak_test

import (
	"context"
	"crypto/rand"
	"flag"
	"maps"
	mathrand "math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

var (
	soakTime  = flag.Duration("soak.time", 3*time.Second, "how long the connections do random things")
	soakConns = flag.Int("soak.connections", 200, "number of connections at a time")
	soakSeed  = flag.Uint64("soak.seed", 0, "seed of what each connection does; 0: another one each time")
)

// initialQueues are made before the soak starts.
const initialQueues = 100

// quota is small, so that queues are full now and then.
const quota = 8

func TestSoak(t *testing.T) {
	seed := *soakSeed
	if seed == 0 {
		seed = mathrand.Uint64()
	}
	t.Logf("-soak.seed %d", seed)
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	e, err := relay.Listen(t.Context(), "127.0.0.1:0", relay.Config{Credentials: credentials, Quota: quota})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()

	// What is made once, by the first connections, is not a part of the growth.
	soak(t, e, seed, 10, time.Second/10)
	before := settled(t, e, 0)
	soak(t, e, seed+1, *soakConns, *soakTime)
	after := settled(t, e, before.goroutines)
	t.Logf("goroutines %d, then %d; heap %d kB, then %d kB", before.goroutines, after.goroutines, before.heap/1024, after.heap/1024)
	require.LessOrEqual(t, after.heap, before.heap+maxGrowth)
}

// keptWorkers is how many goroutines a relay keeps for handshakes and writing while they
// have nothing to do.
const keptWorkers = 32

// maxGrowth is how much more memory may be in use after a soak than before, in bytes:
// maps keep some of the room that they once needed.
const maxGrowth = 4 << 20

// soak runs everything once, from the first queue to the deletion of the last one.
func soak(t *testing.T, e *relay.Endpoint, seed uint64, conns int, d time.Duration) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	m := &model{stop: stop, counts: map[string]int{}}
	setup := &worker{m: m, e: e, rng: mathrand.New(mathrand.NewPCG(seed, 0))}
	require.NoError(t, setup.connect(ctx))
	for range initialQueues {
		require.NoError(t, setup.create())
	}
	setup.leave()

	timer := time.AfterFunc(d, stop)
	defer timer.Stop()
	var running sync.WaitGroup
	for i := range conns {
		w := &worker{m: m, e: e, number: i, rng: mathrand.New(mathrand.NewPCG(seed, uint64(i+1)))}
		running.Go(func() { w.run(ctx) })
	}
	running.Wait()
	require.Empty(t, m.problems, "-soak.seed %d", seed)

	rest := &worker{m: m, e: e, rng: mathrand.New(mathrand.NewPCG(seed, 0))}
	require.NoError(t, rest.connect(t.Context()))
	for _, q := range m.queues {
		require.NoError(t, rest.drain(q))
	}
	rest.leave()
	require.Empty(t, m.problems, "-soak.seed %d", seed)
	require.Zero(t, e.Queues())
	for _, what := range slices.Sorted(maps.Keys(m.counts)) {
		t.Logf("%8d %s", m.counts[what], strings.TrimSpace(what))
	}
}

// drain takes everything that a queue still has, and deletes it.
func (w *worker) drain(q *queue) error {
	if q.del == nil {
		if err := w.subscribe(q); err != nil {
			return err
		}
		if err := w.settle(); err != nil { // the message follows the answers to the block
			return err
		}
		if err := w.ask(&op{command: smp.PING{}}, keys.PrivateKey{}, nil); err != nil {
			return err
		}
		if err := w.settle(); err != nil {
			return err
		}
		for u := w.use(q); u.held != nil; {
			if err := w.acknowledge(); err != nil {
				return err
			}
			if err := w.settle(); err != nil {
				return err
			}
		}
		for _, problem := range q.check() {
			w.m.fail("%s", problem)
		}
	}
	if err := w.remove(q); err != nil {
		return err
	}
	if err := w.settle(); err != nil {
		return err
	}
	return w.flush()
}

// level is what a process uses.
type level struct {
	goroutines int
	heap       uint64
}

// settled waits until the relay has no connections and, if most is not 0, the process
// no more goroutines than that; then it returns what is in use.
func settled(t *testing.T, e *relay.Endpoint, most int) level {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.Now().Add(patience)
	for e.Connections() != 0 || most != 0 && runtime.NumGoroutine() > most+keptWorkers {
		require.True(t, time.Now().Before(deadline), "%d connections, %d goroutines, not %d", e.Connections(), runtime.NumGoroutine(), most+keptWorkers)
		<-ticker.C
	}
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return level{runtime.NumGoroutine(), m.HeapAlloc}
}
