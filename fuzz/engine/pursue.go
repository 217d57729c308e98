package engine

import (
	"context"
	"slices"
	"time"

	"smpcheck/conformance/trace"
	"smpcheck/fuzz/program"
)

// Bounds of the work on one finding; times at scale 1.
const (
	// shrinkTime and shrinkRuns bound reproducing and shrinking together.
	shrinkTime = 20 * time.Second
	shrinkRuns = 300
	// stableRuns is how often the shrunk program is tried, stableTime for how long.
	stableRuns = 10
	stableTime = 20 * time.Second
	// pursuits is how many sightings of a finding that was not reproduced are looked at.
	pursuits = 3
	// trialRuns is how often a proof is tried to find out whether it always shows what it
	// proved, and attempts how often each program is if it does not: random bytes of the
	// relay or of the programs decide then.
	trialRuns = 4
	attempts  = 6
)

// allowance is what may be spent on one finding.
type allowance struct {
	runs  int
	until time.Time
}

func allow(runs int, d time.Duration) *allowance { return &allowance{runs, time.Now().Add(d)} }

// spend takes one run, or reports that there is none left.
func (a *allowance) spend() bool {
	a.runs--
	return a.runs >= 0 && time.Now().Before(a.until)
}

// proof is a program that showed a sighting again.
type proof struct {
	in  input
	as  sighting
	rec *trace.Recorder
	// behind are the ids of what it showed before.
	behind []string
}

// pursuit is the work on one sighting. After the end of ctx it finds nothing more.
type pursuit struct {
	bench bench
	of    sighting
	spend *allowance
	// best is the smallest proof; nil while there is none.
	best *proof
	// moody says that the sighting is not shown each time.
	moody bool
	// used says that programs have run since the relay was made right: what they have left
	// may be what shows the sighting. Alone has each program run on a relay made right.
	used, alone bool
	// err says that the relay could not be made right again.
	err error
}

// shows tries an input, several times if what it shows depends on chance, and keeps it as
// the best proof if it shows the sighting.
func (p *pursuit) shows(ctx context.Context, in input) bool {
	for n := 1; !p.showsNow(ctx, in); n++ {
		if !p.moody || n == attempts {
			return false
		}
	}
	return true
}

// showsNow is shows for one try. If the relay has to be made right in any case, it shows it
// twice: the second time alone.
func (p *pursuit) showsNow(ctx context.Context, in input) bool {
	if p.alone && p.used {
		p.renew(ctx)
	}
	used := p.used
	found, sick := p.try(ctx, in)
	if found != nil && sick && used {
		found, _ = p.try(ctx, in)
	}
	if found == nil {
		return false
	}
	p.best = found
	return true
}

// try runs an input once and returns the proof that it is, if any.
func (p *pursuit) try(ctx context.Context, in input) (found *proof, sick bool) {
	if p.err != nil || ctx.Err() != nil || !p.spend.spend() {
		return nil, false
	}
	t := try(ctx, p.bench, in, p.of.Kind == Canary)
	p.used = true
	if t.sick {
		p.renew(ctx)
	}
	as, shown := t.shows(p.of)
	if !shown || ctx.Err() != nil {
		return nil, t.sick
	}
	found = &proof{in: in, as: as, rec: t.rec}
	for _, s := range t.seen[:slices.IndexFunc(t.seen, p.of.same)] {
		found.behind = append(found.behind, s.id())
	}
	return found, t.sick
}

// renew makes the relay right.
func (p *pursuit) renew(ctx context.Context) {
	if ctx.Err() == nil && p.err == nil {
		p.err = p.bench.renew(ctx)
		p.used = false
	}
}

// reproduce looks for an input that shows the sighting again: any of the suspects, or the
// first one if it is tried more often.
func (p *pursuit) reproduce(ctx context.Context, suspects []input) bool {
	p.moody = false
	if slices.ContainsFunc(suspects, func(in input) bool { return p.shows(ctx, in) }) {
		p.weigh(ctx)
		return true
	}
	p.moody = true
	return p.shows(ctx, suspects[0])
}

// weigh finds out whether the proof always shows the sighting.
func (p *pursuit) weigh(ctx context.Context) {
	best := p.best
	for n := 0; n < trialRuns && !p.moody; n++ {
		p.moody = !p.showsNow(ctx, best.in)
	}
	p.best = best
}

// prove looks for a small program that shows the sighting, and returns how often it does, of
// how many tries. If what it needs was left by programs before it, it is looked for again,
// with each program alone.
func (p *pursuit) prove(ctx context.Context, suspects []input, d time.Duration) (shown, tried int) {
	for {
		if !p.reproduce(ctx, suspects) {
			return 0, 0
		}
		p.shrink(ctx)
		spend := p.spend
		shown, tried = p.stability(ctx, d)
		if shown > 0 || p.alone || p.err != nil || ctx.Err() != nil {
			return shown, tried
		}
		p.best, p.alone, p.spend = nil, true, spend
	}
}

// shrink makes the proof as small as the allowance lets it.
func (p *pursuit) shrink(ctx context.Context) {
	start := p.best.in
	if last := p.best.as.Op; last+1 < len(start.Ops) { // what comes after it is hardly needed
		if p.shows(ctx, input{program.Program{Ops: start.Ops[:last+1]}, start.seed}) {
			start = p.best.in
		}
	}
	shrink(start.Program, func(q program.Program) bool { return p.shows(ctx, input{q, start.seed}) })
}

// stability tries the proof several times and returns how often it showed the sighting, of
// how many. The first one that does not ends nothing: a half stable proof is one, too.
func (p *pursuit) stability(ctx context.Context, d time.Duration) (shown, tried int) {
	best := p.best
	p.renew(ctx)
	p.spend = allow(stableRuns, d)
	for p.err == nil && tried < stableRuns && time.Now().Before(p.spend.until) {
		if p.alone && p.used {
			p.renew(ctx)
		}
		again, _ := p.try(ctx, best.in)
		if ctx.Err() != nil {
			break
		}
		tried++
		if again != nil {
			shown++
			p.best = again
		}
	}
	return shown, tried
}
