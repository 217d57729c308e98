// Package trial tries the fuzzer on the relays of package planted: each fault has to be
// found within a time, by a finding of a kind that proves it.
package trial

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"smpcheck/conformance/target"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/engine"
	"smpcheck/fuzz/planted"
)

// Limit is how long the fuzzer has for each fault, at scale 1.
const Limit = time.Minute

// Options say how faults are tried.
type Options struct {
	// Command starts a relay with a fault.
	Command func(f planted.Fault) target.Command
	// Limit is how long the fuzzer has for each fault; 0 is Limit. Shrinking what was found
	// in time does not count.
	Limit time.Duration
	// Seed decides all choices, the same ones for each fault.
	Seed uint64
	// Scale multiplies all deadlines; 0 is 1.
	Scale float64
	// Findings is the folder where findings are written, in a folder for each fault; empty
	// for none.
	Findings string
	// Done is called with each result; nil for nobody.
	Done func(Result)
}

// Result is what came of a fault.
type Result struct {
	// Fault is its id.
	Fault string
	// Finding proves it; zero if none does.
	Finding engine.Finding
	// Found says that there is a Finding.
	Found bool
	// Others are findings that do not prove it.
	Others []engine.Finding
	// Programs, Operations and Elapsed are those of the run, until its end.
	Programs, Operations int
	Elapsed              time.Duration
	// Err says that the fault could not be tried.
	Err error
}

// Run tries faults one after the other, until ctx ends.
func Run(ctx context.Context, faults []planted.Fault, o Options) []Result {
	var results []Result
	for _, f := range faults {
		r := one(ctx, f, o)
		if ctx.Err() != nil {
			break
		}
		results = append(results, r)
		if o.Done != nil {
			o.Done(r)
		}
	}
	return results
}

// one runs the fuzzer until it finds the fault.
func one(ctx context.Context, f planted.Fault, o Options) Result {
	ctx, end := context.WithCancel(ctx)
	defer end()
	r := Result{Fault: f.ID}
	options := engine.Options{
		Command: o.Command(f), Model: true, Prompt: true, Quota: planted.Quota,
		Duration: Limit, Seed: o.Seed, Scale: o.Scale,
		Found: func(found engine.Finding) {
			if proves(f, found) {
				end()
			}
		},
	}
	if o.Limit > 0 {
		options.Duration = o.Limit
	}
	if o.Findings != "" {
		options.Findings = filepath.Join(o.Findings, strings.ReplaceAll(f.ID, "/", "-"))
	}
	report, err := engine.Run(ctx, options)
	r.Programs, r.Operations, r.Elapsed, r.Err = report.Programs, report.Operations, report.Elapsed, err
	for _, found := range report.Found {
		if !r.Found && proves(f, found) {
			r.Found, r.Finding = true, found
		} else {
			r.Others = append(r.Others, found)
		}
	}
	if r.Found && errors.Is(err, engine.ErrUnreachable) {
		r.Err = nil // the fault is such that nothing goes on
	}
	return r
}

// proves reports whether a finding shows a fault.
func proves(f planted.Fault, found engine.Finding) bool {
	return slices.ContainsFunc(f.Finds, func(kind string) bool { return found.Kind == drive.Kind(kind) })
}
