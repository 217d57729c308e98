package target

import "sync"

// patienceLimit is how often in a row a step may go unanswered before nobody tries it
// again. A target that stalls once keeps its credit: cases of one version seldom run at
// the same time.
const patienceLimit = 4

// Patience remembers which steps a target leaves unanswered at which version, so that
// a run does not wait for the same silence in every case that builds on the step. It
// is for what cases build on, never for what they test. It is safe for concurrent
// use; nil never loses patience.
type Patience struct {
	mu       sync.Mutex
	silences map[step]int
}

type step struct {
	name    string
	version uint16
}

// NewPatience returns the patience at the start of a run.
func NewPatience() *Patience { return &Patience{silences: make(map[step]int)} }

// Lost reports whether the step has gone unanswered too often in a row.
func (p *Patience) Lost(name string, version uint16) bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.silences[step{name, version}] >= patienceLimit
}

// Note counts one try of the step.
func (p *Patience) Note(name string, version uint16, answered bool) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if answered {
		delete(p.silences, step{name, version})
	} else {
		p.silences[step{name, version}]++
	}
}
