package ratchet

import (
	"fmt"
	"io"

	"smpcheck/reference/keys"
	"smpcheck/reference/sntrup761"
)

// Keys is where new keys come from: NewKeys in production, a script where known
// answers are reproduced. A ratchet step takes, in this order, Encapsulate and
// NewKEM if it accepts the KEM, or NewKEM alone if it proposes it, then NewDH.
type Keys interface {
	// NewDH makes an X448 key.
	NewDH() (keys.PrivateKey, error)
	// NewKEM makes a key pair of the KEM.
	NewKEM() (KEMKeyPair, error)
	// Encapsulate makes a shared secret for a public key, and the ciphertext
	// that carries it there.
	Encapsulate(public []byte) (ciphertext []byte, shared Key, err error)
}

// NewKeys returns a source that draws on rand, which is crypto/rand.Reader in
// production. The same stream gives the same keys.
func NewKeys(rand io.Reader) Keys { return randomKeys{rand} }

type randomKeys struct{ rand io.Reader }

func (k randomKeys) NewDH() (keys.PrivateKey, error) {
	key, err := keys.Generate(keys.X448, k.rand)
	if err != nil {
		return keys.PrivateKey{}, fmt.Errorf("new ratchet key: %w", err)
	}
	return key, nil
}

func (k randomKeys) NewKEM() (KEMKeyPair, error) {
	public, secret, err := sntrup761.GenerateKey(k.rand)
	if err != nil {
		return KEMKeyPair{}, fmt.Errorf("new KEM key: %w", err)
	}
	return KEMKeyPair{Public: public, Secret: secret}, nil
}

func (k randomKeys) Encapsulate(public []byte) ([]byte, Key, error) {
	ciphertext, secret, err := sntrup761.Encapsulate(k.rand, public)
	if err != nil {
		return nil, Key{}, fmt.Errorf("encapsulating: %w", err)
	}
	var shared Key
	copy(shared[:], secret)
	return ciphertext, shared, nil
}
