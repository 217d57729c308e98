package conformance

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"runtime"
	"slices"
	"sync"
	"time"

	"smpcheck/conformance/target"
	"smpcheck/conformance/trace"
)

// grace is how long a case that was told to end may take before its goroutine is left
// alone, and how long a failed case waits for news of the end of its target; both at
// time scale 1.
const grace = 200 * time.Millisecond

// Options say how a run is done. The zero value is a run at time scale 1 with seed 0.
type Options struct {
	// Versions are the versions to run at, among AllVersions. Nil is, for each case, the
	// lowest and the highest that its rule and the target share, and between them those
	// at which forms change.
	Versions []uint16
	// Parallel is how many cases run at once; 0 is six times GOMAXPROCS.
	Parallel int
	// Seed decides every random choice, but no key and no id; see Fresh.
	Seed uint64
	// TimeoutScale multiplies every deadline; 0 is 1.
	TimeoutScale float64
	// Dial opens the byte streams to the target; nil is net.Dialer.
	Dial Dialer
	// Trace, if set, is given the conversation of every run that has ended; it is called
	// by several goroutines. Its error is the verdict of the run.
	Trace func(c *Case, run Run, conversation *trace.Recording) error
	// Expect says how cases are known to end; nil is no expectation.
	Expect Expectations
	// OnResult, if set, is called for every case that has ended, one at a time and in the
	// order of their ends, with the number of ended cases.
	OnResult func(done int, r Result)
}

// Execute runs the cases against the target and returns when all have ended or ctx has.
// Cases that an end of ctx kept from a verdict are skipped as "interrupted". The
// results are in the order of the cases.
func Execute(ctx context.Context, cases []*Case, t target.Target, info target.Info, o Options) *Outcome {
	r := &runner{target: t, info: info, options: o.withDefaults()}
	outcome := &Outcome{Started: time.Now()}
	outcome.Results = r.all(ctx, cases)
	outcome.Duration = time.Since(outcome.Started)
	outcome.Interrupted = slices.ContainsFunc(outcome.Results, Result.interrupted)
	return outcome
}

