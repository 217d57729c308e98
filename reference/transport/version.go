package transport

import (
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// proxyOldMax is the highest version that a proxy speaks to a relay that does
// not know the proxy flag: the last one without block encryption. Official
// implementation.
const proxyOldMax = smp.VersionBlockEncryption - 1

// allVersions is what an empty range in a configuration means.
var allVersions = wire.Versions(smp.MinVersion, smp.MaxVersion)

// legacyVersions is what a relay offers when ALPN did not agree on smp/1. SMP,
// "ALPN to agree handshake version".
var legacyVersions = wire.Versions(6, 6)

func versionsOr(v, otherwise wire.VersionRange) wire.VersionRange {
	if v == (wire.VersionRange{}) {
		return otherwise
	}
	return v
}
