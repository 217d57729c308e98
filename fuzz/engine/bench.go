package engine

import (
	"context"

	"smpcheck/conformance/trace"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/program"
)

// bench is what programs are tried on: a relay, with all that watches it.
type bench interface {
	// run runs a program. The error says that the relay could not be reached or that ctx
	// has ended.
	run(ctx context.Context, in input, rec *trace.Recorder) (drive.Outcome, error)
	// disturbed reports, without asking the relay, whether something other than the
	// program is disturbed: the process, or the canary.
	disturbed() bool
	// check asks the relay, and returns what is wrong besides what programs see: a crash,
	// a relay that nobody reaches, a canary that is damaged. Not due is that it may do
	// without if it has asked lately.
	check(ctx context.Context, due bool) *sighting
	// renew makes everything right again: the process is started anew if there is one,
	// and the canary too. The error says that this is not possible.
	renew(ctx context.Context) error
	// memory is what the process uses; ok is false if that cannot be known.
	memory() (m memory, ok bool)
	// keeps reports whether a relay without faults keeps something after a program, such
	// as a queue that nobody can delete any more.
	keeps(ctx context.Context, in input) bool
	// describe enters into a finding how programs are run.
	describe(f *Finding)
	// secret is the password of the relay, empty for none.
	secret() string
	close()
}

// memory is what a process uses, with its descendants, in bytes.
type memory struct {
	// resident is in RAM. Private is what belongs to it alone, paged out or not: it does
	// not grow when a program uses more of its code.
	resident, private int64
}

// input is a program with the seed of what is random in it.
type input struct {
	program.Program
	seed uint64
}
