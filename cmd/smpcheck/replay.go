package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"smpcheck/conformance/trace"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/engine"
	"smpcheck/fuzz/regression"
)

// maxTimes is how often a finding can be run again.
const maxTimes = 10_000

// replayFlags are the flags of the command replay, as they were given.
type replayFlags struct {
	exec         string
	times        int
	timeoutScale float64
	asJSON       bool
}

func replayCommand(s suite) *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay [flags] FILE [smp://FINGERPRINT[:PASSWORD]@HOST[:PORT]]",
		Short: "Try whether a relay still shows a finding; without an address, the reference relay",
		Long: `Try whether a relay still shows a finding; without an address, the reference relay.

FILE is the finding.json of a finding, the folder that has it, or a case that promote has
made of it. The exit code is 1 if the finding shows at least once, or another in its place,
and 0 if the relay shows nothing.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return fmt.Errorf("%d arguments, expected a file and at most one address", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args, s) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.exec, "exec", "", "start the target with `CMD`, which prints its smp:// address on a line of its own, and again after each crash")
	flags.IntVar(&f.times, "times", 10, "run the program `N` times")
	flags.Float64Var(&f.timeoutScale, "timeout-scale", 1, "multiply every deadline by `X`")
	flags.BoolVar(&f.asJSON, "json", false, "print one JSON document")
	return cmd
}

// replayDocument is what replay says as JSON.
type replayDocument struct {
	ID          string `json:"id"`
	Kind        string `json:"kind"`
	Rule        string `json:"rule"`
	Requirement string `json:"requirement,omitempty"`
	Command     string `json:"command,omitempty"`
	// Shown of Times is how often the finding showed.
	Shown int `json:"shown"`
	Times int `json:"times"`
	// Other is what showed in its place, as "kind rule", if it has never shown; empty for
	// nothing.
	Other string `json:"other"`
	// Expected and Actual are of the last time that it or the other showed.
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
}

// run replays and writes what came of it.
func (f *replayFlags) run(cmd *cobra.Command, args []string, s suite) error {
	if f.times < 1 || f.times > maxTimes {
		return fmt.Errorf("--times %d, expected 1 to %d", f.times, maxTimes)
	}
	if err := checkTimeoutScale(f.timeoutScale); err != nil {
		return err
	}
	tested, err := findFuzzed(args[1:], f.exec)
	if err != nil {
		return err
	}
	finding, err := readFinding(args[0])
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	o := engine.Options{Server: tested.server, Command: tested.command, Scale: f.timeoutScale}
	if finding.Kind == engine.Memory {
		f.times = 1 // which runs the program as often as it takes
	}
	shown, last, err := s.replay(cmd.Context(), o, finding, f.times)
	switch {
	case cmd.Context().Err() != nil:
		return broken("the run was interrupted")
	case err != nil:
		return broken("%s: %w", tested.name(), err)
	}
	if err := f.write(cmd.OutOrStdout(), finding, shown, last); err != nil {
		return err
	}
	switch {
	case shown > 0:
		return violated(fmt.Sprintf("the finding shows in %d of %d runs", shown, f.times))
	case last.Rule != "":
		return violated(fmt.Sprintf("the finding does not show, but another: %s %s", last.Kind, last.Rule))
	}
	return nil
}

func (f *replayFlags) write(w io.Writer, finding engine.Finding, shown int, last drive.Breach) error {
	d := replayDocument{
		ID: finding.ID, Kind: string(finding.Kind), Rule: finding.Rule, Requirement: finding.Requirement,
		Command: finding.Command, Shown: shown, Times: f.times, Expected: last.Expected, Actual: last.Actual,
	}
	if shown == 0 && last.Rule != "" {
		d.Other = fmt.Sprintf("%s %s", last.Kind, last.Rule)
	}
	if f.asJSON {
		return writeJSON(w, d)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s %s", d.ID, d.Kind, d.Rule)
	if d.Command != "" {
		fmt.Fprintf(&b, ", %s", d.Command)
	}
	fmt.Fprintf(&b, "\nshown     %d of %d\n", d.Shown, d.Times)
	if d.Other != "" {
		fmt.Fprintf(&b, "instead   %s\n", d.Other)
	}
	if last.Rule != "" {
		fmt.Fprintf(&b, "expected  %s\nactual    %s\n", trace.Printable(d.Expected), trace.Printable(d.Actual))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return broken("write the report: %w", err)
	}
	return nil
}

// readFinding reads a finding, or a case that was made of one.
func readFinding(path string) (engine.Finding, error) {
	c, err := regression.ReadCase(path)
	switch {
	case err != nil:
		return engine.Finding{}, err
	case c != nil:
		return c.Replayed(), nil
	}
	return engine.LoadFinding(path)
}
