package keys

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
)

func TestSignedKey(t *testing.T) {
	t.Parallel()
	for _, signerAlg := range signingAlgorithms {
		signer, err := Generate(signerAlg, rand.Reader)
		require.NoError(t, err)
		stranger, err := Generate(signerAlg, rand.Reader)
		require.NoError(t, err)
		for alg := X25519; alg <= Ed448; alg++ {
			key, err := Generate(alg, rand.Reader)
			require.NoError(t, err)
			der, err := SignKey(key.Public(), signer)
			require.NoError(t, err)

			s, err := ParseSignedKey(der)
			require.NoError(t, err)
			got, err := s.PublicKey()
			require.NoError(t, err)
			require.Equal(t, key.Public(), got)
			require.NoError(t, s.Verify(signer.Public()))
			require.ErrorIs(t, s.Verify(stranger.Public()), ErrSignature)
			require.ErrorIs(t, s.Verify(key.Public()), ErrSignature)

			changed := bytes.Clone(der)
			changed[bytes.Index(changed, key.Public().Raw())] ^= 1
			s, err = ParseSignedKey(changed)
			require.NoError(t, err)
			require.ErrorIs(t, s.Verify(signer.Public()), ErrSignature)
		}
	}
	_, err := SignKey(PublicKey{}, PrivateKey{})
	require.ErrorIs(t, err, ErrSignedKey)
}

func TestSignatureCoversTheOuterSequence(t *testing.T) {
	t.Parallel()
	signer, err := Generate(Ed25519, rand.Reader)
	require.NoError(t, err)
	key := newTestKey(t)
	der, err := SignKey(key, signer)
	require.NoError(t, err)
	wrapped := append([]byte{0x30, byte(len(key.SPKI()))}, key.SPKI()...)
	require.True(t, bytes.HasPrefix(der[2:], wrapped))
	require.True(t, Verify(signer.Public(), wrapped, der[len(der)-64:]))
}

func TestParseSignedKeyRefusesOtherBytes(t *testing.T) {
	t.Parallel()
	signer, err := Generate(Ed25519, rand.Reader)
	require.NoError(t, err)
	der, err := SignKey(newTestKey(t), signer)
	require.NoError(t, err)
	for n := range der {
		if _, err := ParseSignedKey(der[:n]); !errors.Is(err, ErrSignedKey) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	unwrapped, err := signObject(newTestKey(t).SPKI(), signer)
	require.NoError(t, err)
	for name, b := range map[string][]byte{
		"trailing byte":        append(bytes.Clone(der), 0),
		"key without SEQUENCE": unwrapped,
		"key alone":            newTestKey(t).SPKI(),
	} {
		_, err := ParseSignedKey(b)
		require.ErrorIs(t, err, ErrSignedKey, name)
	}
}

func TestOfficialSignedKeys(t *testing.T) {
	t.Parallel()
	f, err := vectors.Load("handshake")
	require.NoError(t, err)
	found := 0
	for _, test := range f.All() {
		var in struct {
			Key  vectors.Key   `json:"server_key"`
			Leaf vectors.Hex   `json:"server_leaf_private_der"`
			DER  []vectors.Hex `json:"server_cert_chain"`
		}
		require.NoError(t, jsonLoose(test.Inputs, &in))
		var out struct {
			Hello vectors.Hex `json:"server_hello"`
		}
		require.NoError(t, jsonLoose(test.Output, &out))
		signer, err := ParsePrivate(in.Leaf)
		require.NoError(t, err, test.ID)
		key, err := ParsePublic(in.Key.PublicDER)
		require.NoError(t, err, test.ID)
		der, err := SignKey(key, signer)
		require.NoError(t, err, test.ID)
		leaf, err := CertificatePublicKey(in.DER[0])
		require.NoError(t, err, test.ID)
		require.Equal(t, signer.Public(), leaf, test.ID)
		if len(out.Hello) > 100 { // with a key
			require.True(t, bytes.HasSuffix(out.Hello, der), test.ID)
			found++
		}
	}
	require.GreaterOrEqual(t, found, 35)
}

// jsonLoose decodes some of the fields of a value.
func jsonLoose(v vectors.Value, into any) error {
	if v.IsNull() {
		return nil
	}
	return json.Unmarshal(v, into)
}
