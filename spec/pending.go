package spec

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

// pendingFile lists the rules that wait for a check.
const pendingFile = "pending.yaml"

// Pending is a set of rules whose checks later work has to bring. The list may only
// shrink: a rule with a check must not be in it.
type Pending struct {
	// WaitsFor is what will check the rules: "relay case", "client case", "property",
	// "fuzz target" or "audit experiment".
	WaitsFor string `yaml:"waits_for" json:"waits_for"`
	// Why says what is missing until then.
	Why string `yaml:"why" json:"why"`
	// IDs are the rules, in alphabetical order.
	IDs []string `yaml:"ids" json:"ids"`
}

var waits = []string{"relay case", "client case", "property", "fuzz target", "audit experiment"}

// LoadPending returns the rules of the catalogue that wait for a check. The error names
// entries that are malformed, ids that the catalogue lacks, and ids that are there twice.
func LoadPending() ([]Pending, error) { return loadPending() }

var loadPending = sync.OnceValues(func() ([]Pending, error) {
	catalogue, err := Load()
	if err != nil {
		return nil, err
	}
	text, err := embedded.ReadFile(pendingFile)
	if err != nil {
		return nil, fmt.Errorf("read the pending rules: %w", err)
	}
	return parsePending(text, catalogue)
})

func parsePending(text []byte, catalogue *Catalogue) ([]Pending, error) {
	var list []Pending
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&list); err != nil {
		return nil, fmt.Errorf("pending rules: %w", err)
	}
	var errs []error
	seen := map[string]bool{}
	for _, p := range list {
		if !slices.Contains(waits, p.WaitsFor) {
			errs = append(errs, fmt.Errorf("pending rules wait for %q, expected one of: %s", p.WaitsFor, strings.Join(waits, ", ")))
		}
		if strings.TrimSpace(p.Why) == "" || len(p.IDs) == 0 {
			errs = append(errs, fmt.Errorf("pending rules that wait for a %s: why or ids are empty", p.WaitsFor))
		}
		if !slices.IsSorted(p.IDs) {
			errs = append(errs, fmt.Errorf("pending rules that wait for a %s: the ids are not sorted", p.WaitsFor))
		}
		for _, id := range p.IDs {
			if _, known := catalogue.Lookup(id); !known {
				errs = append(errs, fmt.Errorf("pending rule %s is not in the catalogue", id))
			}
			if seen[id] {
				errs = append(errs, fmt.Errorf("pending rule %s is there twice", id))
			}
			seen[id] = true
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return list, nil
}
