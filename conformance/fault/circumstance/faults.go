// Package circumstance holds the mistakes that do not show where the command works by
// itself: at the limits of a relay, after commands about something else, in long series, and
// in details that only some clients see.
package circumstance

import (
	"slices"

	"smpcheck/conformance/fault"
)

// Faults returns them.
func Faults() []fault.Fault {
	return slices.Concat(
		limitFaults,
		undisturbedFaults,
		circumstanceFaults,
	)
}
