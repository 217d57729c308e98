package relay

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// What is done at the same time has workers of its own, which are kept and used again;
// closing waits for those that are at work, and ends all.
func TestWorkersAreKeptAndEnd(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 3, maxIdleWorkers} {
		synctest.Test(t, func(t *testing.T) {
			var w workers
			w.doAtOnce(n)
			synctest.Wait()
			idle := w.waiting()
			require.Len(t, idle, n)
			w.doAtOnce(1)
			synctest.Wait()
			require.Equal(t, idle, w.waiting(), "the last one was taken")

			release, ended := make(chan struct{}), new(atomic.Bool)
			w.do(func() { <-release })
			require.Equal(t, idle[:n-1], w.waiting())
			go func() {
				w.close()
				ended.Store(true)
			}()
			synctest.Wait()
			require.Empty(t, w.waiting())
			require.False(t, ended.Load())
			close(release)
			synctest.Wait()
			require.True(t, ended.Load())
			require.Empty(t, w.waiting())
		})
	}
}

// As many workers wait as may, and none after the end.
func TestWorkersThatWaitAreLimited(t *testing.T) {
	t.Parallel()
	var w workers
	for range maxIdleWorkers {
		require.True(t, w.wait(make(chan func(), 1)))
	}
	require.False(t, w.wait(make(chan func(), 1)))
	w.close()
	require.False(t, w.wait(make(chan func(), 1)))
	require.Empty(t, w.idle)
}

// doAtOnce does n things, none of which ends before all have begun.
func (w *workers) doAtOnce(n int) {
	var begun, ended sync.WaitGroup
	begun.Add(n)
	ended.Add(n)
	for range n {
		w.do(func() {
			defer ended.Done()
			begun.Done()
			begun.Wait()
		})
	}
	ended.Wait()
}

// waiting returns the workers that wait.
func (w *workers) waiting() []chan func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.idle)
}
