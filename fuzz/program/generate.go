package program

import (
	"math/rand/v2"
	"slices"
)

// Generate makes a program from rng alone: one or two of the stories that relays have to
// get right, most of the time with something in them that is not as it should be – a
// mutated message, another's key or id, another order. Mutations are at the given levels,
// at all if there are none.
func Generate(rng *rand.Rand, levels []Level) Program {
	g := &generator{Rand: rng, levels: levels}
	for range 1 + g.IntN(2) {
		g.story()
	}
	if g.chance(4) {
		g.impostor()
	}
	if g.chance(3) {
		g.sweep()
	}
	for range g.pick(8, 3, 1) {
		g.disturb()
	}
	for range g.pick(5, 9, 3, 1) {
		g.mutate()
	}
	return g.program()
}

// generator makes a program.
type generator struct {
	*rand.Rand
	levels []Level
	ops    []Op
	// recipient, sender and third are connections, queue and other queue slots of the
	// story that is told.
	recipient, sender, third byte
	queue, other             byte
}

func (g *generator) program() Program {
	return Program{Ops: g.ops[:min(len(g.ops), MaxOps)]}
}

// pick returns an index with the probability that its weight has among all.
func (g *generator) pick(weights ...int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := g.IntN(sum)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	return 0
}

// chance reports true once in n times.
func (g *generator) chance(n int) bool { return g.IntN(n) == 0 }

// oneOf returns one of the values.
func oneOf[T any](g *generator, values ...T) T { return values[g.IntN(len(values))] }

// story adds a story with parties of its own.
func (g *generator) story() {
	parties := g.Perm(Connections)
	g.recipient, g.sender, g.third = byte(parties[0]), byte(parties[1]), byte(parties[2])
	if g.chance(5) {
		g.sender = g.recipient
	}
	slots := g.Perm(Queues)
	g.queue, g.other = byte(slots[0]), byte(slots[1])
	if g.chance(2) {
		version := uint16(g.IntN(15)) // of all parties
		for _, c := range parties[:3] {
			g.add(Op{Kind: Connect, Conn: byte(c), Arg: version | g.connectFlags()})
		}
	}
	stories[g.IntN(len(stories))](g)
}

func (g *generator) connectFlags() uint16 {
	if g.chance(8) {
		return oneOf[uint16](g, 0x20, 0x40)
	}
	return 0
}

// add adds operations.
func (g *generator) add(ops ...Op) { g.ops = append(g.ops, ops...) }

// by makes an operation on a connection, about the queue of the story.
func (g *generator) by(conn byte, kind Kind, arg uint16) Op {
	return Op{Kind: kind, Conn: conn, Queue: g.queue, Arg: arg}
}

// repeat adds an operation n times.
func (g *generator) repeat(n int, op Op) {
	for range n {
		g.add(op)
	}
}

// Bits of the Arg of NEW.
const (
	subscribe    = 1
	messaging    = 2
	contact      = 4
	withLink     = 6
	withNotifier = 8
	contactLink  = 64
	notify       = 0x8000
)

// create makes the queue of the story.
func (g *generator) create(arg uint16) {
	g.add(g.by(g.recipient, NEW, arg|uint16(g.IntN(4))<<4))
}

// secure secures it, or not.
func (g *generator) secure() {
	alg := uint16(g.IntN(3))
	switch g.pick(4, 3, 2) {
	case 0:
		g.add(g.by(g.sender, SKEY, alg))
	case 1:
		g.add(g.by(g.recipient, KEY, alg))
	}
}

// send is a message.
func (g *generator) send() Op {
	size := oneOf[uint16](g, 0, 1, uint16(g.IntN(200)), uint16(g.IntN(16100)), 15900, 16048, 16049, 16064, 16065, 16088, 16089)
	if g.chance(3) {
		size |= notify
	}
	return g.by(g.sender, SEND, size)
}

