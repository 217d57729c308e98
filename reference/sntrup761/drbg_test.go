package sntrup761_test

import (
	"crypto/aes"
	"crypto/cipher"
)

// drbg is the deterministic generator of NIST's post-quantum test vectors:
// CTR_DRBG with AES-256 without a derivation function (SP 800-90A, 10.2.1), a
// state update after each Read. Each call of Read is one request.
type drbg struct {
	block   cipher.Block
	counter [aes.BlockSize]byte
}

// drbgSeedSize is the size of a seed of newDRBG in bytes.
const drbgSeedSize = 48

// newDRBG returns a generator with a seed of drbgSeedSize bytes.
func newDRBG(seed []byte) *drbg {
	d := &drbg{block: mustAES(make([]byte, 32))}
	d.update(seed)
	return d
}

func mustAES(key []byte) cipher.Block {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	return block
}

// next encrypts the next value of the counter.
func (d *drbg) next() []byte {
	for i := len(d.counter) - 1; i >= 0; i-- {
		d.counter[i]++
		if d.counter[i] != 0 {
			break
		}
	}
	out := make([]byte, aes.BlockSize)
	d.block.Encrypt(out, d.counter[:])
	return out
}

func (d *drbg) update(provided []byte) {
	var state []byte
	for len(state) < drbgSeedSize {
		state = append(state, d.next()...)
	}
	for i, b := range provided {
		state[i] ^= b
	}
	d.block = mustAES(state[:32])
	copy(d.counter[:], state[32:])
}

// Read fills b. It never fails.
func (d *drbg) Read(b []byte) (int, error) {
	for n := 0; n < len(b); {
		n += copy(b[n:], d.next())
	}
	d.update(nil)
	return len(b), nil
}
