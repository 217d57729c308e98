package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"smpcheck/fuzz/planted"
	"smpcheck/fuzz/planted/trial"
	"smpcheck/reference/relay"
)

// plantedName is the command that fuzz planted starts for each relay.
const plantedName = "planted"

// plantedCommand runs one relay with a planted fault, or without one. It prints its address
// and ends with a signal, or as the fault has it.
func plantedCommand() *cobra.Command {
	return &cobra.Command{
		Use:    plantedName + " ID",
		Short:  "Run one relay with a planted fault",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			fault := planted.Fault{ID: trial.Control, Apply: func(*relay.Config) {}}
			if args[0] != trial.Control {
				var ok bool
				if fault, ok = planted.Lookup(args[0]); !ok {
					return fmt.Errorf("no planted fault has the id %q", args[0])
				}
			}
			if err := planted.Serve(cmd.Context(), fault, cmd.OutOrStdout()); err != nil {
				return broken("%w", err)
			}
			return nil
		},
	}
}
