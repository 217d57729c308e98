package fault

import (
	"sync"

	"smpcheck/reference/relay"
)

// notes is what a faulty relay remembers. It is safe for concurrent use, and its zero
// value is empty.
type notes[K comparable, V any] struct {
	mu sync.Mutex
	m  map[K]V
}

func (n *notes[K, V]) get(k K) (V, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	v, ok := n.m[k]
	return v, ok
}

func (n *notes[K, V]) set(k K, v V) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.m == nil {
		n.m = make(map[K]V)
	}
	n.m[k] = v
}

// take returns the value and removes it.
func (n *notes[K, V]) take(k K) (V, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	v, ok := n.m[k]
	delete(n.m, k)
	return v, ok
}

// swap sets a value and returns the one before.
func (n *notes[K, V]) swap(k K, v V) (V, bool) {
	before, ok := n.get(k)
	n.set(k, v)
	return before, ok
}

// update replaces a value, or that of none, by what change makes of it, and returns it.
func (n *notes[K, V]) update(k K, change func(V) V) V {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.m == nil {
		n.m = make(map[K]V)
	}
	n.m[k] = change(n.m[k])
	return n.m[k]
}

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

// each has f look at everything there is, in no order; f may not use n.
func (n *notes[K, V]) each(f func(K, V)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for k, v := range n.m {
		f(k, v)
	}
}
