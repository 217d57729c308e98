package bound_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
)

// A recorder is a test that notes its failure.
type recorder struct {
	testing.TB
	failure string
}

func (r *recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) { r.failure = fmt.Sprintf(format, args...) }

var kept []byte

func TestAllocationsAreLimited(t *testing.T) {
	var r recorder
	bound.Check(&r, 1000, func() { kept = make([]byte, 10000) })
	require.Empty(t, r.failure)
	bound.Check(&r, 1000, func() { kept = make([]byte, bound.Base+bound.PerByte*1000+1) })
	require.Contains(t, r.failure, "allocated")
}

// What happens once only, such as a table that is made on first use, is no failure.
func TestOneTimeIsNone(t *testing.T) {
	var r recorder
	times := 0
	bound.Check(&r, 0, func() {
		if times++; times == 1 {
			kept = make([]byte, 4*bound.Base)
		}
	})
	require.Equal(t, 2, times)
	require.Empty(t, r.failure)
}

func TestManySmallAllocationsCount(t *testing.T) {
	var r recorder
	bound.Check(&r, 0, func() {
		for range 4 * bound.Base / 64 {
			kept = make([]byte, 64)
		}
	})
	require.Contains(t, r.failure, "allocated")
}
