package tlsprobe

import (
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"testing"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/stretchr/testify/require"
)

// ed448PKCS8 is what comes before the seed in a PKCS #8 key (RFC 8410).
const ed448PKCS8 = "\x30\x47\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x71\x04\x3b\x04\x39"

// readKey reads a private key that openssl made.
func readKey(t testing.TB, path string) crypto.Signer {
	t.Helper()
	der := readDER(t, path)
	if len(der) == len(ed448PKCS8)+ed448.SeedSize {
		require.Equal(t, ed448PKCS8, string(der[:len(ed448PKCS8)]))
		return ed448.NewKeyFromSeed(der[len(ed448PKCS8):])
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	require.NoError(t, err)
	return key.(ed25519.PrivateKey)
}
