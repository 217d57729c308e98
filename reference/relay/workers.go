package relay

import "sync"

// maxIdleWorkers is how many workers wait for something to do; others end.
const maxIdleWorkers = 32

// workers are the goroutines on which connections do what needs a large stack and is soon
// over: the handshake, and writing. An idle connection thus has one goroutine, with the
// stack that waiting for a block takes, and the stacks of workers need not grow each time.
type workers struct {
	running sync.WaitGroup

	mu     sync.Mutex
	closed bool
	idle   []chan func() // the one that began to wait last is at the end
}

// do runs a function on a worker and returns at once.
func (w *workers) do(f func()) {
	w.mu.Lock()
	last := len(w.idle) - 1
	if last < 0 {
		w.mu.Unlock()
		w.running.Go(func() { w.work(f) })
		return
	}
	next := w.idle[last]
	w.idle = w.idle[:last]
	w.mu.Unlock()
	next <- f
}

// work is what a worker does: f, and what it is given afterwards.
func (w *workers) work(f func()) {
	next := make(chan func(), 1)
	for f != nil {
		f()
		if !w.wait(next) {
			return
		}
		f = <-next
	}
}

// wait enters a worker as one that waits, unless it has to end.
func (w *workers) wait(next chan func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || len(w.idle) >= maxIdleWorkers {
		return false
	}
	w.idle = append(w.idle, next)
	return true
}

// close ends the workers as soon as they have nothing to do, and waits for that. Nothing
// is given to them any more.
func (w *workers) close() {
	w.mu.Lock()
	w.closed = true
	for _, next := range w.idle {
		close(next)
	}
	w.idle = nil
	w.mu.Unlock()
	w.running.Wait()
}
