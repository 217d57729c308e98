package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"smpcheck/conformance"
	"smpcheck/conformance/coverage"
	"smpcheck/spec"
)

func explainCommand(s suite) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain ID",
		Short: "Explain a case or a requirement: the rule, its source and what tests it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			registry, err := s.registry()
			if err != nil {
				return err
			}
			e, err := explain(registry, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), e)
			}
			return e.write(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

// explanation is all that is known about one id.
type explanation struct {
	// Case is the case with the id, nil if the id is that of a requirement.
	Case *caseEntry `json:"case,omitempty"`
	// Rules are the requirement with the id, or those that the case tests.
	Rules []rule `json:"rules"`
}

// rule is a requirement with the cases that test it.
type rule struct {
	*spec.Record
	Cases []string `json:"cases"`
	// Faults are what implementations typically get wrong: the reasons for which the
	// vectors that check the requirement are refused.
	Faults []string `json:"typical_faults"`
	// Waits is what is going to check a pending requirement.
	Waits string `json:"pending,omitempty"`
}

func explain(registry *conformance.Registry, id string) (*explanation, error) {
	e := &explanation{}
	requirements := []string{id}
	if c, ok := registry.Lookup(id); ok {
		entry := newCaseEntry(c)
		e.Case = &entry
		requirements = c.Requirements
	}
	for _, requirement := range requirements {
		record, ok := registry.Catalogue().Lookup(requirement)
		if !ok {
			return nil, fmt.Errorf("no case and no requirement has the id %q", id)
		}
		faults, err := coverage.Faults(record)
		if err != nil {
			return nil, broken("%w", err)
		}
		r := rule{Record: record, Cases: []string{}, Faults: faults}
		if r.Waits, err = waitsFor(requirement); err != nil {
			return nil, err
		}
		for _, c := range registry.Citing(requirement) {
			r.Cases = append(r.Cases, c.ID)
		}
		e.Rules = append(e.Rules, r)
	}
	return e, nil
}

// waitsFor returns what a requirement waits for, or nothing if it is not pending.
func waitsFor(id string) (string, error) {
	pending, err := spec.LoadPending()
	if err != nil {
		return "", broken("load the catalogue: %w", err)
	}
	for _, p := range pending {
		if slices.Contains(p.IDs, id) {
			return fmt.Sprintf("%s (%s)", p.WaitsFor, strings.TrimSpace(p.Why)), nil
		}
	}
	return "", nil
}

func (e *explanation) write(w io.Writer) error {
	var b strings.Builder
	if c := e.Case; c != nil {
		fmt.Fprintf(&b, "%s\n  %s\n", c.ID, c.Title)
		fmt.Fprintf(&b, "  role %s, level %s, versions %s\n", c.Role, c.Level, c.Versions)
	}
	for i, r := range e.Rules {
		if i > 0 || e.Case != nil {
			b.WriteByte('\n')
		}
		r.write(&b)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return broken("write the explanation: %w", err)
	}
	return nil
}

func (r rule) write(b *strings.Builder) {
	fmt.Fprintf(b, "%s\n  %s\n", r.ID, r.Title)
	fmt.Fprintf(b, "  role %s, level %s, versions %s\n", r.Role, r.Level, r.Versions)
	fmt.Fprintf(b, "  rule:   %s\n", r.Summary)
	fmt.Fprintf(b, "  source: %s, %q\n", r.Source.Document, r.Source.Heading)
	if r.Notes != "" {
		fmt.Fprintf(b, "  notes:  %s\n", r.Notes)
	}
	for _, id := range r.Cases {
		fmt.Fprintf(b, "  tested by case: %s\n", id)
	}
	for _, check := range r.Checks {
		if check.Kind() == spec.ReasonCheck {
			fmt.Fprintf(b, "  not tested: %s\n", check.Name())
			continue
		}
		fmt.Fprintf(b, "  tested by %s: %s\n", check.Kind(), check.Name())
	}
	if r.Waits != "" {
		fmt.Fprintf(b, "  waits for: %s\n", r.Waits)
	}
	for _, fault := range r.Faults {
		fmt.Fprintf(b, "  typical fault: %s\n", fault)
	}
}
