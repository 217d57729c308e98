package ratchet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/ratchet"
)

// chains are the ways in which a conversation is benchmarked.
var benchmarks = []struct {
	name   string
	setup  setup
	length int
}{
	{"noPQ", plainV3, ratchet.MessageLength},
	{"PQ", pqAgreed, ratchet.PQMessageLength},
}

// established are two ratchets after a message each way.
func established(b *testing.B, o setup) (x, y ratchet.State) {
	b.Helper()
	keys := source(1)
	x, y = o.pair(b, keys)
	for range 2 {
		message, next, err := x.Encrypt(nil, 100, ratchet.Options{})
		require.NoError(b, err)
		_, y, err = y.Decrypt(keys, message)
		require.NoError(b, err)
		x, y = y, next
	}
	return x, y
}

// BenchmarkEncrypt encrypts messages of the size that the agent uses: the first
// one after a ratchet step, or those after it in the chain. The step itself is
// made by the decryption before.
func BenchmarkEncrypt(b *testing.B) {
	for _, o := range benchmarks {
		stepped, _ := established(b, o.setup)
		_, later, err := stepped.Encrypt(nil, o.length, ratchet.Options{})
		require.NoError(b, err)
		for _, kind := range []struct {
			name  string
			state ratchet.State
		}{{"step", stepped}, {"chain", later}} {
			b.Run(o.name+"/"+kind.name, func(b *testing.B) {
				b.SetBytes(int64(o.length))
				b.ReportAllocs()
				for b.Loop() {
					_, _, err := kind.state.Encrypt(nil, o.length, ratchet.Options{})
					require.NoError(b, err)
				}
			})
		}
	}
}

// BenchmarkDecrypt decrypts a message of the size that the agent uses, with a
// ratchet step or within a chain.
func BenchmarkDecrypt(b *testing.B) {
	for _, o := range benchmarks {
		x, y := established(b, o.setup)
		keys := source(2)
		first, x, err := x.Encrypt(nil, o.length, ratchet.Options{})
		require.NoError(b, err)
		second, _, err := x.Encrypt(nil, o.length, ratchet.Options{})
		require.NoError(b, err)
		_, stepped, err := y.Decrypt(keys, first)
		require.NoError(b, err)
		for _, kind := range []struct {
			name    string
			state   ratchet.State
			message []byte
		}{{"step", y, first}, {"chain", stepped, second}} {
			b.Run(o.name+"/"+kind.name, func(b *testing.B) {
				b.SetBytes(int64(o.length))
				b.ReportAllocs()
				for b.Loop() {
					_, _, err := kind.state.Decrypt(keys, kind.message)
					require.NoError(b, err)
				}
			})
		}
	}
}
