package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/target"
)

// mutantName is the command that mutants, and relay with --fault, start for a fault that
// needs a process.
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
func mutantCommand(s suite) *cobra.Command {
	return &cobra.Command{
		Use:    mutantName + " FAULT DIR",
		Short:  "Run one relay that is wrong on purpose",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runMutant(cmd, s, args[0], args[1])
		},
	}
}

func runMutant(cmd *cobra.Command, s suite, id, dir string) error {
	wrong, ok := fault.Lookup(s.faults(), id)
	if !ok {
		return unknownFault(s.faults(), id)
	}
	if err := os.Chdir(dir); err != nil {
		return err
	}
	address, stop, err := startChanged(cmd.Context(), wrong.Config)
	if err != nil {
		return broken("%w", err)
	}
	defer stop()
	if _, err := fmt.Fprintln(cmd.OutOrStdout(), address); err != nil {
		return broken("print the address: %w", err)
	}
	<-cmd.Context().Done()
	return nil
}
