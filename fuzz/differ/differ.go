package differ

import (
	"context"
	"time"

	"smpcheck/conformance/target"
	"smpcheck/fuzz/program"
	"smpcheck/reference/link"
	"smpcheck/reference/wire"
)

// Relay is one of the two that are compared: one at an address, or one that a command
// starts.
type Relay struct {
	// Server is the relay; zero if Command starts one.
	Server link.Server
	// Command starts the relay, again after each end; nil for none.
	Command target.Command
}

// Options say what is compared, and how.
type Options struct {
	// Relays are the two, A and B.
	Relays [2]Relay
	// Duration ends the run; 0 for no limit.
	Duration time.Duration
	// MaxPrograms ends the run after so many programs; 0 for no limit.
	MaxPrograms int
	// MaxFindings ends the run after so many different findings; 0 for no limit.
	MaxFindings int
	// Findings is the folder where findings are written; empty for none.
	Findings string
	// Seed decides all choices.
	Seed uint64
	// Levels limits the levels of mutations; empty for all.
	Levels []program.Level
	// Versions limits the versions; empty for all that both relays have.
	Versions wire.VersionRange
	// Scale multiplies all deadlines; 0 is 1.
	Scale float64
	// Status is called after each program, and while a finding is shrunk; nil for nobody.
	Status func(Status)
}

// Status is how far a run has come.
type Status struct {
	Elapsed    time.Duration
	Programs   int
	Operations int // of one relay
	Pairs      int // of command and answer, of both
	Findings   int
	Doing      string
}

// Report is what a run has found.
type Report struct {
	Status
	Seed uint64
	// Versions are those that programs were run at.
	Versions wire.VersionRange
	// Chosen says how often the relays have chosen differently where the protocol leaves
	// it to them, by the reason.
	Chosen map[string]int
	// Dropped are differences that did not show each time, and how many there were of each:
	// they depend on what the relays do at the same time.
	Dropped map[string]int
	Found   []Finding
	// Interrupted says that ctx ended before Duration or MaxPrograms.
	Interrupted bool
}

// Finding is a difference between two relays, with the program that shows it. As JSON it
// has the form of schema.json.
type Finding struct {
	// ID is a hash of what findings have in common of which one is enough: the command, and
	// either the rule that one of the relays breaks, by the model, or both answers. It names
	// the folder.
	ID string
	// Rule is a short, stable name of what differs: command and both answers.
	Rule string
	// In says where they differ: in the answer to a command, in what is delivered, in the
	// connections that come about, or in that one of the relays ends.
	In string
	// Command is the tag of the command that is answered differently, empty for none.
	Command string
	// Sent is what is wrong with it by its bytes alone, empty for nothing.
	Sent string
	// Op is the index of the operation in Program.
	Op int
	// Shown is what A and B have shown.
	Shown [2]string
	// Blames say what the model of a relay has to say to A and to B up to there: the
	// expectation that the relay did not meet; empty if it met all. Requirements are the
	// rules of these.
	Blames       [2]string
	Requirements [2]string
	// Program shows it; Original is the one that showed it first, before shrinking.
	Program, Original program.Program
	// Seed of the runs, Versions that they used.
	Seed     uint64
	Versions wire.VersionRange
	// After is how long the run had taken, Programs how many it had done.
	After    time.Duration
	Programs int
	// Stable of Tried times it showed again after shrinking.
	Stable, Tried int
}

// Run compares two relays until something ends it. An error means that it could not begin,
// or that a relay is gone for good; the report is what was found until then.
func Run(ctx context.Context, o Options) (Report, error) { return run(ctx, o) }

// Replay runs the program of a finding so many times against the two relays of the options
// and says how often the difference showed, and the last one that showed.
func Replay(ctx context.Context, o Options, f Finding, times int) (shown int, last Finding, err error) {
	return replay(ctx, o, f, times)
}

// LoadFinding reads the file of a finding, or the one named finding.json in a folder.
func LoadFinding(path string) (Finding, error) { return loadFinding(path) }
