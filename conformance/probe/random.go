package probe

import (
	"bytes"
	"fmt"

	"smpcheck/conformance"
)

// minRandomRun is the shortest run of bytes that two ids share only if they are
// not random: two random ids of 24 bytes share one of five bytes in any place
// with a chance of 4 in 10^10.
const minRandomRun = 5

// ExpectDifferentIDs fails the case if two of the ids are equal.
func ExpectDifferentIDs(t *conformance.T, what string, ids [][]byte) {
	for i, a := range ids {
		for _, b := range ids[:i] {
			if bytes.Equal(a, b) {
				t.Failf(what+" that are all different", "%x twice", a)
			}
		}
	}
}

// ExpectRandomIDs fails the case if different ids show a pattern: a run of bytes
// that two of them share, which a counter, the time, or one id made from another
// leave behind.
func ExpectRandomIDs(t *conformance.T, what string, ids [][]byte) {
	for i, a := range ids {
		for _, b := range ids[:i] {
			if run := commonRun(a, b); len(run) >= minRandomRun && !bytes.Equal(a, b) {
				t.Fail(what+" without a common pattern", fmt.Sprintf("%x and %x share %x", a, b, run))
			}
		}
	}
}

// commonRun returns the first run of minRandomRun bytes that both hold, in any
// place.
func commonRun(a, b []byte) []byte {
	for i := 0; i+minRandomRun <= len(a); i++ {
		if bytes.Contains(b, a[i:i+minRandomRun]) {
			return a[i : i+minRandomRun]
		}
	}
	return nil
}
