package load

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParseMix(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"send":                           "send=1",
		"delete=5, send=90,create=5":     "send=90,create=5,delete=5",
		"connect=1000000,proxy":          "proxy=1,connect=1000000",
		"":                               `"", expected`,
		"ack=1":                          "ack is a part of send",
		"deliver":                        "deliver is a part of send",
		"send=0":                         `weight "0" of send`,
		"send=1000001":                   "expected 1 to 1000000",
		"send=x":                         `weight "x"`,
		"send=":                          `weight ""`,
		"send,send=2":                    "send is named twice",
		"secure":                         `"secure", expected`,
		"send=1;create=1":                `weight "1;create=1"`,
		"subscribe,delete=2,connect=3,,": `"", expected`,
	} {
		m, err := ParseMix(text)
		if err != nil {
			require.ErrorIs(t, err, ErrMix)
			require.ErrorContains(t, err, want, text)
			continue
		}
		require.Equal(t, want, m.String())
	}
}

// Each operation is chosen about as often as its weight says, and others never.
func TestPropertyMixKeepsTheWeights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Mix{make([]int, len(chosen))}
		for i := range m.weights {
			m.weights[i] = rapid.IntRange(0, 4).Draw(t, "weight")
		}
		m.weights[rapid.IntRange(0, len(chosen)-1).Draw(t, "operation that there is")]++
		total := 0
		for _, weight := range m.weights {
			total += weight
		}
		parsed, err := ParseMix(m.String())
		require.NoError(t, err)
		require.Equal(t, m, parsed)

		const draws = 4000
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		counts := make(map[Operation]int)
		for range draws {
			counts[m.choose(r)]++
		}
		for i, o := range chosen {
			want := draws * m.weights[i] / total
			require.InDelta(t, want, counts[o], 300, o) // beyond nine standard deviations
			require.Equal(t, m.weights[i] > 0, m.Has(o))
			require.Equal(t, m.weights[i] > 0, counts[o] > 0)
		}
	})
}
