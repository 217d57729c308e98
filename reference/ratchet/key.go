package ratchet

import (
	"encoding/hex"
	"fmt"
	"io"
)

// Key is a root, chain, header or message key, or a shared secret of the KEM:
// 32 bytes. It does not print.
type Key [32]byte

// IV is the initialization vector of AES-256-GCM in the ratchet: 16 bytes, not
// the usual 12, so that the first counter block comes from GHASH of the IV.
type IV [16]byte

// Tag is the authentication tag of AES-256-GCM.
type Tag [16]byte

// Secret are secret bytes of any length. They do not print.
type Secret []byte

const hidden = "secret"

// Format hides the key whatever the verb.
func (Key) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// Format hides the bytes whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// MarshalText returns the key in hexadecimal, for storage.
func (k Key) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, k[:]), nil }

// UnmarshalText reads 64 hexadecimal digits.
func (k *Key) UnmarshalText(text []byte) error { return unhex(k[:], text, "key") }

// MarshalText returns the vector in hexadecimal.
func (v IV) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, v[:]), nil }

// UnmarshalText reads 32 hexadecimal digits.
func (v *IV) UnmarshalText(text []byte) error { return unhex(v[:], text, "IV") }

// MarshalText returns the bytes in hexadecimal, for storage.
func (s Secret) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, s), nil }

// UnmarshalText reads an even number of hexadecimal digits.
func (s *Secret) UnmarshalText(text []byte) error {
	b := make([]byte, hex.DecodedLen(len(text)))
	if _, err := hex.Decode(b, text); err != nil {
		return fmt.Errorf("%w: secret that is not hexadecimal", ErrState)
	}
	*s = b
	return nil
}

// unhex fills dst from exactly as many digits as it needs. Its errors show
// nothing of the text.
func unhex(dst, text []byte, what string) error {
	if len(text) != hex.EncodedLen(len(dst)) {
		return fmt.Errorf("%w: %s of %d digits, expected %d", ErrState, what, len(text), hex.EncodedLen(len(dst)))
	}
	if _, err := hex.Decode(dst, text); err != nil {
		return fmt.Errorf("%w: %s that is not hexadecimal", ErrState, what)
	}
	return nil
}
