package keys

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var signingAlgorithms = []Algorithm{Ed25519, Ed448}

func newCredentials(t testing.TB, alg Algorithm, n int) Credentials {
	t.Helper()
	c, err := NewCredentials(rand.Reader, alg, n)
	require.NoError(t, err)
	return c
}

func TestCertificateHasTheProfileOfOfficialRelays(t *testing.T) {
	t.Parallel()
	for _, alg := range signingAlgorithms {
		c := newCredentials(t, alg, 2)
		leaf, err := x509.ParseCertificate(c.Chain[0])
		require.NoError(t, err)
		require.Equal(t, x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment|x509.KeyUsageKeyAgreement, leaf.KeyUsage)
		require.Equal(t, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, leaf.ExtKeyUsage)
		require.Empty(t, leaf.DNSNames)
		require.Empty(t, leaf.IPAddresses)
		require.False(t, leaf.IsCA)
		require.Equal(t, 3, leaf.Version)
		require.Greater(t, leaf.NotAfter.Year(), 4700)

		ca, err := x509.ParseCertificate(c.Chain[1])
		require.NoError(t, err)
		require.True(t, ca.IsCA)
		require.Zero(t, ca.KeyUsage)
		require.Equal(t, ca.RawSubject, leaf.RawIssuer)
		require.Equal(t, ca.SubjectKeyId, leaf.AuthorityKeyId)

		parsed, err := ParseCertificate(c.Chain[1])
		require.NoError(t, err)
		require.True(t, parsed.CA)
		require.Equal(t, ca.RawSubject, parsed.Subject)
		require.Equal(t, ca.NotAfter, parsed.NotAfter)
		require.Equal(t, ca.NotBefore, parsed.NotBefore)

		key, err := CertificatePublicKey(c.Chain[0])
		require.NoError(t, err)
		require.Equal(t, c.Key.Public(), key)
	}
}

func TestOpenSSLVerifiesOurChains(t *testing.T) {
	t.Parallel()
	for _, alg := range signingAlgorithms {
		for n := 2; n <= 4; n++ {
			c := newCredentials(t, alg, n)
			dir := t.TempDir()
			write := func(name string, chain ...[]byte) string {
				file := filepath.Join(dir, name)
				require.NoError(t, os.WriteFile(file, Credentials{Chain: chain}.ChainPEM(), 0o600))
				return file
			}
			out, err := exec.Command("openssl", "verify", "-purpose", "sslserver",
				"-CAfile", write("root.pem", c.Chain[n-1]),
				"-untrusted", write("middle.pem", c.Chain[1:]...),
				write("leaf.pem", c.Chain[0])).CombinedOutput()
			require.NoError(t, err, "%v, chain of %d: %s", alg, n, out)
		}
	}
}

func TestCheckSignature(t *testing.T) {
	t.Parallel()
	for _, alg := range signingAlgorithms {
		c, other := newCredentials(t, alg, 2), newCredentials(t, alg, 2)
		require.NoError(t, CheckSignature(c.Chain[0], c.Chain[1]))
		require.NoError(t, CheckSignature(c.Chain[1], c.Chain[1]))
		require.ErrorIs(t, CheckSignature(c.Chain[0], other.Chain[1]), ErrSignature)
		require.ErrorIs(t, CheckSignature(c.Chain[0], c.Chain[0]), ErrSignature)

		changed := bytes.Clone(c.Chain[0])
		changed[len(changed)-1] ^= 1
		require.ErrorIs(t, CheckSignature(changed, c.Chain[1]), ErrSignature)
		require.ErrorIs(t, CheckSignature(nil, c.Chain[1]), ErrCertificate)
		require.ErrorIs(t, CheckSignature(c.Chain[0], nil), ErrCertificate)
	}
	mixed := newCredentials(t, Ed448, 2)
	require.ErrorIs(t, CheckSignature(mixed.Chain[0], newCredentials(t, Ed25519, 2).Chain[1]), ErrSignature)
}

func TestParseCertificateRefusesOtherBytes(t *testing.T) {
	t.Parallel()
	der := newCredentials(t, Ed25519, 2).Chain[0]
	for name, b := range map[string][]byte{
		"empty":         {},
		"cut":           der[:len(der)-1],
		"trailing byte": append(bytes.Clone(der), 0),
		"key":           newTestKey(t).SPKI(),
		"no SEQUENCE":   append([]byte{0x31}, der[1:]...),
	} {
		_, err := ParseCertificate(b)
		require.ErrorIs(t, err, ErrCertificate, name)
	}
	for n := range der {
		if _, err := ParseCertificate(der[:n]); !errors.Is(err, ErrCertificate) {
			t.Fatalf("certificate cut to %d bytes: %v", n, err)
		}
	}
}

func newTestKey(t testing.TB) PublicKey {
	t.Helper()
	key, err := Generate(Ed25519, rand.Reader)
	require.NoError(t, err)
	return key.Public()
}

func TestCreateCertificateNeedsASigningKey(t *testing.T) {
	t.Parallel()
	key, err := Generate(X25519, rand.Reader)
	require.NoError(t, err)
	_, err = CreateCertificate(rand.Reader, Template{CommonName: "x", NotAfter: time.Now()}, key.Public(), Certificate{}, key)
	require.ErrorIs(t, err, ErrAlgorithm)
	_, err = NewCredentials(rand.Reader, X448, 2)
	require.ErrorIs(t, err, ErrAlgorithm)
}
