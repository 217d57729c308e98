package soak_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// model is what all connections together know. Its clock counts what they write and
// read, so that it can be said what came before what.
type model struct {
	clock atomic.Int64
	conns atomic.Int64
	stop  func()

	mu       sync.Mutex // guards everything that the model consists of
	queues   []*queue
	topics   map[string]*topic // by the id that events have
	services []*service
	orphans  int // NEW that were sent for queues which are not in the model, or not yet

	notes    sync.Mutex
	problems []string
	counts   map[string]int
}

func newModel(stop func()) (*model, error) {
	m := &model{stop: stop, topics: map[string]*topic{}, counts: map[string]int{}}
	return m, m.addServices()
}

// maxProblems is how many problems are kept; the first ends the soak.
const maxProblems = 20

// tick is the next moment.
func (m *model) tick() int64 { return m.clock.Add(1) }

// fail notes that the relay did what it must not.
func (m *model) fail(format string, args ...any) {
	m.notes.Lock()
	defer m.notes.Unlock()
	if len(m.problems) < maxProblems {
		m.problems = append(m.problems, fmt.Sprintf(format, args...))
	}
	m.stop()
}

// count counts something that happened, for the summary.
func (m *model) count(what string) {
	m.notes.Lock()
	m.counts[what]++
	m.notes.Unlock()
}

// add enters a queue that is ready for use.
func (m *model) add(q *queue) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.orphans--
	q.number = len(m.queues)
	m.queues = append(m.queues, q)
	m.topics[string(q.rcvID)] = &q.topic
}

// some returns one of the newest queues: most of the old ones are deleted.
func (m *model) some(rng *rand.Rand) *queue { return m.place(rng.IntN(newest)) }

// newest is how many of the newest queues are used.
const newest = 2 * initialQueues

// place returns one of the newest queues: the same one for the same number, until so
// many new ones are there that it is not among them any more.
func (m *model) place(number int) *queue {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.queues)
	recent := min(n, newest)
	return m.queues[n-1-(n-number%recent)%recent]
}

// span is a command: the moment before it was written and the one after its answer was
// read, or after the relay was done with a connection that ended before; 0 before.
type span struct {
	asked, answered int64
	done            bool // it was executed, for sure
	void            bool // it was refused, and changed nothing
}

// before reports whether the command was over before a moment.
func (s *span) before(moment int64) bool { return s.answered != 0 && s.answered < moment }

// end ends the command at a moment.
func (s *span) end(now int64, done bool) { s.answered, s.done, s.void = now, done, !done }

// always is the span of what was so from the start.
func always() *span { return &span{asked: -1, answered: -1, done: true} }

// register is something of which the last change counts.
type register[T comparable] struct{ writes []write[T] }

type write[T comparable] struct {
	*span
	value T
}

// write enters a change.
func (r *register[T]) write(s *span, value T) { r.writes = append(r.writes, write[T]{s, value}) }

// possible are the values that the register may have had at some moments from one to
// another: those of the changes that no later change has surely come after.
func (r *register[T]) possible(from, to int64) (values []T) {
	last := int64(-1) // the latest moment at which a change was asked for that was over
	for _, w := range r.writes {
		if w.done && w.before(from) {
			last = max(last, w.asked)
		}
	}
	for _, w := range r.writes {
		if !w.void && w.asked < to && !w.before(last) {
			values = append(values, w.value)
		}
	}
	return values
}

// may reports whether the value is a possible one, must whether it is the only one.
func (r *register[T]) may(value T, from, to int64) bool {
	may, _ := r.compare(value, from, to)
	return may
}

func (r *register[T]) must(value T, from, to int64) bool {
	_, must := r.compare(value, from, to)
	return must
}

func (r *register[T]) compare(value T, from, to int64) (may, must bool) {
	must = true
	for _, v := range r.possible(from, to) {
		may = may || v == value
		must = must && v == value
	}
	return may, must && may
}
