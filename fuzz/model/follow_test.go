package model_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/model"
)

// TestMostQueuesAreFollowed has the model give up few queues of random programs: one that
// is given up is not judged.
func TestMostQueuesAreFollowed(t *testing.T) {
	t.Parallel()
	cfg := startRelay(t, nil)
	random := rand.New(rand.NewPCG(1, 2))
	followed, all := 0, 0
	for range 30 {
		judge := model.New(prompt)
		cfg.Judge, cfg.Seed = judge, random.Uint64()
		_, err := drive.Run(t.Context(), cfg, model.Draw(random.IntN))
		require.NoError(t, err)
		f, n := judge.Followed()
		followed, all = followed+f, all+n
	}
	t.Logf("%d of %d queues", followed, all)
	assert.Greater(t, followed, all*9/10)
}
