package program

import "slices"

const (
	// sweepCommands is how many times a swept command is sent.
	sweepCommands = 8
	// sweepProxies is the same for PRXY, after which a relay may look for a host.
	sweepProxies = 3
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
		op.Mutations = []Mutation{g.mutation(level, op)}
		tries = append(tries, op)
	}
	g.insert(tries)
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
