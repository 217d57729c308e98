package probe

import (
	"fmt"
	"slices"

	"smpcheck/conformance"
)

// leastForFixed is how many ids there have to be for ExpectNoFixedBytes: a byte at one of
// 24 places is the same in that many random ids with a chance of 2 in 10^11.
const leastForFixed = 6

// ExpectNoFixedBytes fails the case if a byte at the same place is the same in all ids, as
// in those that begin with the time or with what belongs to the relay. It is for ids of one
// kind, and for at least six of them.
func ExpectNoFixedBytes(t *conformance.T, what string, ids [][]byte) {
	if len(ids) < leastForFixed {
		t.Broken(fmt.Errorf("%d ids, expected at least %d", len(ids), leastForFixed))
	}
	for at, b := range ids[0] {
		if !slices.ContainsFunc(ids, func(id []byte) bool { return at >= len(id) || id[at] != b }) {
			t.Failf(what+" without a fixed part", "byte %d is %02x in all %d of them", at+1, b, len(ids))
		}
	}
}
