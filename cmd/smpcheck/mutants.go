package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"smpcheck/conformance"
	"smpcheck/conformance/fault"
	"smpcheck/conformance/mutants"
)

// mutantFlags are the flags of the command mutants, as they were given.
type mutantFlags struct {
	run, skip    []string
	parallel     int
	seed         uint64
	timeoutScale float64
	asJSON       bool
}

func mutantsCommand(s suite) *cobra.Command {
	var f mutantFlags
	cmd := &cobra.Command{
		Use:   "mutants",
		Short: "Try whether the suite notices relays that are wrong on purpose",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return f.try(cmd, s) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.run, "run", nil, "try the faults whose ids match `PATTERN` (* one component, ** any); repeatable")
	flags.StringSliceVar(&f.skip, "skip", nil, "leave out the faults whose ids match `PATTERN`; repeatable")
	flags.IntVar(&f.parallel, "parallel", 0, "try `N` faults at once, beside those that only wait (default four times the processors)")
	flags.Uint64Var(&f.seed, "seed", 0, "repeat the random choices of the run with seed `N`; keys and ids are new in each run")
	flags.Float64Var(&f.timeoutScale, "timeout-scale", 1, "multiply every deadline by `X`")
	flags.BoolVar(&f.asJSON, "json", false, "print one JSON document")
	return cmd
}

// try tries the faults and writes the report, also that of a run which ended early.
func (f *mutantFlags) try(cmd *cobra.Command, s suite) error {
	faults, err := f.selected(s.faults())
	if err != nil {
		return err
	}
	if err := checkNumbers(cmd, f.parallel, &f.seed, f.timeoutScale); err != nil {
		return err
	}
	registry, err := s.registry()
	if err != nil {
		return err
	}
	if err := fault.Check(s.faults(), registry); err != nil {
		return broken("the faults: %w", err)
	}
	bar := newProgress(cmd.ErrOrStderr(), len(faults))
	report := mutants.Run(cmd.Context(), faults, registry, mutants.Options{
		Launcher: s.launcher(s.names), Preflight: s.preflight,
		Parallel: f.parallel, Seed: f.seed, TimeoutScale: f.timeoutScale,
		Progress: func(done int) { bar.count(done, "faults") },
	})
	bar.clear()
	if f.asJSON {
		err = writeJSON(cmd.OutOrStdout(), report)
	} else {
		err = report.WriteText(cmd.OutOrStdout())
	}
	switch {
	case err != nil:
		return broken("write the report: %w", err)
	case report.Interrupted:
		return broken("the run was interrupted")
	case report.Summary.Killed < report.Summary.Faults:
		return violated(fmt.Sprintf("%d of %d faults were not noticed", report.Summary.Faults-report.Summary.Killed, report.Summary.Faults))
	}
	return nil
}

// selected returns the faults that --run and --skip select.
func (f *mutantFlags) selected(all []fault.Fault) ([]fault.Fault, error) {
	run, err := matchFaults(all, f.run)
	if err != nil {
		return nil, err
	}
	skip, err := matchFaults(all, f.skip)
	if err != nil {
		return nil, err
	}
	faults := slices.DeleteFunc(slices.Clone(all), func(m fault.Fault) bool {
		return len(f.run) > 0 && !run[m.ID] || skip[m.ID]
	})
	if len(faults) == 0 {
		return nil, errors.New("no fault is left to try")
	}
	return faults, nil
}

// matchFaults returns the ids of the faults that one of the patterns matches. A pattern that
// matches none is an error.
func matchFaults(faults []fault.Fault, patterns []string) (map[string]bool, error) {
	matched := make(map[string]bool)
	for _, text := range patterns {
		pattern, err := conformance.ParsePattern(text)
		if err != nil {
			return nil, err
		}
		found := false
		for _, m := range faults {
			if pattern.Match(m.ID) {
				matched[m.ID], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("no fault matches %q", text)
		}
	}
	return matched, nil
}
