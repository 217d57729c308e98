package keys_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
)

// TestEd25519Verification compares with crypto/ed25519 where implementations differ: keys
// and nonce points that are of small order or not canonical, and S as 0, 1, L-1 and L.
func TestEd25519Verification(t *testing.T) {
	t.Parallel()
	points := decodeAll(t, []string{
		"0100000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0300000000000000000000000000000000000000000000000000000000000000",
	})
	scalars := decodeAll(t, []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
		"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
	})
	valid := 0
	for _, a := range points {
		public, err := keys.NewPublic(keys.Ed25519, a)
		require.NoError(t, err)
		for _, r := range points {
			for _, s := range scalars {
				for m := range byte(8) {
					signature := append(append([]byte(nil), r...), s...)
					want := ed25519.Verify(a, []byte{m}, signature)
					require.Equal(t, want, keys.Verify(public, []byte{m}, signature), "A %x, R %x, S %x", a, r, s)
					if want {
						valid++
					}
				}
			}
		}
	}
	require.Greater(t, valid, 100)
}

func decodeAll(t *testing.T, texts []string) (list [][]byte) {
	for _, text := range texts {
		b, err := hex.DecodeString(text)
		require.NoError(t, err)
		list = append(list, b)
	}
	return list
}
