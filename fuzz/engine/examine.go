package engine

import (
	"context"
	"slices"
	"time"
)

// Bounds of the work on memory; times at scale 1.
const (
	searchTime = 30 * time.Second
	growsTime  = 25 * time.Second
	// patienceFactor is how many times longer nothing is suspicious after something was
	// looked at.
	patienceFactor = 2
	// unlimited is for work that only time bounds.
	unlimited = 1 << 30
)

// mind takes what the process uses after a program, and looks for the reason if it grows.
func (f *fuzzer) mind(ctx context.Context) error {
	m, ok := f.bench.memory()
	if !ok {
		return nil
	}
	f.board.change(func(s *Status) { s.Memory = m.resident })
	now := time.Now()
	f.watch.add(now, m.private)
	if f.watch.suspicious(now) {
		defer f.watch.restart()
		return f.examine(ctx)
	}
	if f.watch.excessive(m.private) {
		f.watch.restart()
		return f.bench.renew(ctx)
	}
	return nil
}

// examine looks among the last programs for one with which the process grows.
func (f *fuzzer) examine(ctx context.Context) error {
	defer func() {
		f.watch.patience = f.board.began.Add(patienceFactor * time.Since(f.board.began))
	}()
	done := f.board.doing("measuring memory")
	defer func() { done() }()
	suspects := slices.Clone(f.history)
	slices.Reverse(suspects)
	g := &grower{bench: f.bench, spend: allow(unlimited, f.options.scaled(searchTime))}
	in, c, ok := g.search(ctx, suspects)
	if !ok || ctx.Err() != nil {
		return g.err
	}
	s := growth(in.Program, c)
	found := f.discover(s, in)
	if err := f.keep(found, evidence{}); err != nil {
		return err
	}
	f.board.show()
	done = f.board.doing("shrinking memory/" + s.Rule)
	return f.narrow(ctx, found, in, c)
}

// narrow shrinks a program with which the process grows. What it is about, and so its id,
// is only clear then.
func (f *fuzzer) narrow(ctx context.Context, found *Finding, in input, c curve) error {
	g := &grower{bench: f.bench, spend: allow(unlimited, f.options.scaled(growsTime))}
	small := g.shrink(ctx, in, c)
	if ctx.Err() != nil || g.err != nil {
		return g.err
	}
	g.spend = allow(unlimited, f.options.scaled(growsTime))
	s, ok := g.confirm(ctx, small)
	if !ok && g.err == nil { // the last steps may have been misled
		small = in
		s, ok = g.confirm(ctx, small)
	}
	if ctx.Err() != nil || g.err != nil {
		return g.err
	}
	if !ok {
		return f.withdraw(found)
	}
	t := try(ctx, f.bench, small, false)
	old := found.ID
	if s.id() != old {
		if err := f.rename(found, s.id()); err != nil || f.known[s.id()] != found {
			return err
		}
	}
	found.adopt(proof{in: small, as: s, rec: t.rec})
	found.Stable, found.Tried = 1, 1
	if err := f.keep(found, evidence{rec: t.rec}); err != nil {
		return err
	}
	f.announce(found)
	return nil
}

// withdraw takes back that the process grows with a program, as it did not on a new process.
func (f *fuzzer) withdraw(found *Finding) error {
	delete(f.known, found.ID)
	f.found = slices.DeleteFunc(f.found, func(o *Finding) bool { return o == found })
	f.board.change(func(s *Status) { s.Findings = len(f.found) })
	return f.cabinet.remove(found.ID)
}

// rename gives a finding another id, under which it is written from now on; if there is
// one with that id already, it is the same.
func (f *fuzzer) rename(found *Finding, id string) error {
	if same := f.known[id]; same != nil {
		same.Times++
		return f.withdraw(found)
	}
	old := found.ID
	delete(f.known, old)
	found.ID = id
	f.known[id] = found
	if err := f.keep(found, evidence{}); err != nil {
		return err
	}
	return f.cabinet.remove(old)
}
