package fault

import (
	"sync"

	"smpcheck/reference/relay"
)

// Notes is what a faulty relay remembers. It is safe for concurrent use, and its zero
// value is empty.
type Notes[K comparable, V any] struct {
	mu sync.Mutex
	m  map[K]V
}

func (n *Notes[K, V]) Get(k K) (V, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	v, ok := n.m[k]
	return v, ok
}

func (n *Notes[K, V]) Set(k K, v V) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.m == nil {
		n.m = make(map[K]V)
	}
	n.m[k] = v
}

// Take returns the value and removes it.
func (n *Notes[K, V]) Take(k K) (V, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	v, ok := n.m[k]
	delete(n.m, k)
	return v, ok
}

// Swap sets a value and returns the one before.
func (n *Notes[K, V]) Swap(k K, v V) (V, bool) {
	before, ok := n.Get(k)
	n.Set(k, v)
	return before, ok
}

// Update replaces a value, or that of none, by what change makes of it, and returns it.
func (n *Notes[K, V]) Update(k K, change func(V) V) V {
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

func NewPerSession[T any]() *perSession[T] {
	return &perSession[T]{values: make(map[*relay.Session]*T)}
}

// Of returns what belongs to a session; the zero value of T is there first.
func (p *perSession[T]) Of(s *relay.Session) *T {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, ok := p.values[s]
	if !ok {
		v = new(T)
		p.values[s] = v
	}
	return v
}

// Each has f look at everything there is, in no order; f may not use n.
func (n *Notes[K, V]) Each(f func(K, V)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for k, v := range n.m {
		f(k, v)
	}
}
