// Package trial tries the network fuzzer on relays with planted faults: it has to find each
// in a given time, and nothing in the relay without a fault.
package trial

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"smpcheck/conformance/target"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/engine"
	"smpcheck/fuzz/planted"
)

// Control is the id of the relay without a fault.
const Control = "control"

// Options say how the fuzzer is tried.
type Options struct {
	// Fuzz is the fuzzer, engine.Run.
	Fuzz func(context.Context, engine.Options) (engine.Report, error)
	// Command starts the relay with the fault of an id, and that without one for Control.
	Command func(id string) target.Command
	// Duration is how long the fuzzer has for each relay.
	Duration time.Duration
	// Seed of the fuzzer, the same for each relay.
	Seed uint64
	// Scale multiplies all deadlines but Duration; 0 is 1.
	Scale float64
	// Findings is where the findings are written, in a folder for each relay; empty for
	// nowhere.
	Findings string
	// Progress is told the number of relays tried, and how far the present one is; nil
	// tells nobody.
	Progress func(done int, now engine.Status)
}

// Outcome is what came of one relay.
type Outcome string

// The outcomes.
const (
	// Found: the fuzzer has found the fault.
	Found Outcome = "found"
	// Survived: it has not, in its time.
	Survived Outcome = "survived"
	// Clean: it has found nothing in the relay without a fault.
	Clean Outcome = "clean"
	// Alarm: it has found something there.
	Alarm Outcome = "false alarm"
	// Broken: the relay could not be fuzzed.
	Broken Outcome = "broken"
)

// Result is what came of one relay.
type Result struct {
	ID      string
	Title   string
	Outcome Outcome
	// Finding is what was found first of the kinds that prove the fault, or of any kind in
	// the relay without one, and shown again by each try, if there is such; nil for nothing.
	Finding *engine.Finding
	// Others are how many findings of other kinds there were.
	Others int
	// Status is how far the fuzzer had come in the end.
	Status engine.Status
	// Detail says why the relay could not be fuzzed.
	Detail string
}

// Report is what came of all relays.
type Report struct {
	Seed     uint64
	Duration time.Duration
	Results  []Result
	// Interrupted says that ctx ended before all were tried.
	Interrupted bool
}

// Run tries the relay without a fault and those with the faults, one after the other.
func Run(ctx context.Context, faults []planted.Fault, o Options) Report {
	report := Report{Seed: o.Seed, Duration: o.Duration}
	control := planted.Fault{ID: Control, Title: "The relay without a fault."}
	for _, f := range append([]planted.Fault{control}, faults...) {
		result := o.try(ctx, f, len(report.Results))
		if ctx.Err() != nil {
			report.Interrupted = true
			return report
		}
		report.Results = append(report.Results, result)
	}
	return report
}

// try has the fuzzer find one fault.
func (o Options) try(ctx context.Context, f planted.Fault, done int) Result {
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	options := engine.Options{
		Command: o.Command(f.ID), Model: true, Quota: planted.Quota, Prompt: true, Duration: o.Duration,
		Seed: o.Seed, Scale: o.Scale,
		Found: func(found engine.Finding) {
			if proves(f, found.Kind) && (f.ID == Control || found.Certain()) {
				enough()
			}
		},
	}
	if o.Findings != "" {
		options.Findings = filepath.Join(o.Findings, strings.ReplaceAll(f.ID, "/", "."))
	}
	if o.Progress != nil {
		options.Status = func(s engine.Status) { o.Progress(done, s) }
	}
	report, err := o.Fuzz(ctx, options)
	return judge(f, report, err)
}

// proves reports whether a finding of the kind shows the fault, or that the relay without
// one is not taken for what it is.
func proves(f planted.Fault, kind drive.Kind) bool {
	return f.ID == Control || slices.Contains(f.Finds, string(kind))
}

// judge tells what came of a run of the fuzzer.
func judge(f planted.Fault, report engine.Report, err error) Result {
	r := Result{ID: f.ID, Title: f.Title, Status: report.Status}
	for i := range report.Found {
		switch found := &report.Found[i]; {
		case !proves(f, found.Kind):
			r.Others++
		case r.Finding == nil, found.Certain() && !r.Finding.Certain():
			r.Finding = found
		}
	}
	switch {
	case f.ID == Control && r.Finding != nil:
		r.Outcome = Alarm
	case r.Finding != nil:
		r.Outcome = Found
	case err != nil:
		r.Outcome, r.Detail = Broken, err.Error()
	case f.ID == Control:
		r.Outcome = Clean
	default:
		r.Outcome = Survived
	}
	return r
}

// Count returns how many of the relays with a fault have the outcome.
func (r Report) Count(o Outcome) int {
	n := 0
	for _, result := range r.Results {
		if result.ID != Control && result.Outcome == o {
			n++
		}
	}
	return n
}

// OK reports whether every fault that was tried was found, and nothing in the relay
// without one.
func (r Report) OK() bool {
	return !slices.ContainsFunc(r.Results, func(result Result) bool {
		return result.Outcome != Found && result.Outcome != Clean
	})
}
