package conformance

import (
	"fmt"
	"path"
	"strings"
)

// Pattern selects cases by their ids.
type Pattern struct {
	components []string
}

// ParsePattern reads a pattern: components joined by "/", where "**" stands for any
// number of components, also none, and within another component "*" stands for any
// characters, "?" for one and "[…]" for one of a set, as in path.Match.
func ParsePattern(text string) (Pattern, error) {
	components := strings.Split(text, "/")
	for _, component := range components {
		if component == "" {
			return Pattern{}, fmt.Errorf("pattern %q has an empty component", text)
		}
		if _, err := path.Match(component, ""); err != nil {
			return Pattern{}, fmt.Errorf("pattern %q is malformed at %q", text, component)
		}
	}
	return Pattern{components}, nil
}

// Match reports whether the pattern matches the whole id.
func (p Pattern) Match(id string) bool {
	return matchComponents(p.components, strings.Split(id, "/"))
}

// String returns the text of the pattern.
func (p Pattern) String() string { return strings.Join(p.components, "/") }

func matchComponents(pattern, id []string) bool {
	if len(pattern) == 0 {
		return len(id) == 0
	}
	if pattern[0] == "**" {
		for skipped := range len(id) + 1 {
			if matchComponents(pattern[1:], id[skipped:]) {
				return true
			}
		}
		return false
	}
	if len(id) == 0 {
		return false
	}
	matched, err := path.Match(pattern[0], id[0])
	return err == nil && matched && matchComponents(pattern[1:], id[1:])
}
