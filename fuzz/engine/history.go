package engine

import (
	"slices"

	"smpcheck/fuzz/program"
)

// historySize is how many programs are remembered.
const historySize = 64

// history is the last programs that were run, the newest last.
type history []input

// add adds a program and forgets the oldest one.
func (h *history) add(in input) {
	if len(*h) == historySize {
		*h = slices.Delete(*h, 0, 1)
	}
	*h = append(*h, in)
}

// suspects are inputs that may show again what was seen after the newest program, the most
// likely ones first: the newest, those before it, and several in one.
func (h history) suspects() []input {
	var list []input
	for _, in := range slices.Backward(h) {
		if list = append(list, in); len(list) == aloneSuspects {
			break
		}
	}
	for n, fits := 2, true; fits && n <= 2*len(h); n *= 2 {
		last := h[max(0, len(h)-n):]
		joined := join(last)
		fits = len(joined.Ops) < program.MaxOps
		if len(last) > 1 {
			list = append(list, joined)
		}
	}
	return list
}

// aloneSuspects is how many programs are suspected on their own.
const aloneSuspects = 4

// join makes one program of several, which are carried out one after the other on new
// connections, with the seed of the last one. Of the first only the end may fit.
func join(inputs []input) input {
	joined := input{seed: inputs[len(inputs)-1].seed}
	for i, in := range inputs {
		if i > 0 {
			joined.Ops = append(joined.Ops, closing(inputs[i-1].Program)...)
		}
		joined.Ops = append(joined.Ops, in.Ops...)
	}
	if excess := len(joined.Ops) - program.MaxOps; excess > 0 {
		joined.Ops = joined.Ops[excess:]
	}
	return joined
}

// closing closes the connections that a program uses.
func closing(p program.Program) []program.Op {
	var ops []program.Op
	var used [program.Connections]bool
	for _, op := range p.Ops {
		if op.Kind != program.Settle && !used[op.Conn%program.Connections] {
			used[op.Conn%program.Connections] = true
			ops = append(ops, program.Op{Kind: program.Close, Conn: op.Conn})
		}
	}
	return ops
}
