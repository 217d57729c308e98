package program

import "slices"

const (
	// sweepCommands is how many times a swept command is sent.
	sweepCommands = 8
	// sweepProxies is the same for PRXY, after which a relay may look for a host.
	sweepProxies = 6
)

// sweep has somebody send one command or hello again and again, each time with another part of it
// changed: there are many fields and ways to change them, and a relay that refuses each is
// as it was before.
func (g *generator) sweep() {
	kind, level := sweptKinds[g.IntN(len(sweptKinds))], Field
	if kind == Connect {
		level = Hello
	}
	if len(g.levels) > 0 && !slices.Contains(g.levels, level) {
		return
	}
	n := sweepCommands
	if kind == PRXY {
		n = sweepProxies
	}
	op := Op{Kind: kind, Conn: oneOf(g, g.recipient, g.sender, g.third), Queue: g.queue, Arg: g.arg(kind)}
	var tries []Op
	for range n {
		m := g.mutation(level, op)
		if level == Field && !g.chance(3) {
			m = g.sharp(op)
		}
		op.Mutations = []Mutation{m}
		tries = append(tries, op)
	}
	g.insert(tries)
}

// sharp is a mutation where mistakes about lengths show: a length that is a little wrong,
// or very, and a field that is empty, or a byte too short or too long, with a length that
// says so.
func (g *generator) sharp(op Op) Mutation {
	parts := Fields(20, Example(op.Kind, 20))
	i := g.IntN(len(parts))
	size := uint16(parts[i].End - parts[i].Start)
	m := Mutation{Level: Field, Field: byte(i)}
	if parts[i].Role == Length {
		m.Action, m.Position = Set, uint16(g.IntN(int(max(1, size))))
		switch g.IntN(4) {
		case 0: // 0
		case 1:
			m.Action = Flip
		case 2:
			m.Value = 0xff
		case 3:
			m.Value = uint16(g.IntN(64))
		}
		return m
	}
	m.Field |= Fit
	switch g.IntN(5) {
	case 0:
		m.Action = Empty
	case 1:
		m.Action, m.Position = Truncate, max(1, size)-1
	case 2:
		m.Action, m.Value = Extend, 1
	case 3:
		m.Action, m.Position = Truncate, uint16(g.IntN(int(max(1, size))))
	case 4:
		m.Action, m.Value = Extend, uint16(g.IntN(300))
	}
	return m
}

// insert puts operations somewhere after the middle, where there is something that they
// can do harm to.
func (g *generator) insert(ops []Op) {
	middle := (len(g.ops) + 1) / 2
	g.ops = slices.Insert(g.ops, middle+g.IntN(len(g.ops)-middle+1), ops...)
}

// sweptKinds are the commands that have parameters, and the hello that has some too.
var sweptKinds = []Kind{
	Connect, Connect, NEW, KEY, RKEY, LSET, NKEY, ACK, SEND, SKEY, LKEY, PRXY, PFWD, SUBS, NSUBS, RSLV,
}
