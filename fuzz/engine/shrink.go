package engine

import (
	"slices"

	"smpcheck/fuzz/program"
)

// shrinker looks for the smallest program that still shows something. Each change that it
// keeps was tried.
type shrinker struct {
	best program.Program
	// shows tries a program. It is false for all when there is no time left.
	shows func(program.Program) bool
	tried map[string]bool
}

// shrink makes p, which shows, smaller: it leaves out operations, then mutations, sets
// fields to what is usual, and makes numbers small; all again while that helps.
func shrink(p program.Program, shows func(program.Program) bool) program.Program {
	s := &shrinker{best: p, shows: shows, tried: map[string]bool{nameOf(p): true}}
	for {
		before := nameOf(s.best)
		s.operations()
		s.mutations()
		s.fields()
		s.numbers()
		if nameOf(s.best) == before {
			return s.best
		}
	}
}

// take tries a program and keeps it if it shows.
func (s *shrinker) take(p program.Program) bool {
	name := nameOf(p)
	if s.tried[name] {
		return false
	}
	s.tried[name] = true
	if !s.shows(p) {
		return false
	}
	s.best = p
	return true
}

// changed is the best program with another operation i.
func (s *shrinker) changed(i int, change func(op *program.Op)) program.Program {
	p := program.Program{Ops: slices.Clone(s.best.Ops)}
	p.Ops[i].Mutations = slices.Clone(p.Ops[i].Mutations)
	change(&p.Ops[i])
	return p
}

// operations leaves out operations: large parts first, from the end, then single ones.
// Delta debugging, with complements only: a part alone seldom shows anything, since the
// beginning makes what the end needs.
func (s *shrinker) operations() {
	for size := (len(s.best.Ops) + 1) / 2; size > 0; size /= 2 {
		for end := len(s.best.Ops); end > 0; end -= size {
			end = min(end, len(s.best.Ops))
			start := max(0, end-size)
			s.take(program.Program{Ops: slices.Concat(s.best.Ops[:start], s.best.Ops[end:])})
		}
	}
}

// mutations leaves out all mutations, those of each operation, and single ones.
func (s *shrinker) mutations() {
	none := program.Program{Ops: slices.Clone(s.best.Ops)}
	for i := range none.Ops {
		none.Ops[i].Mutations = nil
	}
	if s.take(none) {
		return
	}
	for i := range s.best.Ops {
		if len(s.best.Ops[i].Mutations) == 0 ||
			s.take(s.changed(i, func(op *program.Op) { op.Mutations = nil })) {
			continue
		}
		for j := len(s.best.Ops[i].Mutations) - 1; j >= 0; j-- {
			s.take(s.changed(i, func(op *program.Op) { op.Mutations = slices.Delete(op.Mutations, j, j+1) }))
		}
	}
}

// usual sets a field of an operation to what is usual.
var usual = []func(*program.Op){
	func(op *program.Op) { op.Flags = 0 },
	func(op *program.Op) { op.Entity = program.Own },
	func(op *program.Op) { op.Signer = program.Right },
	func(op *program.Op) { op.Arg = 0 },
	func(op *program.Op) { op.Conn = 0 },
	func(op *program.Op) { op.Queue = 0 },
}

// fields sets fields to what is usual, those of one operation together first, and connections
// and queues of all operations to those with a lower number.
func (s *shrinker) fields() {
	for i := range s.best.Ops {
		if s.take(s.changed(i, func(op *program.Op) {
			for _, set := range usual[:4] {
				set(op)
			}
		})) {
			continue
		}
		for _, set := range usual {
			s.take(s.changed(i, set))
		}
	}
	for slot := byte(1); slot < max(program.Connections, program.Queues); slot++ {
		for lower := range slot {
			s.take(s.renamed(func(op *program.Op) *byte { return &op.Conn }, slot, lower))
			s.take(s.renamed(func(op *program.Op) *byte { return &op.Queue }, slot, lower))
		}
	}
}

// renamed is the best program with one slot in the place of another.
func (s *shrinker) renamed(slotOf func(*program.Op) *byte, from, to byte) program.Program {
	p := program.Program{Ops: slices.Clone(s.best.Ops)}
	for i := range p.Ops {
		if slot := slotOf(&p.Ops[i]); *slot == from {
			*slot = to
		}
	}
	return p
}

// numbers makes the numbers of operations and mutations smaller.
func (s *shrinker) numbers() {
	for i := range s.best.Ops {
		s.lower(i, func(op *program.Op) *uint16 { return &op.Arg })
		for j := range s.best.Ops[i].Mutations {
			s.lower(i, func(op *program.Op) *uint16 { return &op.Mutations[j].Position })
			s.lower(i, func(op *program.Op) *uint16 { return &op.Mutations[j].Value })
		}
	}
}

// lower makes one number smaller: 0, or the smallest that shows, as far as all above it do.
func (s *shrinker) lower(i int, number func(*program.Op) *uint16) {
	at := func() uint16 { return *number(&s.best.Ops[i]) }
	take := func(to uint16) bool {
		return s.take(s.changed(i, func(op *program.Op) { *number(op) = to }))
	}
	if at() == 0 || take(0) {
		return
	}
	for low := uint16(0); at()-low > 1; { // low does not show
		if middle := low + (at()-low)/2; !take(middle) {
			low = middle
		}
	}
}
