package sntrup761_test

import (
	"bytes"
	"errors"
	"testing"

	"smpcheck/reference/sntrup761"
	"smpcheck/vectors"
)

// repeat returns b repeated to size bytes, zeros if it has none, so that a fuzzer gets
// behind a check of lengths.
func repeat(b []byte, size int) []byte {
	if len(b) == 0 {
		return make([]byte, size)
	}
	return bytes.Repeat(b, size/len(b)+1)[:size]
}

// FuzzDecapsulate: arguments of the right lengths always give a shared key, the same each
// time, and are left alone; others are errors.
func FuzzDecapsulate(f *testing.F) {
	public, secret, ciphertext, _ := exchange(f, 7)
	f.Add(secret, ciphertext)
	f.Add(public, ciphertext)
	f.Add([]byte{0xff}, []byte{0xff})
	f.Add([]byte{0}, []byte{0})
	f.Add(secret, []byte{})
	file, err := vectors.Load("sntrup761")
	if err != nil {
		f.Fatal(err)
	}
	for _, test := range file.All() {
		var in struct {
			KeySeed    vectors.Hex `json:"key_seed"`
			Ciphertext vectors.Hex
		}
		if test.Inputs.Decode(&in) == nil {
			f.Add(secret, []byte(in.Ciphertext))
		}
	}
	f.Fuzz(func(t *testing.T, secret, ciphertext []byte) {
		shared, err := sntrup761.Decapsulate(secret, ciphertext)
		switch {
		case len(secret) != sntrup761.SecretKeySize:
			requireRefused(t, err, sntrup761.ErrSecretKeySize, shared)
		case len(ciphertext) != sntrup761.CiphertextSize:
			requireRefused(t, err, sntrup761.ErrCiphertextSize, shared)
		}
		secret, ciphertext = repeat(secret, sntrup761.SecretKeySize), repeat(ciphertext, sntrup761.CiphertextSize)
		secretBefore, ciphertextBefore := bytes.Clone(secret), bytes.Clone(ciphertext)
		if !bytes.Equal(decapsulate(t, secret, ciphertext), decapsulate(t, secret, ciphertext)) {
			t.Fatal("two keys for one ciphertext")
		}
		if !bytes.Equal(secret, secretBefore) || !bytes.Equal(ciphertext, ciphertextBefore) {
			t.Fatal("an argument was changed")
		}
	})
}

func requireRefused(t *testing.T, err, want error, results ...[]byte) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%v, expected %v", err, want)
	}
	for _, b := range results {
		if b != nil {
			t.Fatalf("a result of %d bytes beside an error", len(b))
		}
	}
}

// FuzzEncapsulate: for every public key of the right length there are a ciphertext and a
// shared key, which depend on the key and the random bytes alone; others are errors, and so
// are random bytes that end.
func FuzzEncapsulate(f *testing.F) {
	public, _, _, _ := exchange(f, 11)
	f.Add(public, uint64(1), uint16(4*761))
	f.Add(public[1:], uint64(2), uint16(0))
	f.Add([]byte{0xff}, uint64(3), uint16(4))
	f.Fuzz(func(t *testing.T, public []byte, seed uint64, end uint16) {
		if len(public) != sntrup761.PublicKeySize {
			ciphertext, shared, err := sntrup761.Encapsulate(source(seed), public)
			requireRefused(t, err, sntrup761.ErrPublicKeySize, ciphertext, shared)
		}
		public = repeat(public, sntrup761.PublicKeySize)
		const words = 4 * 761 // the random bytes that are used up
		random := make([]byte, words)
		if _, err := source(seed).Read(random); err != nil {
			t.Fatal(err)
		}
		ciphertext, shared, err := sntrup761.Encapsulate(bytes.NewReader(random[:min(end, words)]), public)
		if end < words {
			if err == nil || ciphertext != nil || shared != nil {
				t.Fatalf("%d random bytes were enough", end)
			}
			return
		}
		if err != nil || len(ciphertext) != sntrup761.CiphertextSize || len(shared) != sntrup761.SharedKeySize {
			t.Fatalf("ciphertext of %d bytes, key of %d: %v", len(ciphertext), len(shared), err)
		}
		again, sharedAgain, err := sntrup761.Encapsulate(bytes.NewReader(random), public)
		if err != nil || !bytes.Equal(ciphertext, again) || !bytes.Equal(shared, sharedAgain) {
			t.Fatalf("the same random bytes give another secret, %v", err)
		}
	})
}

// FuzzExchange: what is encapsulated for a key comes out of the ciphertext with its secret
// key; of a changed ciphertext comes something else.
func FuzzExchange(f *testing.F) {
	f.Add(uint8(0), uint64(1), uint16(0), uint8(1))
	f.Add(uint8(7), uint64(2), uint16(1038), uint8(0x80))
	f.Fuzz(func(t *testing.T, key uint8, seed uint64, at uint16, change uint8) {
		e := exchanges()[key%8]
		ciphertext, shared, err := sntrup761.Encapsulate(source(seed), e.public)
		if err != nil || !bytes.Equal(shared, decapsulate(t, e.secret, ciphertext)) {
			t.Fatalf("two sides with two keys, %v", err)
		}
		ciphertext[int(at)%len(ciphertext)] ^= change
		if bytes.Equal(shared, decapsulate(t, e.secret, ciphertext)) != (change == 0) {
			t.Fatalf("byte %d changed by %02x", at, change)
		}
	})
}
