package conformance

import (
	"slices"
	"time"

	"smpcheck/conformance/trace"
)

// interrupted is the detail of a case that an interruption kept from running.
const interrupted = "interrupted"

// Run is how a case ended at one version.
type Run struct {
	// Version is the protocol version.
	Version uint16
	// Verdict is one of Pass, Fail, Nonstrict, Skip and Error.
	Verdict Verdict
	// Expected and Actual say how the rule was violated; both are empty otherwise.
	Expected, Actual string
	// Violated are the requirements that Expected and Actual are about; none unless the
	// verdict is Fail or Nonstrict.
	Violated []string
	// Detail is the reason of a skip or an error.
	Detail string
	// Blocked says of a Skip that the target failed in something that the case builds on.
	Blocked bool
	// Recording is the conversation of a run with the verdict Fail, Nonstrict or Error,
	// nil of others. Of the runs of a Result it is kept for the worst alone.
	Recording *trace.Recording
	// Duration is the time from the start of the case to its verdict.
	Duration time.Duration
}

// Result is how a case ended: its worst run, with the user's expectations applied.
type Result struct {
	// Case is what ran.
	Case *Case
	// Run is the worst run, the one at the lowest version if there are several. The
	// version is 0 if the case ran at none. Its verdict may be XFail or XPass. Its
	// duration is the sum over all runs.
	Run
	// Runs are the runs at all versions, by version.
	Runs []Run
}

// conclude takes the verdict of the case from its runs: the worst, but not Pass if an
// interruption kept some of them from running.
func (r *Result) conclude() {
	chosen := r.Runs[0]
	var total time.Duration
	for _, run := range r.Runs {
		total += run.Duration
		if run.Verdict.WorseThan(chosen.Verdict) {
			chosen = run
		}
	}
	if i := slices.IndexFunc(r.Runs, Run.interrupted); i >= 0 && chosen.Verdict == Pass {
		chosen = r.Runs[i]
	}
	r.Run = chosen
	r.Duration = total
	for i := range r.Runs {
		r.Runs[i].Recording = nil
	}
}

func (r Run) interrupted() bool { return r.Verdict == Skip && r.Detail == interrupted }

func (r Result) interrupted() bool {
	return r.Run.interrupted() || slices.ContainsFunc(r.Runs, Run.interrupted)
}

// Outcome is how a whole run ended.
type Outcome struct {
	// Results holds one result for each selected case, in their order.
	Results []Result
	// Started and Duration are when the run started and how long it took.
	Started  time.Time
	Duration time.Duration
	// Interrupted says that the context ended before the last case did.
	Interrupted bool
}

// Count returns how many cases ended with each verdict that occurred.
func (o *Outcome) Count() map[Verdict]int {
	count := make(map[Verdict]int)
	for _, r := range o.Results {
		count[r.Verdict]++
	}
	return count
}
