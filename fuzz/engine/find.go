package engine

import (
	"context"
	"time"
)

// enter enters the first sighting of a trial that is new, as the others may follow from it,
// and writes it before anything else is done. It returns nil if there is none.
func (f *fuzzer) enter(in input, t trial) (*Finding, sighting, error) {
	var fresh *sighting
	for i := range t.seen {
		id := t.seen[i].id()
		known := f.known[id]
		if known != nil {
			known.Times++
		}
		if fresh == nil && (known == nil || !known.Certain() && f.pursued[id] < pursuits) {
			fresh = &t.seen[i]
		}
	}
	if fresh == nil {
		return nil, sighting{}, nil
	}
	f.pursued[fresh.id()]++
	found := f.discover(*fresh, in)
	f.board.show()
	if found.Tried > 0 { // a surer and smaller program is looked for
		return found, *fresh, nil
	}
	return found, *fresh, f.keep(found, evidence{t.rec, fresh.output})
}

// pursue looks for a small program that shows a sighting again. Whatever else the run would
// do waits for that.
func (f *fuzzer) pursue(ctx context.Context, found *Finding, s sighting) error {
	defer f.board.doing("shrinking " + string(s.Kind) + "/" + s.Rule)()
	p := &pursuit{bench: f.bench, of: s, spend: allow(shrinkRuns, f.options.scaled(shrinkTime))}
	shown, tried := p.prove(ctx, f.history.suspects(), f.options.scaled(stableTime))
	proved := *found
	if p.best != nil {
		proved.adopt(*p.best)
		proved.Stable, proved.Tried = shown, tried
	}
	if p.best != nil && proved.better(*found) {
		*found = proved
		if err := f.keep(found, evidence{p.best.rec, p.best.as.output}); err != nil {
			return err
		}
	}
	if ctx.Err() == nil {
		f.announce(found)
	}
	return p.err
}

// discover enters a finding that was seen for the first time, with the program that was run
// last, or returns the one that is known and was not reproduced yet.
func (f *fuzzer) discover(s sighting, in input) *Finding {
	if known := f.known[s.id()]; known != nil {
		return known
	}
	found := &Finding{
		ID: s.id(), Breach: s.Breach, Program: in.Program, Original: in.Program, Seed: in.seed,
		After: time.Since(f.board.began), Operations: f.board.current().Operations,
		Shrunk: len(in.Ops), From: len(in.Ops), Place: s.place, Detail: s.detail, Times: 1,
	}
	f.bench.describe(found)
	f.known[found.ID] = found
	f.found = append(f.found, found)
	f.board.change(func(s *Status) { s.Findings = len(f.found) })
	return found
}

// adopt makes the finding that of a proof.
func (f *Finding) adopt(p proof) {
	f.Breach, f.Place, f.Detail, f.Behind = p.as.Breach, p.as.place, p.as.detail, p.behind
	f.Program, f.Seed, f.Shrunk = p.in.Program, p.in.seed, len(p.in.Ops)
}

// keep writes a finding, unless an earlier run has left a better one.
func (f *fuzzer) keep(found *Finding, e evidence) error {
	if earlier, ok := f.cabinet.earlier(found.ID); ok && !found.better(earlier) {
		return nil
	}
	return f.cabinet.save(*found, e)
}

// better reports whether a finding shows the same more surely than another, or as surely
// with a smaller program.
func (f *Finding) better(o Finding) bool {
	a, b := f.Stable*max(1, o.Tried), o.Stable*max(1, f.Tried)
	return a > b || a == b && f.Shrunk <= o.Shrunk
}

// Certain reports whether each of the tries after shrinking showed the finding again.
func (f *Finding) Certain() bool { return f.Tried > 0 && f.Stable == f.Tried }

// announce tells a finding.
func (f *fuzzer) announce(found *Finding) {
	f.board.show()
	if f.options.Found != nil {
		f.options.Found(*found)
	}
}
