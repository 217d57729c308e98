package keys

import (
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// ErrSignedKey: the bytes are not one DER signed key.
var ErrSignedKey = errors.New("not a DER signed key")

// SignedKey is a session key with the signature of a certificate's key: the
// relay's X25519 key in its hello, the Ed25519 key of a service in the hello of
// the client. Its DER form is that of an X.509 signed object,
//
//	SEQUENCE { SEQUENCE { SubjectPublicKeyInfo }, AlgorithmIdentifier, BIT STRING }
//
// where the key sits in a SEQUENCE of its own and the signature covers that
// SEQUENCE. SMP, "Transport handshake" (signedRouterKey, signedServiceKey); the
// structure is that of the official implementation.
type SignedKey struct {
	// SPKI is the DER SubjectPublicKeyInfo of the session key.
	SPKI []byte

	signed    []byte
	algorithm Algorithm
	signature []byte
}

// SignKey returns the DER form of key signed by signer (Ed25519 or Ed448).
func SignKey(key PublicKey, signer PrivateKey) ([]byte, error) {
	if key.IsZero() {
		return nil, fmt.Errorf("%w: no key to sign", ErrSignedKey)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(key.SPKI()) })
	wrapped, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding a signed key: %w", err)
	}
	return signObject(wrapped, signer)
}

// ParseSignedKey decodes the DER form; a wrong structure and bytes after it are
// ErrSignedKey. It accepts keys and signatures of any algorithm: PublicKey and
// Verify are stricter.
func ParseSignedKey(der []byte) (SignedKey, error) {
	var s SignedKey
	var outer, signed, algorithm, inner, spki, keyAlgorithm, keyID cryptobyte.String
	var key []byte
	input := cryptobyte.String(der)
	if !input.ReadASN1(&outer, cbasn1.SEQUENCE) || !input.Empty() ||
		!outer.ReadASN1Element(&signed, cbasn1.SEQUENCE) ||
		!outer.ReadASN1Element(&algorithm, cbasn1.SEQUENCE) ||
		!outer.ReadASN1BitStringAsBytes(&s.signature) || !outer.Empty() {
		return SignedKey{}, fmt.Errorf("%w: no SEQUENCE of key, algorithm and signature in %d bytes", ErrSignedKey, len(der))
	}
	s.signed, s.algorithm = signed, algorithmOf(algorithm)
	if !signed.ReadASN1(&inner, cbasn1.SEQUENCE) ||
		!inner.ReadASN1Element(&spki, cbasn1.SEQUENCE) || !inner.Empty() {
		return SignedKey{}, fmt.Errorf("%w: no SEQUENCE around the key", ErrSignedKey)
	}
	s.SPKI = spki
	if !spki.ReadASN1(&inner, cbasn1.SEQUENCE) ||
		!inner.ReadASN1(&keyAlgorithm, cbasn1.SEQUENCE) ||
		!keyAlgorithm.ReadASN1(&keyID, cbasn1.OBJECT_IDENTIFIER) ||
		!inner.ReadASN1BitStringAsBytes(&key) || !inner.Empty() {
		return SignedKey{}, fmt.Errorf("%w: no SubjectPublicKeyInfo", ErrSignedKey)
	}
	return s, nil
}

// Signed returns the SEQUENCE around the key, which the signature covers.
func (s SignedKey) Signed() []byte { return s.signed }

// Signature returns the bare signature.
func (s SignedKey) Signature() []byte { return s.signature }

// PublicKey decodes the session key; another algorithm than the four of this
// package is ErrEncoding.
func (s SignedKey) PublicKey() (PublicKey, error) { return ParsePublic(s.SPKI) }

// Verify returns ErrSignature unless signer made the signature.
func (s SignedKey) Verify(signer PublicKey) error {
	return checkSigned(signer, s.algorithm, s.signed, s.signature)
}
