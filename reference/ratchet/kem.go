package ratchet

import (
	"bytes"
	"fmt"
	"io"

	"smpcheck/reference/sntrup761"
)

// Sizes of the KEM in bytes. PQDR, "Plaintext message header".
const (
	KEMPublicKeySize  = sntrup761.PublicKeySize
	KEMCiphertextSize = sntrup761.CiphertextSize
	KEMSecretKeySize  = sntrup761.SecretKeySize
)

// KEMKeyPair is a key pair of the KEM.
type KEMKeyPair struct {
	Public []byte `json:"public"` // KEMPublicKeySize bytes
	Secret Secret `json:"secret"` // KEMSecretKeySize bytes
}

// KEM is the state of the key encapsulation of one side: its own key pair,
// which it sent or will send, and what it encapsulated for the other's key if
// it has accepted.
type KEM struct {
	Self     KEMKeyPair
	Accepted *KEMAccepted // nil: proposed
}

// KEMAccepted is a shared secret that was encapsulated for a received key.
type KEMAccepted struct {
	ReceivedPublic []byte // the other side's key, KEMPublicKeySize bytes
	Shared         Key    // the secret
	Ciphertext     []byte // what is sent of it, KEMCiphertextSize bytes
}

// Format hides the state whatever the verb.
func (KEM) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// Format hides the secret whatever the verb.
func (KEMAccepted) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// Format hides the keys whatever the verb.
func (KEMKeyPair) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// parameters is what is sent of the state: nil of no state.
func (k *KEM) parameters() *KEMParameters {
	if k == nil {
		return nil
	}
	p := &KEMParameters{PublicKey: k.Self.Public}
	if k.Accepted != nil {
		p.Ciphertext = k.Accepted.Ciphertext
	}
	return p
}

// proposed returns the state without what was accepted; nil of no state.
func (k *KEM) proposed() *KEM {
	if k == nil {
		return nil
	}
	return &KEM{Self: k.Self}
}

// check refuses keys and ciphertexts of the wrong size. The nil value passes.
func (k *KEM) check() error {
	if k == nil {
		return nil
	}
	if err := k.parameters().Check(); err != nil {
		return err
	}
	if len(k.Self.Secret) != KEMSecretKeySize {
		return fmt.Errorf("%w: KEM secret key of %d bytes, expected %d", ErrParameters, len(k.Self.Secret), KEMSecretKeySize)
	}
	if k.Accepted != nil && len(k.Accepted.ReceivedPublic) != KEMPublicKeySize {
		return fmt.Errorf("%w: received KEM key of %d bytes, expected %d", ErrParameters, len(k.Accepted.ReceivedPublic), KEMPublicKeySize)
	}
	return nil
}

// accept makes a key pair and a secret for the other side's key.
func accept(source Keys, received []byte) (*KEM, error) {
	ciphertext, shared, err := source.Encapsulate(received)
	if err != nil {
		return nil, err
	}
	self, err := source.NewKEM()
	if err != nil {
		return nil, err
	}
	return &KEM{Self: self, Accepted: &KEMAccepted{ReceivedPublic: bytes.Clone(received), Shared: shared, Ciphertext: ciphertext}}, nil
}

// propose makes a key pair.
func propose(source Keys) (*KEM, error) {
	self, err := source.NewKEM()
	if err != nil {
		return nil, err
	}
	return &KEM{Self: self}, nil
}

// decapsulate opens a received ciphertext with the own secret key. A ciphertext
// that was made for another key gives a secret that nobody else has.
func (k *KEM) decapsulate(ciphertext []byte) (shared Key, err error) {
	secret, err := sntrup761.Decapsulate(k.Self.Secret, ciphertext)
	if err != nil {
		return Key{}, fmt.Errorf("decapsulating: %w", err)
	}
	copy(shared[:], secret)
	return shared, nil
}
