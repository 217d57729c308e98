package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"smpcheck/conformance/report"
	"smpcheck/conformance/target"
	"smpcheck/fuzz/differ"
)

// fuzzDiffFlags are the flags of the command fuzz diff, as they were given.
type fuzzDiffFlags struct {
	options  differ.Options
	exec     [2]string
	versions string
	levels   []string
	program  string
	times    int
	asJSON   bool
}

func fuzzDiffCommand(s suite) *cobra.Command {
	var f fuzzDiffFlags
	cmd := &cobra.Command{
		Use:   "diff [flags] [smp://A...] [smp://B...]",
		Short: "Do the same to two relays and report what they answer differently",
		Long: `Do the same to two relays and report what they answer differently.

A and B are addresses, or what --exec-a and --exec-b start. With one of them, the other is the
reference relay. What the protocol leaves open is no difference. Each difference is tried
again, shrunk and written to a folder of its own; --program runs one of them again.`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args, s) },
	}
	flags, o := cmd.Flags(), &f.options
	flags.StringVar(&f.exec[0], "exec-a", "", "start relay A with `CMD`, which prints its smp:// address on a line of its own")
	flags.StringVar(&f.exec[1], "exec-b", "", "start relay B with `CMD`")
	flags.StringVar(&f.program, "program", "", "run the finding in `FILE`, or in a folder, again")
	flags.IntVar(&f.times, "times", 10, "with --program, run it `N` times")
	flags.DurationVar(&o.Duration, "duration", time.Minute, "end after so long; 0 for no limit")
	flags.IntVar(&o.MaxPrograms, "max-programs", 0, "end after `N` programs (default no limit)")
	flags.IntVar(&o.MaxFindings, "max-findings", 0, "end after `N` different findings (default no limit)")
	flags.StringVar(&o.Findings, "findings", "findings", "write each finding into a folder of its own in `DIR`")
	flags.Uint64Var(&o.Seed, "seed", 0, "make the programs of seed `N` again")
	flags.StringSliceVar(&f.levels, "levels", nil, "change what is sent at these `LEVELS` alone: "+strings.Join(levelNames, ", ")+" (default all)")
	flags.StringVar(&f.versions, "versions", "", "speak these SMP `VERSIONS`, such as 6-20 for all or 9 (default: those that both have)")
	flags.Float64Var(&o.Scale, "timeout-scale", 1, "multiply every deadline by `X`")
	flags.BoolVar(&f.asJSON, "json", false, "print one JSON document")
	return cmd
}

// run compares and writes the report, also that of a run which ended early.
func (f *fuzzDiffFlags) run(cmd *cobra.Command, args []string, s suite) error {
	if err := f.parse(cmd, args); err != nil {
		return err
	}
	if f.program != "" {
		return f.replay(cmd, s)
	}
	out := diffOutput{asJSON: f.asJSON, names: f.names(), stdout: cmd.OutOrStdout(), bar: newProgress(cmd.ErrOrStderr(), 0)}
	if err := out.begin(f.options.Seed); err != nil {
		return err
	}
	o := f.options
	o.Status = out.bar.comparing
	found, runErr := s.diff(cmd.Context(), o)
	out.bar.clear()
	if err := out.end(o, found); err != nil {
		return err
	}
	switch {
	case found.Interrupted:
		return broken("the run was interrupted")
	case len(found.Found) > 0:
		return violated(report.Count(len(found.Found), "difference"))
	case runErr != nil:
		return broken("%w", runErr)
	case found.Programs == 0:
		return broken("no program was run")
	}
	return nil
}

// replay runs a finding again.
func (f *fuzzDiffFlags) replay(cmd *cobra.Command, s suite) error {
	finding, err := differ.LoadFinding(f.program)
	if err != nil {
		return fmt.Errorf("--program %s: %w", f.program, err)
	}
	shown, last, err := s.rediff(cmd.Context(), f.options, finding, f.times)
	switch {
	case cmd.Context().Err() != nil:
		return broken("the run was interrupted")
	case err != nil:
		return broken("%w", err)
	}
	if err := f.writeReplay(cmd.OutOrStdout(), finding, last, shown); err != nil {
		return err
	}
	if shown > 0 {
		return violated(fmt.Sprintf("the difference shows in %d of %d runs", shown, f.times))
	}
	return nil
}

// parse reads the flags and finds the relays; every error is one of usage.
func (f *fuzzDiffFlags) parse(cmd *cobra.Command, args []string) (err error) {
	o := &f.options
	if err := checkNumbers(cmd, 1, &o.Seed, o.Scale); err != nil {
		return err
	}
	if err := checkCounts(map[string]int{"max-programs": o.MaxPrograms, "max-findings": o.MaxFindings}); err != nil {
		return err
	}
	if f.times < 1 || f.times > maxTimes {
		return fmt.Errorf("--times %d, expected 1 to %d", f.times, maxTimes)
	}
	if cmd.Flags().Changed("times") && f.program == "" {
		return errors.New("--times is about a finding; expected --program")
	}
	if o.Duration < 0 {
		return fmt.Errorf("--duration %v, expected 0 or more", o.Duration)
	}
	if o.Findings == "" {
		return errors.New("--findings is empty, expected a folder")
	}
	if o.Versions, err = parseRange(f.versions); err != nil {
		return fmt.Errorf("--versions: %w", err)
	}
	if o.Levels, err = parseLevels(f.levels); err != nil {
		return err
	}
	return f.findRelays(args)
}

// findRelays says what A and B are: what their flags start, then the addresses in their
// order, then the reference relay.
func (f *fuzzDiffFlags) findRelays(args []string) error {
	named := len(args)
	for i, exec := range f.exec {
		if exec == "" {
			continue
		}
		command, err := target.ParseCommand(exec)
		if err != nil {
			return err
		}
		f.options.Relays[i].Command = command
		named++
	}
	switch {
	case named == 0:
		return errors.New("no relay to compare with the reference relay; expected an address, --exec-a or --exec-b")
	case named > len(f.exec):
		return fmt.Errorf("%d relays are named, expected two", named)
	}
	program, err := os.Executable()
	if err != nil {
		return broken("%w", err)
	}
	for i := range f.options.Relays {
		relay := &f.options.Relays[i]
		switch {
		case relay.Command != nil:
		case len(args) > 0:
			if relay.Server, err = target.ParseAddress(args[0]); err != nil {
				return err
			}
			args = args[1:]
		default:
			relay.Command = target.Command{program, referenceName}
		}
	}
	return nil
}

// names are what the report calls A and B.
func (f *fuzzDiffFlags) names() (names [2]string) {
	for i, relay := range f.options.Relays {
		switch {
		case relay.Command == nil:
			names[i] = relay.Server.String()
		case f.exec[i] != "":
			names[i] = f.exec[i]
		default:
			names[i] = referenceTitle
		}
	}
	return names
}
