package keys_test

import (
	"crypto/ecdh"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/keys"
)

// TestPropertyX25519 compares with crypto/ecdh: public keys, secrets, and which peers
// are refused. Points near 0, p and 2^255 are the small and the non-canonical ones.
func TestPropertyX25519(t *testing.T) {
	order8 := [][]byte{
		{
			0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
			0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
		},
		{
			0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
			0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
		},
	}
	near := func(fill byte) *rapid.Generator[[]byte] {
		return rapid.Custom(func(t *rapid.T) []byte {
			b := make([]byte, 32)
			for i := range b {
				b[i] = fill
			}
			b[0] = rapid.Byte().Draw(t, "first")
			b[31] = fill&0x7f | rapid.SampledFrom([]byte{0, 0x80}).Draw(t, "top bit")
			return b
		})
	}
	points := rapid.OneOf(rapid.SliceOfN(rapid.Byte(), 32, 32), near(0), near(0xff), rapid.SampledFrom(order8))
	rapid.Check(t, func(t *rapid.T) {
		scalar := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "scalar")
		point := points.Draw(t, "point")
		own, err := keys.NewPrivate(keys.X25519, scalar)
		require.NoError(t, err)
		other, err := ecdh.X25519().NewPrivateKey(scalar)
		require.NoError(t, err)
		require.Equal(t, other.PublicKey().Bytes(), own.Public().Raw())

		peer, err := keys.NewPublic(keys.X25519, point)
		require.NoError(t, err)
		otherPeer, err := ecdh.X25519().NewPublicKey(point)
		require.NoError(t, err)
		secret, err := own.DH(peer)
		want, refused := other.ECDH(otherPeer)
		if refused != nil {
			require.ErrorIs(t, err, keys.ErrLowOrder)
			return
		}
		require.NoError(t, err)
		require.Equal(t, want, secret)
	})
}
