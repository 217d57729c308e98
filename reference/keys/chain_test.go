package keys

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
)

func TestChainsOfRelaysAreValid(t *testing.T) {
	t.Parallel()
	for _, alg := range signingAlgorithms {
		for n := 2; n <= 4; n++ {
			c := newCredentials(t, alg, n)
			require.Len(t, c.Chain, n)
			hash := sha256.Sum256(c.Chain[1])
			require.NoError(t, ValidateChain(c.Chain, hash[:]), "%v, %d certificates", alg, n)
			require.Equal(t, Fingerprint(hash), c.Fingerprint())
			require.NoError(t, ValidateServiceChain(c.Chain))
		}
	}
}

func TestServiceMayShowOneCertificate(t *testing.T) {
	t.Parallel()
	c := newCredentials(t, Ed25519, 1)
	require.NoError(t, ValidateServiceChain(c.Chain))
	require.Equal(t, FingerprintOf(c.Chain[0]), c.Fingerprint())
	hash := c.Fingerprint()
	require.ErrorIs(t, ValidateChain(c.Chain, hash[:]), ErrChainLength)
}

func TestWrongNumberOfCertificates(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 5} {
		c := newCredentials(t, Ed25519, n)
		require.ErrorIs(t, ValidateChain(c.Chain, make([]byte, 32)), ErrChainLength)
	}
	require.ErrorIs(t, ValidateChain(nil, nil), ErrChainLength)
	require.ErrorIs(t, ValidateServiceChain(nil), ErrChainLength)
	require.ErrorIs(t, ValidateServiceChain(newCredentials(t, Ed25519, 5).Chain), ErrChainLength)
	require.ErrorIs(t, ValidateChain(make([][]byte, 1000), make([]byte, 32)), ErrChainLength)
	for _, n := range []int{-1, 0, 6} {
		_, err := NewCredentials(rand.Reader, Ed25519, n)
		require.ErrorIs(t, err, ErrChainLength)
	}
	require.Zero(t, Credentials{}.Fingerprint())
}

func TestFingerprintErrorHoldsBoth(t *testing.T) {
	t.Parallel()
	c := newCredentials(t, Ed25519, 3)
	for name, other := range map[string][]byte{"leaf": c.Chain[0], "root": c.Chain[2]} {
		expected := FingerprintOf(other)
		var wrong *FingerprintError
		require.ErrorAs(t, ValidateChain(c.Chain, expected[:]), &wrong, name)
		require.ErrorIs(t, wrong, ErrFingerprint)
		actual := FingerprintOf(c.Chain[1])
		require.Equal(t, expected[:], wrong.Expected)
		require.Equal(t, actual[:], wrong.Actual)
		require.ErrorContains(t, wrong, expected.String())
		require.ErrorContains(t, wrong, actual.String())
	}
	require.Error(t, ValidateChain(c.Chain, nil))
}

func TestBrokenChains(t *testing.T) {
	t.Parallel()
	good := func() [][]byte { return newCredentials(t, Ed25519, 3).Chain }
	other := newCredentials(t, Ed25519, 4).Chain
	changeSignature := func(i int) [][]byte {
		chain := good()
		chain[i] = bytes.Clone(chain[i])
		chain[i][len(chain[i])-5] ^= 4
		return chain
	}
	for _, test := range []struct {
		name  string
		chain [][]byte
		err   error
	}{
		{"leaf of somebody else", append([][]byte{other[0]}, good()[1:]...), ErrSignature},
		{"root of somebody else", append(good()[:2], other[2]), ErrSignature},
		{"root that is not self-signed", other[:3], ErrIssuer},
		{"roots first", [][]byte{good()[2], good()[1]}, ErrSignature},
		{"leaf signature changed", changeSignature(0), ErrSignature},
		{"middle signature changed", changeSignature(1), ErrSignature},
		{"root signature changed", changeSignature(2), ErrSignature},
		{"certificate cut", [][]byte{good()[0][:100], good()[1]}, ErrCertificate},
		{"empty certificate", [][]byte{good()[0], {}}, ErrCertificate},
	} {
		hash := FingerprintOf(test.chain[1])
		err := ValidateChain(test.chain, hash[:])
		if test.name == "roots first" {
			require.Error(t, err, test.name)
			continue
		}
		require.ErrorIs(t, err, test.err, test.name)
	}
}

func TestValidity(t *testing.T) {
	t.Parallel()
	c := newCredentials(t, Ed25519, 2)
	now := time.Now()
	fingerprint := c.Fingerprint()
	require.NoError(t, ValidateChainAt(c.Chain, fingerprint[:], now))
	require.NoError(t, ValidateServiceChainAt(c.Chain, now))
	for _, other := range []time.Time{now.Add(-2 * time.Hour), now.AddDate(3000, 0, 0)} {
		require.ErrorIs(t, ValidateChainAt(c.Chain, fingerprint[:], other), ErrValidity)
		require.ErrorIs(t, ValidateServiceChainAt(c.Chain, other), ErrValidity)
	}
}

func TestFingerprintText(t *testing.T) {
	t.Parallel()
	fp := FingerprintOf([]byte("certificate"))
	text := fp.String()
	require.Len(t, text, 44)
	require.True(t, strings.HasSuffix(text, "="))
	for _, s := range []string{text, strings.TrimSuffix(text, "=")} {
		got, err := ParseFingerprint(s)
		require.NoError(t, err)
		require.Equal(t, fp, got)
	}
	for _, bad := range []string{"", "=", "AAAA", text + "=", "!" + text[1:], base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 32))} {
		_, err := ParseFingerprint(bad)
		require.Error(t, err, "%q", bad)
	}
	_, err := ParseFingerprint("AAAA")
	require.ErrorIs(t, err, ErrSize)
}

func TestOfficialChainsAreValid(t *testing.T) {
	t.Parallel()
	f, err := vectors.Load("handshake")
	require.NoError(t, err)
	relays, services := 0, 0
	for _, test := range f.All() {
		var in struct {
			KeyHash vectors.Hex   `json:"key_hash_used_by_client"`
			Chain   []vectors.Hex `json:"server_cert_chain"`
			Service *struct {
				Chain []vectors.Hex `json:"cert_chain"`
				Hash  vectors.Hex   `json:"cert_hash"`
			} `json:"service"`
		}
		require.NoError(t, jsonLoose(test.Inputs, &in))
		require.NoError(t, ValidateChain(derList(in.Chain), in.KeyHash), test.ID)
		relays++
		if in.Service != nil {
			chain := derList(in.Service.Chain)
			require.NoError(t, checkChain(chain, officialTime(t, chain[0])), test.ID)
			identity, err := Identity(chain)
			require.NoError(t, err)
			hash := FingerprintOf(identity)
			require.Equal(t, []byte(in.Service.Hash), hash[:], test.ID)
			services++
		}
	}
	require.GreaterOrEqual(t, relays, 72)
	require.GreaterOrEqual(t, services, 9)
}

// officialTime is a moment at which a certificate is valid: some of the official
// chains were made at the time of the recording.
func officialTime(t *testing.T, der []byte) time.Time {
	t.Helper()
	c, err := ParseCertificate(der)
	require.NoError(t, err)
	return c.NotBefore.Add(time.Hour)
}

func derList(list []vectors.Hex) [][]byte {
	chain := make([][]byte, len(list))
	for i, der := range list {
		chain[i] = der
	}
	return chain
}