func (g *generator) ack() Op {
	if g.chance(6) {
		return g.by(g.recipient, ACK, uint16(g.IntN(5)))
	}
	return g.by(g.recipient, ACK, 0)
}

// often is the operation many times.
func often(op Op) Op {
	op.Flags |= Often
	return op
}

func held(op Op) Op {
	op.Flags |= Hold
	return op
}

func ahead(op Op) Op {
	op.Flags |= Ahead
	return op
}

// disturb changes who does something, when, or to what.
func (g *generator) disturb() {
	if len(g.ops) == 0 {
		return
	}
	op := &g.ops[g.IntN(len(g.ops))]
	switch g.IntN(7) {
	case 0:
		op.Entity = Entity(g.IntN(int(Entities)))
	case 1:
		op.Signer = Signer(g.IntN(int(Signers)))
	case 2:
		op.Conn = byte(g.IntN(Connections))
	case 3:
		op.Queue = byte(g.IntN(Queues))
	case 4:
		op.Flags ^= oneOf(g, Hold, Ahead)
	case 5:
		op.Arg = uint16(g.Uint32())
	case 6:
		i, j := g.IntN(len(g.ops)), g.IntN(len(g.ops))
		g.ops[i], g.ops[j] = g.ops[j], g.ops[i]
	}
}

// level is one of the levels that mutations may have.
func (g *generator) level() Level {
	if len(g.levels) > 0 {
		return oneOf(g, g.levels...)
	}
	return Level(g.pick(levelWeights[:]...))
}

// levelWeights are how often mutations are at each level: what a relay does with the
// fields of commands is more than what it does with records.
var levelWeights = [Levels]int{Order: 3, Record: 2, Hello: 3, Block: 2, Content: 5, Transmission: 5, Field: 9, Cipher: 3}

// mutate adds a mutation to an operation that its level is for, and adds the operation if
// there is none.
func (g *generator) mutate() {
	level := g.level()
	var kind Kind
	switch level {
	case Hello:
		kind = Connect
	case Field:
		kind = fieldKinds[g.IntN(len(fieldKinds))]
	case Cipher:
		kind = oneOf(g, PFWD, RFWD, SEND, SUB, ACK, NEW)
	default:
		kind = PING + Kind(g.IntN(int(Kinds-PING)))
	}
	op := g.opOf(kind)
	op.Mutations = append(op.Mutations, g.mutation(level, *op))
}

// fieldKinds are the commands whose fields are mutated: all, and those with more fields
// are no more frequent than the others.
var fieldKinds = commandKinds()

func commandKinds() []Kind {
	var kinds []Kind
	for k := PING; k < Kinds; k++ {
		kinds = append(kinds, k)
	}
	return kinds
}

// opOf returns an operation of a kind that has room for a mutation. If there is none it is
// put somewhere after the middle, where there is something that it can do harm to.
func (g *generator) opOf(kind Kind) *Op {
	var places []int
	for i, op := range g.ops {
		if op.Kind == kind && len(op.Mutations) < MaxMutations {
			places = append(places, i)
		}
	}
	if len(places) > 0 {
		return &g.ops[places[g.IntN(len(places))]]
	}
	at := len(g.ops)/2 + g.IntN(len(g.ops)/2+1)
	op := Op{Kind: kind, Conn: oneOf(g, g.recipient, g.sender, g.third), Queue: g.queue, Arg: g.arg(kind)}
	g.ops = slices.Insert(g.ops, at, op)
	return &g.ops[at]
}

// arg is an argument that makes sense for a kind.
func (g *generator) arg(kind Kind) uint16 {
	switch kind {
	case Connect:
		return uint16(g.IntN(15)) | g.connectFlags()
	case SEND:
		return uint16(g.IntN(300))
	case LSET:
		return uint16(g.IntN(2000))
	case PRXY:
		return uint16(g.pick(8, 2, 1, 0))
	case NEW:
		return uint16(g.IntN(128))
	case Close:
		return uint16(g.IntN(3))
	}
	return uint16(g.IntN(16))
}
