package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// referenceName is the command that fuzz and replay start if no relay is named: one that
// crashes must not take the fuzzer with it.
const referenceName = "reference"

// referenceTitle is what reports call that relay.
const referenceTitle = "the reference relay"

// referenceCommand runs the embedded reference relay in a process of its own. It prints its
// address and ends with a signal.
func referenceCommand(s suite) *cobra.Command {
	return &cobra.Command{
		Use:    referenceName,
		Short:  "Run the reference relay until a signal",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			address, stop, err := s.embed(cmd.Context())
			if err != nil {
				return broken("%w", err)
			}
			defer stop()
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), address); err != nil {
				return broken("print the address: %w", err)
			}
			<-cmd.Context().Done()
			return nil
		},
	}
}
