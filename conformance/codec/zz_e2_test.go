package codec_test

import (
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
	"smpcheck/vectors/plan"
)

func TestE2All(t *testing.T) {
	kind := os.Getenv("E2KIND")
	f, err := vectors.Load(kind)
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(7, 1))
	seen := map[string]bool{}
	for g, test := range f.All() {
		if test.Invalid() {
			continue
		}
		require.True(t, passes(t, f, g, *test), test.ID)
		for range 25 {
			mutated, where := mutate(t, random, append(plan.Descriptive(f.Kind, g.Name), plan.Unused(f.Kind, test)...), test)
			if where == "" {
				continue
			}
			if passes(t, f, g, mutated) && !seen[test.ID+where[:20]] {
				seen[test.ID+where[:20]] = true
				t.Errorf("%s %s", test.ID, where[:60])
			}
		}
	}
}
