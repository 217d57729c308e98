package sntrup761

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestInputWeight: an honest-looking ciphertext, with a confirmation that fits, is
// rejected when its input is not short, and accepted when it is.
func TestInputWeight(t *testing.T) {
	t.Parallel()
	public, secret, err := GenerateKey(rand.NewChaCha8([32]byte{1}))
	require.NoError(t, err)
	rejection := secret[2*smallSize+PublicKeySize:][:smallSize]
	for _, weight := range []int{0, 1, 100, w - 1, w, w + 1, 300} {
		var input small
		for i := range weight {
			input[p-1-i] = int8(i%2*2 - 1)
		}
		ciphertext, encoded := encrypt(&input, public, hash(hashPublicKey, public))
		want := sharedKey(hashRejected, rejection, ciphertext)
		if weight == w {
			want = sharedKey(hashAccepted, encoded, ciphertext)
		}
		got, err := Decapsulate(secret, ciphertext)
		require.NoError(t, err)
		require.Equal(t, want, got, "weight %d", weight)
	}
}

// TestSecretKeyHash: the hash in the secret key is used as it is, so that a wrong
// one makes every ciphertext a rejected one.
func TestSecretKeyHash(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{2})
	public, secret, err := GenerateKey(random)
	require.NoError(t, err)
	ciphertext, _, err := Encapsulate(random, public)
	require.NoError(t, err)
	secret[SecretKeySize-1] ^= 1
	got, err := Decapsulate(secret, ciphertext)
	require.NoError(t, err)
	require.Equal(t, sharedKey(hashRejected, secret[2*smallSize+PublicKeySize:][:smallSize], ciphertext), got)
}
