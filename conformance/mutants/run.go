package mutants

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/fault"
	"smpcheck/conformance/target"
)

// Options say how a run is done.
type Options struct {
	// Launcher starts the relays.
	Launcher
	// Preflight learns what a relay offers, and whether it serves anything at the versions,
	// or at all of them.
	Preflight func(ctx context.Context, t target.Target, scale float64, versions ...uint16) (target.Info, error)
	// Parallel is how many faults are tried at once, beside those that have taken so long
	// that they can only be waiting; 0 is four times GOMAXPROCS.
	Parallel int
	// Seed decides every random choice of the cases; see conformance.Options.
	Seed uint64
	// TimeoutScale multiplies every deadline; 0 is 1.
	TimeoutScale float64
	// Progress, if set, is called after each fault with the number of those done.
	Progress func(done int)
}

// Run tries all faults and returns when that is done or ctx has ended: faults that were
// not tried then are Skipped.
func Run(ctx context.Context, faults []fault.Fault, registry *conformance.Registry, o Options) *Report {
	if o.Parallel <= 0 {
		o.Parallel = 4 * runtime.GOMAXPROCS(0)
	}
	if o.TimeoutScale <= 0 {
		o.TimeoutScale = 1
	}
	t := &trial{registry: registry, options: o, scale: o.TimeoutScale}
	report := &Report{Seed: o.Seed, Started: time.Now(), Faults: make([]Result, len(faults)), Idle: idle(faults, registry)}
	var together, alone []int
	for i := range faults {
		if t.solo(&faults[i]) {
			alone = append(alone, i)
		} else {
			together = append(together, i)
		}
	}
	t.longestFirst(faults, together)
	t.workOff(ctx, faults, together, report, o.Parallel, maxTogether)
	t.workOff(ctx, faults, alone, report, 1, 1)
	t.again(ctx, faults, report)
	report.Interrupted = ctx.Err() != nil
	report.DurationMS = time.Since(report.Started).Milliseconds()
	report.count()
	return report
}

// idle returns the ids of the cases that no fault names.
func idle(faults []fault.Fault, registry *conformance.Registry) []string {
	ids := []string{}
	for _, c := range registry.Cases() {
		if !slices.ContainsFunc(faults, func(f fault.Fault) bool { return slices.Contains(f.Cases, c.ID) }) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// trial is one run.
type trial struct {
	registry *conformance.Registry
	options  Options
	// scale multiplies every deadline.
	scale float64

	mu sync.Mutex
	// done is how many faults have been tried.
	done int
}

// solo reports whether a case of the fault must not run beside others.
func (t *trial) solo(f *fault.Fault) bool {
	return slices.ContainsFunc(f.Cases, func(id string) bool {
		c, ok := t.registry.Lookup(id)
		return ok && c.Solo
	})
}

// progress counts a fault that was tried.
func (t *trial) progress() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done++
	if t.options.Progress != nil {
		t.options.Progress(t.done)
	}
}

// try says what becomes of a fault.
func (t *trial) try(ctx context.Context, f *fault.Fault) Result {
	started := time.Now()
	result := Result{ID: f.ID, Story: f.Story, Breaks: f.Breaks, Cases: []Notice{}}
	if ctx.Err() != nil {
		result.Verdict = Skipped
		return result
	}
	notices, err := t.run(ctx, f)
	result.Cases = append(result.Cases, notices...)
	result.DurationMS = time.Since(started).Milliseconds()
	switch {
	case ctx.Err() != nil:
		result.Verdict = Skipped
	case err != nil:
		result.Verdict, result.Detail = Broken, err.Error()
	case slices.ContainsFunc(notices, func(n Notice) bool { return !n.Noticed }):
		result.Verdict = Survived
	default:
		result.Verdict = Killed
	}
	return result
}

// preflightPatience is how much longer than in a run the preflight may take: many relays
// are tried at once.
const preflightPatience = 3

// run starts the relay with the fault and runs the cases of the fault.
func (t *trial) run(ctx context.Context, f *fault.Fault) ([]Notice, error) {
	relay, err := t.options.Launch(ctx, f)
	if err != nil {
		return nil, err
	}
	notices, err := t.runCases(ctx, f, relay)
	return notices, errors.Join(err, relay.Close())
}

// runCases runs the cases of the fault against the relay that has it.
func (t *trial) runCases(ctx context.Context, f *fault.Fault, relay *Launched) ([]Notice, error) {
	info, err := t.preflight(ctx, relay.Target, t.versions(f))
	if err != nil {
		return nil, err
	}
	info.Names, info.Files = relay.Names, relay.Files
	var notices []Notice
	for _, id := range f.Cases {
		c, ok := t.registry.Lookup(id)
		if !ok {
			continue // fault.Check reports it
		}
		notices = append(notices, t.notice(ctx, f, c, relay.Target, info))
	}
	return notices, nil
}

// versions returns the lowest and the highest version of each case.
func (t *trial) versions(f *fault.Fault) []uint16 {
	var all []uint16
	for _, id := range f.Cases {
		if c, ok := t.registry.Lookup(id); ok {
			versions := f.VersionsOf(c)
			all = append(all, versions[0], versions[len(versions)-1])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// preflight learns what the relay offers. Only if it serves nothing at one of the versions
// are all others tried too.
func (t *trial) preflight(ctx context.Context, tgt target.Target, versions []uint16) (target.Info, error) {
	scale := preflightPatience * t.scale
	info, err := t.options.Preflight(ctx, tgt, scale, versions...)
	if err == nil && len(info.Unusable) > 0 {
		// A relay with two identities may show the other one now.
		if all, err := t.options.Preflight(ctx, tgt, scale); err == nil {
			return all, nil
		}
	}
	if unusable, ok := errors.AsType[*target.UnusableError](err); ok {
		return unusable.Info, nil
	}
	return info, err
}

// notice runs a case at the highest version of it and the fault, and if it notices
// nothing, at the lowest.
func (t *trial) notice(ctx context.Context, f *fault.Fault, c *conformance.Case, tgt target.Target, info target.Info) Notice {
	versions := f.VersionsOf(c)
	versions = slices.DeleteFunc(versions, func(v uint16) bool { return !info.Versions.Contains(v) })
	n := Notice{ID: c.ID, Verdict: conformance.Skip, Violated: []string{}, Detail: "the relay offers none of the versions"}
	if len(versions) == 0 {
		return n
	}
	tries := []uint16{versions[len(versions)-1], versions[0]}
	for _, v := range slices.Compact(tries) {
		outcome := conformance.Execute(ctx, []*conformance.Case{c}, tgt, info, conformance.Options{
			Versions: []uint16{v}, Seed: t.options.Seed, TimeoutScale: t.scale, Parallel: 1,
		})
		if n = noticeOf(f, &outcome.Results[0]); n.Noticed {
			break
		}
	}
	return n
}

// noticeOf is how a case ended, and whether it has noticed the fault.
func noticeOf(f *fault.Fault, r *conformance.Result) Notice {
	n := Notice{
		ID: r.Case.ID, Version: r.Version, Verdict: r.Verdict, Violated: []string{},
		Expected: r.Expected, Actual: r.Actual, Detail: r.Detail,
	}
	n.Violated = append(n.Violated, r.Violated...)
	violation := r.Verdict == conformance.Fail || r.Verdict == conformance.Nonstrict
	n.Noticed = violation && slices.ContainsFunc(r.Violated, func(id string) bool { return slices.Contains(f.Breaks, id) })
	return n
}
