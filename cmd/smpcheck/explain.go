package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"smpcheck/conformance"
	"smpcheck/conformance/coverage"
	"smpcheck/conformance/fault"
	"smpcheck/spec"
)

func explainCommand(s suite) *cobra.Command {
	var asJSON bool
	var cases string
	cmd := &cobra.Command{
		Use:   "explain ID",
		Short: "Explain a case, a requirement or a fault: the rule, its source and what tests it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			registry, err := s.registryWith(cases)
			if err != nil {
				return err
			}
			e, err := explain(registry, s.faults(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), e)
			}
			return e.write(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&cases, "cases", "", casesUsage)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

// explanation is all that is known about one id.
type explanation struct {
	// Case is the case with the id, nil if the id is not that of a case.
	Case *caseEntry `json:"case,omitempty"`
	// Notices are the faults that the case has to notice.
	Notices []faultEntry `json:"notices,omitempty"`
	// Fault is the fault with the id, nil if the id is not that of a fault.
	Fault *faultEntry `json:"fault,omitempty"`
	// Rules are the requirement with the id, or those that the case tests or the fault
	// breaks.
	Rules []rule `json:"rules"`
}

// rule is a requirement with the cases that test it.
type rule struct {
	*spec.Record
	Cases []string `json:"cases"`
	// Faults are what implementations typically get wrong: the reasons for which the
	// vectors that check the requirement are refused.
	Faults []string `json:"typical_faults"`
	// BrokenBy are the faults that break the requirement on purpose.
	BrokenBy []string `json:"broken_by"`
	// Waits is what is going to check a pending requirement.
	Waits string `json:"pending,omitempty"`
}

func explain(registry *conformance.Registry, faults []fault.Fault, id string) (*explanation, error) {
	e := &explanation{}
	requirements := []string{id}
	if c, ok := registry.Lookup(id); ok {
		entry := newCaseEntry(c)
		e.Case = &entry
		requirements = c.Requirements
		for _, f := range fault.Naming(faults, id) {
			e.Notices = append(e.Notices, newFaultEntry(&f))
		}
	} else if f, ok := fault.Lookup(faults, id); ok {
		entry := newFaultEntry(f)
		e.Fault = &entry
		requirements = f.Breaks
	}
	for _, requirement := range requirements {
		record, ok := registry.Catalogue().Lookup(requirement)
		if !ok {
			return nil, fmt.Errorf("no case, no requirement and no fault has the id %q", id)
		}
		typical, err := coverage.Faults(record)
		if err != nil {
			return nil, broken("%w", err)
		}
		r := rule{Record: record, Cases: []string{}, Faults: typical, BrokenBy: fault.IDs(fault.Breaking(faults, requirement))}
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
		for _, f := range e.Notices {
			fmt.Fprintf(&b, "  must notice: %s (%s)\n", f.ID, f.Story)
		}
	}
	if f := e.Fault; f != nil {
		fmt.Fprintf(&b, "%s\n  %s\n  versions %s\n", f.ID, f.Story, f.Versions)
		for _, id := range f.Cases {
			fmt.Fprintf(&b, "  must be noticed by case: %s\n", id)
		}
		fmt.Fprintf(&b, "  see it fail: smpcheck relay --fault %s --run %s\n", f.ID, strings.Join(f.Cases, ","))
	}
	for i, r := range e.Rules {
		if i > 0 || e.Case != nil || e.Fault != nil {
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
		switch check.Kind() {
		case spec.ReasonCheck:
			fmt.Fprintf(b, "  not tested: %s\n", check.Name())
		case spec.HiddenCheck:
			fmt.Fprintf(b, "  hidden from clients: %s\n", check.Name())
		default:
			fmt.Fprintf(b, "  tested by %s: %s\n", check.Kind(), check.Name())
		}
	}
	if r.Waits != "" {
		fmt.Fprintf(b, "  waits for: %s\n", r.Waits)
	}
	for _, typical := range r.Faults {
		fmt.Fprintf(b, "  typical fault: %s\n", typical)
	}
	for _, id := range r.BrokenBy {
		fmt.Fprintf(b, "  broken by fault: %s\n", id)
	}
}
