package timing

import (
	"math"
	"time"
)

// Effect says what a comparison comes to.
type Effect int

// The effects.
const (
	// None: no difference is proven, or one that is too small to be of use.
	None Effect = iota
	// Noticed: times differ, and who measures often can tell one kind from the other.
	Noticed
	// Large: almost every single time tells one kind from the other.
	Large
)

// What an effect needs.
const (
	// chance is the largest p-value of an effect: with 10,000 comparisons a day there is one
	// by chance in 270 years.
	chance = 1e-9
	// noticed and large are how far Superiority has to be from 0.5.
	noticed, large = 0.15, 0.45
	// part is by what part of the shorter median the medians have to differ, and largePart
	// the same for a large effect.
	part, largePart = 0.1, 0.5
)

// Effect judges the comparison. The difference of medians of a large effect is at least
// atLeast.
func (c Comparison) Effect(atLeast time.Duration) Effect {
	away := math.Abs(c.Superiority - 0.5)
	difference := max(c.Y-c.X, c.X-c.Y)
	share := float64(difference) / float64(max(1, min(c.X, c.Y)))
	switch {
	case c.P > chance || away < noticed || share < part:
		return None
	case away < large || share < largePart || difference < atLeast:
		return Noticed
	}
	return Large
}
