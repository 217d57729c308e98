package ratchet

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"

	"smpcheck/reference/wire"
)

// errOpen: the sealed bytes, their tag or their associated data were changed,
// or the key is another one.
var errOpen = errors.New("ciphertext fails to authenticate")

func gcm(key Key) cipher.AEAD {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("aes: " + err.Error()) // 32 bytes are a key
	}
	aead, err := cipher.NewGCMWithNonceSize(block, len(IV{}))
	if err != nil {
		panic("gcm: " + err.Error()) // 16 bytes are a nonce
	}
	return aead
}

// Seal pads content to length bytes with its word16 length before it and '#'
// bytes after it and encrypts it with AES-256-GCM. The tag is apart, as it is on
// the wire. It returns wire.ErrPadTooLong if the content is too long. PQDR,
// "Encrypted message header".
func Seal(key Key, iv IV, associatedData, content []byte, length int) (sealed []byte, tag Tag, err error) {
	padded, err := wire.Pad(make([]byte, 0, max(length, 0)+len(tag)), content, length)
	if err != nil {
		return nil, Tag{}, err
	}
	sealed = gcm(key).Seal(padded[:0], iv[:], padded, associatedData)
	copy(tag[:], sealed[length:])
	return sealed[:length:length], tag, nil
}

// Open decrypts what Seal makes and removes the padding, whose bytes are not
// looked at.
func Open(key Key, iv IV, associatedData, sealed []byte, tag Tag) ([]byte, error) {
	whole := append(append(make([]byte, 0, len(sealed)+len(tag)), sealed...), tag[:]...)
	padded, err := gcm(key).Open(whole[:0], iv[:], whole, associatedData)
	if err != nil {
		return nil, errOpen
	}
	content, err := wire.Unpad(padded)
	if err != nil {
		return nil, fmt.Errorf("padding inside the ciphertext: %w", err)
	}
	return content, nil
}
