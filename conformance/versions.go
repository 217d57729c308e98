package conformance

import (
	"fmt"
	"slices"
	"strings"

	"smpcheck/spec"
)

// ParseVersions reads a selection of protocol versions: numbers and ranges joined by
// commas, such as "6-20", "9" or "6,9,11-12". It returns those of AllVersions that are
// selected, in order. A part that selects none of them is an error.
func ParseVersions(text string) ([]uint16, error) {
	chosen := make(map[uint16]bool)
	for part := range strings.SplitSeq(text, ",") {
		r, err := spec.ParseVersions(part)
		if err != nil {
			return nil, fmt.Errorf("versions %q: %w", text, err)
		}
		found := false
		for _, v := range AllVersions {
			if r.Min <= v && v <= r.Max {
				chosen[v], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("versions %q: %s is no version of SMP, which has %v", text, part, AllVersions)
		}
	}
	return slices.DeleteFunc(slices.Clone(AllVersions), func(v uint16) bool { return !chosen[v] }), nil
}
