// Package names holds the mistakes in resolving names: in the command, in the answer and in
// the record that it carries.
package names

import (
	"slices"

	"smpcheck/conformance/fault"
)

// Faults returns them.
func Faults() []fault.Fault {
	return slices.Concat(
		commandFaults,
		answerFaults,
		recordFaults,
	)
}
