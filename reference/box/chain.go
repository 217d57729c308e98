package box

import (
	"crypto/hkdf"
	"crypto/sha512"
	"fmt"
)

// Labels of the key derivations of block encryption, as the official
// implementation spells them (no document gives them).
const (
	chainInitInfo = "SimpleXSbChainInit"
	chainInfo     = "SimpleXSbChain"
)

// Chain is a chain of keys for one direction of a connection: each block takes
// a new key and nonce, and the chain forgets how to make the earlier ones. It
// is not safe for concurrent use.
type Chain struct{ key [KeySize]byte }

// String hides the chain key.
func (Chain) String() string { return "key chain" }

// GoString hides the chain key.
func (Chain) GoString() string { return "key chain" }

// NewChains derives the two chains of a connection with HKDF-SHA512 from the
// raw X25519 secret of the handshake keys; the salt is the session identifier.
// The first chain encrypts what the relay sends, the second what the client
// sends. Source: official implementation, SMP version 11.
func NewChains(secret, sessionID []byte) (first, second Chain, err error) {
	out, err := hkdf.Key(sha512.New, secret, sessionID, chainInitInfo, 2*KeySize)
	if err != nil {
		return Chain{}, Chain{}, fmt.Errorf("deriving block key chains: %w", err)
	}
	copy(first.key[:], out[:KeySize])
	copy(second.key[:], out[KeySize:])
	return first, second, nil
}

// ChainFrom returns the chain that stands at the given chain key, which vectors
// use to enter a chain in the middle.
func ChainFrom(key [KeySize]byte) Chain { return Chain{key: key} }

// Next returns the secret, before DeriveKey, and the nonce of the next block,
// and advances the chain: HKDF-SHA512 without salt gives 88 bytes, next chain
// key, secret, nonce. The error is nil.
//
// Every block needs it, so HKDF is written out for these lengths: package
// crypto/hkdf makes 22 allocations of the same steps. RFC 5869, section 2.
func (c *Chain) Next() (secret [KeySize]byte, nonce Nonce, err error) {
	var noSalt [sha512.Size]byte
	extracted := mac(&noSalt, c.key[:])
	var message [sha512.Size + len(chainInfo) + 1]byte
	n := copy(message[sha512.Size:], chainInfo)
	message[sha512.Size+n] = 1
	first := mac(&extracted, message[sha512.Size:])
	copy(message[:], first[:])
	message[sha512.Size+n] = 2
	second := mac(&extracted, message[:])
	copy(c.key[:], first[:KeySize])
	copy(secret[:], first[KeySize:])
	copy(nonce[:], second[:])
	return secret, nonce, nil
}

// mac is HMAC-SHA512 of a message that is not longer than a block of the hash. RFC 2104,
// section 2.
func mac(key *[sha512.Size]byte, message []byte) [sha512.Size]byte {
	var inner [2 * sha512.BlockSize]byte
	var outer [sha512.BlockSize + sha512.Size]byte
	for i := range sha512.BlockSize {
		inner[i], outer[i] = 0x36, 0x5c
	}
	for i, b := range key {
		inner[i] ^= b
		outer[i] ^= b
	}
	n := copy(inner[sha512.BlockSize:], message)
	hash := sha512.Sum512(inner[:sha512.BlockSize+n])
	copy(outer[sha512.BlockSize:], hash[:])
	return sha512.Sum512(outer[:])
}

// NextKey is Next with the secret made ready for Seal and Open.
func (c *Chain) NextKey() (Key, Nonce, error) {
	secret, nonce, err := c.Next()
	if err != nil {
		return Key{}, Nonce{}, err
	}
	return deriveKey(&secret), nonce, nil
}

// Key returns the chain key, which vectors compare after each step.
func (c *Chain) Key() [KeySize]byte { return c.key }
