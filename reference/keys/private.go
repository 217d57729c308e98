package keys

import (
	"crypto/ed25519"
	"fmt"
	"io"

	"github.com/cloudflare/circl/dh/x25519"
	"github.com/cloudflare/circl/dh/x448"
	"github.com/cloudflare/circl/sign/ed448"
	voi "github.com/oasisprotocol/curve25519-voi/primitives/x25519"
)

// PrivateKey is a private key with its algorithm. It never prints its bytes.
type PrivateKey struct {
	alg Algorithm
	// raw is what Raw returns. A seed has the public key behind it, within its
	// capacity, as crypto/ed25519 and ed448 of circl want it.
	raw []byte
	pub PublicKey
}

// Generate makes a new key of alg from rand, which is crypto/rand.Reader in
// production. It reads exactly the private size of the algorithm.
func Generate(alg Algorithm, rand io.Reader) (PrivateKey, error) {
	if !alg.valid() {
		return PrivateKey{}, fmt.Errorf("%w: %v", ErrAlgorithm, alg)
	}
	raw := make([]byte, algorithms[alg].private)
	if _, err := io.ReadFull(rand, raw); err != nil {
		return PrivateKey{}, fmt.Errorf("randomness for a %s key: %w", alg, err)
	}
	return NewPrivate(alg, raw)
}

// NewPrivate returns the private key with the given raw bytes: the scalar for
// key agreement, the seed for signatures.
func NewPrivate(alg Algorithm, raw []byte) (PrivateKey, error) {
	if !alg.valid() {
		return PrivateKey{}, fmt.Errorf("%w: %v", ErrAlgorithm, alg)
	}
	if len(raw) != algorithms[alg].private {
		return PrivateKey{}, fmt.Errorf("%w: %s private key of %d bytes, expected %d", ErrSize, alg, len(raw), algorithms[alg].private)
	}
	k := PrivateKey{alg: alg}
	var pub []byte
	switch alg {
	case X25519:
		var p, s x25519.Key
		copy(s[:], raw)
		voi.ScalarBaseMult((*[32]byte)(&p), (*[32]byte)(&s))
		k.raw, pub = s[:], p[:]
	case X448:
		var p, s x448.Key
		copy(s[:], raw)
		x448.KeyGen(&p, &s)
		k.raw, pub = s[:], p[:]
	case Ed25519:
		expanded := ed25519.NewKeyFromSeed(raw)
		k.raw, pub = expanded[:len(raw)], expanded[len(raw):]
	case Ed448:
		expanded := ed448.NewKeyFromSeed(raw)
		k.raw, pub = expanded[:len(raw)], expanded[len(raw):]
	}
	k.pub = PublicKey{alg: alg, raw: string(pub)}
	return k, nil
}

// Algorithm returns the key's algorithm, 0 for the zero value.
func (k PrivateKey) Algorithm() Algorithm { return k.alg }

// IsZero reports whether k is no key.
func (k PrivateKey) IsZero() bool { return k.alg == 0 }

// Public returns the public key.
func (k PrivateKey) Public() PublicKey { return k.pub }

// Raw returns a copy of the private bytes, for vectors and storage.
func (k PrivateKey) Raw() []byte { return append([]byte(nil), k.raw...) }

// Ed25519 returns the key in the form of crypto/ed25519, which must not be
// changed; false for another algorithm. It is the same slice each time, so that
// crypto/ed25519 does not expand the key anew for each signature.
func (k PrivateKey) Ed25519() (ed25519.PrivateKey, bool) {
	if k.alg != Ed25519 {
		return nil, false
	}
	return k.raw[:ed25519.PrivateKeySize:ed25519.PrivateKeySize], true
}

// String hides the key.
func (k PrivateKey) String() string { return "private key" }

// GoString hides the key.
func (k PrivateKey) GoString() string { return "private key" }

// Format hides the key whatever the verb.
func (k PrivateKey) Format(f fmt.State, _ rune) { io.WriteString(f, "private key") }

// Sign signs msg: 64 bytes for Ed25519, 114 for Ed448. Other algorithms are
// ErrAlgorithm.
func (k PrivateKey) Sign(msg []byte) ([]byte, error) {
	switch k.alg {
	case Ed25519:
		return ed25519.Sign(k.raw[:ed25519.PrivateKeySize], msg), nil
	case Ed448:
		return ed448.Sign(k.raw[:ed448.PrivateKeySize], msg, ""), nil
	}
	return nil, fmt.Errorf("%w: %v cannot sign", ErrAlgorithm, k.alg)
}

// DH returns the shared secret of k and pub as the function of RFC 7748 gives
// it, not hashed: 32 bytes for X25519, 56 for X448. Keys of another or of two
// different algorithms are ErrAlgorithm, an all-zero secret is ErrLowOrder.
func (k PrivateKey) DH(pub PublicKey) ([]byte, error) {
	if k.alg != pub.alg || !k.alg.CanAgree() {
		return nil, fmt.Errorf("%w: %v private key with %v public key", ErrAlgorithm, k.alg, pub.alg)
	}
	if k.alg == X448 {
		var secret, s, p x448.Key
		copy(s[:], k.raw)
		copy(p[:], pub.raw)
		if !x448.Shared(&secret, &s, &p) {
			return nil, ErrLowOrder
		}
		return secret[:], nil
	}
	var secret, s, p x25519.Key
	copy(s[:], k.raw)
	copy(p[:], pub.raw)
	if !x25519.Shared(&secret, &s, &p) {
		return nil, ErrLowOrder
	}
	return secret[:], nil
}

// pkcs8Prefix is the PKCS #8 structure up to the key bytes:
// SEQUENCE { INTEGER 0, SEQUENCE { OID 1.3.101.n }, OCTET STRING { OCTET STRING … } }.
func pkcs8Prefix(alg Algorithm) [16]byte {
	n := byte(algorithms[alg].private)
	return [16]byte{0x30, n + 14, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, algorithms[alg].oid, 0x04, n + 2, 0x04, n}
}

// PKCS8 returns the DER PKCS #8 encoding of the key (RFC 8410, version 0,
// without public key); nil for the zero value.
func (k PrivateKey) PKCS8() []byte {
	if k.IsZero() {
		return nil
	}
	prefix := pkcs8Prefix(k.alg)
	return append(prefix[:], k.raw...)
}

// ParsePrivate decodes the DER PKCS #8 form that PKCS8 makes; anything else is
// ErrEncoding.
func ParsePrivate(der []byte) (PrivateKey, error) {
	if len(der) < 16 {
		return PrivateKey{}, fmt.Errorf("%w: %d bytes of PKCS #8", ErrEncoding, len(der))
	}
	alg, ok := byOID(der[11])
	if !ok || len(der) != 16+algorithms[alg].private || [16]byte(der) != pkcs8Prefix(alg) {
		return PrivateKey{}, fmt.Errorf("%w: PKCS #8 of %d bytes", ErrEncoding, len(der))
	}
	return NewPrivate(alg, der[16:])
}
