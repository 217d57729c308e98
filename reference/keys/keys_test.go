package keys

import (
	"crypto/ed25519"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

var allAlgorithms = []Algorithm{X25519, X448, Ed25519, Ed448}

func testKey(t testing.TB, alg Algorithm, seed byte) PrivateKey {
	t.Helper()
	k, err := Generate(alg, rand.NewChaCha8([32]byte{seed, byte(alg)}))
	require.NoError(t, err)
	return k
}

func TestEncodingsRoundTrip(t *testing.T) {
	t.Parallel()
	for _, alg := range allAlgorithms {
		k := testKey(t, alg, 1)
		private, err := ParsePrivate(k.PKCS8())
		require.NoError(t, err)
		require.Equal(t, k.Public(), private.Public())
		public, err := ParsePublic(k.Public().SPKI())
		require.NoError(t, err)
		require.True(t, k.Public() == public, "keys are comparable values")
		raw, err := NewPublic(alg, public.Raw())
		require.NoError(t, err)
		require.True(t, raw == public)
	}
}

// The standard library encodes Ed25519 in the same DER.
func TestEd25519EncodingsAreThoseOfX509(t *testing.T) {
	t.Parallel()
	k := testKey(t, Ed25519, 2)
	std, ok := k.Ed25519()
	require.True(t, ok)
	spki, err := x509.MarshalPKIXPublicKey(std.Public())
	require.NoError(t, err)
	require.Equal(t, spki, k.Public().SPKI())
	pkcs8, err := x509.MarshalPKCS8PrivateKey(std)
	require.NoError(t, err)
	require.Equal(t, pkcs8, k.PKCS8())
	sig, err := k.Sign([]byte("text"))
	require.NoError(t, err)
	require.True(t, ed25519.Verify(std.Public().(ed25519.PublicKey), []byte("text"), sig))
}

func TestDecodersAreStrict(t *testing.T) {
	t.Parallel()
	for _, alg := range allAlgorithms {
		k := testKey(t, alg, 3)
		for name, der := range map[string][]byte{"SPKI": k.Public().SPKI(), "PKCS #8": k.PKCS8()} {
			parse := func(b []byte) error {
				if name == "SPKI" {
					_, err := ParsePublic(b)
					return err
				}
				_, err := ParsePrivate(b)
				return err
			}
			for cut := range der {
				require.ErrorIs(t, parse(der[:cut]), ErrEncoding, "%s of %s cut to %d", name, alg, cut)
			}
			require.ErrorIs(t, parse(append(der[:len(der):len(der)], 0)), ErrEncoding, "%s of %s with a byte more", name, alg)
			header := len(der) - len(k.Public().Raw())
			for i := range header {
				changed := append([]byte(nil), der...)
				changed[i] ^= 0x40
				require.Error(t, parse(changed), "%s of %s with byte %d changed", name, alg, i)
			}
		}
	}
}

func TestAgreement(t *testing.T) {
	t.Parallel()
	for _, alg := range []Algorithm{X25519, X448} {
		a, b := testKey(t, alg, 4), testKey(t, alg, 5)
		ab, err := a.DH(b.Public())
		require.NoError(t, err)
		ba, err := b.DH(a.Public())
		require.NoError(t, err)
		require.Equal(t, ab, ba)
		low, err := NewPublic(alg, make([]byte, alg.PublicSize()))
		require.NoError(t, err)
		_, err = a.DH(low)
		require.ErrorIs(t, err, ErrLowOrder)
		_, err = a.Sign(nil)
		require.ErrorIs(t, err, ErrAlgorithm)
	}
	_, err := testKey(t, X25519, 4).DH(testKey(t, X448, 4).Public())
	require.ErrorIs(t, err, ErrAlgorithm)
	_, err = testKey(t, Ed25519, 4).DH(testKey(t, Ed25519, 5).Public())
	require.ErrorIs(t, err, ErrAlgorithm)
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	for _, alg := range []Algorithm{Ed25519, Ed448} {
		k := testKey(t, alg, 6)
		sig, err := k.Sign([]byte("message"))
		require.NoError(t, err)
		require.Len(t, sig, alg.SignatureSize())
		require.True(t, Verify(k.Public(), []byte("message"), sig))
		require.False(t, Verify(k.Public(), []byte("massage"), sig))
		require.False(t, Verify(k.Public(), []byte("message"), sig[1:]))
		require.False(t, Verify(testKey(t, alg, 7).Public(), []byte("message"), sig))
	}
	require.False(t, Verify(testKey(t, X25519, 6).Public(), nil, nil))
	require.False(t, Verify(PublicKey{}, nil, nil))
}

func TestPrivateKeysDoNotPrint(t *testing.T) {
	t.Parallel()
	k := testKey(t, Ed25519, 8)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		require.Equal(t, "private key", fmt.Sprintf(format, k))
	}
}

func TestWrongSizes(t *testing.T) {
	t.Parallel()
	for _, alg := range allAlgorithms {
		_, err := NewPublic(alg, make([]byte, alg.PublicSize()-1))
		require.ErrorIs(t, err, ErrSize)
		_, err = NewPrivate(alg, make([]byte, 31))
		require.ErrorIs(t, err, ErrSize)
	}
	_, err := NewPublic(0, nil)
	require.ErrorIs(t, err, ErrAlgorithm)
	_, err = Generate(Algorithm(9), rand.NewChaCha8([32]byte{}))
	require.ErrorIs(t, err, ErrAlgorithm)
	require.True(t, PublicKey{}.IsZero())
	require.Nil(t, PublicKey{}.SPKI())
	require.Nil(t, PrivateKey{}.PKCS8())
}
