package keys_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/vectors"
)

// The tests of this file run the records of the official implementation that
// this package answers, and every key pair of all vector files.

// tests returns the tests of a group of the file misc, at least want of them.
func tests(t *testing.T, group string, want int) []vectors.Test {
	t.Helper()
	f, err := vectors.Load("misc")
	require.NoError(t, err)
	g, ok := f.Group(group)
	require.True(t, ok, "no group %s", group)
	require.GreaterOrEqual(t, len(g.Tests), want)
	return g.Tests
}

// keyUses are the uses that the source distinguishes.
var keyUses = map[string]func(keys.Algorithm) bool{
	"any":    func(keys.Algorithm) bool { return true },
	"auth":   func(a keys.Algorithm) bool { return a.CanSign() || a == keys.X25519 },
	"dh":     keys.Algorithm.CanAgree,
	"verify": keys.Algorithm.CanSign,
	"x25519": func(a keys.Algorithm) bool { return a == keys.X25519 },
}

func TestOraclePublicKeys(t *testing.T) {
	t.Parallel()
	for _, test := range tests(t, "key", 8) {
		var in struct{ DER vectors.Hex }
		var out map[string]*string
		require.NoError(t, test.Inputs.Decode(&in))
		require.NoError(t, test.Output.Decode(&out))
		require.Len(t, out, len(keyUses), test.ID)
		key, err := keys.ParsePublic(in.DER)
		if test.Invalid() {
			require.ErrorIs(t, err, keys.ErrEncoding, test.ID)
			require.True(t, key.IsZero(), test.ID)
			continue
		}
		require.NoError(t, err, test.ID)
		for use, allowed := range keyUses {
			want := out[use]
			require.Equal(t, want != nil, allowed(key.Algorithm()), "%s for %s", test.ID, use)
			if want != nil {
				require.Equal(t, *want, vectors.Hex(key.SPKI()).String(), "%s for %s", test.ID, use)
			}
		}
		again, err := keys.NewPublic(key.Algorithm(), key.Raw())
		require.NoError(t, err, test.ID)
		require.Equal(t, key, again, test.ID)
	}
}

func TestOraclePrivateKeys(t *testing.T) {
	t.Parallel()
	for _, test := range tests(t, "key pair", 3) {
		var in struct {
			PrivateDER vectors.Hex `json:"private_der"`
		}
		var out vectors.Hex
		require.NoError(t, test.Inputs.Decode(&in))
		require.NoError(t, test.Output.Decode(&out))
		key, err := keys.ParsePrivate(in.PrivateDER)
		require.NoError(t, err, test.ID)
		require.Equal(t, []byte(out), key.Public().SPKI(), test.ID)
		require.Equal(t, []byte(in.PrivateDER), key.PKCS8(), test.ID)
	}
}

// private decodes a key pair and checks that its halves belong together.
func private(t *testing.T, pair vectors.Key, id string) keys.PrivateKey {
	t.Helper()
	key, err := keys.ParsePrivate(pair.PrivateDER)
	require.NoError(t, err, id)
	require.Equal(t, []byte(pair.PrivateDER), key.PKCS8(), id)
	require.Equal(t, []byte(pair.PublicDER), key.Public().SPKI(), id)
	require.Equal(t, []byte(pair.PublicRaw), key.Public().Raw(), id)
	pub, err := keys.ParsePublic(pair.PublicDER)
	require.NoError(t, err, id)
	require.Equal(t, key.Public(), pub, id)
	return key
}

func TestOracleSharedSecrets(t *testing.T) {
	t.Parallel()
	for _, test := range tests(t, "dh", 6) {
		var in struct {
			Private     vectors.Key
			OtherPublic vectors.Hex `json:"other_public"`
		}
		var out vectors.Hex
		require.NoError(t, test.Inputs.Decode(&in))
		require.NoError(t, test.Output.Decode(&out))
		other, err := keys.ParsePublic(in.OtherPublic)
		require.NoError(t, err, test.ID)
		got, err := private(t, in.Private, test.ID).DH(other)
		require.NoError(t, err, test.ID)
		require.Equal(t, []byte(out), got, test.ID)
	}
}

func TestOracleSignatures(t *testing.T) {
	t.Parallel()
	for _, test := range tests(t, "sign", 5) {
		var in struct {
			Private vectors.Key
			Message vectors.Hex
		}
		var out vectors.Hex
		require.NoError(t, test.Inputs.Decode(&in))
		require.NoError(t, test.Output.Decode(&out))
		key := private(t, in.Private, test.ID)
		got, err := key.Sign(in.Message)
		require.NoError(t, err, test.ID)
		require.Equal(t, []byte(out), got, test.ID)
		require.Len(t, got, key.Algorithm().SignatureSize(), test.ID)

		require.True(t, keys.Verify(key.Public(), in.Message, out), test.ID)
		require.False(t, keys.Verify(key.Public(), append(bytes.Clone(in.Message), 0), out), test.ID)
		changed := bytes.Clone(out)
		changed[0] ^= 1
		require.False(t, keys.Verify(key.Public(), in.Message, changed), test.ID)
		require.False(t, keys.Verify(key.Public(), in.Message, out[1:]), test.ID)
	}
}

// Every key pair in any file is one that we read and write as it stands.
func TestOracleAllKeyPairs(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, name := range vectors.Names() {
		f, err := vectors.Load(name)
		require.NoError(t, err)
		for _, test := range f.All() {
			var inputs map[string]any
			require.NoError(t, test.Inputs.Decode(&inputs))
			for _, pair := range pairs(inputs) {
				der := pair["private_der"].(string)
				if seen[der] {
					continue
				}
				seen[der] = true
				private(t, vectors.Key{
					PrivateDER: unhex(t, der),
					PublicDER:  unhex(t, pair["public_der"].(string)),
					PublicRaw:  unhex(t, pair["public_raw"].(string)),
				}, test.ID)
			}
		}
	}
	require.GreaterOrEqual(t, len(seen), 25)
}

// pairs lists the key pairs within a decoded JSON object.
func pairs(o map[string]any) []map[string]any {
	if _, ok := o["public_raw"]; ok {
		return []map[string]any{o}
	}
	var list []map[string]any
	for _, v := range o {
		if inner, ok := v.(map[string]any); ok {
			list = append(list, pairs(inner)...)
		}
	}
	return list
}

func unhex(t *testing.T, text string) vectors.Hex {
	t.Helper()
	var h vectors.Hex
	require.NoError(t, h.UnmarshalText([]byte(text)))
	return h
}
