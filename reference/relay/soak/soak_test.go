// Package soak_test lets many connections do random things with one relay, some of them
// through another one that forwards, some as client services, and holds what each of
// them sees against a model: no message is lost, changed, delivered to another queue or
// again after it was acknowledged, or comes in another order than its sender sent it in;
// nor is a notification, which is for one notifier, about one message that asked for it;
// a connection that is displaced learns of it; services have what belongs to them; every
// answer is one that the history allows; and when everybody is gone, so are goroutines
// and memory, of both relays.
//
// TestSoakOfAStore takes another quarter of the time.
//
//	go test ./reference/relay/soak -soak.time 10m -v
package soak_test

import (
	"context"
	"crypto/rand"
	"errors"
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

// proxied is which part of the connections goes through the proxy: one of so many.
const proxied = 10

// relayConfig is that of both relays. The memory of forwarded commands and of
// notifications does not depend on how long a soak is.
func relayConfig(credentials keys.Credentials) relay.Config {
	return relay.Config{Credentials: credentials, Quota: quota, ReplayMemory: 1000, MaxNotifications: 1 << 20}
}

// seed is that of the flag, or a new one.
func seed(t *testing.T) uint64 {
	s := *soakSeed
	if s == 0 {
		s = mathrand.Uint64()
	}
	t.Logf("-soak.seed %d", s)
	return s
}

// soak is everything that connections do random things with.
type soak struct {
	path *path
	ctx  context.Context
	stop context.CancelFunc
	m    *model
	// during is run beside the connections; nil for nothing.
	during func(d time.Duration)
}

// newSoak makes a relay and a proxy in front of it.
func newSoak(t *testing.T, config relay.Config) *soak {
	far, err := newSite(config)
	require.NoError(t, err)
	config.Store = nil
	p, err := newPath(far, config)
	require.NoError(t, err)
	return &soak{path: p}
}

// close ends both relays.
func (s *soak) close(t *testing.T) {
	require.NoError(t, s.path.proxy.close())
	require.NoError(t, s.path.far.close())
}

func TestSoak(t *testing.T) {
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	s := newSoak(t, relayConfig(credentials))
	defer s.close(t)

	// What is made once, by the first connections, is not a part of the growth.
	seed := seed(t)
	s.run(t, seed, 10, time.Second/10)
	before := s.settled(t, 0)
	s.run(t, seed+1, *soakConns, *soakTime)
	after := s.settled(t, before.goroutines)
	t.Logf("goroutines %d, then %d; heap %d kB, then %d kB", before.goroutines, after.goroutines, before.heap/1024, after.heap/1024)
	require.LessOrEqual(t, after.heap, before.heap+maxGrowth)
}

// kept is how many goroutines the two relays keep for handshakes and writing while these
// have nothing to do.
const kept = 2 * 32

// maxGrowth is how much more memory may be in use after a soak than before, in bytes:
// maps keep some of the room that they once needed.
const maxGrowth = 4 << 20

// run runs everything once, from the first queue to the deletion of the last one.
func (s *soak) run(t *testing.T, seed uint64, conns int, d time.Duration) {
	s.ctx, s.stop = context.WithCancel(t.Context())
	defer s.stop()
	var err error
	s.m, err = newModel(s.stop)
	require.NoError(t, err)
	defer func() { s.m = nil }()
	random := func(n int) *mathrand.Rand { return mathrand.New(mathrand.NewPCG(seed, uint64(n))) }
	setup := &worker{m: s.m, site: s.path.far, latest: true, rng: random(0)}
	require.NoError(t, setup.connect(s.ctx))
	for range initialQueues {
		require.NoError(t, setup.create(nil))
	}
	setup.leave()

	timer := time.AfterFunc(d, s.stop)
	defer timer.Stop()
	var running sync.WaitGroup
	for i := range conns {
		if i%proxied == proxied-2 {
			w := &sender{m: s.m, path: s.path, rng: random(i + 1)}
			running.Go(func() { w.run(s.ctx) })
			continue
		}
		w := &worker{m: s.m, site: s.path.far, number: i, rng: random(i + 1)}
		running.Go(func() { w.run(s.ctx) })
	}
	if s.during != nil {
		s.during(d)
	}
	running.Wait()
	require.Empty(t, s.m.problems, "-soak.seed %d", seed)
	s.path.cut(s.m.tick(), true)
	s.finish(t, random)
	require.Empty(t, s.m.problems, "-soak.seed %d", seed)
	require.LessOrEqual(t, s.path.far.relay.Queues(), s.m.orphans)
	for _, what := range slices.Sorted(maps.Keys(s.m.counts)) {
		t.Logf("%8d %s", s.m.counts[what], strings.TrimSpace(what))
	}
}

// finishers is how many connections receive what is left at the end.
const finishers = 16

// finish receives all that is left, and deletes it.
func (s *soak) finish(t *testing.T, random func(int) *mathrand.Rand) {
	var running sync.WaitGroup
	errs := make([]error, finishers)
	for i := range finishers {
		rest := &worker{m: s.m, site: s.path.far, latest: true, rng: random(i)}
		running.Go(func() { errs[i] = rest.finish(t.Context(), i) })
	}
	running.Wait()
	require.NoError(t, errors.Join(errs...))
}

// finish is that of one of the connections.
func (w *worker) finish(ctx context.Context, number int) error {
	if err := w.connect(ctx); err != nil {
		return err
	}
	defer w.leave()
	for i := number; i < len(w.m.queues); i += finishers {
		if err := w.drain(w.m.queues[i]); err != nil {
			return err
		}
	}
	return nil
}

// drain takes everything that a queue still has, and deletes it.
func (w *worker) drain(q *queue) error {
	all := q.del == nil
	if all {
		if err := w.takeRest(q); err != nil {
			return err
		}
		for _, problem := range q.check() {
			w.m.fail("%s", problem)
		}
	}
	for _, problem := range q.checkNotifications(all) {
		w.m.fail("%s", problem)
	}
	if err := w.remove(q); err != nil {
		return err
	}
	return w.settle()
}

// takeRest takes all messages and notifications that wait.
func (w *worker) takeRest(q *queue) error {
	if err := w.subscribeTo(&q.topic, smp.SUB{}, q.rcvKey); err != nil {
		return err
	}
	if err := w.subscribeNotifications(q); err != nil {
		return err
	}
	for range 2 { // what waits follows the answers to the block, or those to the next one
		if err := w.settle(); err != nil {
			return err
		}
		if err := w.ping(q); err != nil {
			return err
		}
	}
	if err := w.settle(); err != nil {
		return err
	}
	for u := w.use(&q.topic); u.held != nil; {
		if err := w.acknowledge(q); err != nil {
			return err
		}
		if err := w.settle(); err != nil {
			return err
		}
	}
	return nil
}

// level is what a process uses.
type level struct {
	goroutines int
	heap       uint64
}

// settled waits until the relays have no connections and, if most is not 0, the process
// no more goroutines than that, besides those kept; then it returns what is in use.
func (s *soak) settled(t *testing.T, most int) level {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.Now().Add(patience)
	for {
		connections := s.path.far.relay.Connections() + s.path.proxy.relay.Connections()
		if connections == 0 && (most == 0 || runtime.NumGoroutine() <= most+kept) {
			break
		}
		require.True(t, time.Now().Before(deadline), "%d connections, %d goroutines, not %d", connections, runtime.NumGoroutine(), most+kept)
		<-ticker.C
	}
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return level{runtime.NumGoroutine(), m.HeapAlloc}
}
