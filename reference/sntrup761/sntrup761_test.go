package sntrup761_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/sntrup761"
)

// source returns a reader of bytes that look random and follow from the seed.
func source(seed uint64) io.Reader {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	return rand.NewChaCha8(key)
}

// exchange returns a key pair, and a ciphertext for it with its shared key.
func exchange(t testing.TB, seed uint64) (public, secret, ciphertext, shared []byte) {
	t.Helper()
	random := source(seed)
	public, secret, err := sntrup761.GenerateKey(random)
	require.NoError(t, err)
	ciphertext, shared, err = sntrup761.Encapsulate(random, public)
	require.NoError(t, err)
	return public, secret, ciphertext, shared
}

func decapsulate(t testing.TB, secret, ciphertext []byte) []byte {
	t.Helper()
	shared, err := sntrup761.Decapsulate(secret, ciphertext)
	require.NoError(t, err)
	require.Len(t, shared, sntrup761.SharedKeySize)
	return shared
}

// TestPropertyAgreement: whatever the random bytes, both sides get one shared key, all
// sizes are the published ones, and another secret key gives another shared key.
func TestPropertyAgreement(t *testing.T) {
	t.Parallel()
	_, otherSecret, _, _ := exchange(t, 0)
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64Min(1).Draw(rt, "seed")
		public, secret, ciphertext, shared := exchange(t, seed)
		require.Len(rt, public, 1158)
		require.Len(rt, secret, 1763)
		require.Len(rt, ciphertext, 1039)
		require.Equal(rt, shared, decapsulate(t, secret, ciphertext))
		require.NotEqual(rt, shared, decapsulate(t, otherSecret, ciphertext))
	})
}

// TestImplicitRejection changes one byte of a ciphertext at a time: everywhere in
// the confirmation, and at every eighth place of the polynomial.
func TestImplicitRejection(t *testing.T) {
	t.Parallel()
	_, secret, ciphertext, shared := exchange(t, 1)
	seen := map[string]int{string(shared): -1}
	for i := range ciphertext {
		if i < 1007 && i%8 != 0 && i != 1006 {
			continue
		}
		changed := bytes.Clone(ciphertext)
		changed[i] ^= 1 << (i % 8)
		rejected := decapsulate(t, secret, changed)
		require.Equal(t, rejected, decapsulate(t, secret, changed), "byte %d", i)
		before, ok := seen[string(rejected)]
		require.False(t, ok, "bytes %d and %d give the same key", before, i)
		seen[string(rejected)] = i
	}
}

// TestRejectionKey: what a rejected ciphertext gives depends on the 191 bytes for it
// in the secret key, and an accepted one does not.
func TestRejectionKey(t *testing.T) {
	t.Parallel()
	const offset = 191 + 191 + sntrup761.PublicKeySize
	_, secret, ciphertext, shared := exchange(t, 2)
	changedCiphertext := bytes.Clone(ciphertext)
	changedCiphertext[1038] ^= 0x80
	rejected := decapsulate(t, secret, changedCiphertext)
	for _, i := range []int{0, 1, 95, 190} {
		changed := bytes.Clone(secret)
		changed[offset+i] ^= 1
		require.Equal(t, shared, decapsulate(t, changed, ciphertext), "byte %d", i)
		require.NotEqual(t, rejected, decapsulate(t, changed, changedCiphertext), "byte %d", i)
	}
}

// TestPublicKeyOutOfRange: the last two bytes of a public key are one number below
// 1608. With that bound added they stand for the same polynomial, and the shared key
// is another one.
func TestPublicKeyOutOfRange(t *testing.T) {
	t.Parallel()
	const bound = 1608
	public, secret, ciphertext, shared := exchange(t, 3)
	last := sntrup761.PublicKeySize - 2
	number := int(public[last]) | int(public[last+1])<<8
	require.Less(t, number, bound)
	other := bytes.Clone(public)
	other[last], other[last+1] = byte(number+bound), byte((number+bound)>>8)

	random := source(3)
	_, _, err := sntrup761.GenerateKey(random)
	require.NoError(t, err)
	otherCiphertext, otherShared, err := sntrup761.Encapsulate(random, other)
	require.NoError(t, err)
	require.Equal(t, ciphertext[:1007], otherCiphertext[:1007], "the same polynomial")
	require.NotEqual(t, ciphertext[1007:], otherCiphertext[1007:], "another confirmation")
	require.NotEqual(t, shared, otherShared)
	require.NotEqual(t, otherShared, decapsulate(t, secret, otherCiphertext))
}

