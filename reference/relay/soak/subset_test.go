package soak_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/smp"
)

func TestSubset(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var ids [][]byte
		var hash smp.IDsHash
		in := 0
		for range independentIDs {
			id := make([]byte, 24)
			for i := range id {
				id[i] = byte(rng.Uint32())
			}
			ids = append(ids, id)
			if rng.IntN(3) == 0 {
				hash.Toggle(id)
				in++
			}
		}
		n, ok := subset(ids, hash)
		require.True(t, ok)
		require.Equal(t, in, n)
		hash.Toggle([]byte("an id of something else"))
		_, ok = subset(ids, hash)
		require.False(t, ok, "a hash that is not of any of them")
	}
}
