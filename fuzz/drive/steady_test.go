package drive

import (
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// busy keeps all processors busy for most of the time, until the test ends. All of the
// time would leave the network to a check every ten milliseconds.
func busy(t *testing.T) {
	const work, rest = 2 * time.Millisecond, 500 * time.Microsecond
	stop := make(chan struct{})
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for {
				for begin := time.Now(); time.Since(begin) < work; {
				}
				select {
				case <-stop:
					return
				case <-time.After(rest):
				}
			}
		})
	}
	t.Cleanup(func() { close(stop); group.Wait() })
}

// What a program shows is the same in each run, however busy the machine is.
func TestPairsDoNotDependOnTheMoment(t *testing.T) {
	programs, times := uint64(40), 3
	if testing.Short() {
		programs, times = 10, 2
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

// Programs whose pairs once depended on which of two things came first.
func TestPairsOfRaces(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, nil)
	for name, text := range map[string]string{
		"two queues for a place": "NEW c2 q0\nStall c2 q0\nNEW c2 q0\nNEW c0 q0 arg=110\nSettle c0 q0\nACK c2 q0\nSEND c0 q0 arg=9\n",
		"what a stalled connection read": "NEW c2 q0\nStall c2 q0\nNEW c2 q0\nACK c0 q1\n" +
			"SEND c0 q0 arg=9 often\nSEND c0 q0 arg=9 often\nQUE c2 q0\n",
		"an answer before the connection breaks": "NEW c1 q3 arg=34\nSEND c1 q3 arg=1 ahead\nKEY c1 q3 arg=2 ahead record[6]:insert(5,7)\nSEND c1 q3\n",
	} {
		first := runs(t, cfg, text)
		for range 20 {
			out := runs(t, cfg, text)
			assert.Equal(t, first.Pairs, out.Pairs, name)
			assert.Empty(t, out.Breaches, name)
		}
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
