package drive

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"smpcheck/conformance/trace"
	"smpcheck/fuzz/program"
	"smpcheck/reference/keys"
)

// Limits of a run.
const (
	// maxWrong is how often a relay may break rules before it is left alone; each is kept
	// once.
	maxWrong = 500
	// maxUnanswered is how many answers may be missing before the relay is left alone.
	maxUnanswered = 4
)

// runner carries out one program. It belongs to one goroutine; only the readers of the
// connections are others.
type runner struct {
	ctx context.Context
	cfg Config
	out Outcome

	lines  [program.Connections]*line
	slots  [program.Queues]*slot
	inbox  chan event
	keys   map[keys.PublicKey]keys.PrivateKey
	queues queues
	later  []laterBlock
	pairs  map[Pair]bool
	// op is the index of the operation that was last sent.
	op int
	// turn counts the times that it was carried out.
	turn int
	// stuck says that the relay has kept the driver waiting in vain, which ends the program:
	// each time costs a deadline. wrong counts how often it has broken a rule.
	stuck bool
	wrong int
	// unanswered counts commands that were not answered although the relay serves.
	unanswered int
	// abandoned are connections that are open and of no more use.
	abandoned []*line
	// maybe says that the relay may still execute what was sent on one of them, unknown
	// that it may have queues and notifiers that the driver has no ids of.
	maybe, unknown bool
	// closing says that what the relay does now is nobody's concern.
	closing bool
	// settled says that everything that was caused has arrived.
	settled bool
}

func run(ctx context.Context, cfg Config, p program.Program) (Outcome, error) {
	start := time.Now()
	if cfg.Scale == 0 {
		cfg.Scale = 1
	}
	r := &runner{
		ctx: ctx, cfg: cfg, inbox: make(chan event, maxUnread), pairs: make(map[Pair]bool),
		keys: make(map[keys.PublicKey]keys.PrivateKey), queues: newQueues(),
	}
	for i := range r.slots {
		r.slots[i] = &slot{index: i}
	}
	defer r.closeAll()
	err := r.program(p)
	r.cleanUp()
	r.out.Pairs = sortedPairs(r.pairs)
	r.out.Duration = time.Since(start)
	return r.out, err
}

// program carries out the operations and tells the judge the end.
func (r *runner) program(p program.Program) error {
	for i, op := range p.Ops[:min(len(p.Ops), program.MaxOps)] {
		r.op = i
		err := r.operation(op)
		if errors.Is(err, errStop) {
			break
		}
		if err != nil {
			return err
		}
	}
	if err := r.ctx.Err(); err != nil {
		return err
	}
	r.finish()
	return r.ctx.Err()
}

// operation carries out an operation as often as it says.
func (r *runner) operation(op program.Op) error {
	if r.cfg.Recorder != nil {
		r.cfg.Recorder.Record(trace.Note, fmt.Sprintf("operation %d: %v", r.op, op), nil)
	}
	times := 1
	if op.Flags&program.Often != 0 {
		times = program.Times
	}
	for r.turn = 0; r.turn < times; r.turn++ {
		if r.cfg.Pace != nil {
			if err := r.cfg.Pace(r.ctx); err != nil {
				return err
			}
		}
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if err := r.step(op); err != nil {
			return err
		}
		r.out.Ops++
		if r.stuck || r.wrong >= maxWrong {
			return errStop
		}
	}
	return nil
}

// errStop ends a program because the relay has gone wrong in a way that is in the
// Outcome.
var errStop = errors.New("the relay serves no more")

// finish sends what was held back, waits for what was not awaited and settles.
func (r *runner) finish() {
	for _, l := range r.lines {
		if !r.stuck {
			r.flush(l)
		}
	}
	due := r.later
	r.later = nil
	r.sendLater(due)
	r.resume()
	settled := !r.stuck && r.settle()
	r.endings()
	if r.cfg.Judge != nil {
		r.breach(r.cfg.Judge.Finish(settled)...)
	}
}

// step carries out one operation.
func (r *runner) step(op program.Op) error {
	r.drain()
	if r.settled {
		r.resume()
		r.settled = false
	}
	due := r.later
	r.later = nil
	err := r.operate(op)
	r.sendLater(due)
	for _, l := range r.lines {
		switch {
		case l == nil || !l.lost:
		case l.ending == "":
			r.abandon(l)
		default:
			r.close(l, 1)
		}
	}
	return err
}

func (r *runner) operate(op program.Op) error {
	switch op.Kind {
	case program.Connect:
		return r.connect(op)
	case program.Close:
		r.close(r.lines[op.Conn], op.Arg)
		return nil
	case program.Settle:
		for _, l := range r.lines {
			r.flush(l)
		}
		if r.settle() && r.cfg.Judge != nil {
			r.breach(r.cfg.Judge.Settled()...)
		}
		r.settled = true
		return nil
	}
	l, err := r.line(op.Conn)
	if err != nil || l == nil {
		return err
	}
	if op.Kind == program.Stall {
		r.flush(l)
		r.await(l)
		l.stall()
		l.abused = true // a relay may give up who reads nothing
		return nil
	}
	r.command(l, op)
	return nil
}

// breach keeps what went wrong, once for each rule and command. A relay that goes wrong
// all the time ends the run.
func (r *runner) breach(bs ...Breach) {
	for _, b := range bs {
		if r.closing || r.wrong >= maxWrong {
			return
		}
		r.wrong++
		same := func(o Breach) bool { return o.Kind == b.Kind && o.Rule == b.Rule && o.Command == b.Command }
		if !slices.ContainsFunc(r.out.Breaches, same) {
			r.out.Breaches = append(r.out.Breaches, b)
		}
	}
}

// random is the source of what the operation at index op has at random: the same in each
// run of the program with the seed.
func (r *runner) random(op int, what uint64) *rand.Rand {
	return rand.New(rand.NewPCG(r.cfg.Seed, uint64(op)<<16|uint64(r.turn)<<8|what))
}

// timeout is d at the time scale of the run.
func (r *runner) timeout(d time.Duration) time.Duration {
	return time.Duration(float64(d) * r.cfg.Scale)
}
