package planted

import (
	"runtime"
	"sync"
	"weak"
)

// beside holds a T beside each O, as long as somebody else has the O, which the T must not
// lead to. It is safe for concurrent use; its zero value is empty.
type beside[O, T any] struct{ values sync.Map }

// of returns what is beside o; the zero value of T is there first.
func (b *beside[O, T]) of(o *O) *T {
	key := weak.Make(o)
	v, ok := b.values.Load(key)
	if !ok {
		v, ok = b.values.LoadOrStore(key, new(T))
		if !ok {
			runtime.AddCleanup(o, func(key weak.Pointer[O]) { b.values.Delete(key) }, key)
		}
	}
	return v.(*T)
}
