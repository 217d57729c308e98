package sntrup761_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/sntrup761"
	"smpcheck/vectors"
)

// wrongInput is what the reference code answers to input that is not well made.
type wrongInput struct {
	Rejected []struct {
		Byte   int         `json:"byte"`
		Xor    byte        `json:"xor"`
		Shared vectors.Hex `json:"shared"`
	} `json:"rejected"`
	Decapsulations []struct {
		Seed   byte        `json:"seed_byte"`
		Shared vectors.Hex `json:"shared"`
	} `json:"arbitrary_decapsulations"`
	Encapsulations []struct {
		Seed             byte        `json:"seed_byte"`
		CiphertextSHA256 vectors.Hex `json:"ciphertext_sha256"`
		Shared           vectors.Hex `json:"shared"`
	} `json:"arbitrary_encapsulations"`
}

// TestReferenceWrongInput: rejected ciphertexts, and arbitrary bytes as keys and
// ciphertexts, give what the reference code gives.
func TestReferenceWrongInput(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/reference-wrong-input.json")
	require.NoError(t, err)
	var file wrongInput
	require.NoError(t, json.Unmarshal(data, &file))
	require.NotEmpty(t, file.Rejected)
	require.NotEmpty(t, file.Decapsulations)
	require.NotEmpty(t, file.Encapsulations)

	seed := loadPublished(t).SharedKeys[0].Seed
	good := makeAnswer(t, seed, newDRBG(seed))
	for _, want := range file.Rejected {
		ciphertext := bytes.Clone(good.ciphertext)
		ciphertext[want.Byte] ^= want.Xor
		require.Equal(t, []byte(want.Shared), decapsulate(t, good.secret, ciphertext), "byte %d", want.Byte)
	}
	request := func(random *drbg, n int) []byte {
		b := make([]byte, n)
		_, err := random.Read(b)
		require.NoError(t, err)
		return b
	}
	for _, want := range file.Decapsulations {
		random := newDRBG(bytes.Repeat([]byte{want.Seed}, drbgSeedSize))
		secret := request(random, sntrup761.SecretKeySize)
		ciphertext := request(random, sntrup761.CiphertextSize)
		require.Equal(t, []byte(want.Shared), decapsulate(t, secret, ciphertext), "seed %d", want.Seed)
	}
	for _, want := range file.Encapsulations {
		random := newDRBG(bytes.Repeat([]byte{want.Seed}, drbgSeedSize))
		public := request(random, sntrup761.PublicKeySize)
		ciphertext, shared, err := sntrup761.Encapsulate(random, public)
		require.NoError(t, err)
		digest := sha256.Sum256(ciphertext)
		require.Equal(t, []byte(want.CiphertextSHA256), digest[:], "seed %d", want.Seed)
		require.Equal(t, []byte(want.Shared), shared, "seed %d", want.Seed)
	}
}
