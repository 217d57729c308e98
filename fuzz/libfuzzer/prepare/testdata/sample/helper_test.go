package sample

import "testing"

// Require is a helper in another file, for tests of the package and external ones.
func Require(t testing.TB, holds bool) {
	t.Helper()
	if !holds {
		t.Fatal("does not hold")
	}
}
