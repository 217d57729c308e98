package check

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"smpcheck/vectors"
	"smpcheck/vectors/plan"
)

// Options select what is run and how strictly it is judged.
type Options struct {
	// Strict wants the class of each refusal and all intermediate values.
	Strict bool
	// Select says whether a test is run; nil runs all.
	Select func(kind, id string) bool
	// Progress is told the number of tests done; nil tells nobody.
	Progress func(done int)
}

// bogus is an operation that no adapter may know.
const bogus = "no-such-operation"

// Run puts the tests of the files to the adapter. First it sends an operation that does
// not exist, which the adapter has to call unsupported: an adapter that answers whatever
// it is asked would pass by chance. The error says why the run ended early, if it did;
// the report then holds what was done until then.
func Run(ctx context.Context, name string, adapter Adapter, files []*vectors.File, options Options) (*Report, error) {
	r := &run{adapter: adapter, options: options, flags: map[string]*FlagCount{}, skipped: map[string]bool{}}
	r.report = &Report{Adapter: name, Kinds: []KindCount{}, Failures: []Failure{}, Flags: []FlagCount{}, OtherClass: []string{}, Skipped: []string{}}
	defer r.finish()
	if _, err := adapter.Do(ctx, bogus, nil); !errors.Is(err, ErrUnsupported) {
		return r.report, fmt.Errorf("the adapter has to answer the operation %q with \"unsupported\", it answered %s", bogus, answered(err))
	}
	for _, f := range files {
		if err := r.file(ctx, f); err != nil {
			return r.report, err
		}
	}
	return r.report, nil
}

func answered(err error) string {
	if err == nil {
		return "with a result"
	}
	return fmt.Sprintf("%q", err)
}

type run struct {
	adapter Adapter
	options Options
	report  *Report
	flags   map[string]*FlagCount
	skipped map[string]bool
}

func (r *run) finish() {
	r.report.Flags = sortFlags(r.flags)
	for operation := range r.skipped {
		r.report.Skipped = append(r.report.Skipped, operation)
	}
	slices.Sort(r.report.Skipped)
}

func (r *run) file(ctx context.Context, f *vectors.File) error {
	count := KindCount{Kind: f.Kind, Source: "official"}
	if f.Generated() {
		count.Source = "generated"
	}
	for g, t := range f.All() {
		if r.options.Select != nil && !r.options.Select(f.Kind, t.ID) {
			continue
		}
		o, err := r.test(ctx, f, g, t)
		if err != nil {
			return err
		}
		count.count(t.Invalid(), o)
		r.report.Summary.count(t.Invalid(), o)
		r.countFlags(f, t, o)
		if r.options.Progress != nil {
			r.options.Progress(r.report.Summary.Tests)
		}
	}
	if count.Tests > 0 {
		r.report.Kinds = append(r.report.Kinds, count)
	}
	return nil
}

// test makes all calls of a test. It fails with the first wrong answer and is skipped
// when no operation is supported.
func (r *run) test(ctx context.Context, f *vectors.File, g *vectors.Group, t *vectors.Test) (outcome, error) {
	if sum, err := t.Sum(); err != nil {
		return fail, err
	} else if sum != t.Checksum {
		r.fail(f, t, "checksum", fmt.Errorf("the vector was changed: its checksum is %q, its values give %q", t.Checksum, sum))
		return fail, nil
	}
	calls, err := plan.Calls(f, g, t)
	if err != nil {
		return fail, err
	}
	result := skip
	for _, call := range calls {
		answer, err := r.adapter.Do(ctx, call.Operation.Name, call.Inputs)
		var refusal *Refusal
		switch {
		case errors.Is(err, ErrUnsupported):
			r.skipped[call.Operation.Name] = true
			continue
		case err != nil && !errors.As(err, &refusal):
			return fail, fmt.Errorf("%s %q: operation %s: %w", f.Kind, t.ID, call.Operation.Name, err)
		}
		if wrong := judge(call, r.options.Strict, answer, err); wrong != nil {
			r.fail(f, t, call.Operation.Name, wrong)
			return fail, nil
		}
		if refusal != nil && refusal.Class != "" && call.Error != "" && refusal.Class != call.Error {
			r.report.OtherClass = append(r.report.OtherClass, f.Kind+"/"+t.ID)
		}
		result = pass
	}
	return result, nil
}

func (r *run) fail(f *vectors.File, t *vectors.Test, operation string, wrong error) {
	r.report.Failures = append(r.report.Failures, Failure{
		Kind: f.Kind, ID: t.ID, What: t.What, Operation: operation,
		Detail: wrong.Error(), Flags: explained(f, t.Flags),
	})
}

func (r *run) countFlags(f *vectors.File, t *vectors.Test, o outcome) {
	if o == skip {
		return
	}
	for _, flag := range t.Flags {
		key := f.Kind + "/" + flag
		if r.flags[key] == nil {
			r.flags[key] = &FlagCount{Kind: f.Kind, Flag: flag, Text: f.Flags[flag]}
		}
		r.flags[key].Tests++
		if o == fail {
			r.flags[key].Fail++
		}
	}
}
