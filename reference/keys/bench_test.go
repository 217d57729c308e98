package keys_test

import (
	"crypto/ecdh"
	"math/rand/v2"
	"testing"

	"github.com/cloudflare/circl/dh/x25519"
	"github.com/cloudflare/circl/dh/x448"
	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
)

// BenchmarkDH is one key agreement.
func BenchmarkDH(b *testing.B) {
	for _, algorithm := range []keys.Algorithm{keys.X25519, keys.X448} {
		b.Run(algorithm.String(), func(b *testing.B) {
			random := rand.NewChaCha8([32]byte{})
			own, err := keys.Generate(algorithm, random)
			require.NoError(b, err)
			peer, err := keys.Generate(algorithm, random)
			require.NoError(b, err)
			public := peer.Public()
			b.ReportAllocs()
			for b.Loop() {
				_, err := own.DH(public)
				require.NoError(b, err)
			}
		})
	}
}

// BenchmarkGenerate makes one key pair.
func BenchmarkGenerate(b *testing.B) {
	for _, algorithm := range []keys.Algorithm{keys.X25519, keys.X448} {
		b.Run(algorithm.String(), func(b *testing.B) {
			random := rand.NewChaCha8([32]byte{})
			b.ReportAllocs()
			for b.Loop() {
				_, err := keys.Generate(algorithm, random)
				require.NoError(b, err)
			}
		})
	}
}

// BenchmarkX25519 is the agreement of crypto/ecdh, to compare with.
func BenchmarkX25519(b *testing.B) {
	random := rand.NewChaCha8([32]byte{})
	own, err := ecdh.X25519().GenerateKey(random)
	require.NoError(b, err)
	peer, err := ecdh.X25519().GenerateKey(random)
	require.NoError(b, err)
	for b.Loop() {
		_, err := own.ECDH(peer.PublicKey())
		require.NoError(b, err)
	}
}

// BenchmarkCirclX25519 is the agreement of circl alone, which keys uses.
func BenchmarkCirclX25519(b *testing.B) {
	random := rand.NewChaCha8([32]byte{})
	var secret, own, other, public x25519.Key
	for _, k := range []*x25519.Key{&own, &other} {
		_, err := random.Read(k[:])
		require.NoError(b, err)
	}
	x25519.KeyGen(&public, &other)
	for b.Loop() {
		require.True(b, x25519.Shared(&secret, &own, &public))
	}
}

// BenchmarkX448 is the agreement of circl alone.
func BenchmarkX448(b *testing.B) {
	random := rand.NewChaCha8([32]byte{})
	var secret, own, other, public x448.Key
	for _, k := range []*x448.Key{&own, &other} {
		_, err := random.Read(k[:])
		require.NoError(b, err)
	}
	x448.KeyGen(&public, &other)
	for b.Loop() {
		require.True(b, x448.Shared(&secret, &own, &public))
	}
}
