package fault

import (
	"sync"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// handles replaces the execution of one command; next is what it was.
func handles[C smp.Command](f func(s *relay.Session, r *relay.Request, c C, next execute) []relay.Output) func(*relay.Config) {
	return executes(func(s *relay.Session, r *relay.Request, next execute) []relay.Output {
		if c, ok := r.Command.(C); ok {
			return f(s, r, c, next)
		}
		return next(s, r)
	})
}

// alters changes the answers of one command that are of one kind.
func alters[C smp.Command, R smp.Response](change func(s *relay.Session, r *relay.Request, response R) smp.Response) func(*relay.Config) {
	return handles(func(s *relay.Session, r *relay.Request, _ C, next execute) []relay.Output {
		outs := next(s, r)
		for i := range outs {
			if response, ok := outs[i].Response.(R); ok {
				outs[i].Response = change(s, r, response)
			}
		}
		return outs
	})
}

// answeredWith executes a command and answers something else than OK.
func answeredWith[C smp.Command](response smp.Response) func(*relay.Config) {
	return alters[C](func(*relay.Session, *relay.Request, smp.OK) smp.Response { return response })
}

// together makes several mistakes, the first one first.
func together(mistakes ...func(*relay.Config)) func(*relay.Config) {
	return func(c *relay.Config) {
		for _, m := range mistakes {
			m(c)
		}
	}
}

// remembering makes a mistake with something to remember, which begins anew with each relay.
func remembering[S any](mistake func(*S) func(*relay.Config)) func(*relay.Config) {
	return func(c *relay.Config) { mistake(new(S))(c) }
}

// reply answers a request.
func reply(r *relay.Request, response smp.Response) []relay.Output {
	return []relay.Output{{CorrelationID: r.Transmission.CorrelationID, EntityID: r.Transmission.EntityID, Response: response}}
}

// refuse answers a request with an error.
func refuse(r *relay.Request, err *smp.Error) []relay.Output { return reply(r, smp.ERR{Err: err}) }

// deliver answers a request with a message of its queue.
func deliver(r *relay.Request, m *relay.Message) []relay.Output {
	outs := reply(r, nil)
	outs[0].Message, outs[0].Queue = m, r.Queue
	return outs
}

// event is a message of a queue that nobody asked for.
func event(q *relay.Queue, m *relay.Message) relay.Output {
	return relay.Output{EntityID: q.RecipientID(), Message: m, Queue: q}
}

// isOK reports whether a command was answered with OK.
func isOK(outs []relay.Output) bool {
	if len(outs) == 0 {
		return false
	}
	_, ok := outs[0].Response.(smp.OK)
	return ok
}

type push = func(to *relay.Session, q *relay.Queue, out relay.Output)

// pushes replaces the stage Push; next is what it was.
func pushes(f func(to *relay.Session, q *relay.Queue, out relay.Output, next push)) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Push
		st.Push = func(to *relay.Session, q *relay.Queue, out relay.Output) { f(to, q, out, next) }
	})
}

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
