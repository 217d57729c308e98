package keys

import (
	"errors"
	"fmt"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
)

// asStandard makes those signatures valid that crypto/ed25519 says are, which needs twice
// as long for it, and no others.
var asStandard = &ed25519.Options{Verify: ed25519.VerifyOptionsStdLib}

// Errors of key encodings and uses.
var (
	// ErrEncoding: the DER is not a SubjectPublicKeyInfo or PKCS #8 structure
	// of one of the four algorithms, in the one form that DER allows.
	ErrEncoding = errors.New("not a DER key of X25519, X448, Ed25519 or Ed448")
	// ErrSize: raw key bytes have another length than the algorithm's.
	ErrSize = errors.New("wrong length of a raw key")
	// ErrAlgorithm: the key's algorithm cannot do what was asked.
	ErrAlgorithm = errors.New("algorithm does not support the operation")
	// ErrLowOrder: the key agreement gave the all-zero secret.
	ErrLowOrder = errors.New("key agreement with a point of low order")
)

// PublicKey is a public key with its algorithm. Two keys are equal if == says
// so. The zero value is no key.
type PublicKey struct {
	alg Algorithm
	raw string
}

// NewPublic returns the key of alg with the given raw bytes (RFC 7748,
// RFC 8032 form). Another length than the algorithm's is ErrSize.
func NewPublic(alg Algorithm, raw []byte) (PublicKey, error) {
	if !alg.valid() {
		return PublicKey{}, fmt.Errorf("%w: %v", ErrAlgorithm, alg)
	}
	if len(raw) != alg.PublicSize() {
		return PublicKey{}, fmt.Errorf("%w: %s public key of %d bytes, expected %d", ErrSize, alg, len(raw), alg.PublicSize())
	}
	return PublicKey{alg: alg, raw: string(raw)}, nil
}

// Algorithm returns the key's algorithm, 0 for the zero value.
func (k PublicKey) Algorithm() Algorithm { return k.alg }

// Raw returns a copy of the raw key bytes.
func (k PublicKey) Raw() []byte { return []byte(k.raw) }

// IsZero reports whether k is no key.
func (k PublicKey) IsZero() bool { return k.alg == 0 }

// String names the algorithm and shows the first bytes of the key.
func (k PublicKey) String() string {
	if k.IsZero() {
		return "no key"
	}
	return fmt.Sprintf("%s key %x…", k.alg, k.raw[:4])
}

// spkiPrefix is the SubjectPublicKeyInfo up to the key bytes:
// SEQUENCE { SEQUENCE { OID 1.3.101.n }, BIT STRING (no unused bits) … }.
func spkiPrefix(alg Algorithm) [12]byte {
	n := byte(alg.PublicSize())
	return [12]byte{0x30, n + 10, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, algorithms[alg].oid, 0x03, n + 1, 0x00}
}

// SPKI returns the DER SubjectPublicKeyInfo of the key (RFC 8410): 44 bytes
// for X25519 and Ed25519, 68 for X448, 69 for Ed448; nil for the zero value.
func (k PublicKey) SPKI() []byte {
	if k.IsZero() {
		return nil
	}
	return k.AppendSPKI(make([]byte, 0, 12+len(k.raw)))
}

// AppendSPKI appends the DER SubjectPublicKeyInfo of the key to dst.
func (k PublicKey) AppendSPKI(dst []byte) []byte {
	if k.IsZero() {
		return dst
	}
	prefix := spkiPrefix(k.alg)
	return append(append(dst, prefix[:]...), k.raw...)
}

// ParsePublic decodes a DER SubjectPublicKeyInfo. It accepts the one DER form
// of each algorithm; anything else, bytes after the structure included, is
// ErrEncoding.
func ParsePublic(der []byte) (PublicKey, error) {
	if len(der) < 12 {
		return PublicKey{}, fmt.Errorf("%w: %d bytes of SubjectPublicKeyInfo", ErrEncoding, len(der))
	}
	alg, ok := byOID(der[8])
	if !ok || len(der) != 12+alg.PublicSize() || [12]byte(der) != spkiPrefix(alg) {
		return PublicKey{}, fmt.Errorf("%w: SubjectPublicKeyInfo of %d bytes starting %x", ErrEncoding, len(der), der[:12])
	}
	return PublicKey{alg: alg, raw: string(der[12:])}, nil
}

// Verify reports whether sig is the signature of msg by pub. It is false for
// keys that cannot sign and for signatures of the wrong length.
func Verify(pub PublicKey, msg, sig []byte) bool {
	if len(sig) != pub.alg.SignatureSize() {
		return false
	}
	switch pub.alg {
	case Ed25519:
		return ed25519.VerifyWithOptions(ed25519.PublicKey(pub.raw), msg, sig, asStandard)
	case Ed448:
		return ed448.Verify(ed448.PublicKey(pub.raw), msg, sig, "")
	}
	return false
}
