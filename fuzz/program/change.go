package program

import (
	"math/rand/v2"
	"slices"
)

// Change makes another program of p, from rng alone: operations are taken from other, added,
// taken away, repeated, moved, or changed in one value, and so are mutations, which are at
// the given levels, at all if there are none.
func Change(rng *rand.Rand, p, other Program, levels []Level) Program {
	g := &generator{Rand: rng, levels: levels, ops: clone(p.Ops)}
	parties := g.Perm(Connections)
	g.recipient, g.sender, g.third = byte(parties[0]), byte(parties[1]), byte(parties[2])
	for range 1 + g.pick(4, 2, 1, 1) {
		if len(g.ops) > 0 {
			g.queue = g.ops[g.IntN(len(g.ops))].Queue
		}
		g.changeOnce(clone(other.Ops))
	}
	if len(g.ops) == 0 {
		g.story()
	}
	return g.program()
}

func clone(ops []Op) []Op {
	ops = slices.Clone(ops)
	for i := range ops {
		ops[i] = ops[i].proper()
	}
	return ops
}

func (g *generator) changeOnce(other []Op) {
	n := len(g.ops)
	if n == 0 {
		g.ops = other
		return
	}
	at := g.IntN(n)
	switch g.pick(4, 4, 4, 4, 4, 6, 12, 8, 4, 1, 2) {
	case 0: // the end of the other one
		g.ops = append(g.ops[:at], other[g.IntN(len(other)+1):]...)
	case 1: // a piece of the other one
		start := g.IntN(len(other) + 1)
		g.ops = slices.Insert(g.ops, at, other[start:min(len(other), start+1+g.IntN(6))]...)
	case 2:
		g.ops = slices.Delete(g.ops, at, min(n, at+1+g.IntN(4)))
	case 3:
		g.ops = slices.Insert(g.ops, at, clone(g.ops[at:min(n, at+1+g.IntN(4))])...)
	case 4:
		kind := Kind(g.IntN(int(Kinds)))
		g.ops = slices.Insert(g.ops, at, Op{Kind: kind, Conn: byte(g.IntN(Connections)), Queue: g.queue, Arg: g.arg(kind)})
	case 5:
		g.disturb()
	case 6:
		g.mutate()
	case 7:
		g.changeMutation(&g.ops[at])
	case 8:
		g.ops[at].Arg = g.arg(g.ops[at].Kind)
	case 9:
		g.impostor()
	case 10:
		g.sweep()
	}
}

// changeMutation changes one of the mutations of an operation, or takes it away.
func (g *generator) changeMutation(op *Op) {
	if len(op.Mutations) == 0 {
		return
	}
	i := g.IntN(len(op.Mutations))
	m := &op.Mutations[i]
	switch g.IntN(6) {
	case 0:
		op.Mutations = slices.Delete(op.Mutations, i, i+1)
	case 1:
		m.Action = Action(g.IntN(int(actionsAt(m.Level))))
	case 2:
		m.Position += oneOf[uint16](g, 1, 2, 0xffff, uint16(g.IntN(100)))
	case 3:
		m.Value = g.value()
	case 4:
		m.Field++
	case 5:
		*m = g.mutation(m.Level, *op)
	}
}
