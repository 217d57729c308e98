package fault

import (
	"sync"

	"smpcheck/reference/relay"
)

// perSession holds something for each session of a relay.
type perSession[T any] struct {
	mu     sync.Mutex
	values map[*relay.Session]*T
}

func newPerSession[T any]() *perSession[T] {
	return &perSession[T]{values: make(map[*relay.Session]*T)}
}

// of returns what belongs to a session; the zero value of T is there first.
func (p *perSession[T]) of(s *relay.Session) *T {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, ok := p.values[s]
	if !ok {
		v = new(T)
		p.values[s] = v
	}
	return v
}
