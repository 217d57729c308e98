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
// key, secret, nonce.
func (c *Chain) Next() (secret [KeySize]byte, nonce Nonce, err error) {
	out, err := hkdf.Key(sha512.New, c.key[:], nil, chainInfo, 2*KeySize+NonceSize)
	if err != nil {
		return secret, nonce, fmt.Errorf("advancing block key chain: %w", err)
	}
	copy(c.key[:], out)
	copy(secret[:], out[KeySize:])
	copy(nonce[:], out[2*KeySize:])
	return secret, nonce, nil
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
