// Package notify holds the mistakes in notifications: in the commands that give a queue a
// notifier or take it away, in its subscription, and in what it is told.
package notify

import (
	"slices"

	"smpcheck/conformance/fault"
)

// Faults returns them.
func Faults() []fault.Fault {
	return slices.Concat(
		idFaults,
		keyFaults,
		newFaults,
		deleteFaults,
		subscribeFaults,
		rightFaults,
		messageFaults,
		sealFaults,
		keepFaults,
	)
}
