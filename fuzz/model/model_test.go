package model_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/fuzz/model"
	"smpcheck/fuzz/program"
)

// opText is one operation for people.
func opText(i int, op program.Op) string { return fmt.Sprintf("%2d %+v\n", i, op) }

// TestRandom drives random operations against the reference relay, on several
// connections, with wrong keys and ids, in the wrong order: whatever it answers, the model
// allows it. Run more with -rapid.checks=N.
func TestRandom(t *testing.T) {
	t.Parallel()
	cfg := startRelay(t, nil)
	rapid.Check(t, func(r *rapid.T) {
		p := model.Draw(func(n int) int { return rapid.IntRange(0, n-1).Draw(r, "choice") })
		out, err := model.Judged(t.Context(), cfg, prompt, p, rapid.Uint64().Draw(r, "seed"))
		require.NoError(r, err)
		if len(out.Breaches) > 0 {
			r.Fatalf("%sin\n%s", breaches(out), listing(p))
		}
	})
}
