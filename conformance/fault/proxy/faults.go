// Package proxy holds the mistakes in private routing: of the proxy that a client asks to
// forward commands, and of the destination that executes them.
package proxy

import (
	"slices"

	"smpcheck/conformance/fault"
)

// Faults returns them.
func Faults() []fault.Fault {
	return slices.Concat(
		sessionFaults,
		passwordFaults,
		tableFaults,
		helloFaults,
		forwardFaults,
		hopFaults,
		togetherFaults,
		errorFaults,
		unreachedFaults,
		validityFaults,
		destinationFaults,
		responseFaults,
		innerFaults,
		innerCommandFaults(),
	)
}
