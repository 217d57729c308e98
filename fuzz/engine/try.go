package engine

import (
	"context"
	"slices"

	"smpcheck/conformance/trace"
	"smpcheck/fuzz/drive"
)

// trial is what came of one run of a program.
type trial struct {
	outcome drive.Outcome
	// seen is what went wrong, in order.
	seen []sighting
	// sick says that the relay has to be made right before the next program.
	sick bool
	// failed says that the relay could not be reached, for no reason that was found.
	failed bool
	rec    *trace.Recorder
}

// tells reports whether the pairs of the trial are those that any run of its program has:
// nothing in it depended on time.
func (t trial) tells() bool {
	return !t.failed && !t.sick && !slices.ContainsFunc(t.seen, func(s sighting) bool { return s.Kind == drive.Hang })
}

// try runs a program and asks what is wrong with the relay after it: for certain if there
// is a reason to ask or due is true.
func try(ctx context.Context, b bench, in input, due bool) trial {
	t := trial{rec: trace.NewRecorder(trace.Brief, b.secret())}
	outcome, err := b.run(ctx, in, t.rec)
	t.outcome, t.seen = outcome, sightings(outcome.Breaches)
	if s := b.check(ctx, due || err != nil || len(t.seen) > 0 || b.disturbed()); s != nil {
		t.sick = true
		if s.Kind == Crash { // all else follows from it
			t.seen = nil
		}
		t.seen = append(t.seen, *s)
	}
	t.failed = err != nil && len(t.seen) == 0
	return t
}

// shows reports whether the trial shows the same as s, and how.
func (t trial) shows(s sighting) (sighting, bool) {
	i := slices.IndexFunc(t.seen, s.same)
	if i < 0 {
		return sighting{}, false
	}
	return t.seen[i], true
}
