package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"smpcheck/spec"
)

// Shard is one of several parts of a selection that share no case and together are
// the whole.
type Shard struct {
	// Index is the number of the part, from 1 to Count.
	Index, Count int
}

// ParseShard reads "I/N", with 1 ≤ I ≤ N.
func ParseShard(text string) (Shard, error) {
	index, count, _ := strings.Cut(text, "/")
	i, errIndex := strconv.Atoi(index)
	n, errCount := strconv.Atoi(count)
	if errIndex != nil || errCount != nil || i < 1 || i > n {
		return Shard{}, fmt.Errorf("shard %q is not I/N with I from 1 to N", text)
	}
	return Shard{Index: i, Count: n}, nil
}

// Of returns the cases of the part. The zero Shard is the whole.
func (s Shard) Of(cases []*Case) []*Case {
	if s.Count == 0 {
		return cases
	}
	var part []*Case
	for i := s.Index - 1; i < len(cases); i += s.Count {
		part = append(part, cases[i])
	}
	return part
}

// AtLevel returns the cases of the level and of the stronger ones, in the order of
// spec.Levels.
func AtLevel(cases []*Case, weakest spec.Level) []*Case {
	levels := spec.Levels()
	bound := slices.Index(levels, weakest)
	return slices.DeleteFunc(slices.Clone(cases), func(c *Case) bool {
		return slices.Index(levels, c.Level) > bound
	})
}
