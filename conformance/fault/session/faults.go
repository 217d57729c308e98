// Package session holds the mistakes before the first command: in TLS, in certificates, in
// the handshake of SMP and in what the agreed version means.
package session

import (
	"slices"

	"smpcheck/conformance/fault"
)

// Faults returns them.
func Faults() []fault.Fault {
	return slices.Concat(
		tlsFaults,
		certificateFaults,
		handshakeFaults,
		versionFaults,
	)
}
