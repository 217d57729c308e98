package model

import (
	"context"
	"math/rand/v2"

	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/program"
)

// Run is what came of one random program.
type Run struct {
	Program program.Program
	// Seed is that of drive.Config.
	Seed uint64
	drive.Outcome
}

// Random runs count programs, drawn from a seed, each against its own Model, and hands
// each run to seen, which says whether to go on. The error says that the relay could not
// be reached or that ctx has ended.
func Random(ctx context.Context, cfg drive.Config, relay Config, seed uint64, count int, seen func(Run) bool) error {
	for i := range count {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		run := Run{Program: Draw(random.IntN), Seed: random.Uint64()}
		var err error
		if run.Outcome, err = Judged(ctx, cfg, relay, run.Program, run.Seed); err != nil {
			return err
		}
		if !seen(run) {
			return nil
		}
	}
	return nil
}

// Judged runs a program with a seed and a new Model as the judge.
func Judged(ctx context.Context, cfg drive.Config, relay Config, p program.Program, seed uint64) (drive.Outcome, error) {
	cfg.Judge, cfg.Seed = New(relay), seed
	return drive.Run(ctx, cfg, p)
}

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
	{program.LGET, 6}, {program.LSET, 6}, {program.NKEY, 6}, {program.PFWD, 6}, {program.Connect, 5}, {program.RKEY, 4},
	{program.PING, 4}, {program.DEL, 4}, {program.RFWD, 4}, {program.PRXY, 4}, {program.Close, 3}, {program.OFF, 3},
	{program.NDEL, 3}, {program.LDEL, 3}, {program.RSLV, 2}, {program.SUBS, 1}, {program.NSUBS, 1}, {program.Stall, 1},
}

// one in so many operations is not the right one, or not sent and awaited by itself.
const (
	wrongEntities = 14
	wrongSigners  = 14
	heldBack      = 7
	sentAhead     = 6
	disordered    = 25
)

// Draw makes a program of operations that the relay understands: right ones, and wrong
// ones in the wrong order, with wrong ids and keys. choose returns a number below n.
func Draw(choose func(n int) int) program.Program {
	var p program.Program
	for slot := range byte(2) {
		p.Ops = append(p.Ops, program.Op{Kind: program.NEW, Conn: slot, Queue: slot, Arg: drawNew(choose)})
	}
	for range 6 + choose(program.MaxOps-8) {
		p.Ops = append(p.Ops, drawOp(choose))
	}
	return p
}

func drawOp(choose func(n int) int) program.Op {
	op := program.Op{Kind: drawKind(choose), Conn: byte(choose(3)), Queue: drawQueue(choose)}
	switch op.Kind {
	case program.NEW:
		op.Arg = drawNew(choose)
	case program.SEND:
		op.Arg = drawSend(choose)
	case program.Connect:
		op.Arg = drawConnect(choose)
	case program.ACK:
		op.Arg = uint16(max(0, choose(15)-10))
	case program.KEY, program.SKEY, program.LKEY:
		op.Arg = uint16(max(0, choose(6)-2))
	case program.LSET:
		op.Arg = uint16(choose(300))
	case program.PRXY:
		op.Arg = uint16(max(0, choose(12)-8))
	default:
		op.Arg = uint16(choose(16))
	}
	if choose(wrongEntities) == 0 {
		op.Entity = program.Entity(choose(int(program.Entities)))
	}
	if choose(wrongSigners) == 0 {
		op.Signer = program.Signer(choose(int(program.Signers)))
	}
	if choose(heldBack) == 0 {
		op.Flags |= program.Hold
	}
	if choose(sentAhead) == 0 {
		op.Flags |= program.Ahead
	}
	if choose(disordered) == 0 {
		op.Mutations = []program.Mutation{{Level: program.Order, Action: drawOrder(choose)}}
	}
	return op
}

func drawKind(choose func(n int) int) program.Kind {
	total := 0
	for _, w := range weights {
		total += w.n
	}
	at := choose(total)
	for _, w := range weights {
		if at -= w.n; at < 0 {
			return w.kind
		}
	}
	return program.PING
}

// drawQueue prefers the first ones, so that several connections use the same.
func drawQueue(choose func(n int) int) byte {
	return []byte{0, 0, 0, 0, 1, 1, 2, 3}[choose(8)]
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

func drawNew(choose func(n int) int) uint16 {
	arg := []uint16{newMessaging, newMessaging, newMessaging, newContact, newLinked, newLinked, newContactLink, 0}[choose(8)]
	if choose(3) > 0 {
		arg |= newSubscribe
	}
	if choose(3) == 0 {
		arg |= newNotifier
	}
	return arg | newKeys*uint16(choose(4))
}

// drawSend draws small messages, and a few about the limit.
func drawSend(choose func(n int) int) uint16 {
	arg := uint16(choose(100))
	if choose(12) == 0 {
		arg = 16040 + uint16(choose(60))
	}
	if choose(2) == 0 {
		arg |= sendNotify
	}
	return arg
}

// drawConnect draws the newest version more often than each other one.
func drawConnect(choose func(n int) int) uint16 {
	arg := uint16(max(0, choose(24)-9))
	if choose(8) == 0 {
		arg |= connectNoKey
	}
	if choose(8) == 0 {
		arg |= connectProxy
	}
	return arg
}

// drawOrder draws what leaves blocks whole.
func drawOrder(choose func(n int) int) program.Action {
	return []program.Action{program.Twice, program.Pieces, program.Reverse, program.Later}[choose(4)]
}
