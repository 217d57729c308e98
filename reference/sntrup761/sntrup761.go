package sntrup761

import (
	"crypto/sha512"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Sizes in bytes.
const (
	PublicKeySize  = 1158
	SecretKeySize  = 2*smallSize + PublicKeySize + smallSize + hashSize
	CiphertextSize = roundedSize + hashSize
	SharedKeySize  = hashSize

	hashSize = 32
)

// Errors of this package. What the random source reports is wrapped.
var (
	// ErrPublicKeySize: a public key has another length than PublicKeySize.
	ErrPublicKeySize = errors.New("sntrup761 public key is not 1158 bytes")
	// ErrSecretKeySize: a secret key has another length than SecretKeySize.
	ErrSecretKeySize = errors.New("sntrup761 secret key is not 1763 bytes")
	// ErrCiphertextSize: a ciphertext has another length than CiphertextSize.
	ErrCiphertextSize = errors.New("sntrup761 ciphertext is not 1039 bytes")
	// ErrRandom: what the random source gives cannot be random, no key can be
	// made of it.
	ErrRandom = errors.New("random source gives no invertible polynomial")
)

// maxTries limits the search for an invertible polynomial. One of random bytes is
// not invertible with a probability of about 3^-19.
const maxTries = 64

// What a hash is for: its first input byte.
const (
	hashRejected     = 0
	hashAccepted     = 1
	hashConfirmation = 2
	hashInput        = 3
	hashPublicKey    = 4
)

// hash returns the first half of SHA-512 of the purpose and the parts.
func hash(purpose byte, parts ...[]byte) []byte {
	h := sha512.New()
	h.Write([]byte{purpose})
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)[:hashSize:hashSize]
}

// GenerateKey makes a key pair of random bytes, which the package comment tells the
// order of. The public key has PublicKeySize bytes. The secret key has
// SecretKeySize bytes: the short polynomial f, 1/g modulo 3, the public key, the
// bytes for implicit rejection, the hash of the public key.
//
// It returns what rand reports, and ErrRandom when rand does not give random bytes.
func GenerateKey(rand io.Reader) (public, secret []byte, err error) {
	g, inverse, err := randomInvertible(rand)
	if err != nil {
		return nil, nil, err
	}
	f, err := randomShort(rand)
	if err != nil {
		return nil, nil, err
	}
	rejection := make([]byte, smallSize)
	if _, err := io.ReadFull(rand, rejection); err != nil {
		return nil, nil, fmt.Errorf("reading random bytes: %w", err)
	}
	third := invertThird(&f)
	h := multiply(&third, &g)
	public = encodePolynomial(&h)
	secret = slices.Concat(
		encodeSmall(&f), encodeSmall(&inverse), public, rejection, hash(hashPublicKey, public))
	return public, secret, nil
}

// randomInvertible returns a random polynomial and its inverse modulo 3.
func randomInvertible(rand io.Reader) (g, inverse small, err error) {
	for range maxTries {
		g, err = randomSmall(rand)
		if err != nil {
			return g, inverse, err
		}
		var ok bool
		if inverse, ok = invertTernary(&g); ok {
			return g, inverse, nil
		}
	}
	return g, inverse, fmt.Errorf("%w in %d tries", ErrRandom, maxTries)
}

// Encapsulate makes a shared key of SharedKeySize random bytes, and the ciphertext
// of CiphertextSize bytes from which the owner of the secret key gets it.
//
// It returns ErrPublicKeySize for a public key of another length, and what rand
// reports.
func Encapsulate(rand io.Reader, public []byte) (ciphertext, shared []byte, err error) {
	if len(public) != PublicKeySize {
		return nil, nil, fmt.Errorf("%w: %d", ErrPublicKeySize, len(public))
	}
	input, err := randomShort(rand)
	if err != nil {
		return nil, nil, err
	}
	ciphertext, encoded := encrypt(&input, public, hash(hashPublicKey, public))
	return ciphertext, sharedKey(hashAccepted, encoded, ciphertext), nil
}

// Decapsulate returns the shared key of SharedKeySize bytes that is in a ciphertext.
// For a ciphertext that was not made for this key it returns another one that looks
// random, always the same for the same arguments.
//
// It returns ErrSecretKeySize and ErrCiphertextSize for arguments of another
// length, and no other error.
func Decapsulate(secret, ciphertext []byte) (shared []byte, err error) {
	if len(secret) != SecretKeySize {
		return nil, fmt.Errorf("%w: %d", ErrSecretKeySize, len(secret))
	}
	if len(ciphertext) != CiphertextSize {
		return nil, fmt.Errorf("%w: %d", ErrCiphertextSize, len(ciphertext))
	}
	polynomials, rest := secret[:2*smallSize], secret[2*smallSize:]
	public, rest := rest[:PublicKeySize], rest[PublicKeySize:]
	rejection, publicHash := rest[:smallSize], rest[smallSize:]

	input := decrypt(ciphertext[:roundedSize], polynomials)
	again, encoded := encrypt(&input, public, publicHash)
	same := subtle.ConstantTimeCompare(ciphertext, again)
	subtle.ConstantTimeCopy(1-same, encoded, rejection)
	purpose := subtle.ConstantTimeSelect(same, hashAccepted, hashRejected)
	return sharedKey(byte(purpose), encoded, ciphertext), nil
}

// encrypt returns the ciphertext of an input with its confirmation, and the encoded
// input.
func encrypt(input *small, public, publicHash []byte) (ciphertext, encoded []byte) {
	h := decodePolynomial(public)
	c := multiply(&h, input)
	c.round()
	encoded = encodeSmall(input)
	confirmation := hash(hashConfirmation, hash(hashInput, encoded), publicHash)
	return append(encodeRounded(&c), confirmation...), encoded
}

// decrypt returns the input of a ciphertext without its confirmation, with the
// first two polynomials of a secret key. When the result has not the weight of a
// short polynomial, it returns w ones followed by zeros.
func decrypt(ciphertext, polynomials []byte) (input small) {
	f, inverse := decodeSmall(polynomials[:smallSize]), decodeSmall(polynomials[smallSize:])
	c := decodeRounded(ciphertext)
	c = multiply(&c, &f)
	var e small
	for i, number := range c {
		e[i] = freeze3(freezeQ(3 * int32(number)))
	}
	input = multiplyTernary(&e, &inverse)

	weight := int32(0)
	for _, number := range input {
		weight += int32(number & 1)
	}
	wrong := int8(nonZero(weight - w))
	for i := range input[:w] {
		input[i] = (input[i]^1)&^wrong ^ 1
	}
	for i := w; i < p; i++ {
		input[i] &^= wrong
	}
	return input
}

// sharedKey returns the hash of an encoded input, or of the bytes for implicit
// rejection, and the ciphertext.
func sharedKey(purpose byte, encoded, ciphertext []byte) []byte {
	return hash(purpose, hash(hashInput, encoded), ciphertext)
}
