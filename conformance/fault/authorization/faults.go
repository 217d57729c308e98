// Package authorization holds the mistakes in verifying who may use a command, and the
// differences in time by which a relay tells whether a queue exists.
package authorization

import (
	"slices"

	"smpcheck/conformance/fault"
)

// Faults returns them.
func Faults() []fault.Fault {
	return slices.Concat(
		authorizationFaults,
		timingFaults,
	)
}
