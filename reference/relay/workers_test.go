package relay

import (
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is done at the same time has workers of its own, which are kept and used again;
// closing waits for those that are at work, and ends all.
func TestWorkersAreKeptAndEnd(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 3, maxIdleWorkers} {
		var w workers
		w.doAtOnce(n)
		idle := w.whenIdle(n)
		w.doAtOnce(1)
		require.Equal(t, idle, w.whenIdle(len(idle)), "the last one was taken")

		begun, release := make(chan struct{}), make(chan struct{})
		w.do(func() {
			close(begun)
			<-release
		})
		<-begun
		require.Equal(t, idle[:len(idle)-1], w.whenIdle(len(idle)-1))
		ended := make(chan struct{})
		go func() {
			w.close()
			close(ended)
		}()
		w.whenIdle(0)
		require.Empty(t, ended)
		close(release)
		<-ended
		require.Empty(t, w.idle)
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

// whenIdle waits until so many workers wait, and returns them.
func (w *workers) whenIdle(n int) []chan func() {
	for {
		w.mu.Lock()
		idle := slices.Clone(w.idle)
		w.mu.Unlock()
		if len(idle) == n {
			return idle
		}
		runtime.Gosched()
	}
}
