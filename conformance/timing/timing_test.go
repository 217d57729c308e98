package timing_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/conformance/timing"
)

// noise are distributions that times of relays have: a base with a tail on one side.
var noise = map[string]func(*rand.Rand) float64{
	"even":     func(r *rand.Rand) float64 { return 300 + 100*r.Float64() },
	"skewed":   func(r *rand.Rand) float64 { return 300 + 50*r.ExpFloat64() },
	"heavy":    func(r *rand.Rand) float64 { return 300 + 20/(1e-3+r.Float64()) },
	"two ways": func(r *rand.Rand) float64 { return 300 + 400*float64(r.IntN(2)) + 30*r.NormFloat64() },
	"coarse":   func(r *rand.Rand) float64 { return 300 + 15*float64(r.IntN(4)) },
}

// samples draws n times in microseconds, each changed by shift.
func samples(r *rand.Rand, n int, from func(*rand.Rand) float64, shift float64) []time.Duration {
	times := make([]time.Duration, n)
	for i := range times {
		times[i] = time.Duration((from(r) + shift) * float64(time.Microsecond))
	}
	return times
}

// seeded returns the source of a test: the same in every run, so that no run fails by
// chance.
func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// Under the null hypothesis the p-values are uniform, whatever the distribution is: their
// largest distance from uniform (Kolmogorov and Smirnov) is that of chance.
func TestPValuesAreUniformIfNothingDiffers(t *testing.T) {
	t.Parallel()
	const comparisons = 2000
	for name, from := range noise {
		r := seeded(1)
		p := make([]float64, comparisons)
		for i := range p {
			p[i] = timing.Compare(samples(r, 100, from, 0), samples(r, 100, from, 0)).P
		}
		slices.Sort(p)
		distance := 0.0
		for i, v := range p {
			distance = max(distance, math.Abs(v-float64(i)/comparisons), math.Abs(v-float64(i+1)/comparisons))
		}
		assert.Less(t, distance, 1.63/math.Sqrt(comparisons), name) // 99 % of all uniform samples
	}
}

// The same when the noise drifts and comes in bursts, because the order is random.
func TestPValuesAreUniformWhenTheMachineChanges(t *testing.T) {
	t.Parallel()
	const comparisons = 2000
	r := seeded(2)
	small := 0
	for range comparisons {
		var x, y []time.Duration
		for i, isY := range timing.Order(r, 100) {
			took := time.Duration(300+i+500*(i/40%2)) * time.Microsecond
			if isY {
				y = append(y, took)
			} else {
				x = append(x, took)
			}
		}
		if timing.Compare(x, y).P < 0.05 {
			small++
		}
	}
	assert.InDelta(t, 0.05*comparisons, small, 40) // four standard deviations
}

// An effect of twice the noise and more than a tenth of the time is always noticed, none
// where there is none.
func TestPower(t *testing.T) {
	t.Parallel()
	for name, from := range noise {
		r := seeded(3)
		shift := 40 + 2*spread(r, from)
		for range 200 {
			x := samples(r, 200, from, 0)
			require.Equal(t, timing.None, timing.Compare(x, samples(r, 200, from, 0)).Effect(0), name)
			if name == "heavy" || name == "two ways" {
				continue // their deviation says nothing about what is usual
			}
			longer := timing.Compare(x, samples(r, 200, from, shift))
			require.Equal(t, timing.Noticed, longer.Effect(0), "%s: %s", name, longer)
			shorter := timing.Compare(samples(r, 200, from, shift), x)
			require.Equal(t, timing.Noticed, shorter.Effect(0), "%s: %s", name, shorter)
		}
	}
}

// spread estimates the standard deviation of a distribution.
func spread(r *rand.Rand, from func(*rand.Rand) float64) float64 {
	const n = 10000
	sum, squares := 0.0, 0.0
	for range n {
		v := from(r)
		sum, squares = sum+v, squares+v*v
	}
	return math.Sqrt(squares/n - sum*sum/n/n)
}

