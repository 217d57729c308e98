// Package block holds the mistakes in what every command goes through: blocks and their
// encryption, transmissions, PING, and the errors that commands are answered with.
package block

import (
	"slices"

	"smpcheck/conformance/fault"
)

// Faults returns them.
func Faults() []fault.Fault {
	return slices.Concat(
		blockFaults,
		transmissionFaults,
		errorsFaults,
	)
}
