package box

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

func TestBothSidesAgree(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{1})
	alice, err := keys.Generate(keys.X25519, random)
	require.NoError(t, err)
	bob, err := keys.Generate(keys.X25519, random)
	require.NoError(t, err)
	sealing, err := Agree(alice, bob.Public())
	require.NoError(t, err)
	opening, err := Agree(bob, alice.Public())
	require.NoError(t, err)
	nonce := Nonce{7}
	got, err := Open(nil, Seal(nil, []byte("message"), &nonce, &sealing), &nonce, &opening)
	require.NoError(t, err)
	require.Equal(t, "message", string(got))
}

func TestAuthenticatorDependsOnEverything(t *testing.T) {
	t.Parallel()
	key, nonce, text := Key{1}, Nonce{2}, []byte("authorized")
	auth := Authenticator(text, &nonce, &key)
	require.True(t, VerifyAuthenticator(auth[:], text, &nonce, &key))
	require.False(t, VerifyAuthenticator(auth[:], []byte("authorised"), &nonce, &key))
	require.False(t, VerifyAuthenticator(auth[:], text, &Nonce{3}, &key))
	require.False(t, VerifyAuthenticator(auth[:], text, &nonce, &Key{3}))
	require.False(t, VerifyAuthenticator(auth[:79], text, &nonce, &key))
	require.False(t, VerifyAuthenticator(nil, text, &nonce, &key))
}

func TestErrors(t *testing.T) {
	t.Parallel()
	_, err := NonceFrom(make([]byte, 23))
	require.ErrorIs(t, err, ErrNonceSize)
	_, err = DeriveKey(make([]byte, 31))
	require.ErrorIs(t, err, ErrSecretSize)
	_, err = SealPadded(nil, make([]byte, 9), 10, &Nonce{}, &Key{})
	require.ErrorIs(t, err, wire.ErrPadTooLong)
	_, err = Open(nil, make([]byte, Overhead-1), &Nonce{}, &Key{})
	require.ErrorIs(t, err, ErrOpen)
}

func TestReverse(t *testing.T) {
	t.Parallel()
	var n Nonce
	for i := range n {
		n[i] = byte(i)
	}
	r := n.Reverse()
	require.EqualValues(t, 23, r[0])
	require.EqualValues(t, 0, r[23])
	require.Equal(t, n, r.Reverse())
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	key, chain := Key{0xab}, ChainFrom([KeySize]byte{0xab})
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		require.NotContains(t, fmt.Sprintf(format, key), "171")
		require.NotContains(t, fmt.Sprintf(format, chain), "171")
		require.NotContains(t, fmt.Sprintf(format, key)+fmt.Sprintf(format, chain), "ab,")
	}
}

// A full block of SMP is the unit of work of a connection in each direction.
func BenchmarkSealBlock(b *testing.B) {
	key, nonce, msg := Key{1}, Nonce{2}, make([]byte, 16368)
	out := make([]byte, 0, 16384)
	b.SetBytes(16384)
	b.ReportAllocs()
	for b.Loop() {
		out = Seal(out[:0], msg, &nonce, &key)
	}
}

func BenchmarkOpenBlock(b *testing.B) {
	key, nonce := Key{1}, Nonce{2}
	sealed := Seal(nil, make([]byte, 16368), &nonce, &key)
	out := make([]byte, 0, 16384)
	b.SetBytes(16384)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if out, err = Open(out[:0], sealed, &nonce, &key); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAuthenticator(b *testing.B) {
	key, nonce, authorized := Key{1}, Nonce{2}, make([]byte, 16100)
	b.ReportAllocs()
	for b.Loop() {
		auth := Authenticator(authorized, &nonce, &key)
		if !VerifyAuthenticator(auth[:], authorized, &nonce, &key) {
			b.Fatal("authenticator does not verify")
		}
	}
}

func BenchmarkChainNext(b *testing.B) {
	chain := ChainFrom([KeySize]byte{1})
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := chain.NextKey(); err != nil {
			b.Fatal(err)
		}
	}
}
