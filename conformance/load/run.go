package load

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"smpcheck/reference/client"
	"smpcheck/reference/smp"
)

// The phases of a run.
const (
	phaseConnect   = "connect"
	phaseQueues    = "queues"
	phaseSecure    = "secure"
	phaseIdle      = "idle queues"
	phaseSubscribe = "subscribe"
	phaseHold      = "hold"
	phaseLoad      = "load"
	phaseDelete    = "delete"
)

// ErrUnreachable: not even one connection could be made.
var ErrUnreachable = errors.New("the relay cannot be used")

// run is a run and what it has made.
type run struct {
	Options
	started time.Time
	bodies  *bodies
	watch   watch
	traffic traffic

	version   uint16 // of the first connection, as is encrypted
	encrypted bool
	peers     []*peer // nil for a connection that failed
	slots     []*slot // nil for a queue that could not be made
	idle      []idle

	handshakes *meter // of the first phase
	setup      *meter // errors outside of the load
	meter      *meter // of the load
	good, bad  atomic.Int64
	strays     atomic.Int64 // messages that belong to no slot

	phases []Phase
	load   Window
}

// Run makes the load and returns what it measured. It returns ErrOptions, or
// ErrUnreachable with its cause. If ctx ends it stops soon and returns the report of what
// was done until then; so does a run in which operations fail.
func Run(ctx context.Context, o Options) (*Report, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	r := newRun(o)
	defer r.close()
	err = r.phase(phaseConnect, func() error { return r.connect(ctx) })
	if err != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	r.setUp(ctx)
	if o.Duration > 0 && ctx.Err() == nil {
		r.makeLoad(ctx)
	}
	messages := r.messages()
	r.tearDown(ctx)
	return r.report(messages, ctx.Err() != nil), nil
}

func newRun(o Options) *run {
	now := time.Now()
	r := &run{
		Options:    o,
		started:    now,
		watch:      watch{append([]int{os.Getpid()}, o.PIDs...)},
		peers:      make([]*peer, o.Connections),
		slots:      make([]*slot, o.Queues),
		idle:       make([]idle, o.IdleQueues),
		handshakes: newMeter(now, now.Add(2*MaxTime)),
		setup:      newMeter(now, now),
	}
	r.meter = r.setup
	return r
}

// setUp makes what the load needs.
func (r *run) setUp(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	r.bodies = newBodies(r.Seed, randomRun(), r.bodySize())
	steps := []struct {
		name string
		when bool
		do   func(context.Context)
	}{
		{phaseQueues, r.Queues > 0, r.createSlots},
		{phaseSecure, r.Queues > 0, r.secureSlots},
		{phaseIdle, r.IdleQueues > 0, r.createIdle},
		{phaseSubscribe, r.IdleQueues > 0 && r.SubscribeIdle, r.subscribeIdle},
		{phaseHold, r.Hold > 0, r.hold},
	}
	for _, s := range steps {
		if s.when && ctx.Err() == nil {
			_ = r.phase(s.name, func() error { s.do(ctx); return nil }) // returns nil
		}
	}
	for _, p := range r.peers {
		if p != nil {
			p.serve()
		}
	}
}

// hold leaves everything alone.
func (r *run) hold(ctx context.Context) {
	total := int(r.Hold / time.Second)
	show := func(left time.Duration) { r.Progress(Progress{phaseHold, total - int(left/time.Second), total}) }
	show(r.Hold)
	waitUntil(ctx, time.Now().Add(r.Hold), show)
}

// tearDown deletes the queues, also after an interruption.
func (r *run) tearDown(ctx context.Context) {
	if r.Keep || r.Queues+r.IdleQueues == 0 {
		return
	}
	limit := deleteTime
	if ctx.Err() != nil {
		limit = interruptedDelete
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	_ = r.phase(phaseDelete, func() error { r.deleteQueues(ctx); return nil }) // returns nil
}

// deleteTime limits the deletion of queues at the end of a run, interruptedDelete that
// of an interrupted one.
const (
	deleteTime        = 5 * time.Minute
	interruptedDelete = 3 * time.Second
)

func (r *run) close() {
	var closing sync.WaitGroup
	for _, p := range r.peers {
		if p != nil {
			closing.Go(p.close)
		}
	}
	closing.Wait()
}

// phase runs a part of the run and notes what it took.
func (r *run) phase(name string, do func() error) error {
	r.good.Store(0)
	r.bad.Store(0)
	before, began := r.watch.read(), time.Now()
	err := do()
	took := time.Since(began)
	r.phases = append(r.phases, newPhase(name, r.good.Load(), r.bad.Load(), took, r.watch.pids, before, r.watch.read()))
	return err
}

// count counts an operation of the phase. Those that an interruption ended are not
// counted.
func (r *run) count(ctx context.Context, o Operation, err error) {
	switch {
	case err == nil:
		r.good.Add(1)
	case ctx.Err() == nil:
		r.bad.Add(1)
		r.setup.note(o, err)
	}
}

// record enters an operation into a meter, unless an interruption ended it.
func (r *run) record(ctx context.Context, m *meter, o Operation, begin time.Time, err error) {
	if err != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		return
	}
	m.record(o, begin, err)
}

// stray notes an event that belongs to no slot.
func (r *run) stray(e client.Event) {
	if _, ok := e.Response.(smp.MSG); ok {
		r.strays.Add(1)
		return
	}
	err := e.Err
	if err == nil {
		err = &client.UnexpectedError{Expected: "MSG", Got: e.Response.Tag()}
	}
	r.setup.note(Deliver, err)
}

// messages returns what became of all messages.
func (r *run) messages() Messages {
	sum := Messages{Foreign: r.strays.Load()}
	for _, s := range r.slots {
		if s != nil {
			sum.add(s.close())
		}
	}
	return sum
}

// slotsOf is how many slots receive over connection i.
func (r *run) slotsOf(i int) int { return int(part(int64(r.Queues), i, r.Connections)) }

// bodySize is the size of bodies: what was asked for, or the largest of the version.
func (r *run) bodySize() int {
	largest := smp.MaxMessageLength(r.version)
	if r.Via != nil {
		largest = smp.MaxMessageLength(smp.MaxVersion) // a session through a proxy may have another version
	}
	if r.Size == 0 || r.Size > largest {
		return largest
	}
	return r.Size
}

// randomRun tells the bodies of this run from those of another one.
func randomRun() uint32 {
	var b [4]byte
	rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint32(b[:])
}
