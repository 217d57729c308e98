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

// Get returns the value of a key, and whether there is one.
func (n *Notes[K, V]) Get(k K) (V, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	v, ok := n.m[k]
	return v, ok
}

// Set replaces the value of a key.
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

// Each has f look at everything there is, in no order; f may not use n.
func (n *Notes[K, V]) Each(f func(K, V)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for k, v := range n.m {
		f(k, v)
	}
}

// PerSession holds something for each session of a relay. Its zero value is ready for use.
type PerSession[T any] struct{ values Notes[*relay.Session, *T] }

// Of returns what belongs to a session; the zero value of T is there first.
func (p *PerSession[T]) Of(s *relay.Session) *T {
	return p.values.Update(s, func(v *T) *T {
		if v == nil {
			return new(T)
		}
		return v
	})
}
