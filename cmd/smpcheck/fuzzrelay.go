package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"smpcheck/conformance"
	"smpcheck/conformance/report"
	"smpcheck/fuzz/engine"
	"smpcheck/fuzz/program"
	"smpcheck/reference/relay"
)

// fuzzRelayFlags are the flags of the command fuzz relay, as they were given.
type fuzzRelayFlags struct {
	options               engine.Options
	exec, versions, shard string
	levels                []string
	asJSON                bool
}

func fuzzRelayCommand(s suite) *cobra.Command {
	var f fuzzRelayFlags
	cmd := &cobra.Command{
		Use:   "relay [flags] [smp://FINGERPRINT[:PASSWORD]@HOST[:PORT]]",
		Short: "Fuzz a relay; without an address, the reference relay in a process of its own",
		Long: `Fuzz a relay; without an address, the reference relay in a process of its own.

The fuzzer makes programs of commands that a client may send, changes some of what they
send, and keeps those that show something new. A finding is a crash, a hang, bytes outside
the protocol, something that was accepted although it had to be refused, damage to messages
of others, or growing memory; with --model also every answer that the protocol does not
allow. Each is shrunk and written to a folder of its own, with the command that shows it
again.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args, s) },
	}
	f.register(cmd)
	return cmd
}

func (f *fuzzRelayFlags) register(cmd *cobra.Command) {
	flags, o := cmd.Flags(), &f.options
	flags.StringVar(&f.exec, "exec", "", "start the target with `CMD`, which prints its smp:// address on a line of its own, and again after each crash")
	flags.BoolVar(&o.Model, "model", false, "compare every answer with a model of queues, keys, subscriptions, messages, links and notifiers")
	flags.IntVar(&o.Quota, "quota", 0, "the relay keeps `N` messages of a queue (default: not known)")
	flags.BoolVar(&o.Prompt, "prompt", false, "with --model, the relay sends events at once (default: found out)")
	flags.DurationVar(&o.Duration, "duration", time.Minute, "end after so long; 0 for no limit")
	flags.IntVar(&o.MaxPrograms, "max-programs", 0, "end after `N` programs (default no limit)")
	flags.IntVar(&o.MaxFindings, "max-findings", 0, "end after `N` different findings (default no limit)")
	flags.StringVar(&o.Corpus, "corpus", "", "begin with the programs in `DIR`, and keep those there that show something new")
	flags.StringVar(&o.Findings, "findings", "findings", "write each finding into a folder of its own in `DIR`")
	flags.Uint64Var(&o.Seed, "seed", 0, "make the programs of seed `N` again")
	flags.Float64Var(&o.MaxRate, "max-rate", 0, "carry out at most `N` operations a second (default no limit)")
	flags.StringSliceVar(&f.levels, "levels", nil, "change what is sent at these `LEVELS` alone: "+strings.Join(levelNames, ", ")+" (default all)")
	flags.StringVar(&f.shard, "shard", "", "make part `I/N` of the programs of the seed")
	flags.StringVar(&f.versions, "versions", "", "speak these SMP `VERSIONS`, such as 6-20 for all or 9")
	flags.Float64Var(&o.Scale, "timeout-scale", 1, "multiply every deadline by `X`")
	flags.BoolVar(&f.asJSON, "json", false, "print one JSON document")
}

// run fuzzes and writes the report, also that of a run which ended early.
func (f *fuzzRelayFlags) run(cmd *cobra.Command, args []string, s suite) error {
	tested, err := findFuzzed(args, f.exec)
	if err != nil {
		return err
	}
	if err := f.parse(cmd); err != nil {
		return err
	}
	o := f.options
	o.Server, o.Command = tested.server, tested.command
	if tested.embedded && o.Quota == 0 {
		o.Quota = relay.DefaultQuota
	}
	o.Prompt = o.Prompt || tested.embedded
	out := fuzzOutput{flags: f, tested: tested, stdout: cmd.OutOrStdout(), bar: newProgress(cmd.ErrOrStderr(), 0)}
	if err := out.begin(); err != nil {
		return err
	}
	o.Status = out.status
	found, runErr := s.fuzz(cmd.Context(), o)
	out.bar.clear()
	if err := out.end(found); err != nil {
		return err
	}
	return judgeFuzzing(tested, found, runErr)
}

// judgeFuzzing returns nil if a run has found nothing, and otherwise the error with its
// exit code.
func judgeFuzzing(tested fuzzed, found engine.Report, err error) error {
	switch {
	case found.Interrupted:
		return broken("the run was interrupted")
	case len(found.Found) > 0:
		return violated(report.Count(len(found.Found), "finding"))
	case err != nil:
		return broken("%s: %w", tested.name(), err)
	case found.Programs == 0:
		return broken("%s: no program was run", tested.name())
	}
	return nil
}

// parse reads the flags that are no numbers, and checks those that are; every error is one
// of usage.
func (f *fuzzRelayFlags) parse(cmd *cobra.Command) (err error) {
	o := &f.options
	if err := checkNumbers(cmd, 1, &o.Seed, o.Scale); err != nil {
		return err
	}
	if err := checkRate(o.MaxRate); err != nil {
		return err
	}
	if err := checkCounts(map[string]int{"quota": o.Quota, "max-programs": o.MaxPrograms, "max-findings": o.MaxFindings}); err != nil {
		return err
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
	if f.shard != "" {
		shard, err := conformance.ParseShard(f.shard)
		if err != nil {
			return err
		}
		o.Shard, o.Shards = shard.Index, shard.Count
	}
	o.Levels, err = parseLevels(f.levels)
	return err
}

// levelNames are the names of the levels of mutations.
var levelNames = func() (names []string) {
	for level := range program.Levels {
		names = append(names, level.String())
	}
	return names
}()

// parseLevels reads names of levels.
func parseLevels(names []string) ([]program.Level, error) {
	var levels []program.Level
	for _, name := range names {
		level, err := program.ParseLevel(name)
		if err != nil {
			return nil, fmt.Errorf("--levels: %q is none of %v", name, levelNames)
		}
		levels = append(levels, level)
	}
	return levels, nil
}
