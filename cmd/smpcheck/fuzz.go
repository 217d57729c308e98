package main

import (
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/spf13/cobra"

	"smpcheck/conformance/report"
	"smpcheck/conformance/target"
	"smpcheck/conformance/trace"
	"smpcheck/reference/link"
)

// fuzzCommand has the fuzzers of relays below it.
func fuzzCommand(s suite) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fuzz",
		Short: "Fuzz a relay, or look for differences between two",
		Args:  cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("fuzz what? expected relay, diff or planted")
			}
			return fmt.Errorf("unknown command %q of fuzz, expected relay, diff or planted", args[0])
		},
	}
	cmd.AddCommand(fuzzRelayCommand(s), fuzzDiffCommand(s), fuzzPlantedCommand(s))
	return cmd
}

// fuzzed is the relay that a command line names for the fuzzer: one at an address, or one
// that is started, again after each crash.
type fuzzed struct {
	server  link.Server
	command target.Command
	// exec is the command as it was given, empty for none.
	exec string
	// embedded says that it is the reference relay, which nobody has named.
	embedded bool
}

// findFuzzed reads an address, if there is one, or a command; without both it is the
// reference relay in a process of its own. Its error is one of usage.
func findFuzzed(args []string, exec string) (fuzzed, error) {
	switch {
	case len(args) == 1 && exec != "":
		return fuzzed{}, errors.New("an address and --exec both name a target; expected one")
	case exec != "":
		command, err := target.ParseCommand(exec)
		return fuzzed{command: command, exec: exec}, err
	case len(args) == 1:
		server, err := target.ParseAddress(args[0])
		return fuzzed{server: server}, err
	}
	program, err := os.Executable()
	if err != nil {
		return fuzzed{}, broken("%w", err)
	}
	return fuzzed{command: target.Command{program, referenceName}, embedded: true}, nil
}

// kind says how the relay is reached.
func (f fuzzed) kind() target.Kind {
	switch {
	case f.embedded:
		return target.Embedded
	case f.exec != "":
		return target.Process
	}
	return target.Remote
}

// name is what a report calls the relay.
func (f fuzzed) name() string {
	switch f.kind() {
	case target.Embedded:
		return referenceTitle
	case target.Process:
		return f.exec
	}
	return f.server.String()
}

// replay is the line for a shell that runs a finding again against the relay.
func (f fuzzed) replay(finding string, timeoutScale float64) string {
	words := []string{"smpcheck", "replay", finding}
	if timeoutScale != 1 {
		words = append(words, "--timeout-scale", fmt.Sprint(timeoutScale))
	}
	switch f.kind() {
	case target.Process:
		words = append(words, "--exec", trace.HideText(f.exec, f.server.Password))
	case target.Remote:
		words = append(words, addressOf(f.server))
	}
	return report.ShellLine(words...)
}

// addressOf is the address of a relay, with a placeholder for its password.
func addressOf(server link.Server) string {
	if server.Password == "" {
		return server.String()
	}
	server.Password = "PASSWORD"
	return server.StringWithPassword()
}

// checkRate checks the flag --max-rate.
func checkRate(rate float64) error {
	if !(rate >= 0) || math.IsInf(rate, 0) {
		return fmt.Errorf("--max-rate %v, expected 0 or more", rate)
	}
	return nil
}

// checkCounts refuses negative numbers; the names are those of their flags.
func checkCounts(counts map[string]int) error {
	for name, n := range counts {
		if n < 0 {
			return fmt.Errorf("--%s %d, expected 0 or more", name, n)
		}
	}
	return nil
}
