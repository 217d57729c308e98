package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"smpcheck/conformance"
	"smpcheck/conformance/fault"
	"smpcheck/reference/wire"
	"smpcheck/spec"
)

// entries are the part of the catalogue that a pattern matches.
type entries struct {
	Cases        []caseEntry    `json:"cases"`
	Requirements []*spec.Record `json:"requirements"`
	Faults       []faultEntry   `json:"faults"`
}

// caseEntry is a case as list and explain show it.
type caseEntry struct {
	ID           string        `json:"id"`
	Title        string        `json:"title"`
	Role         spec.Role     `json:"role"`
	Level        spec.Level    `json:"level"`
	Requirements []string      `json:"requirements"`
	Versions     spec.Versions `json:"versions"`
}

func newCaseEntry(c *conformance.Case) caseEntry {
	return caseEntry{c.ID, c.Title, c.Role, c.Level, c.Requirements, versionsOf(c.Versions)}
}

// faultEntry is a relay that is wrong on purpose as list and explain show it.
type faultEntry struct {
	ID       string        `json:"id"`
	Story    string        `json:"story"`
	Breaks   []string      `json:"breaks"`
	Cases    []string      `json:"cases"`
	Versions spec.Versions `json:"versions"`
}

func newFaultEntry(f *fault.Fault) faultEntry {
	return faultEntry{f.ID, f.Story, f.Breaks, f.Cases, versionsOf(f.Versions)}
}

// versionsOf is the range of a case or a fault, where zero stands for all.
func versionsOf(r wire.VersionRange) spec.Versions {
	if r.Max == 0 {
		all := conformance.AllVersions
		return spec.Versions{Min: all[0], Max: all[len(all)-1]}
	}
	return spec.Versions{Min: r.Min, Max: r.Max}
}

func listCommand(s suite) *cobra.Command {
	var asJSON, profiles bool
	var profileName, cases string
	cmd := &cobra.Command{
		Use:   "list [PATTERN]",
		Short: "List the cases, requirements and faults whose ids match a pattern, or all",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			registry, err := s.registryWith(cases)
			if err != nil {
				return err
			}
			if profiles && (len(args) == 1 || profileName != "") {
				return errors.New("--profiles lists all profiles, expected neither a pattern nor --profile")
			}
			if profiles {
				return listProfiles(cmd.OutOrStdout(), registry, asJSON)
			}
			pattern := "**"
			if len(args) == 1 {
				pattern = args[0]
			}
			found, err := find(registry, s.faults(), pattern)
			if err != nil {
				return err
			}
			if profileName != "" {
				if err := found.inProfile(profileName, pattern, registry); err != nil {
					return err
				}
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), found)
			}
			return found.write(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	cmd.Flags().StringVar(&cases, "cases", "", casesUsage)
	cmd.Flags().StringVar(&profileName, "profile", "", "list the cases of the profile `NAME` alone")
	cmd.Flags().BoolVar(&profiles, "profiles", false, "list the profiles")
	return cmd
}

// find returns what the pattern matches; nothing is an error.
func find(registry *conformance.Registry, faults []fault.Fault, text string) (*entries, error) {
	pattern, err := conformance.ParsePattern(text)
	if err != nil {
		return nil, err
	}
	found := &entries{Cases: []caseEntry{}, Requirements: []*spec.Record{}, Faults: []faultEntry{}}
	for _, c := range registry.Cases() {
		if pattern.Match(c.ID) {
			found.Cases = append(found.Cases, newCaseEntry(c))
		}
	}
	for _, r := range registry.Catalogue().Records() {
		if pattern.Match(r.ID) {
			found.Requirements = append(found.Requirements, r)
		}
	}
	for i := range faults {
		if pattern.Match(faults[i].ID) {
			found.Faults = append(found.Faults, newFaultEntry(&faults[i]))
		}
	}
	if len(found.Cases)+len(found.Requirements)+len(found.Faults) == 0 {
		return nil, fmt.Errorf("no case, no requirement and no fault matches %q", text)
	}
	return found, nil
}

func (e *entries) write(w io.Writer) error {
	const line = "%-48s %-8s %-5s %s\n"
	for _, c := range e.Cases {
		if _, err := fmt.Fprintf(w, line, c.ID, c.Level, c.Versions, c.Title); err != nil {
			return broken("write the list: %w", err)
		}
	}
	for _, r := range e.Requirements {
		if _, err := fmt.Fprintf(w, line, r.ID, r.Level, r.Versions, r.Title); err != nil {
			return broken("write the list: %w", err)
		}
	}
	for _, f := range e.Faults {
		if _, err := fmt.Fprintf(w, line, f.ID, "fault", f.Versions, f.Story); err != nil {
			return broken("write the list: %w", err)
		}
	}
	return nil
}

// writeJSON writes one JSON document, indented.
func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return broken("write JSON: %w", err)
	}
	return nil
}
