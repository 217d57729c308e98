package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"smpcheck/conformance"
	"smpcheck/conformance/coverage"
	"smpcheck/spec"
)

func coverageCommand(s suite) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "coverage [PATTERN]",
		Short: "Show which requirements are checked, by what, and which are not",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			matrix, err := s.coverage(args)
			if err != nil {
				return err
			}
			if asJSON {
				err = writeJSON(cmd.OutOrStdout(), matrix)
			} else if err = matrix.WriteText(cmd.OutOrStdout()); err != nil {
				err = broken("write the matrix: %w", err)
			}
			if err != nil {
				return err
			}
			if n := len(matrix.Problems); n > 0 {
				return violated(fmt.Sprintf("%d problems of coverage; the first: %s", n, matrix.Problems[0]))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

// coverage returns the matrix with the rows that the pattern matches, or all.
func (s suite) coverage(patterns []string) (*coverage.Matrix, error) {
	registry, err := s.registry()
	if err != nil {
		return nil, err
	}
	pending, err := spec.LoadPending()
	if err != nil {
		return nil, broken("load the catalogue: %w", err)
	}
	matrix, err := coverage.New(registry, pending, s.faults())
	if err != nil {
		return nil, broken("%w", err)
	}
	if len(patterns) == 0 {
		return matrix, nil
	}
	pattern, err := conformance.ParsePattern(patterns[0])
	if err != nil {
		return nil, err
	}
	matrix.Select(func(r *coverage.Row) bool { return pattern.Match(r.ID) })
	if len(matrix.Rows) == 0 {
		return nil, fmt.Errorf("no requirement matches %q", patterns[0])
	}
	return matrix, nil
}
