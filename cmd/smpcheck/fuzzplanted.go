package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"smpcheck/conformance"
	"smpcheck/conformance/target"
	"smpcheck/fuzz/engine"
	"smpcheck/fuzz/planted"
	"smpcheck/fuzz/planted/trial"
)

// fuzzPlantedFlags are the flags of the command fuzz planted, as they were given.
type fuzzPlantedFlags struct {
	run, skip    []string
	duration     time.Duration
	seed         uint64
	timeoutScale float64
	findings     string
	asJSON, list bool
}

func fuzzPlantedCommand(s suite) *cobra.Command {
	var f fuzzPlantedFlags
	cmd := &cobra.Command{
		Use:   "planted",
		Short: "Try whether the fuzzer finds faults that were planted in a relay",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return f.try(cmd, s) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.run, "run", nil, "try the faults whose ids match `PATTERN` (* one component, ** any); repeatable")
	flags.StringSliceVar(&f.skip, "skip", nil, "leave out the faults whose ids match `PATTERN`; repeatable")
	flags.DurationVar(&f.duration, "duration", time.Minute, "give the fuzzer so long for each relay")
	flags.Uint64Var(&f.seed, "seed", 0, "make the programs of seed `N` again")
	flags.Float64Var(&f.timeoutScale, "timeout-scale", 1, "multiply every deadline by `X`")
	flags.StringVar(&f.findings, "findings", "", "write the findings into a folder for each fault in `DIR`")
	flags.BoolVar(&f.asJSON, "json", false, "print one JSON document")
	flags.BoolVar(&f.list, "list", false, "list the faults and try none")
	return cmd
}

// try tries the faults and writes the report, also that of a run which ended early.
func (f *fuzzPlantedFlags) try(cmd *cobra.Command, s suite) error {
	faults, err := f.selected()
	if err != nil {
		return err
	}
	if f.list {
		return f.writeList(cmd.OutOrStdout(), faults)
	}
	if err := checkNumbers(cmd, 1, &f.seed, f.timeoutScale); err != nil {
		return err
	}
	if f.duration <= 0 {
		return fmt.Errorf("--duration %v, expected more than 0", f.duration)
	}
	program, err := os.Executable()
	if err != nil {
		return broken("%w", err)
	}
	bar := newProgress(cmd.ErrOrStderr(), len(faults)+1)
	report := trial.Run(cmd.Context(), faults, trial.Options{
		Fuzz:     s.fuzz,
		Command:  func(id string) target.Command { return target.Command{program, plantedName, id} },
		Duration: f.duration, Seed: f.seed, Scale: f.timeoutScale, Findings: f.findings,
		Progress: func(done int, now engine.Status) { bar.trying(done, now) },
	})
	bar.clear()
	if err := f.write(cmd.OutOrStdout(), report); err != nil {
		return err
	}
	switch {
	case report.Interrupted:
		return broken("the run was interrupted")
	case !report.OK():
		return judgeTrial(report)
	}
	return nil
}

// judgeTrial is the error of a trial in which not everything was found.
func judgeTrial(r trial.Report) error {
	if control := r.Results[0]; control.Outcome == trial.Broken {
		return broken("the relay without a fault: %s", control.Detail)
	} else if control.Outcome == trial.Alarm {
		return violated("the fuzzer has found something in the relay without a fault")
	}
	return violated(fmt.Sprintf("%d of %d faults were not found", len(r.Results)-1-r.Count(trial.Found), len(r.Results)-1))
}

func (f *fuzzPlantedFlags) write(w io.Writer, r trial.Report) error {
	if f.asJSON {
		return writeJSON(w, newTrialDocument(r))
	}
	if err := r.WriteText(w); err != nil {
		return broken("write the report: %w", err)
	}
	return nil
}

// selected returns the faults that --run and --skip select.
func (f *fuzzPlantedFlags) selected() ([]planted.Fault, error) {
	run, err := matchPlanted(f.run)
	if err != nil {
		return nil, err
	}
	skip, err := matchPlanted(f.skip)
	if err != nil {
		return nil, err
	}
	faults := slices.DeleteFunc(planted.All(), func(p planted.Fault) bool {
		return len(f.run) > 0 && !run[p.ID] || skip[p.ID]
	})
	if len(faults) == 0 {
		return nil, errors.New("no fault is left to try")
	}
	return faults, nil
}

// matchPlanted returns the ids of the planted faults that one of the patterns matches. A
// pattern that matches none is an error.
func matchPlanted(patterns []string) (map[string]bool, error) {
	matched := make(map[string]bool)
	for _, text := range patterns {
		pattern, err := conformance.ParsePattern(text)
		if err != nil {
			return nil, err
		}
		found := false
		for _, id := range planted.IDs() {
			if pattern.Match(id) {
				matched[id], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("no planted fault matches %q; fuzz planted --list has them all", text)
		}
	}
	return matched, nil
}

// plantedEntry is a planted fault as --list shows it.
type plantedEntry struct {
	ID    string   `json:"id"`
	Title string   `json:"title"`
	Finds []string `json:"finds"`
}

func (f *fuzzPlantedFlags) writeList(w io.Writer, faults []planted.Fault) error {
	entries := make([]plantedEntry, 0, len(faults))
	for _, p := range faults {
		entries = append(entries, plantedEntry{p.ID, p.Title, p.Finds})
	}
	if f.asJSON {
		return writeJSON(w, entries)
	}
	for _, e := range entries {
		if _, err := fmt.Fprintf(w, "%-44s %s\n", e.ID, e.Title); err != nil {
			return broken("write the list: %w", err)
		}
	}
	return nil
}
