package differ

import (
	"context"
	"fmt"
	"time"

	"smpcheck/conformance/probe"
	"smpcheck/conformance/target"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/engine"
	"smpcheck/fuzz/model"
	"smpcheck/fuzz/program"
	"smpcheck/reference/wire"
)

// endLimit is how long the end of a process may take to be seen after that of its
// connections, at scale 1.
const endLimit = 2 * time.Second

// side is one of the two relays.
type side struct {
	relay  Relay
	target target.Target
	// info is what the relay offers.
	info  target.Info
	scale float64
}

// view is what a side has shown in a run.
type view struct {
	record  *record
	outcome drive.Outcome
	// ended is how the process of the relay has ended in the run, empty if it has not.
	ended string
}

// start starts the relay, or goes to it, and learns what it offers.
func start(ctx context.Context, r Relay, scale float64) (*side, error) {
	s := &side{relay: r, scale: scale}
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	var err error
	if s.info, err = probe.Preflight(ctx, s.target, scale); err != nil {
		s.close()
		return nil, fmt.Errorf("%w: %s: %w", engine.ErrUnreachable, s.target.Server(), err)
	}
	return s, nil
}

func (s *side) begin(ctx context.Context) (err error) {
	if s.relay.Command == nil {
		s.target = target.At(s.relay.Server)
		return nil
	}
	if s.target, err = target.RunGuarded(ctx, s.relay.Command); err != nil {
		return fmt.Errorf("%w: %w", engine.ErrUnreachable, err)
	}
	return nil
}

func (s *side) close() { _ = s.target.Close() } // returns nil

// restart starts a process that has ended.
func (s *side) restart(ctx context.Context) error {
	s.close()
	return s.begin(ctx)
}

// usable reports whether the relay serves clients at a version.
func (s *side) usable(v uint16) bool { return s.info.Versions.Contains(v) && s.info.Unusable[v] == "" }

// run runs a program and takes down what the relay shows. The error says that the relay
// cannot be reached although it has not ended, or that ctx has.
func (s *side) run(ctx context.Context, p program.Program, versions wire.VersionRange, seed uint64) (view, error) {
	o := newObserver()
	outcome, err := drive.Run(ctx, drive.Config{
		Server: s.target.Server(), Versions: versions, TLS: s.info.TLS, Scale: s.scale, Seed: seed,
		Judge: both{o, model.New(model.Config{Password: s.target.Server().Password})},
	}, p)
	v := view{record: &o.record, outcome: outcome}
	if s.hasEnded(ctx, err != nil) {
		v.ended = s.target.Obituary()
		return v, nil
	}
	return v, err
}

// hasEnded reports whether the process has ended. If something is wrong it waits for the
// news.
func (s *side) hasEnded(ctx context.Context, wrong bool) bool {
	patience := time.Duration(0)
	if wrong && s.target.Done() != nil {
		patience = time.Duration(float64(endLimit) * s.scale)
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-s.target.Done():
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	select {
	case <-s.target.Done():
		return true
	default:
		return false
	}
}

// both has two judges watch a run.
type both struct{ observer, judge drive.Judge }

func (b both) each(f func(drive.Judge) []drive.Breach) []drive.Breach {
	f(b.observer)
	return f(b.judge)
}

func (b both) Opened(c drive.Opened) []drive.Breach {
	return b.each(func(j drive.Judge) []drive.Breach { return j.Opened(c) })
}

func (b both) Sent(block drive.Block) []drive.Breach {
	return b.each(func(j drive.Judge) []drive.Breach { return j.Sent(block) })
}

func (b both) Received(r drive.Received) []drive.Breach {
	return b.each(func(j drive.Judge) []drive.Breach { return j.Received(r) })
}

func (b both) Missing(conn int, correlations [][]byte) []drive.Breach {
	return b.each(func(j drive.Judge) []drive.Breach { return j.Missing(conn, correlations) })
}

func (b both) Closed(conn int, how drive.Ending) []drive.Breach {
	return b.each(func(j drive.Judge) []drive.Breach { return j.Closed(conn, how) })
}

func (b both) Settled() []drive.Breach { return b.each(drive.Judge.Settled) }

func (b both) Finish(settled bool) []drive.Breach {
	return b.each(func(j drive.Judge) []drive.Breach { return j.Finish(settled) })
}
