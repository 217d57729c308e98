package main

import (
	"fmt"
	"io"

	"smpcheck/conformance"
	"smpcheck/conformance/profile"
)

// profileEntry is a profile as list shows it.
type profileEntry struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
	// Versions limits the profile; empty is no limit.
	Versions string `json:"versions"`
	Cases    int    `json:"cases"`
}

// profileEntries are all profiles, with the number of their cases.
func profileEntries(registry *conformance.Registry) ([]profileEntry, error) {
	all, err := profile.All()
	if err != nil {
		return nil, broken("load the profiles: %w", err)
	}
	var entries []profileEntry
	for _, p := range all {
		cases, err := p.Select(registry.Cases())
		if err != nil {
			return nil, broken("profile %s: %w", p.Name, err)
		}
		entries = append(entries, profileEntry{p.Name, p.Summary, p.Versions, len(cases)})
	}
	return entries, nil
}

// listProfiles writes all profiles, a line for each or as one JSON document.
func listProfiles(w io.Writer, registry *conformance.Registry, asJSON bool) error {
	entries, err := profileEntries(registry)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(w, entries)
	}
	for _, e := range entries {
		if _, err := fmt.Fprintf(w, "%-12s %4d cases  %s\n", e.Name, e.Cases, e.Summary); err != nil {
			return broken("write the list: %w", err)
		}
	}
	return nil
}

// inProfile leaves the cases that are in the profile, and no requirements. None is an
// error.
func (e *entries) inProfile(name, pattern string, registry *conformance.Registry) error {
	found, err := profile.Find(name)
	if err != nil {
		return err
	}
	selected, err := found.Select(registry.Cases())
	if err != nil {
		return err
	}
	members := make(map[string]bool)
	for _, c := range selected {
		members[c.ID] = true
	}
	kept := []caseEntry{}
	for _, c := range e.Cases {
		if members[c.ID] {
			kept = append(kept, c)
		}
	}
	if len(kept) == 0 {
		return fmt.Errorf("no case of the profile %s matches %q", name, pattern)
	}
	e.Cases, e.Requirements = kept, e.Requirements[:0]
	return nil
}
