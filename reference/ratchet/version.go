package ratchet

import (
	"fmt"

	"smpcheck/reference/wire"
)

// End-to-end versions. Version 1 had no key derivation in X3DH and is refused.
const (
	// MinVersion is the lowest version that this package speaks.
	MinVersion uint16 = 2
	// PQVersion is the first version with KEM parameters, two-byte lengths and
	// large headers.
	PQVersion uint16 = 3
	// MaxVersion is the highest version that this package speaks.
	MaxVersion uint16 = 3
)

// Versions is the range of end-to-end versions that this package speaks.
func Versions() wire.VersionRange { return wire.Versions(MinVersion, MaxVersion) }

// checkVersions refuses an agreed version outside Versions and a highest
// version below it or beyond MaxVersion.
func checkVersions(current, highest uint16) error {
	if !Versions().Contains(current) || highest < current || highest > MaxVersion {
		return fmt.Errorf("%w: version %d of at most %d, supported are %v", ErrVersion, current, highest, Versions())
	}
	return nil
}
