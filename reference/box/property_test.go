package box

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/wire"
)

func drawBytes(t *rapid.T, n int, label string) []byte {
	return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, label)
}

func drawKey(t *rapid.T) (Key, Nonce) {
	return Key(drawBytes(t, KeySize, "key")), Nonce(drawBytes(t, NonceSize, "nonce"))
}

// flip returns b with one bit changed.
func flip(t *rapid.T, b []byte) []byte {
	changed := bytes.Clone(b)
	changed[rapid.IntRange(0, len(b)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
	return changed
}

// What fits into a padded box is read as it was, and the box has one size.
func TestPropertyPaddedBoxesRoundTripInUniformSize(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key, nonce := drawKey(t)
		padded := rapid.SampledFrom([]int{2, 120, 2008, 13784, 15904, 16000, 16368}).Draw(t, "padded size")
		n := rapid.OneOf(rapid.IntRange(max(0, padded-4), padded-2), rapid.IntRange(0, padded-2)).Draw(t, "length")
		msg := bytes.Repeat([]byte{rapid.Byte().Draw(t, "content")}, n)
		sealed, err := SealPadded([]byte("before"), msg, padded, &nonce, &key)
		require.NoError(t, err)
		sealed = bytes.TrimPrefix(sealed, []byte("before"))
		require.Len(t, sealed, padded+Overhead)
		got, err := OpenPadded(sealed, &nonce, &key)
		require.NoError(t, err)
		require.True(t, bytes.Equal(msg, got))
		_, err = SealPadded(nil, make([]byte, padded-1), padded, &nonce, &key)
		require.ErrorIs(t, err, wire.ErrPadTooLong)
	})
}

// A box does not open with another key or nonce, or when a bit of it was changed, or when it
// was cut or made longer.
func TestPropertyAnyChangeKeepsABoxShut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key, nonce := drawKey(t)
		msg := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "message")
		sealed := Seal(nil, msg, &nonce, &key)
		got, err := Open(nil, sealed, &nonce, &key)
		require.NoError(t, err)
		require.True(t, bytes.Equal(msg, got))
		refuse := func(what string, sealed []byte, nonce Nonce, key Key) {
			got, err := Open(nil, sealed, &nonce, &key)
			require.ErrorIs(t, err, ErrOpen, what)
			require.Nil(t, got, what)
		}
		refuse("a changed bit", flip(t, sealed), nonce, key)
		refuse("cut", sealed[:rapid.IntRange(0, len(sealed)-1).Draw(t, "cut")], nonce, key)
		refuse("longer", append(bytes.Clone(sealed), 0), nonce, key)
		refuse("another nonce", sealed, Nonce(flip(t, nonce[:])), key)
		refuse("another key", sealed, nonce, Key(flip(t, key[:])))
	})
}

// An authenticator is that of one text, correlation id and key alone.
func TestPropertyAuthenticatorCoversEveryBit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key, nonce := drawKey(t)
		text := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "authorized")
		auth := Authenticator(text, &nonce, &key)
		require.True(t, VerifyAuthenticator(auth[:], text, &nonce, &key))
		require.False(t, VerifyAuthenticator(flip(t, auth[:]), text, &nonce, &key), "authenticator")
		require.False(t, VerifyAuthenticator(auth[:], flip(t, text), &nonce, &key), "text")
		require.False(t, VerifyAuthenticator(auth[:], append(bytes.Clone(text), 0), &nonce, &key), "longer text")
		otherNonce, otherKey := Nonce(flip(t, nonce[:])), Key(flip(t, key[:]))
		require.False(t, VerifyAuthenticator(auth[:], text, &otherNonce, &key), "nonce")
		require.False(t, VerifyAuthenticator(auth[:], text, &nonce, &otherKey), "key")
		require.False(t, VerifyAuthenticator(auth[:rapid.IntRange(0, len(auth)-1).Draw(t, "cut")], text, &nonce, &key), "cut")
	})
}

// The two chains of a connection never come to one key or nonce twice, both sides make the
// same ones, and another session has others.
func TestPropertyChainsNeverRepeat(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret, session := drawBytes(t, KeySize, "secret"), drawBytes(t, 32, "session")
		sendA, receiveA, err := NewChains(secret, session)
		require.NoError(t, err)
		receiveB, sendB, err := NewChains(secret, session)
		require.NoError(t, err)
		other, _, err := NewChains(secret, flip(t, session))
		require.NoError(t, err)
		seen := map[string]bool{}
		fresh := func(b []byte) {
			require.False(t, seen[string(b)])
			seen[string(b)] = true
		}
		for range rapid.IntRange(1, 10).Draw(t, "blocks") {
			for _, pair := range [][2]*Chain{{&sendA, &receiveB}, {&sendB, &receiveA}} {
				key, nonce, err := pair[0].NextKey()
				require.NoError(t, err)
				again, againNonce, err := pair[1].NextKey()
				require.NoError(t, err)
				require.True(t, key == again && nonce == againNonce)
				fresh(key[:])
				fresh(nonce[:])
			}
			key, nonce, err := other.NextKey()
			require.NoError(t, err)
			fresh(key[:])
			fresh(nonce[:])
		}
	})
}