func TestEffects(t *testing.T) {
	t.Parallel()
	r := seeded(4)
	x := samples(r, 200, noise["skewed"], 0)
	for _, test := range []struct {
		name    string
		shift   float64
		atLeast time.Duration
		want    timing.Effect
	}{
		{"too small a part", 10, 0, timing.None},
		{"half as long again", 60, 0, timing.Noticed},
		{"many times as long", 2000, time.Millisecond, timing.Large},
		{"many times as long and still short", 2000, 3 * time.Millisecond, timing.Noticed},
	} {
		c := timing.Compare(x, samples(r, 200, noise["skewed"], test.shift))
		assert.Equal(t, test.want, c.Effect(test.atLeast), "%s: %s", test.name, c)
	}
	few := timing.Compare(x[:5], samples(r, 5, noise["skewed"], 2000))
	assert.Equal(t, timing.None, few.Effect(0), "five samples prove nothing: %s", few)
}

func TestOrderHasAsManyOfEachKind(t *testing.T) {
	t.Parallel()
	first := 0
	for seed := range uint64(1000) {
		order := timing.Order(seeded(seed), 5)
		count := 0
		for _, y := range order {
			if y {
				count++
			}
		}
		require.Len(t, order, 10)
		require.Equal(t, 5, count)
		if order[0] {
			first++
		}
	}
	assert.InDelta(t, 500, first, 65) // four standard deviations
}

// genTimes draws times with many ties.
func genTimes() *rapid.Generator[[]time.Duration] {
	return rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 12), func(i int) time.Duration { return time.Duration(i) }), 1, 30)
}

func TestPropertySuperiorityCountsPairs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x, y := genTimes().Draw(t, "x"), genTimes().Draw(t, "y")
		pairs := 0.0
		for _, a := range x {
			for _, b := range y {
				switch {
				case a < b:
					pairs++
				case a == b:
					pairs += 0.5
				}
			}
		}
		require.InDelta(t, pairs/float64(len(x)*len(y)), timing.Compare(x, y).Superiority, 1e-9)
	})
}

func TestPropertyComparisonIsFair(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x, y := genTimes().Draw(t, "x"), genTimes().Draw(t, "y")
		c, swapped := timing.Compare(x, y), timing.Compare(y, x)
		require.InDelta(t, 1-c.Superiority, swapped.Superiority, 1e-9)
		require.InDelta(t, c.P, swapped.P, 1e-9)
		require.Equal(t, c.Difference(), -swapped.Difference())
		require.True(t, c.P > 0 && c.P <= 1, "p %v", c.P)
		// Only the order counts.
		slower := func(times []time.Duration) []time.Duration {
			out := make([]time.Duration, len(times))
			for i, d := range times {
				out[i] = d*d*d + time.Second
			}
			return out
		}
		stretched := timing.Compare(slower(x), slower(y))
		require.InDelta(t, c.P, stretched.P, 1e-9)
		require.InDelta(t, c.Superiority, stretched.Superiority, 1e-9)
	})
}

// The p-value is close to that of all ways to deal the times out to two kinds.
func TestPropertyPValueOfAllDeals(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfNDistinct(rapid.IntRange(0, 1000), 12, 12, rapid.ID).Draw(t, "times")
		deal := func(mask int) timing.Comparison {
			var x, y []time.Duration
			for i, v := range all {
				if mask>>i&1 == 1 {
					y = append(y, time.Duration(v))
				} else {
					x = append(x, time.Duration(v))
				}
			}
			return timing.Compare(x, y)
		}
		seen := deal(0b111111)
		deals, asFar := 0, 0
		for mask := range 1 << 12 {
			if ones(mask) != 6 {
				continue
			}
			deals++
			if math.Abs(deal(mask).Superiority-0.5) >= math.Abs(seen.Superiority-0.5)-1e-9 {
				asFar++
			}
		}
		require.InDelta(t, float64(asFar)/float64(deals), seen.P, 0.03)
	})
}

func ones(mask int) (n int) {
	for ; mask != 0; mask &= mask - 1 {
		n++
	}
	return n
}
