package drive

import (
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// busy keeps all processors busy until the test ends.
func busy(t *testing.T) {
	stop := make(chan struct{})
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	t.Cleanup(func() { close(stop); group.Wait() })
}

// What a program shows is the same in each run, however busy the machine is.
func TestPairsDoNotDependOnTheMoment(t *testing.T) {
	programs, times := uint64(8), 3
	if testing.Short() {
		programs, times = 3, 2
	}
	cfg, _ := startRelay(t, nil)
	busy(t)
	for seed := range programs {
		p := generated(seed)
		cfg.Seed = seed
		var first []Pair
		for i := range times {
			out, err := Run(t.Context(), cfg, p)
			require.NoError(t, err)
			require.Empty(t, out.Breaches, "seed %d\n%s", seed, p)
			if i == 0 {
				first = out.Pairs
				continue
			}
			assert.Equal(t, first, out.Pairs, "seed %d\n%s", seed, p)
		}
		assert.True(t, slices.IsSortedFunc(first, comparePairs))
	}
}

// Two seeds send different messages.
func TestTheSeedDecidesWhatIsRandom(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, nil)
	p := "NEW c0 q0\nSEND c1 q0 arg=50\nSEND c1 q0 arg=50 often\nSEND c1 q0 arg=50 field[4]:insert(0,9)\n"
	bodies := func(seed uint64) (sent []string) {
		w := &watch{}
		cfg.Judge, cfg.Seed = w, seed
		runs(t, cfg, p)
		for _, b := range w.blocks {
			for _, s := range b.Transmissions {
				if s.Tag == "SEND" {
					sent = append(sent, string(s.Transmission.Command))
				}
			}
		}
		return sent
	}
	first := bodies(1)
	assert.Len(t, first, 18)
	assert.Equal(t, first, bodies(1))
	assert.NotEqual(t, first, bodies(2))
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(first))), 18, "no two messages are the same")
}
