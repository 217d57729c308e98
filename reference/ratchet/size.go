package ratchet

// MaxSkip is how many messages of one chain a received message may be ahead.
// One more is ErrTooManySkipped. The texts give no number; it is that of the
// official implementation.
const MaxSkip = 512

// Lengths of padded headers in bytes, before encryption. PQDR, "Encrypted
// message header".
const (
	HeaderLength   = 88
	PQHeaderLength = 2310
)

// Lengths to which the agent pads its messages, in bytes, before encryption.
// The shorter ones are for connections with PQ support, whose headers are
// larger. Agent protocol, "Communication between SMP agents".
const (
	MessageLength          = 15840
	PQMessageLength        = 13618
	ConnectionInfoLength   = 14832
	PQConnectionInfoLength = 11106
)

// PaddedHeaderLength is the length of a padded header at an agreed version:
// PQHeaderLength with PQ support at PQVersion or later, else HeaderLength.
func PaddedHeaderLength(version uint16, supportKEM bool) int {
	if supportKEM && version >= PQVersion {
		return PQHeaderLength
	}
	return HeaderLength
}
