package sntrup761_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/sntrup761"
)

// publishedDigest is a digest that others published, with where it stands.
type publishedDigest struct {
	Source  string `json:"source"`
	Entries int    `json:"entries"`
	SHA256  string `json:"sha256"`
}

// TestNISTKnownAnswers makes the known answers of NIST's call for submissions
// (PQCgenKAT_kem) and compares their digests with the published ones. The digests
// cover seeds, public and secret keys, ciphertexts and shared keys.
func TestNISTKnownAnswers(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/nist-kat.json")
	require.NoError(t, err)
	var file struct {
		Digests []publishedDigest `json:"digests"`
	}
	require.NoError(t, json.Unmarshal(data, &file))
	require.NotEmpty(t, file.Digests)
	for _, published := range file.Digests {
		t.Run(published.Source, func(t *testing.T) {
			t.Parallel()
			digest := sha256.Sum256(knownAnswers(t, published.Entries))
			require.Equal(t, published.SHA256, hex.EncodeToString(digest[:]))
		})
	}
}

// knownAnswers returns the text of the first n known answers: entries divided by an
// empty line.
func knownAnswers(t *testing.T, n int) []byte {
	t.Helper()
	entropy := make([]byte, drbgSeedSize)
	for i := range entropy {
		entropy[i] = byte(i)
	}
	seeds := newDRBG(entropy)
	var text bytes.Buffer
	for count := range n {
		if count > 0 {
			text.WriteByte('\n')
		}
		seed := make([]byte, drbgSeedSize)
		_, err := seeds.Read(seed)
		require.NoError(t, err)
		random := newDRBG(seed)
		public, secret, err := sntrup761.GenerateKey(random)
		require.NoError(t, err)
		ciphertext, shared, err := sntrup761.Encapsulate(random, public)
		require.NoError(t, err)
		again, err := sntrup761.Decapsulate(secret, ciphertext)
		require.NoError(t, err)
		require.Equal(t, shared, again, "count %d", count)
		fmt.Fprintf(&text, "count = %d\nseed = %X\npk = %X\nsk = %X\nct = %X\nss = %X\n",
			count, seed, public, secret, ciphertext, shared)
	}
	return text.Bytes()
}
