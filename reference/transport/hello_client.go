package transport

import (
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// Role is what a client service does. SMP, "Service roles".
type Role byte

// The roles of services.
const (
	RoleMessaging Role = 'M'
	RoleNotifier  Role = 'N'
	RoleProxy     Role = 'P'
)

func (r Role) valid() bool { return r == RoleMessaging || r == RoleNotifier || r == RoleProxy }

// ClientHello is the first block of a client. SMP, "Transport handshake"
// (clientHello).
type ClientHello struct {
	// Version is the version that the client chose.
	Version uint16
	// KeyHash is the fingerprint of the relay's identity certificate, as the
	// client knows it from the address; up to 255 bytes.
	KeyHash []byte
	// Key is the client's X25519 session key (version 7 and later); zero if
	// there is none.
	Key keys.PublicKey
	// Proxy says that the client is a proxy (version 14 and later).
	Proxy bool
	// Service are the credentials of a service (version 16 and later), or nil.
	Service *ClientService
}

// ClientService are the credentials of a service in the client's hello.
type ClientService struct {
	Role Role
	// Chain is the certificate chain that the service also showed in TLS.
	Chain [][]byte
	// SignedKey is the Ed25519 session key of the service in the DER form of
	// keys.SignedKey, signed by the leaf.
	SignedKey []byte
}

// Encode returns the content of the block with the fields that Version has.
func (h ClientHello) Encode() ([]byte, error) {
	w := wire.NewWriter(nil)
	w.Uint16(h.Version)
	w.Short(h.KeyHash)
	if h.Version >= smp.VersionAuthenticators && !h.Key.IsZero() {
		w.Short(h.Key.SPKI())
	}
	if h.Version >= smp.VersionProxyFlag {
		w.Bool(h.Proxy)
	}
	if h.Version >= smp.VersionServices {
		w.Maybe(h.Service != nil)
		if h.Service != nil {
			w.Byte(byte(h.Service.Role))
			writeCertified(w, h.Service.Chain, h.Service.SignedKey)
		}
	}
	return w.Bytes()
}

// DecodeClientHello decodes the content of a block, or returns
// ErrHandshakeParse. Bytes after the hello are ignored. Nothing in the hello
// says whether there is a key: as in the official implementation it is absent
// if no X25519 key can be parsed in its place, and what stands there is then
// read as the next field. The result aliases content.
func DecodeClientHello(content []byte) (ClientHello, error) {
	h, _, err := ReadClientHello(content)
	return h, err
}

// ReadClientHello is DecodeClientHello and returns the bytes that are ignored.
func ReadClientHello(content []byte) (hello ClientHello, ignored []byte, err error) {
	r := wire.NewReader(content)
	h := ClientHello{Version: r.Uint16(), KeyHash: r.Short()}
	if h.Version >= smp.VersionAuthenticators {
		h.Key, r = readOptionalKey(r)
	}
	if h.Version >= smp.VersionProxyFlag {
		h.Proxy = r.Bool()
	}
	if h.Version >= smp.VersionServices && r.Maybe() {
		h.Service = readClientService(r)
	}
	if err := r.Err(); err != nil {
		return ClientHello{}, nil, fmt.Errorf("%w: client hello: %w", ErrHandshakeParse, err)
	}
	return h, r.Rest(), nil
}

// readOptionalKey reads an X25519 key with a one-byte length if there is one,
// and returns the reader that stands after it.
func readOptionalKey(r *wire.Reader) (keys.PublicKey, *wire.Reader) {
	if r.Err() != nil {
		return keys.PublicKey{}, r
	}
	rest := r.Rest()
	after := wire.NewReader(rest)
	der := after.Short()
	if after.Err() == nil {
		if key, err := keys.ParsePublic(der); err == nil && key.Algorithm() == keys.X25519 {
			return key, after
		}
	}
	return keys.PublicKey{}, wire.NewReader(rest)
}

func readClientService(r *wire.Reader) *ClientService {
	s := &ClientService{Role: Role(r.Byte())}
	if r.Err() == nil && !s.Role.valid() {
		r.Fail(fmt.Errorf("%w: byte %#02x, expected M, N or P", ErrRole, byte(s.Role)))
	}
	s.Chain, s.SignedKey = readCertified(r)
	return s
}
