package transport

import (
	"context"
	"crypto/rand"
	"io"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// DefaultHandshakeTimeout limits a handshake whose configuration sets no limit.
const DefaultHandshakeTimeout = 30 * time.Second

// ClientConfig says how a client connects. Only KeyHash is needed.
type ClientConfig struct {
	// KeyHash is the fingerprint of the relay's identity certificate, from its
	// address.
	KeyHash []byte
	// Versions limits the offered versions; empty for all.
	Versions wire.VersionRange
	// Key is the X25519 session key; zero for a new one.
	Key keys.PrivateKey
	// NoKey leaves the session key out of the hello. Blocks are then not
	// encrypted inside TLS at any version.
	NoKey bool
	// Proxy says that the client is a proxy: blocks are not encrypted inside
	// TLS, and a relay below version 14 is spoken to at most at version 10.
	Proxy bool
	// Service are the credentials of a client service, or nil.
	Service *ServiceCredentials
	// Timeout limits TLS and SMP handshake together; zero is
	// DefaultHandshakeTimeout.
	Timeout time.Duration
	// Rand is the source of keys; nil is crypto/rand.
	Rand io.Reader

	// NoALPN offers no application protocol, as clients of version 6 did.
	NoALPN bool
	// MinTLS and MaxTLS limit the TLS version; zero is TLS 1.3.
	MinTLS, MaxTLS uint16
}

// ServiceCredentials are what a client service proves itself with.
type ServiceCredentials struct {
	Role Role
	// Credentials are shown in TLS and sign the session key of the service; one
	// self-signed certificate or a chain of 2 to 4.
	Credentials keys.Credentials
	// Key is the Ed25519 session key; zero for a new one.
	Key keys.PrivateKey
}

// ServerConfig says how a relay accepts connections. Only Credentials are
// needed. It can be used for any number of connections at the same time.
type ServerConfig struct {
	// Credentials are the certificates of the relay, 2 to 4, and its key.
	Credentials keys.Credentials
	// Versions limits the offered versions; empty for all.
	Versions wire.VersionRange
	// Key is the X25519 session key; zero for a new one for each connection.
	Key keys.PrivateKey
	// Service decides about a client service whose credentials are verified. It
	// returns the identifier of the service, or an error: an Error is sent as it
	// is, any other one as ErrBadService. A nil function refuses all services.
	Service func(ctx context.Context, s Service, chain [][]byte) (serviceID []byte, err error)
	// Timeout limits TLS and SMP handshake together; zero is
	// DefaultHandshakeTimeout.
	Timeout time.Duration
	// Rand is the source of keys; nil is crypto/rand. It has to be safe for
	// concurrent use if connections are accepted concurrently.
	Rand io.Reader

	// MinTLS and MaxTLS limit the TLS version; zero is TLS 1.3.
	MinTLS, MaxTLS uint16
}

func randOr(r io.Reader) io.Reader {
	if r == nil {
		return rand.Reader
	}
	return r
}

// keyOr returns key, or a new one of alg if key is zero.
func keyOr(key keys.PrivateKey, alg keys.Algorithm, r io.Reader) (keys.PrivateKey, error) {
	if !key.IsZero() {
		return key, nil
	}
	return keys.Generate(alg, randOr(r))
}
