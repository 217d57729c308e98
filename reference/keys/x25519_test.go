package keys_test

import (
	"crypto/ecdh"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/keys"
)

// Keys and secrets of X25519 are those of crypto/ecdh, also for public keys that nobody
// makes: not reduced, with the highest bit set, of low order.
func TestPropertyX25519IsThatOfCryptoECDH(t *testing.T) {
	t.Parallel()
	raw := rapid.SliceOfN(rapid.Byte(), 32, 32)
	rapid.Check(t, func(t *rapid.T) {
		scalar, point := raw.Draw(t, "private"), raw.Draw(t, "public")
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0: // 2^255-n, which is not reduced for n up to 19, or of the highest bit set as well
			for i := range point {
				point[i] = 0xff
			}
			point[0] = rapid.SampledFrom([]byte{0xeb, 0xec, 0xed, 0xee, 0xef, 0xfe, 0xff}).Draw(t, "lowest byte")
			point[31] = rapid.SampledFrom([]byte{0x7f, 0xff}).Draw(t, "highest byte")
		case 1:
			clear(point)
			point[0] = rapid.SampledFrom([]byte{0, 1, 2, 9}).Draw(t, "lowest byte")
		}
		theirs, err := ecdh.X25519().NewPrivateKey(scalar)
		require.NoError(t, err)
		ours, err := keys.NewPrivate(keys.X25519, scalar)
		require.NoError(t, err)
		require.Equal(t, theirs.PublicKey().Bytes(), ours.Public().Raw())
		require.Equal(t, scalar, ours.Raw())

		theirPeer, err := ecdh.X25519().NewPublicKey(point)
		require.NoError(t, err)
		ourPeer, err := keys.NewPublic(keys.X25519, point)
		require.NoError(t, err)
		expected, err := theirs.ECDH(theirPeer)
		secret, ourErr := ours.DH(ourPeer)
		if err != nil {
			require.ErrorIs(t, ourErr, keys.ErrLowOrder)
			return
		}
		require.NoError(t, ourErr)
		require.Equal(t, expected, secret)
	})
}
