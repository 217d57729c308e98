// Package service holds the mistakes with client services: in whom the relay takes for
// which service, in the queues that it counts for one, and in the commands for all of them.
package service

import (
	"slices"

	"smpcheck/conformance/fault"
)

// Faults returns them.
func Faults() []fault.Fault {
	return slices.Concat(
		identityFaults,
		roleFaults,
		queueFaults,
		accountFaults,
		subscribeFaults,
		takeoverFaults,
		singleFaults,
		notifyFaults,
		signatureFaults,
		commandFaults,
		refusalFaults,
	)
}
