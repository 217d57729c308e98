package model

import (
	"smpcheck/fuzz/program"
)

// weight is how often a kind of operation is drawn.
type weight struct {
	kind program.Kind
	n    int
}

// weights are chosen so that queues live long enough to have messages, change hands and
// fill up.
var weights = []weight{
	{program.SEND, 44}, {program.ACK, 30}, {program.SUB, 24}, {program.NEW, 12}, {program.Settle, 10},
	{program.GET, 8}, {program.NSUB, 8}, {program.QUE, 8}, {program.KEY, 6}, {program.SKEY, 8}, {program.LKEY, 6},
	{program.LGET, 6}, {program.LSET, 6}, {program.NKEY, 6}, {program.PFWD, 6}, {program.Connect, 7}, {program.RKEY, 4},
	{program.PING, 4}, {program.DEL, 4}, {program.RFWD, 4}, {program.PRXY, 4}, {program.Close, 6}, {program.OFF, 3},
	{program.NDEL, 3}, {program.LDEL, 3}, {program.RSLV, 2}, {program.SUBS, 1}, {program.NSUBS, 1}, {program.Stall, 1},
}

// Draw makes a program of operations that the relay understands: right ones, and wrong
// ones in the wrong order, with wrong ids and keys. choose returns a number below n.
func Draw(choose func(n int) int) program.Program {
	d := &drawer{choose: choose}
	for slot := range byte(2) {
		d.ops = append(d.ops, program.Op{Kind: program.NEW, Conn: slot, Queue: slot, Arg: d.arg(program.NEW)})
	}
	for n := 8 + choose(program.MaxOps-8); len(d.ops) < n; {
		d.draw(n - len(d.ops))
	}
	return program.Program{Ops: d.ops}
}

// drawer draws operations one after the other.
type drawer struct {
	choose func(n int) int
	ops    []program.Op
	queue  byte // of the last operation
}

// one in so many operations is not the right one, or not sent and awaited by itself.
const (
	wrongEntities = 10
	wrongSigners  = 10
	heldBack      = 7
	sentAhead     = 6
	disordered    = 25
)

// connections are fewer than there are, so that they meet at the same queues; slots of
// queues that a program makes come more often than those that it leaves empty.
const connections = 3

var slots = []byte{0, 0, 0, 0, 1, 1, 1, 2, 3}

// oneIn is true once in n times, and false as the simplest choice.
func (d *drawer) oneIn(n int) bool { return d.choose(n) == n-1 }

// draw adds an operation, or one several times, so that queues fill up and are emptied.
func (d *drawer) draw(most int) {
	kind := d.kind()
	if d.oneIn(3) {
		d.queue = slots[d.choose(len(slots))]
	}
	times := 1
	if (kind == program.SEND || kind == program.ACK) && d.oneIn(3) {
		times = min(most, 2+d.choose(5))
	}
	op := program.Op{Kind: kind, Conn: d.connection(kind), Queue: d.queue}
	for range times {
		op.Arg = d.arg(kind)
		d.ops = append(d.ops, d.spoil(op))
	}
}

// connection is the usual one of the recipient of the queue, or any.
func (d *drawer) connection(kind program.Kind) byte {
	recipient := kind == program.ACK || kind == program.SUB || kind == program.GET
	if recipient && !d.oneIn(3) {
		return d.queue % connections
	}
	return byte(d.choose(connections))
}

// spoil leaves most operations as they are.
func (d *drawer) spoil(op program.Op) program.Op {
	if d.oneIn(wrongEntities) {
		op.Entity = program.Entity(d.choose(int(program.Entities)))
	}
	if d.oneIn(wrongSigners) {
		op.Signer = program.Signer(d.choose(int(program.Signers)))
	}
	if d.oneIn(heldBack) {
		op.Flags |= program.Hold
	}
	if d.oneIn(sentAhead) {
		op.Flags |= program.Ahead
	}
	if d.oneIn(disordered) {
		op.Mutations = []program.Mutation{{Level: program.Order, Action: orders[d.choose(len(orders))]}}
	}
	return op
}

// orders leave blocks whole.
var orders = []program.Action{program.Twice, program.Pieces, program.Reverse, program.Later}

func (d *drawer) kind() program.Kind {
	total := 0
	for _, w := range weights {
		total += w.n
	}
	at := d.choose(total)
	for _, w := range weights {
		if at -= w.n; at < 0 {
			return w.kind
		}
	}
	return program.PING
}

// Bits of the Arg of operations, see package program.
const (
	newSubscribe   = 1
	newMessaging   = 1 << 1
	newContact     = 2 << 1
	newLinked      = 3 << 1
	newNotifier    = 1 << 3
	newKeys        = 1 << 4
	newContactLink = 1 << 6
	sendNotify     = 1 << 15
	connectNoKey   = 0x20
	connectProxy   = 0x40
)

// newModes are those of NEW, the more useful ones more often.
var newModes = []uint16{newMessaging, newMessaging, newMessaging, newContact, newLinked, newLinked, newContactLink, 0}

// arg draws the argument of an operation.
func (d *drawer) arg(kind program.Kind) uint16 {
	switch kind {
	case program.NEW:
		return newModes[d.choose(len(newModes))] | newKeys*uint16(d.choose(4)) |
			(newSubscribe &^ d.bit(newSubscribe, 3)) | d.bit(newNotifier, 3)
	case program.SEND:
		size := uint16(d.choose(100))
		if d.oneIn(10) { // about the limits of the versions
			size = 16040 + uint16(d.choose(60))
		}
		return size | d.bit(sendNotify, 2)
	case program.Connect: // the newest version more often than each other one
		return uint16(max(0, d.choose(24)-9)) | d.bit(connectNoKey, 8) | d.bit(connectProxy, 8)
	case program.ACK:
		return d.mostly0(5, 2)
	case program.KEY, program.SKEY, program.LKEY:
		return d.mostly0(4, 1)
	case program.PRXY:
		return d.mostly0(4, 2)
	case program.LSET:
		return uint16(d.choose(300))
	}
	return uint16(d.choose(16))
}

// bit is set once in n times.
func (d *drawer) bit(bit uint16, n int) uint16 {
	if d.oneIn(n) {
		return bit
	}
	return 0
}

// mostly0 is a number below n, and 0 as often again for each of more.
func (d *drawer) mostly0(n, more int) uint16 {
	return uint16(max(0, d.choose(n*(more+1))-n*more))
}