func TestWrongLengths(t *testing.T) {
	t.Parallel()
	public, secret, ciphertext, _ := exchange(t, 4)
	for _, change := range []func([]byte) []byte{
		func([]byte) []byte { return nil },
		func([]byte) []byte { return []byte{0} },
		func(b []byte) []byte { return b[:len(b)-1] },
		func(b []byte) []byte { return append(bytes.Clone(b), 0) },
		func(b []byte) []byte { return append(bytes.Clone(b), b...) },
	} {
		gotCiphertext, shared, err := sntrup761.Encapsulate(source(4), change(public))
		require.ErrorIs(t, err, sntrup761.ErrPublicKeySize)
		require.Nil(t, gotCiphertext)
		require.Nil(t, shared)
		shared, err = sntrup761.Decapsulate(change(secret), ciphertext)
		require.ErrorIs(t, err, sntrup761.ErrSecretKeySize)
		require.Nil(t, shared)
		shared, err = sntrup761.Decapsulate(secret, change(ciphertext))
		require.ErrorIs(t, err, sntrup761.ErrCiphertextSize)
		require.Nil(t, shared)
	}
}

// portions counts the requests of each size.
type portions struct {
	random io.Reader
	sizes  map[int]int
}

func (p *portions) Read(b []byte) (int, error) {
	p.sizes[len(b)]++
	return p.random.Read(b)
}

func TestRandomPortions(t *testing.T) {
	t.Parallel()
	random := &portions{source(5), map[int]int{}}
	public, _, err := sntrup761.GenerateKey(random)
	require.NoError(t, err)
	require.Equal(t, map[int]int{4: 2 * 761, 191: 1}, random.sizes)
	random.sizes = map[int]int{}
	_, _, err = sntrup761.Encapsulate(random, public)
	require.NoError(t, err)
	require.Equal(t, map[int]int{4: 761}, random.sizes)
}

// TestRandomSourceEnds: a source that ends early is an error, wherever it ends.
func TestRandomSourceEnds(t *testing.T) {
	t.Parallel()
	public, _, _, _ := exchange(t, 6)
	const word, polynomial, rejection = 4, 4 * 761, 191
	for _, n := range []int{0, word - 1, word, polynomial, 2*polynomial - 1, 2 * polynomial, 2*polynomial + rejection - 1} {
		_, _, err := sntrup761.GenerateKey(io.LimitReader(source(6), int64(n)))
		require.True(t, errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF), "%d bytes: %v", n, err)
	}
	for _, n := range []int{0, word + 1, polynomial - 1} {
		_, _, err := sntrup761.Encapsulate(io.LimitReader(source(6), int64(n)), public)
		require.True(t, errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF), "%d bytes: %v", n, err)
	}
}

// repeated gives the same word for ever.
type repeated [4]byte

func (r repeated) Read(b []byte) (int, error) { return copy(b, r[:]), nil }

// TestRandomSourceStuck: words that make all coefficients 0 give no invertible
// polynomial, and the search ends.
func TestRandomSourceStuck(t *testing.T) {
	t.Parallel()
	_, _, err := sntrup761.GenerateKey(repeated{0, 0, 0, 0x20})
	require.ErrorIs(t, err, sntrup761.ErrRandom)
}

func BenchmarkGenerateKey(b *testing.B) {
	random := source(8)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := sntrup761.GenerateKey(random); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncapsulate(b *testing.B) {
	public, _, _, _ := exchange(b, 9)
	random := source(9)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := sntrup761.Encapsulate(random, public); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecapsulate(b *testing.B) {
	_, secret, ciphertext, _ := exchange(b, 10)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sntrup761.Decapsulate(secret, ciphertext); err != nil {
			b.Fatal(err)
		}
	}
}
