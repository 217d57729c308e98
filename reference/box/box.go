package box

import (
	"crypto/subtle"
	"errors"
	"fmt"

	"golang.org/x/crypto/nacl/secretbox"
	//lint:ignore SA1019 HSalsa20 is the step of NaCl that SMP applies to symmetric keys too; no other package exports it
	"golang.org/x/crypto/salsa20/salsa"

	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// Sizes in bytes.
const (
	KeySize   = 32
	NonceSize = 24
	// Overhead is the Poly1305 tag in front of the ciphertext.
	Overhead = secretbox.Overhead
)

// Errors of boxes.
var (
	// ErrOpen: the box was made with another key or nonce, or was changed.
	ErrOpen = errors.New("box does not open")
	// ErrNonceSize: a nonce has another length than 24 bytes.
	ErrNonceSize = errors.New("nonce is not 24 bytes")
	// ErrSecretSize: a secret has another length than 32 bytes.
	ErrSecretSize = errors.New("secret is not 32 bytes")
)

// Key is a key ready for XSalsa20-Poly1305, made by DeriveKey. It never prints
// its bytes.
type Key [KeySize]byte

// String hides the key.
func (Key) String() string { return "box key" }

// GoString hides the key.
func (Key) GoString() string { return "box key" }

// Nonce is the 24-byte nonce of a box: a correlation id, a message id or
// random bytes.
type Nonce [NonceSize]byte

// NonceFrom returns the nonce with the bytes b, ErrNonceSize if they are not
// 24.
func NonceFrom(b []byte) (Nonce, error) {
	if len(b) != NonceSize {
		return Nonce{}, fmt.Errorf("%w: %d", ErrNonceSize, len(b))
	}
	return Nonce(b), nil
}

// Reverse returns the nonce with its bytes in reverse order: the nonce of the
// response to a forwarded command in the official implementation (the
// document says the correlation id increased by 1).
func (n Nonce) Reverse() Nonce {
	var r Nonce
	for i, b := range n {
		r[NonceSize-1-i] = b
	}
	return r
}

// DeriveKey returns HSalsa20(secret, 16 zero bytes): the box key of a raw
// X25519 output (crypto_box) or of a symmetric key (SMP's secret box). A
// secret of another length than 32 bytes is ErrSecretSize.
func DeriveKey(secret []byte) (Key, error) {
	if len(secret) != KeySize {
		return Key{}, fmt.Errorf("%w: %d", ErrSecretSize, len(secret))
	}
	return deriveKey((*[KeySize]byte)(secret)), nil
}

func deriveKey(secret *[KeySize]byte) Key {
	var k [KeySize]byte
	var zero [16]byte
	salsa.HSalsa20(&k, &zero, secret, &salsa.Sigma)
	return k
}

// Agree returns the crypto_box key of an X25519 key pair and a peer's X25519
// public key. It returns the errors of keys.PrivateKey.DH, and ErrSecretSize
// for X448 keys.
func Agree(priv keys.PrivateKey, pub keys.PublicKey) (Key, error) {
	secret, err := priv.DH(pub)
	if err != nil {
		return Key{}, err
	}
	return DeriveKey(secret)
}

// Seal appends to dst the box of msg: 16 bytes tag, then the ciphertext of the
// length of msg.
func Seal(dst, msg []byte, nonce *Nonce, key *Key) []byte {
	return secretbox.Seal(dst, msg, (*[NonceSize]byte)(nonce), (*[KeySize]byte)(key))
}

// Open appends to dst the content of a box, or returns ErrOpen.
func Open(dst, sealed []byte, nonce *Nonce, key *Key) ([]byte, error) {
	out, ok := secretbox.Open(dst, sealed, (*[NonceSize]byte)(nonce), (*[KeySize]byte)(key))
	if !ok {
		return nil, ErrOpen
	}
	return out, nil
}

// SealPadded pads msg to n bytes and seals it: n+16 bytes are appended to dst.
// It returns wire.ErrPadTooLong if msg is longer than n-2.
func SealPadded(dst, msg []byte, n int, nonce *Nonce, key *Key) ([]byte, error) {
	padded, err := wire.Pad(make([]byte, 0, n), msg, n)
	if err != nil {
		return nil, err
	}
	return Seal(dst, padded, nonce, key), nil
}

// OpenPadded opens a box and removes the padding. It returns ErrOpen or the
// errors of wire.Unpad.
func OpenPadded(sealed []byte, nonce *Nonce, key *Key) ([]byte, error) {
	padded, err := Open(nil, sealed, nonce, key)
	if err != nil {
		return nil, err
	}
	return wire.Unpad(padded)
}

// Equal reports whether two byte strings are equal, in time that does not
// depend on where they differ.
func Equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
