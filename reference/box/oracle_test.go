package box_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// The tests of this file and of oracle_layers_test.go run the records of the
// official implementation that boxes answer, in both directions. Each group is
// walked whole, and what another package has to answer is counted.

// tests returns the tests of a group, at least want of them.
func tests(t *testing.T, file, group string, want int) []vectors.Test {
	t.Helper()
	f, err := vectors.Load(file)
	require.NoError(t, err)
	g, ok := f.Group(group)
	require.True(t, ok, "%s has no group %s", file, group)
	require.GreaterOrEqual(t, len(g.Tests), want)
	return g.Tests
}

// decode decodes inputs and output of a test; a nil pointer leaves one out.
func decode(t *testing.T, test vectors.Test, in, out any) {
	t.Helper()
	if in != nil {
		require.NoError(t, test.Inputs.Decode(in), test.ID)
	}
	if out != nil {
		require.NoError(t, test.Output.Decode(out), test.ID)
	}
}

// agree returns the box key of two pairs, after checking that both sides get it
// and that it comes from the given secret.
func agree(t *testing.T, a, b vectors.Key, secret vectors.Hex, id string) *box.Key {
	t.Helper()
	fromSecret, err := box.DeriveKey(secret)
	require.NoError(t, err, id)
	for _, side := range [][2]vectors.Key{{a, b}, {b, a}} {
		priv, err := keys.ParsePrivate(side[0].PrivateDER)
		require.NoError(t, err, id)
		pub, err := keys.ParsePublic(side[1].PublicDER)
		require.NoError(t, err, id)
		raw, err := priv.DH(pub)
		require.NoError(t, err, id)
		require.Equal(t, []byte(secret), raw, id)
		key, err := box.Agree(priv, pub)
		require.NoError(t, err, id)
		require.Equal(t, fromSecret, key, id)
	}
	return &fromSecret
}

func nonceOf(t *testing.T, b []byte, id string) *box.Nonce {
	t.Helper()
	n, err := box.NonceFrom(b)
	require.NoError(t, err, id)
	return &n
}

// written returns what the fields give.
func written(t *testing.T, fields func(w *wire.Writer)) []byte {
	t.Helper()
	w := wire.NewWriter(nil)
	fields(w)
	b, err := w.Bytes()
	require.NoError(t, err)
	return b
}

// requireSealed checks a padded box in both directions.
func requireSealed(t *testing.T, want, content []byte, n int, nonce *box.Nonce, key *box.Key, id string) {
	t.Helper()
	sealed, err := box.SealPadded(nil, content, n, nonce, key)
	require.NoError(t, err, id)
	require.True(t, bytes.Equal(want, sealed), "%s: sealed differs", id)
	opened, err := box.OpenPadded(want, nonce, key)
	require.NoError(t, err, id)
	require.True(t, bytes.Equal(content, opened), "%s: opened differs", id)
}

func TestOracleAuthenticators(t *testing.T) {
	t.Parallel()
	for _, test := range tests(t, "misc", "authenticator", 3) {
		var in struct {
			Message, Nonce vectors.Hex
			Private        vectors.Key
			OtherPublic    vectors.Hex `json:"other_public"`
		}
		var out vectors.Hex
		decode(t, test, &in, &out)
		priv, err := keys.ParsePrivate(in.Private.PrivateDER)
		require.NoError(t, err, test.ID)
		other, err := keys.ParsePublic(in.OtherPublic)
		require.NoError(t, err, test.ID)
		key, err := box.Agree(priv, other)
		require.NoError(t, err, test.ID)
		nonce := nonceOf(t, in.Nonce, test.ID)
		got := box.Authenticator(in.Message, nonce, &key)
		require.Equal(t, []byte(out), got[:], test.ID)

		require.True(t, box.VerifyAuthenticator(out, in.Message, nonce, &key), test.ID)
		require.False(t, box.VerifyAuthenticator(out, append(bytes.Clone(in.Message), 0), nonce, &key), test.ID)
		require.False(t, box.VerifyAuthenticator(out[1:], in.Message, nonce, &key), test.ID)
		otherNonce := nonce.Reverse()
		require.False(t, box.VerifyAuthenticator(out, in.Message, &otherNonce, &key), test.ID)
	}
}

// The hashes are those of the standard library; the records show that they are
// the ones meant.
func TestOracleHashes(t *testing.T) {
	t.Parallel()
	for _, test := range tests(t, "misc", "hash", 3) {
		var in struct{ Message vectors.Hex }
		var out struct {
			SHA256  vectors.Hex
			SHA512  vectors.Hex
			SHA3256 vectors.Hex `json:"sha3_256"`
			SHA3384 vectors.Hex `json:"sha3_384"`
		}
		decode(t, test, &in, &out)
		s256, s512 := sha256.Sum256(in.Message), sha512.Sum512(in.Message)
		s3256, s3384 := sha3.Sum256(in.Message), sha3.Sum384(in.Message)
		require.Equal(t, []byte(out.SHA256), s256[:], test.ID)
		require.Equal(t, []byte(out.SHA512), s512[:], test.ID)
		require.Equal(t, []byte(out.SHA3256), s3256[:], test.ID)
		require.Equal(t, []byte(out.SHA3384), s3384[:], test.ID)
	}
}

func TestOracleSenderIDs(t *testing.T) {
	t.Parallel()
	for _, test := range tests(t, "message_layers", "sender_id", 3) {
		var in struct {
			CorrelationID vectors.Hex `json:"correlation_id"`
		}
		var out vectors.Hex
		decode(t, test, &in, &out)
		hash := sha3.Sum384(in.CorrelationID)
		require.Equal(t, []byte(out), hash[:24], test.ID)
	}
}

