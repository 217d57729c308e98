package transport

import (
	"fmt"

	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// ServerHello is the first block of a relay. SMP, "Transport handshake"
// (routerHello).
type ServerHello struct {
	// Versions is the range that the relay offers.
	Versions wire.VersionRange
	// SessionID is the channel binding of the connection, up to 255 bytes.
	SessionID []byte
	// Chain is the certificate chain of the relay, DER, leaf first; nil if the
	// relay sent no key.
	Chain [][]byte
	// SignedKey is the X25519 session key in the DER form of keys.SignedKey,
	// signed by the leaf; nil if the relay sent no key.
	SignedKey []byte
}

// Encode returns the content of the block. Chain and key are left out if there
// is no key, or if the highest offered version is below 7.
func (h ServerHello) Encode() ([]byte, error) {
	w := wire.NewWriter(make([]byte, 0, 2048)) // enough for a chain of two
	w.Range(h.Versions)
	w.Short(h.SessionID)
	if h.Versions.Max >= smp.VersionAuthenticators && len(h.SignedKey) > 0 {
		writeCertified(w, h.Chain, h.SignedKey)
	}
	return w.Bytes()
}

// DecodeServerHello decodes the content of a block. Bytes after the hello are
// ignored. Like the official implementation it takes a chain or key that cannot
// be parsed as absent; a bad range or session identifier is ErrHandshakeParse.
// The result aliases content.
func DecodeServerHello(content []byte) (ServerHello, error) {
	h, _, err := ReadServerHello(content)
	return h, err
}

// ReadServerHello is DecodeServerHello and returns the bytes that are ignored:
// those after the hello, or all after the session identifier if there is no key
// or none that can be parsed.
func ReadServerHello(content []byte) (hello ServerHello, ignored []byte, err error) {
	r := wire.NewReader(content)
	h := ServerHello{Versions: r.Range(), SessionID: r.Short()}
	if err := r.Err(); err != nil {
		return ServerHello{}, nil, fmt.Errorf("%w: server hello: %w", ErrHandshakeParse, err)
	}
	rest := r.Rest()
	if h.Versions.Max < smp.VersionAuthenticators {
		return h, rest, nil
	}
	r = wire.NewReader(rest)
	if h.Chain, h.SignedKey = readCertified(r); h.SignedKey == nil {
		return h, rest, nil
	}
	return h, r.Rest(), nil
}
