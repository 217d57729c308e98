package sntrup761_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/sntrup761"
	"smpcheck/vectors"
)

// published is what others published about known answers, with where it stands.
type published struct {
	SharedKeys []struct {
		Source string      `json:"source"`
		Seed   vectors.Hex `json:"seed"`
		Shared vectors.Hex `json:"shared"`
	} `json:"shared_keys"`
	Digests []struct {
		Source  string      `json:"source"`
		Entries int         `json:"entries"`
		SHA256  vectors.Hex `json:"sha256"`
	} `json:"digests"`
}

func loadPublished(t *testing.T) published {
	t.Helper()
	data, err := os.ReadFile("testdata/nist-kat.json")
	require.NoError(t, err)
	var file published
	require.NoError(t, json.Unmarshal(data, &file))
	return file
}

// answer is an entry of a response file.
type answer struct {
	seed, public, secret, ciphertext, shared []byte
}

func (a *answer) String() string {
	return fmt.Sprintf("seed = %X\npk = %X\nsk = %X\nct = %X\nss = %X\n",
		a.seed, a.public, a.secret, a.ciphertext, a.shared)
}

// makeAnswer generates a key and encapsulates with one source of random bytes, and
// checks that decapsulation agrees.
func makeAnswer(t *testing.T, seed []byte, random io.Reader) *answer {
	t.Helper()
	public, secret, err := sntrup761.GenerateKey(random)
	require.NoError(t, err)
	ciphertext, shared, err := sntrup761.Encapsulate(random, public)
	require.NoError(t, err)
	again, err := sntrup761.Decapsulate(secret, ciphertext)
	require.NoError(t, err)
	require.Equal(t, shared, again, "seed %x", seed)
	return &answer{seed, public, secret, ciphertext, shared}
}

// TestSubmissionKnownAnswers follows the response file of the submission, whose
// generator is called for every word. A shared key depends on all the random bytes
// before and on the ciphertext.
func TestSubmissionKnownAnswers(t *testing.T) {
	t.Parallel()
	file := loadPublished(t)
	require.NotEmpty(t, file.SharedKeys)
	for _, want := range file.SharedKeys {
		got := makeAnswer(t, want.Seed, newDRBG(want.Seed))
		require.Equal(t, []byte(want.Shared), got.shared, want.Source)
	}
}

// TestPublishedDigests makes whole response files: seeds, public and secret keys,
// ciphertexts and shared keys. The implementations that published their digests
// request all words of a polynomial at once.
func TestPublishedDigests(t *testing.T) {
	t.Parallel()
	file := loadPublished(t)
	require.NotEmpty(t, file.Digests)
	for _, want := range file.Digests {
		entropy := make([]byte, drbgSeedSize)
		for i := range entropy {
			entropy[i] = byte(i)
		}
		seeds := newDRBG(entropy)
		var text bytes.Buffer
		for count := range want.Entries {
			if count > 0 {
				text.WriteByte('\n')
			}
			seed := make([]byte, drbgSeedSize)
			_, err := seeds.Read(seed)
			require.NoError(t, err)
			got := makeAnswer(t, seed, &wholePolynomials{random: newDRBG(seed)})
			fmt.Fprintf(&text, "count = %d\n%s", count, got)
		}
		digest := sha256.Sum256(text.Bytes())
		require.Equal(t, want.SHA256.String(), hex.EncodeToString(digest[:]), want.Source)
	}
}

// wholePolynomials serves requests of one word from a request of 761.
type wholePolynomials struct {
	random io.Reader
	words  bytes.Reader
}

func (w *wholePolynomials) Read(b []byte) (int, error) {
	if len(b) != 4 {
		return w.random.Read(b)
	}
	if w.words.Len() == 0 {
		words := make([]byte, 4*761)
		if _, err := w.random.Read(words); err != nil {
			return 0, err
		}
		w.words.Reset(words)
	}
	return w.words.Read(b)
}
