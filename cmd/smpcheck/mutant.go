package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/target"
	"smpcheck/reference/relay"
)

// mutantName is the command that mutants starts for a fault that needs a process.
const mutantName = "mutant"

// mutantProcess is the command line for the fault with the given id.
func mutantProcess(id, dir string) (target.Command, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return target.Command{program, mutantName, id, dir}, nil
}

// mutantCommand runs one relay that is wrong on purpose, with its files in a folder. It
// prints its address and ends with a signal.
func mutantCommand() *cobra.Command {
	return &cobra.Command{
		Use:    mutantName + " FAULT DIR",
		Short:  "Run one relay that is wrong on purpose",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runMutant(cmd.Context(), cmd, args[0], args[1])
		},
	}
}

func runMutant(ctx context.Context, cmd *cobra.Command, id, dir string) error {
	all := fault.All()
	i := slices.IndexFunc(all, func(f fault.Fault) bool { return f.ID == id })
	if i < 0 {
		return fmt.Errorf("no fault %s", id)
	}
	if err := os.Chdir(dir); err != nil {
		return err
	}
	address, stop, err := startChanged(ctx, func(c relay.Config) relay.Config { return all[i].Config(c) })
	if err != nil {
		return broken("%w", err)
	}
	defer stop()
	if _, err := fmt.Fprintln(cmd.OutOrStdout(), address); err != nil {
		return broken("print the address: %w", err)
	}
	<-ctx.Done()
	return nil
}
