package sntrup761_test

import (
	"bytes"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/sntrup761"
)

// agreed is an exchange that succeeded.
type agreed struct{ public, secret, ciphertext, shared []byte }

// exchanges is a pool of them: making keys is slow.
var exchanges = sync.OnceValue(func() (all []agreed) {
	for seed := range uint64(8) {
		random := source(1000 + seed)
		public, secret, err := sntrup761.GenerateKey(random)
		if err != nil {
			panic(err)
		}
		ciphertext, shared, err := sntrup761.Encapsulate(random, public)
		if err != nil {
			panic(err)
		}
		all = append(all, agreed{public, secret, ciphertext, shared})
	}
	return all
})

// offsets in a secret key: two polynomials and the public key come before the bytes for
// rejection.
const rejectionOffset = 2*191 + sntrup761.PublicKeySize

// A ciphertext of which any bit was changed gives a key, always the same, which is not the
// shared one, and which nobody knows without the bytes for it in the secret key.
func TestPropertyImplicitRejection(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		e := exchanges()[rapid.IntRange(0, 7).Draw(rt, "exchange")]
		changed := bytes.Clone(e.ciphertext)
		at := rapid.OneOf(rapid.IntRange(0, len(changed)-1), rapid.IntRange(len(changed)-32, len(changed)-1)).Draw(rt, "byte")
		changed[at] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		rejected := decapsulate(t, e.secret, changed)
		require.NotEqual(rt, e.shared, rejected)
		require.Equal(rt, rejected, decapsulate(t, e.secret, changed))

		secret := bytes.Clone(e.secret)
		secret[rejectionOffset+rapid.IntRange(0, 190).Draw(rt, "byte for rejection")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit of it")
		require.NotEqual(rt, rejected, decapsulate(t, secret, changed))
		require.Equal(rt, e.shared, decapsulate(t, secret, e.ciphertext))
	})
}

// A ciphertext gives its shared key to the owner of one secret key alone.
func TestPropertyOtherKeysGetNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		i := rapid.IntRange(0, 7).Draw(rt, "exchange")
		j := (i + rapid.IntRange(1, 7).Draw(rt, "other")) % 8
		e, other := exchanges()[i], exchanges()[j]
		random := source(rapid.Uint64().Draw(rt, "seed"))
		ciphertext, shared, err := sntrup761.Encapsulate(random, e.public)
		require.NoError(rt, err)
		require.Equal(rt, shared, decapsulate(t, e.secret, ciphertext))
		require.NotEqual(rt, shared, decapsulate(t, other.secret, ciphertext))
		mixed := bytes.Join([][]byte{e.secret[:2*191], other.secret[2*191:]}, nil)
		require.NotEqual(rt, shared, decapsulate(t, mixed, ciphertext), "with the public key of another")
	})
}
