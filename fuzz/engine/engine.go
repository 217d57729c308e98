// Package engine is the network fuzzer: it makes programs, runs them against a relay,
// keeps those that show something new, watches the relay, and turns what goes wrong into
// findings, each shrunk to a program that shows it again.
package engine

import (
	"context"
	"errors"
	"time"

	"smpcheck/conformance/target"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/program"
	"smpcheck/reference/link"
	"smpcheck/reference/wire"
)

// Options say what is fuzzed, and how.
type Options struct {
	// Server is the relay; zero if Command starts one.
	Server link.Server
	// Command starts the relay, again after each crash; nil for none.
	Command target.Command
	// Model has a model of queues, keys, subscriptions, messages, quotas, links and
	// notifiers judge every answer. Without it the codec alone does.
	Model bool
	// Prompt says that the relay sends END and NMSG at once, so that the model may miss
	// them. Otherwise that is found out.
	Prompt bool
	// Quota of the relay in messages, for the model; 0 if it is not known.
	Quota int
	// Duration ends the run; 0 for no limit.
	Duration time.Duration
	// MaxPrograms ends the run after so many programs; 0 for no limit.
	MaxPrograms int
	// MaxFindings ends the run after so many different findings; 0 for no limit.
	MaxFindings int
	// Corpus is the folder of programs that showed something new, read at the start and
	// now and then, as other runs may write to it; empty for none. Findings is the folder
	// where findings are written; empty for none.
	Corpus, Findings string
	// Seed decides all choices.
	Seed uint64
	// Shard of Shards, counted from 1; 0 of 0 is 1 of 1. Runs of different shards with one
	// seed make different programs.
	Shard, Shards int
	// MaxRate is the most operations in a second; 0 for no limit.
	MaxRate float64
	// Levels limits the levels of mutations; empty for all.
	Levels []program.Level
	// Versions limits the versions; empty for all that the relay has.
	Versions wire.VersionRange
	// Scale multiplies all deadlines; 0 is 1.
	Scale float64
	// Status is called about once a second, and at each finding; nil for nobody.
	Status func(Status)
	// Found is called with each finding when it is shrunk; nil for nobody.
	Found func(Finding)
}

// Kinds of findings beside those of package drive.
const (
	// Crash: the process has ended.
	Crash drive.Kind = "crash"
	// Canary: messages between two that the fuzzer does not touch were lost, changed,
	// reordered or late, or they were disconnected.
	Canary drive.Kind = "canary"
	// Memory: the process grows with what it is sent and does not shrink.
	Memory drive.Kind = "memory"
)

// Status is how far a run has come.
type Status struct {
	Elapsed         time.Duration
	Programs        int
	Operations      int
	Pairs           int
	Corpus          int
	Findings        int
	Memory          int64 // resident bytes of the process, 0 if not known
	OperationsASec  float64
	Doing           string // "fuzzing", "shrinking crash/…"
	LastNewPairProg int    // the program that showed the last new pair
}

// Report is what a run has found.
type Report struct {
	Status
	Seed  uint64
	Found []Finding
	// Sequence is a hash of all programs that were run, without those of shrinking, in
	// their order: the same for two runs that did the same.
	Sequence string
	// Interrupted says that ctx ended before Duration or MaxPrograms.
	Interrupted bool
}

// Finding is something that the relay does wrong, with the program that shows it. As JSON
// it has the form of schema.json.
type Finding struct {
	// ID is a hash of what makes the finding different from others: kind, rule, command
	// and, for a crash, the place in the stack trace. It names the folder.
	ID string
	drive.Breach
	// Program shows it; Original is the one that showed it first, before shrinking.
	Program, Original program.Program
	// Seed of the drive.
	Seed uint64
	// Versions, TLS and Model are those of the run, and so are Quota, of the relay in
	// messages as far as it was known, and Prompt: events were there at once.
	Versions wire.VersionRange
	TLS      string
	Model    bool
	Quota    int
	Prompt   bool
	// After is how long the run had taken, Operations how many operations it had done.
	After      time.Duration
	Operations int
	// Shrunk is how many operations are left, of how many.
	Shrunk, From int
	// Place is where a process has crashed: function, file and line, as far as its stack
	// trace says; empty for other kinds.
	Place string
	// Detail is the stack trace or the curve of memory.
	Detail string
	// Stable says how many of the tries after shrinking showed it again, of Tried: ten,
	// or fewer if they took too long. With 0 of 0 the program has never shown it again.
	Stable, Tried int
	// Behind are the ids of other findings that the program shows before this one, which
	// may follow from them.
	Behind []string
	// Times is how many programs of the run have shown it, without those of shrinking.
	Times int
}

// ErrUnreachable: the relay cannot be reached, or has never started.
var ErrUnreachable = errors.New("the relay cannot be reached")

// Run fuzzes until something ends it. An error means that it could not begin, or that the
// relay is gone for good; the report is what was found until then.
func Run(ctx context.Context, o Options) (Report, error) { return run(ctx, o) }

// Replay runs the program of a finding so many times against the relay of the options and
// says how often it showed again, and how; or what was wrong in its place. Versions, model
// and quota are those of the finding. Of memory the program is run often enough, in one
// time, that its growth is certain.
func Replay(ctx context.Context, o Options, f Finding, times int) (shown int, last drive.Breach, err error) {
	return replay(ctx, o, f, times)
}

// Shrink makes a program that shows something smaller, and tries each change: it leaves out
// operations and mutations, and sets numbers to what is usual. shows may be false for all
// when there is no time left.
func Shrink(p program.Program, shows func(program.Program) bool) program.Program {
	return shrink(p, shows)
}

// LoadFinding reads the file of a finding, or the one named finding.json in a folder.
func LoadFinding(path string) (Finding, error) { return loadFinding(path) }