func (o Options) withDefaults() Options {
	if o.Parallel <= 0 {
		o.Parallel = 6 * runtime.GOMAXPROCS(0)
	}
	if o.TimeoutScale <= 0 {
		o.TimeoutScale = 1
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	return o
}

type runner struct {
	target  target.Target
	info    target.Info
	options Options

	mu   sync.Mutex
	done int
}

// progress collects the runs of one case.
type progress struct {
	c       *Case
	result  *Result
	pending int
	// unusable is the version that stands for all at which the target serves nothing.
	unusable uint16
}

// job is one run: a case at a version, the index of its place among the runs.
type job struct {
	p     *progress
	index int
}

func (r *runner) all(ctx context.Context, cases []*Case) []Result {
	results := make([]Result, len(cases))
	var together, alone []job
	for i, c := range cases {
		results[i].Case = c
		versions, reason := r.versions(c)
		if reason != "" {
			results[i].Run = Run{Verdict: Skip, Detail: reason}
			r.report(results[i])
			continue
		}
		results[i].Runs = make([]Run, len(versions))
		p := &progress{c: c, result: &results[i], pending: len(versions)}
		if first := slices.IndexFunc(versions, r.unusable); first >= 0 {
			p.unusable = versions[first]
		}
		for index, version := range versions {
			results[i].Runs[index].Version = version
			if c.Solo {
				alone = append(alone, job{p, index})
			} else {
				together = append(together, job{p, index})
			}
		}
	}
	// Those that may take long come first, so that the others run beside them.
	slices.SortStableFunc(together, func(a, b job) int { return cmp.Compare(b.p.c.Timeout, a.p.c.Timeout) })
	r.workOff(ctx, together, r.options.Parallel)
	r.workOff(ctx, alone, 1)
	return results
}

// formVersions are the versions at which the form of every transmission or connection
// changes: session keys and authenticators, the forms of NEW and SKEY, block encryption,
// the proxy flag, service signatures.
var formVersions = []uint16{7, 9, 11, 14, 16}

// versions returns the versions to run the case at, or the reason why there are none.
// Without a selection these are the edges of what the rule and the target share, and
// between them the versions at which forms change.
func (r *runner) versions(c *Case) ([]uint16, string) {
	keep := func(versions []uint16, f func(uint16) bool) []uint16 {
		return slices.DeleteFunc(slices.Clone(versions), func(v uint16) bool { return !f(v) })
	}
	shared := keep(AllVersions, func(v uint16) bool { return c.Concerns(v) && r.info.Versions.Contains(v) })
	if len(shared) == 0 {
		return nil, fmt.Sprintf("the rule concerns versions %s, the target speaks %s", c.Versions, r.info.Versions)
	}
	if r.options.Versions != nil {
		shared = keep(shared, func(v uint16) bool { return slices.Contains(r.options.Versions, v) })
		if len(shared) == 0 {
			return nil, "the rule concerns none of the versions that were asked for"
		}
	}
	lowest, highest := shared[0], shared[len(shared)-1]
	return keep(shared, func(v uint16) bool {
		return v == lowest || v == highest ||
			!c.Edges && (r.options.Versions != nil || slices.Contains(formVersions, v))
	}), ""
}

// unusable reports whether the target serves nothing at the version.
func (r *runner) unusable(version uint16) bool {
	_, found := r.info.Unusable[version]
	return found
}

func (r *runner) workOff(ctx context.Context, jobs []job, workers int) {
	queue := make(chan job)
	var group sync.WaitGroup
	for range min(workers, len(jobs)) {
		group.Go(func() {
			for j := range queue {
				r.finish(j, r.run(ctx, j.p, j.p.result.Runs[j.index].Version))
			}
		})
	}
	for _, j := range jobs {
		queue <- j
	}
	close(queue)
	group.Wait()
}

// finish keeps a run, and reports the case if it was the last one.
func (r *runner) finish(j job, run Run) {
	r.mu.Lock()
	j.p.result.Runs[j.index] = run
	j.p.pending--
	last := j.p.pending == 0
	r.mu.Unlock()
	if !last {
		return
	}
	j.p.result.conclude()
	if r.options.Expect != nil {
		if expected, ok := r.options.Expect.Expected(j.p.c.ID); ok {
			j.p.result.expect(expected)
		}
	}
	r.report(*j.p.result)
}

func (r *runner) report(result Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	if r.options.OnResult != nil {
		r.options.OnResult(r.done, result)
	}
}

// run performs the case at one version. Of the versions at which the target serves
// nothing it does so at the first only: at the others it would meet the same.
func (r *runner) run(ctx context.Context, p *progress, version uint16) Run {
	c, run := p.c, Run{Version: version}
	if ctx.Err() != nil {
		run.Verdict, run.Detail = Skip, interrupted
		return run
	}
	if r.unusable(version) && version != p.unusable {
		run.Verdict, run.Blocked = Skip, true
		run.Detail = fmt.Sprintf("the target serves nothing, as at version %d: %s", p.unusable, r.info.Unusable[version])
		return run
	}
	if ended(r.target) {
		run.Verdict, run.Detail = Error, "the target had ended before: "+r.target.Obituary()
		return run
	}
	start := time.Now()
	o, recording := r.attend(ctx, c, version)
	run.Duration = time.Since(start)
	run.Verdict, run.Expected, run.Actual, run.Detail = o.verdict, o.expected, o.actual, o.detail
	run.Violated, run.Blocked = o.violated, o.blocked
	r.mournTarget(&run)
	r.keep(c, &run, recording)
	return run
}

// attend starts the case in a goroutine of its own and waits for its end or its
// deadline, whichever comes first.
func (r *runner) attend(ctx context.Context, c *Case, version uint16) (outcome, *trace.Recording) {
	timeout := scaled(c.timeout(), r.options.TimeoutScale)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	t := &T{
		c: c, version: version, target: r.target, info: r.info, ctx: ctx, timeout: timeout,
		random: newRandom(r.options.Seed, c.ID, version),
		scale:  r.options.TimeoutScale, dial: r.options.Dial,
		trace: trace.NewRecorder(r.options.limits(), r.target.Server().Password),
	}
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		t.execute()
	}()
	select {
	case <-returned:
	case <-ctx.Done():
		t.settle(t.expiry())
	}
	cancel()
	cleaned := make(chan struct{})
	go func() {
		defer close(cleaned)
		t.cleanUp()
	}()
	patience := time.NewTimer(scaled(grace, r.options.TimeoutScale))
	defer patience.Stop()
	for _, end := range []<-chan struct{}{cleaned, returned} {
		select {
		case <-end:
		case <-patience.C:
			patience.Reset(0)
		}
	}
	recording := t.trace.Finish()
	return t.verdict(), recording
}

// mournTarget adds to a run that went wrong how its target ended, if it did. The news
// of an end may come a little later than the broken connection.
func (r *runner) mournTarget(run *Run) {
	if r.target.Done() == nil {
		return
	}
	switch run.Verdict {
	case Error:
		patience := time.NewTimer(grace)
		defer patience.Stop()
		select {
		case <-r.target.Done():
		case <-patience.C:
		}
	case Fail:
	default:
		return
	}
	if !ended(r.target) {
		return
	}
	obituary := "the target ended: " + r.target.Obituary()
	if run.Detail != "" {
		obituary = run.Detail + "\n" + obituary
	}
	run.Detail = obituary
}

// ended reports whether the target has ended although nobody closed it.
func ended(t target.Target) bool {
	select {
	case <-t.Done():
		return true
	default:
		return false
	}
}
