package model_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/model"
	"smpcheck/fuzz/program"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// TestRandom drives random operations against the reference relay, on several
// connections, with wrong keys and ids, in the wrong order: whatever it answers, the model
// allows it. Run more with -rapid.checks=N.
func TestRandom(t *testing.T) {
	t.Parallel()
	withPassword := func(c relay.Config) relay.Config {
		c.Password = smp.Password("secret")
		return c
	}
	for name, about := range map[string]struct {
		change func(relay.Config) relay.Config
		known  model.Config
	}{
		"known":    {nil, prompt},
		"unknown":  {nil, model.Config{}},
		"password": {withPassword, model.Config{Password: "secret", Quota: quota, Prompt: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := startRelay(t, about.change)
			cfg.Server.Password = about.known.Password
			rapid.Check(t, func(r *rapid.T) {
				p := model.Draw(func(n int) int { return rapid.IntRange(0, n-1).Draw(r, "choice") })
				out, err := model.Judged(t.Context(), cfg, about.known, p, rapid.Uint64().Draw(r, "seed"))
				require.NoError(r, err)
				if len(out.Breaches) > 0 {
					r.Fatalf("%sin\n%s", breaches(out), p)
				}
			})
		})
	}
}

// TestMutatedPrograms drives the programs of the fuzzer, which send malformed blocks and
// break connections too.
func TestMutatedPrograms(t *testing.T) {
	t.Parallel()
	cfg := startRelay(t, nil)
	random := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		p := program.Generate(random, nil)
		out, err := model.Judged(t.Context(), cfg, prompt, p, random.Uint64())
		require.NoError(t, err)
		require.Empty(t, out.Breaches, "%sin\n%s", breaches(out), p)
	}
}

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
	assert.Greater(t, followed, all*9/10, "of %d queues", all)
}

// TestRandomIsRepeatable makes the same programs from the same seed.
func TestRandomIsRepeatable(t *testing.T) {
	t.Parallel()
	cfg := startRelay(t, nil)
	var runs [2][]string
	for i := range runs {
		err := model.Random(t.Context(), cfg, prompt, 7, 3, func(r model.Run) bool {
			runs[i] = append(runs[i], r.Program.String())
			return true
		})
		require.NoError(t, err)
	}
	assert.Len(t, runs[0], 3)
	assert.Equal(t, runs[0], runs[1])
}
