package engine

import (
	"context"
	"errors"
	"fmt"

	"smpcheck/fuzz/drive"
)

func replay(ctx context.Context, o Options, f Finding, times int) (shown int, last drive.Breach, err error) {
	o = o.withDefaults()
	o.Model, o.Quota, o.Versions = f.Model, f.Quota, f.Versions
	h, err := newHost(ctx, o)
	if err != nil {
		return 0, drive.Breach{}, err
	}
	defer h.close()
	h.prompt.Store(f.Prompt)
	return replayOn(ctx, h, o, f, times)
}

// replayOn runs the program of a finding.
func replayOn(ctx context.Context, b bench, o Options, f Finding, times int) (shown int, last drive.Breach, err error) {
	of := sighting{Breach: f.Breach, place: f.Place}
	in := input{f.Program, f.Seed}
	if f.Kind == Memory {
		return replayGrowth(ctx, b, o, in)
	}
	for i := range times {
		t := try(ctx, b, in, true)
		if ctx.Err() != nil {
			return shown, last, ctx.Err()
		}
		if t.failed {
			return shown, last, fmt.Errorf("%w by the program", ErrUnreachable)
		}
		if as, ok := t.shows(of); ok {
			shown++
			last = as.Breach
		} else if len(t.seen) > 0 && shown == 0 {
			last = t.seen[0].Breach
		}
		if t.sick && i < times-1 {
			if err := b.renew(ctx); err != nil {
				return shown, last, err
			}
		}
	}
	return shown, last, nil
}

// errNoProcess says that memory cannot be measured.
var errNoProcess = errors.New("the memory of a relay is only seen if smpcheck starts it on Linux")

// replayGrowth measures whether the process grows with a program.
func replayGrowth(ctx context.Context, b bench, o Options, in input) (shown int, last drive.Breach, err error) {
	if _, ok := b.memory(); !ok {
		return 0, drive.Breach{}, errNoProcess
	}
	g := &grower{bench: b, spend: allow(unlimited, o.scaled(growsTime))}
	s, ok := g.confirm(ctx, in)
	switch {
	case ctx.Err() != nil:
		return 0, drive.Breach{}, ctx.Err()
	case !ok:
		return 0, drive.Breach{}, g.err
	}
	return 1, s.Breach, nil
}
