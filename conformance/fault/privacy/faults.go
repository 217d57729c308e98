// Package privacy holds the mistakes by which queues, their parties or clients can be
// matched, and those that leave traces of messages with the relay.
package privacy

import (
	"slices"

	"smpcheck/conformance/fault"
)

// Faults returns them.
func Faults() []fault.Fault {
	return slices.Concat(
		idFaults,
		partiesFaults,
		wireFaults,
		processFaults,
		outputFaults,
	)
}
