package profile

import (
	"fmt"
	"slices"

	"smpcheck/conformance"
	"smpcheck/spec"
)

// Select returns those of the cases that are in the profile, in their order.
func (p *Profile) Select(cases []*conformance.Case) ([]*conformance.Case, error) {
	versions, err := p.Only()
	if err != nil {
		return nil, err
	}
	var selected []*conformance.Case
	for _, c := range cases {
		if p.takes(c) && !p.leavesOut(c) && concerns(c, versions) {
			selected = append(selected, c)
		}
	}
	return selected, nil
}

// VersionsAmong returns those of the versions that are in the profile too; nil stands for
// all, also in the result. None is an error.
func (p *Profile) VersionsAmong(chosen []uint16) ([]uint16, error) {
	only, err := p.Only()
	if err != nil || only == nil {
		return chosen, err
	}
	if chosen == nil {
		return only, nil
	}
	both := slices.DeleteFunc(slices.Clone(chosen), func(v uint16) bool { return !slices.Contains(only, v) })
	if len(both) == 0 {
		return nil, fmt.Errorf("profile %s has versions %s, none of those that were asked for", p.Name, p.Versions)
	}
	return both, nil
}

func (p *Profile) takes(c *conformance.Case) bool {
	return p.Claims && c.Level == spec.Claim || anyMatches(p.IDs, c.ID) || slices.ContainsFunc(c.Requirements, func(id string) bool {
		return anyMatches(p.Requirements, id)
	})
}

func (p *Profile) leavesOut(c *conformance.Case) bool {
	return len(p.Levels) > 0 && !slices.Contains(p.Levels, c.Level) || anyMatches(p.Skip, c.ID)
}

// concerns reports whether the rule exists at one of the versions; nil is all.
func concerns(c *conformance.Case, versions []uint16) bool {
	return versions == nil || slices.ContainsFunc(versions, c.Concerns)
}

// anyMatches reports whether one of the patterns, which are known to be well formed,
// matches the id.
func anyMatches(patterns []string, id string) bool {
	return slices.ContainsFunc(patterns, func(text string) bool {
		pattern, err := conformance.ParsePattern(text)
		return err == nil && pattern.Match(id)
	})
}
