package keys_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/gofuzz"
	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/fill"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/keys"
)

// algorithms are all of them.
var algorithms = []keys.Algorithm{keys.X25519, keys.X448, keys.Ed25519, keys.Ed448}

// addBytes gives the fuzzer the bytes of vector files.
func addBytes(f *testing.F, files ...string) {
	f.Helper()
	for _, b := range seed.Spread(seed.Hex(files...)) {
		f.Add(b)
	}
}

// FuzzParsePublic: what is a key encodes to the same bytes. crypto/x509 takes it for the same
// key, if it knows the algorithm, and takes no others for one in that form.
func FuzzParsePublic(f *testing.F) {
	addBytes(f, "spki", "misc")
	f.Fuzz(func(t *testing.T, der []byte) {
		var key keys.PublicKey
		var err error
		bound.Check(t, len(der), func() { key, err = keys.ParsePublic(der) })
		known, knownErr := x509.ParsePKIXPublicKey(der)
		if err != nil {
			require.ErrorIs(t, err, keys.ErrEncoding)
			require.True(t, key.IsZero())
			require.False(t, knownErr == nil && sameForm(t, known, der), "crypto/x509 knows this key")
			return
		}
		require.Equal(t, der, key.SPKI())
		again, err := keys.NewPublic(key.Algorithm(), key.Raw())
		require.NoError(t, err)
		require.Equal(t, key, again)
		switch known := known.(type) {
		case ed25519.PublicKey:
			require.Equal(t, keys.Ed25519, key.Algorithm())
			require.Equal(t, key.Raw(), []byte(known))
		case *ecdh.PublicKey:
			require.Equal(t, keys.X25519, key.Algorithm())
			require.Equal(t, key.Raw(), known.Bytes())
		default:
			require.Contains(t, []keys.Algorithm{keys.X448, keys.Ed448}, key.Algorithm())
		}
	})
}

// sameForm reports whether a key is of one of our algorithms and der its one form.
func sameForm(t *testing.T, key any, der []byte) bool {
	switch key.(type) {
	case ed25519.PublicKey, *ecdh.PublicKey:
	default:
		return false
	}
	if k, ok := key.(*ecdh.PublicKey); ok && k.Curve() != ecdh.X25519() {
		return false
	}
	again, err := x509.MarshalPKIXPublicKey(key)
	require.NoError(t, err)
	return bytes.Equal(again, der)
}

// FuzzParsePrivate: what is a private key encodes to the same bytes, and never prints.
func FuzzParsePrivate(f *testing.F) {
	addBytes(f, "spki", "certificate", "authenticator")
	f.Fuzz(func(t *testing.T, der []byte) {
		var key keys.PrivateKey
		var err error
		bound.Check(t, len(der), func() { key, err = keys.ParsePrivate(der) })
		if err != nil {
			require.ErrorIs(t, err, keys.ErrEncoding)
			require.True(t, key.IsZero())
			return
		}
		require.Equal(t, der, key.PKCS8())
		require.Len(t, key.Public().Raw(), key.Algorithm().PublicSize())
		require.Equal(t, "private key", key.String())
		if key.Algorithm() == keys.Ed25519 {
			require.Equal(t, []byte(ed25519.NewKeyFromSeed(key.Raw()).Public().(ed25519.PublicKey)), key.Public().Raw())
		}
	})
}

// FuzzKeys: every filled key survives its encodings, and a raw key of another length is none.
func FuzzKeys(f *testing.F) {
	f.Add([]byte("seed"), []byte(nil))
	f.Fuzz(func(t *testing.T, data, raw []byte) {
		filler := fill.Valid(data, 20,
			func(k *keys.PublicKey, c fuzz.Continue) { *k = fill.Key(c, algorithms...) },
			func(k *keys.PrivateKey, c fuzz.Continue) { *k = fill.PrivateKey(c, algorithms...) })
		public, private := fill.Value[keys.PublicKey](filler), fill.Value[keys.PrivateKey](filler)
		again, err := keys.ParsePublic(public.SPKI())
		require.NoError(t, err)
		require.Equal(t, public, again)
		parsed, err := keys.ParsePrivate(private.PKCS8())
		require.NoError(t, err)
		require.Equal(t, private.Raw(), parsed.Raw())
		require.Equal(t, private.Public(), parsed.Public())
		for _, a := range append(algorithms, 0, 5, 255) {
			_, err := keys.NewPublic(a, raw)
			if a >= keys.X25519 && a <= keys.Ed448 {
				require.Equal(t, len(raw) == a.PublicSize(), err == nil)
			} else {
				require.ErrorIs(t, err, keys.ErrAlgorithm)
			}
		}
	})
}

// FuzzParseFingerprint: what is a fingerprint has one text with '=', which is the same
// fingerprint, and differs from what was read in that '=' alone.
func FuzzParseFingerprint(f *testing.F) {
	for _, text := range seed.Spread(seed.Texts("certificate", "server_address", "links")) {
		f.Add(text)
	}
	f.Add(strings.Repeat("A", 20) + "\n" + strings.Repeat("A", 23))
	f.Add(strings.Repeat("A", 42) + "B") // with bits that nothing stands for
	f.Add(strings.Repeat("A", 43) + "==")
	f.Fuzz(func(t *testing.T, text string) {
		var print keys.Fingerprint
		var err error
		bound.Check(t, len(text), func() { print, err = keys.ParseFingerprint(text) })
		if err != nil {
			b, decodeErr := base64.URLEncoding.Strict().DecodeString(text)
			require.False(t, decodeErr == nil && len(b) == len(print) && !strings.ContainsAny(text, "\r\n"), "%q is one", text)
			return
		}
		require.Equal(t, strings.TrimSuffix(print.String(), "="), strings.TrimSuffix(text, "="))
		again, err := keys.ParseFingerprint(print.String())
		require.NoError(t, err)
		require.Equal(t, print, again)
	})
}
