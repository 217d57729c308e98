package conformance

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFreshFollowsFromNoSeed(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	c := testCase("relay/new/a", func(ct *T) {
		read := make([]byte, 16)
		_, err := io.ReadFull(ct.Fresh(), read)
		require.NoError(t, err)
		seen[string(read)], seen[string(ct.Fresh().Bytes(16))] = true, true
	})
	for range 2 {
		execute(t, Options{Seed: 7, Versions: []uint16{6}}, c)
	}
	require.Len(t, seen, 4)
}
