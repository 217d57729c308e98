package ratchet

import (
	"bytes"
	"fmt"

	"smpcheck/reference/wire"
)

// KEMParameters are what one side sends of the key encapsulation, in X3DH
// parameters and in message headers. Without a ciphertext they propose the KEM:
// here is my key. With one they accept it: here is a secret for your key, and
// my next key. PQDR, "KEM state machine".
type KEMParameters struct {
	Ciphertext []byte // KEMCiphertextSize bytes; nil when proposed
	PublicKey  []byte // KEMPublicKeySize bytes
}

// Accepted reports whether the parameters carry a ciphertext.
func (k *KEMParameters) Accepted() bool { return k.Ciphertext != nil }

// Equal reports whether both are the same parameters; nil equals nil.
func (k *KEMParameters) Equal(o *KEMParameters) bool {
	if k == nil || o == nil {
		return k == o
	}
	return k.Accepted() == o.Accepted() && bytes.Equal(k.Ciphertext, o.Ciphertext) && bytes.Equal(k.PublicKey, o.PublicKey)
}

// Check refuses a key or ciphertext of the wrong size with ErrKEMSize, which is
// ErrParameters too. The nil value passes.
func (k *KEMParameters) Check() error {
	if k == nil {
		return nil
	}
	if len(k.PublicKey) != KEMPublicKeySize {
		return fmt.Errorf("%w: %w: KEM key of %d bytes, expected %d", ErrParameters, ErrKEMSize, len(k.PublicKey), KEMPublicKeySize)
	}
	if k.Accepted() && len(k.Ciphertext) != KEMCiphertextSize {
		return fmt.Errorf("%w: %w: KEM ciphertext of %d bytes, expected %d", ErrParameters, ErrKEMSize, len(k.Ciphertext), KEMCiphertextSize)
	}
	return nil
}

// put writes the parameters as an optional field: '0'; '1' 'P' and the key; or
// '1' 'A', the ciphertext and the key. Key and ciphertext have a word16 length.
func (k *KEMParameters) put(w *wire.Writer) {
	w.Maybe(k != nil)
	if k == nil {
		return
	}
	if err := k.Check(); err != nil {
		w.Fail(err)
		return
	}
	if k.Accepted() {
		w.Byte('A')
		w.Large(k.Ciphertext)
	} else {
		w.Byte('P')
	}
	w.Large(k.PublicKey)
}

// readKEMParameters reads what put writes, as a copy of the input.
func readKEMParameters(r *wire.Reader) *KEMParameters {
	if !r.Maybe() {
		return nil
	}
	k := new(KEMParameters)
	switch tag := r.Byte(); {
	case r.Err() != nil:
		return nil
	case tag == 'P':
	case tag == 'A':
		// A ciphertext of no bytes is malformed and must not pass for none.
		k.Ciphertext = append([]byte{}, r.Large()...)
	default:
		r.Fail(fmt.Errorf("%w: got 0x%02x", ErrKEMTag, tag))
		return nil
	}
	k.PublicKey = bytes.Clone(r.Large())
	if r.Err() != nil {
		return nil
	}
	if err := k.Check(); err != nil {
		r.Fail(err)
		return nil
	}
	return k
}
