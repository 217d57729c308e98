package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"smpcheck/conformance"
	"smpcheck/conformance/fault"
	"smpcheck/conformance/target"
	"smpcheck/fuzz/differ"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/engine"
	"smpcheck/fuzz/regression"
	"smpcheck/spec"
)

// The exit codes.
const (
	exitOK       = 0
	exitViolated = 1
	exitUsage    = 2
	exitBroken   = 3
)

// suite is what the commands work with.
type suite struct {
	// cases are all cases.
	cases func() []conformance.Case
	// faults are all relays that are wrong on purpose.
	faults func() []fault.Fault
	// preflight learns what a target offers, and whether it serves anything at the
	// versions, or at all of them. Its deadlines scale with scale.
	preflight func(ctx context.Context, t target.Target, scale float64, versions ...uint16) (target.Info, error)
	// survey finds out what the target can do, knowing what preflight has learned; nil
	// finds out nothing.
	survey func(ctx context.Context, t target.Target, info target.Info, scale float64) []target.Capability
	// embed starts the relay that is tested if no other is named.
	embed target.Starter
	// fuzz is the network fuzzer, replay runs one of its findings again.
	fuzz   func(context.Context, engine.Options) (engine.Report, error)
	replay func(context.Context, engine.Options, engine.Finding, int) (int, drive.Breach, error)
	// diff is the differential fuzzer, rediff runs one of its findings again.
	diff   func(context.Context, differ.Options) (differ.Report, error)
	rediff func(context.Context, differ.Options, differ.Finding, int) (int, differ.Finding, error)
	// names is what is known about the names of that relay.
	names target.Names
}

// registry returns the cases of the suite with the requirements that they cite.
func (s suite) registry() (*conformance.Registry, error) {
	catalogue, err := spec.Load()
	if err != nil {
		return nil, broken("load the catalogue: %w", err)
	}
	registry := conformance.NewRegistry(catalogue)
	if err := registry.Add(s.cases()...); err != nil {
		return nil, broken("register the cases: %w", err)
	}
	return registry, nil
}

// registryWith is registry with the cases of a folder besides; an empty name is no folder.
// What is wrong with the folder is an error of usage.
func (s suite) registryWith(dir string) (*conformance.Registry, error) {
	registry, err := s.registry()
	if err != nil || dir == "" {
		return registry, err
	}
	folder, err := regression.Load(dir)
	if err == nil {
		err = folder.Register(registry)
	}
	if err != nil {
		return nil, fmt.Errorf("--cases: %w", err)
	}
	return registry, nil
}

// exitError is an error with an exit code other than exitUsage.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// broken is an error with the exit code exitBroken.
func broken(format string, args ...any) error {
	return &exitError{exitBroken, fmt.Errorf(format, args...)}
}

// violated is an error with the exit code exitViolated.
func violated(text string) error { return &exitError{exitViolated, errors.New(text)} }

// run executes the command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, s suite) int {
	root := &cobra.Command{
		Use:                "smpcheck",
		Short:              "Check implementations of the SimpleX Messaging Protocol",
		Args:               cobra.ArbitraryArgs,
		SilenceUsage:       true,
		SilenceErrors:      true,
		DisableSuggestions: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("no command; smpcheck --help lists them")
			}
			return fmt.Errorf("unknown command %q; smpcheck --help lists them", args[0])
		},
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(relayCommand(s), mergeCommand(s), loadCommand(s), listCommand(s), explainCommand(s), coverageCommand(s), mutantsCommand(s), mutantCommand(s), fuzzCommand(s), replayCommand(s), promoteCommand(s), referenceCommand(s), plantedCommand(), vectorsCommand(), versionCommand())
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "smpcheck: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit.code
	}
	return exitUsage
}
