package sntrup761

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
)

// TestOfficialKeys runs every key pair and every ciphertext that the official
// implementation made in the records of key agreements and ratchets. Each key pair
// is made again from the two polynomials in the secret key, and each ciphertext has
// to give its shared key with one of the secret keys of the same record.
func TestOfficialKeys(t *testing.T) {
	t.Parallel()
	for file, least := range map[string]struct{ pairs, ciphertexts int }{
		"x3dh":    {12, 3},
		"ratchet": {40, 25},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			f, err := vectors.Load(file)
			require.NoError(t, err)
			pairs, ciphertexts := 0, 0
			for _, test := range f.All() {
				var in, out any
				require.NoError(t, test.Inputs.Decode(&in), test.ID)
				require.NoError(t, test.Output.Decode(&out), test.ID)
				r := record{secrets: map[string]string{}, shared: map[string]string{}}
				r.collect(t, in)
				r.collect(t, out)
				r.check(t, test.ID)
				pairs += len(r.secrets)
				ciphertexts += len(r.shared)
			}
			t.Logf("%s: %d key pairs, %d ciphertexts", file, pairs, ciphertexts)
			require.GreaterOrEqual(t, pairs, least.pairs)
			require.GreaterOrEqual(t, ciphertexts, least.ciphertexts)
		})
	}
}

// record is what a record holds of this package, each once, as raw bytes.
type record struct {
	secrets map[string]string // by public key
	shared  map[string]string // by ciphertext
}

// collect looks for key pairs and ciphertexts in a JSON value.
func (r *record) collect(t *testing.T, value any) {
	t.Helper()
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			r.collect(t, element)
		}
	case map[string]any:
		add(t, r.secrets, value, "public", "secret")
		add(t, r.shared, value, "ciphertext", "shared")
		add(t, r.shared, value, "kem_ciphertext", "kem_shared")
		for _, element := range value {
			r.collect(t, element)
		}
	}
}

// add takes the values of the two names into m, when both are texts.
func add(t *testing.T, m map[string]string, object map[string]any, key, value string) {
	t.Helper()
	k, hasKey := object[key].(string)
	v, hasValue := object[value].(string)
	if !hasKey || !hasValue {
		return
	}
	var rawKey, rawValue vectors.Hex
	require.NoError(t, rawKey.UnmarshalText([]byte(k)))
	require.NoError(t, rawValue.UnmarshalText([]byte(v)))
	if before, ok := m[string(rawKey)]; ok {
		require.Equal(t, before, string(rawValue))
	}
	m[string(rawKey)] = string(rawValue)
}

func (r *record) check(t *testing.T, id string) {
	t.Helper()
	for public, secret := range r.secrets {
		require.Len(t, secret, SecretKeySize, id)
		f, inverse := decodeSmall([]byte(secret)), decodeSmall([]byte(secret[smallSize:]))
		g, ok := invertTernary(&inverse)
		require.True(t, ok, id)
		third := invertThird(&f)
		h := multiply(&third, &g)
		require.Equal(t, []byte(public), encodePolynomial(&h), id)
		rest := secret[2*smallSize:]
		require.Equal(t, public, rest[:PublicKeySize], id)
		require.Equal(t, hash(hashPublicKey, []byte(public)), []byte(secret[SecretKeySize-hashSize:]), id)
	}
	for ciphertext, shared := range r.shared {
		matches := 0
		for _, secret := range r.secrets {
			got, err := Decapsulate([]byte(secret), []byte(ciphertext))
			require.NoError(t, err, id)
			if bytes.Equal([]byte(shared), got) {
				matches++
			}
		}
		require.Equal(t, 1, matches, "%s: secret keys that open the ciphertext %x…", id, ciphertext[:8])
	}
}
