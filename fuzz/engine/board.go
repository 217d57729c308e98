package engine

import (
	"sync"
	"time"
)

// statusInterval is how often the status is told.
const statusInterval = time.Second

// board shows how far a run has come. Its methods are safe for use by several goroutines,
// and tell is called by one at a time.
type board struct {
	began time.Time
	tell  func(Status) // nil for nobody

	mu     sync.Mutex
	status Status
}

func newBoard(tell func(Status)) *board {
	return &board{began: time.Now(), tell: tell, status: Status{Doing: doingPrograms}}
}

// doingPrograms is Doing while programs are run.
const doingPrograms = "fuzzing"

// change changes the status.
func (b *board) change(change func(*Status)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.status)
}

// doing says what is done until the returned function is called.
func (b *board) doing(what string) (done func()) {
	b.change(func(s *Status) { s.Doing = what })
	return func() { b.change(func(s *Status) { s.Doing = doingPrograms }) }
}

// current is the status now.
func (b *board) current() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now()
}

func (b *board) now() Status {
	s := b.status
	s.Elapsed = time.Since(b.began)
	s.OperationsASec = float64(s.Operations) / max(s.Elapsed.Seconds(), 1e-9)
	return s
}

// show tells the status.
func (b *board) show() {
	if b.tell == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tell(b.now())
}

// run shows the status again and again until the returned function is called.
func (b *board) run() (stop func()) {
	end := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		ticker := time.NewTicker(statusInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				b.show()
			case <-end:
				return
			}
		}
	})
	return func() {
		close(end)
		group.Wait()
		b.show()
	}
}
