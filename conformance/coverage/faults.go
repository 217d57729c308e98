package coverage

import (
	"errors"
	"slices"
	"strings"

	"smpcheck/spec"
	"smpcheck/vectors"
)

// Faults returns what implementations of a requirement typically get wrong: the
// explanations of the flags on the vectors that check it, in alphabetical order. It is
// empty, not nil, if there are none.
func Faults(record *spec.Record) ([]string, error) {
	faults := []string{}
	for _, check := range record.Checks {
		if check.Kind() != spec.VectorCheck {
			continue
		}
		kind, entry, _ := strings.Cut(check.Name(), "/")
		file, err := vectors.Load(kind)
		if errors.Is(err, vectors.ErrNotFound) {
			continue // New reports it
		}
		if err != nil {
			return nil, err
		}
		for g, t := range file.All() {
			if g.Name != entry && t.ID != entry {
				continue
			}
			for _, flag := range t.Flags {
				faults = append(faults, file.Flags[flag])
			}
		}
	}
	slices.Sort(faults)
	return slices.Compact(faults), nil
}