func TestOracleChains(t *testing.T) {
	t.Parallel()
	for _, test := range tests(t, "blocks", "chain", 12) {
		var in struct {
			ClientSessionKey vectors.Key `json:"client_session_key"`
			ServerSessionKey vectors.Key `json:"server_session_key"`
			DHSecret         vectors.Hex `json:"dh_secret"`
			SessionID        vectors.Hex `json:"session_id"`
			InitialChainKey  vectors.Hex `json:"initial_chain_key"`
			Step             int
		}
		var out struct {
			NextChainKey vectors.Hex `json:"next_chain_key"`
			SecretboxKey vectors.Hex `json:"secretbox_key"`
			Nonce        vectors.Hex
		}
		decode(t, test, &in, &out)
		agree(t, in.ClientSessionKey, in.ServerSessionKey, in.DHSecret, test.ID)
		chain, second, err := box.NewChains(in.DHSecret, in.SessionID)
		require.NoError(t, err, test.ID)
		if bytes.HasPrefix([]byte(test.ID), []byte("chain/second key/")) {
			chain = second
		}
		require.Equal(t, [32]byte(in.InitialChainKey), chain.Key(), test.ID)
		require.Equal(t, chain, box.ChainFrom([32]byte(in.InitialChainKey)), test.ID)
		for range in.Step {
			_, _, err := chain.Next()
			require.NoError(t, err, test.ID)
		}
		ready := chain
		secret, nonce, err := chain.Next()
		require.NoError(t, err, test.ID)
		require.Equal(t, [32]byte(out.SecretboxKey), secret, test.ID)
		require.Equal(t, box.Nonce(out.Nonce), nonce, test.ID)
		require.Equal(t, [32]byte(out.NextChainKey), chain.Key(), test.ID)

		derived, err := box.DeriveKey(secret[:])
		require.NoError(t, err, test.ID)
		key, sameNonce, err := ready.NextKey()
		require.NoError(t, err, test.ID)
		require.Equal(t, derived, key, test.ID)
		require.Equal(t, nonce, sameNonce, test.ID)
	}
}

// blockContent is the room of an encrypted block before padding.
const blockContent = 16384 - box.Overhead

// The records are consecutive blocks of one connection. Number 4 is not among
// them; the relay sent it, so its chain takes one step more.
func TestOracleEncryptedBlocks(t *testing.T) {
	t.Parallel()
	const missing, missingSender = 4, "server"
	next := 0
	var chains map[string]*box.Chain
	for _, test := range tests(t, "blocks", "encrypted", 6) {
		var in struct {
			Content   vectors.Hex
			DHSecret  vectors.Hex `json:"dh_secret"`
			SessionID vectors.Hex `json:"session_id"`
			Order     int
			Sender    string
		}
		var out vectors.Hex
		decode(t, test, &in, &out)
		if chains == nil {
			server, client, err := box.NewChains(in.DHSecret, in.SessionID)
			require.NoError(t, err)
			chains = map[string]*box.Chain{"server": &server, "client": &client}
		}
		if next == missing {
			_, _, err := chains[missingSender].NextKey()
			require.NoError(t, err)
			next++
		}
		require.Equal(t, next, in.Order, test.ID)
		next++
		key, nonce, err := chains[in.Sender].NextKey()
		require.NoError(t, err, test.ID)
		if test.Invalid() { // the chain has advanced all the same
			_, err := box.SealPadded(nil, in.Content, blockContent, &nonce, &key)
			require.ErrorIs(t, err, wire.ErrPadTooLong, test.ID)
			continue
		}
		requireSealed(t, out, in.Content, blockContent, &nonce, &key, test.ID)
	}
	require.GreaterOrEqual(t, next, 7)
}

// The blocks of the group that are not encrypted are run by package wire.
func TestOracleDecodeEncryptedBlocks(t *testing.T) {
	t.Parallel()
	ran := map[bool]int{}
	for _, test := range tests(t, "blocks", "decode", 7) {
		var in struct {
			DHSecret  vectors.Hex `json:"dh_secret"`
			SessionID vectors.Hex `json:"session_id"`
			Encrypted bool
			Raw       vectors.Hex
		}
		decode(t, test, &in, nil)
		ran[in.Encrypted]++
		if !in.Encrypted {
			continue
		}
		first, _, err := box.NewChains(in.DHSecret, in.SessionID)
		require.NoError(t, err, test.ID)
		key, nonce, err := first.NextKey()
		require.NoError(t, err, test.ID)
		got, err := box.OpenPadded(in.Raw, &nonce, &key)
		if test.Invalid() {
			require.ErrorIs(t, err, box.ErrOpen, test.ID)
			continue
		}
		require.NoError(t, err, test.ID)
		var out vectors.Hex
		decode(t, test, nil, &out)
		require.Equal(t, []byte(out), got, test.ID)
		requireSealed(t, in.Raw, out, blockContent, &nonce, &key, test.ID)
	}
	requireAtLeast(t, map[bool]int{true: 3, false: 4}, ran)
}

// sharedKey returns the box key of two pairs, which is the same for both.
func sharedKey(t *testing.T, a, b vectors.Key, id string) *box.Key {
	t.Helper()
	priv, err := keys.ParsePrivate(a.PrivateDER)
	require.NoError(t, err, id)
	pub, err := keys.ParsePublic(b.PublicDER)
	require.NoError(t, err, id)
	secret, err := priv.DH(pub)
	require.NoError(t, err, id)
	return agree(t, a, b, secret, id)
}

// requireAtLeast fails unless every kind of test ran at least as often as it
// must; vector files may grow.
func requireAtLeast[K comparable](t *testing.T, want, ran map[K]int) {
	t.Helper()
	for kind, n := range want {
		require.GreaterOrEqual(t, ran[kind], n, "%v", kind)
	}
}
