package sntrup761_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/sntrup761"
)

// TestPropertyEncapsulationsDiffer: encapsulations to one key, one after the other, have different
// ciphertexts and shared keys, and each ciphertext gives its own shared key.
func TestPropertyEncapsulationsDiffer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		random := source(rapid.Uint64().Draw(rt, "seed"))
		public, secret, err := sntrup761.GenerateKey(random)
		require.NoError(rt, err)
		seen := map[string]bool{}
		for range 4 {
			ciphertext, shared, err := sntrup761.Encapsulate(random, public)
			require.NoError(rt, err)
			require.False(rt, seen[string(ciphertext)], "a ciphertext twice")
			require.False(rt, seen[string(shared)], "a shared key twice")
			seen[string(ciphertext)], seen[string(shared)] = true, true
			require.Equal(rt, shared, decapsulate(t, secret, ciphertext))
		}
	})
}
