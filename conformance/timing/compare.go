package timing

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// Comparison is how the times of two kinds of samples, X and Y, compare.
type Comparison struct {
	// X and Y are the medians.
	X, Y time.Duration
	// Superiority is the probability that a sample of Y takes longer than one of X, where
	// equal times count half: 0.5 if both take the same time, 0 or 1 if there is no
	// overlap. It is the statistic of Mann and Whitney by the number of pairs.
	Superiority float64
	// P is the two-sided p-value: how probable a Superiority at least so far from 0.5 is
	// if both take the same time. It is the normal approximation with ties and correction
	// for continuity, good from about ten samples of each kind on.
	P float64
}

// Compare compares two sets of times, neither of which may be empty.
func Compare(x, y []time.Duration) Comparison {
	ranked := rank(x, y)
	n, m := float64(len(x)), float64(len(y))
	u := ranked.sumY - m*(m+1)/2 // pairs in which Y is longer, equal ones half
	return Comparison{
		X: median(x), Y: median(y),
		Superiority: u / (n * m),
		P:           pValue(u, n, m, ranked.ties),
	}
}

// Difference is how much longer Y takes than X in the median.
func (c Comparison) Difference() time.Duration { return c.Y - c.X }

// String gives the numbers for a report.
func (c Comparison) String() string {
	return fmt.Sprintf("medians %v and %v, the second longer in %.0f %% of all pairs, p %.1g",
		c.X.Round(time.Microsecond), c.Y.Round(time.Microsecond), 100*c.Superiority, c.P)
}

// ranking is what the test needs of the ranks of all samples together.
type ranking struct {
	// sumY is the sum of the ranks of Y, from 1 on, where equal times share theirs.
	sumY float64
	// ties is the sum of t³ − t over all groups of t equal times.
	ties float64
}

func rank(x, y []time.Duration) ranking {
	type sample struct {
		time time.Duration
		y    bool
	}
	all := make([]sample, 0, len(x)+len(y))
	for _, d := range x {
		all = append(all, sample{d, false})
	}
	for _, d := range y {
		all = append(all, sample{d, true})
	}
	slices.SortFunc(all, func(a, b sample) int { return cmp.Compare(a.time, b.time) })
	var r ranking
	for start := 0; start < len(all); {
		end := start
		for end < len(all) && all[end].time == all[start].time {
			end++
		}
		shared := float64(start+1+end) / 2
		for _, s := range all[start:end] {
			if s.y {
				r.sumY += shared
			}
		}
		t := float64(end - start)
		r.ties += t*t*t - t
		start = end
	}
	return r
}

// pValue is the two-sided p-value of the statistic u of n and m samples.
func pValue(u, n, m, ties float64) float64 {
	total := n + m
	variance := n * m / 12 * (total + 1 - ties/(total*(total-1)))
	if total < 2 || variance <= 0 {
		return 1 // all times are equal
	}
	distance := max(0, math.Abs(u-n*m/2)-0.5)
	return math.Erfc(distance / math.Sqrt(2*variance))
}

// median is the lower of the two in the middle if their number is even.
func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[(len(sorted)-1)/2]
}
