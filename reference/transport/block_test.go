package transport

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func BenchmarkBlockSeal(b *testing.B) {
	sealer, _, err := ServerBlocks(make([]byte, 32), []byte("session"))
	require.NoError(b, err)
	content := make([]byte, MaxEncryptedContent)
	buf := make([]byte, 0, BlockSize)
	b.SetBytes(BlockSize)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sealer.Seal(buf, content); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBlockOpen(b *testing.B) {
	sealer, _, err := ServerBlocks(make([]byte, 32), []byte("session"))
	require.NoError(b, err)
	block, err := sealer.Seal(nil, make([]byte, MaxEncryptedContent))
	require.NoError(b, err)
	_, opener, err := ClientBlocks(make([]byte, 32), []byte("session"))
	require.NoError(b, err)
	start := *opener.chain // the same block again and again
	b.SetBytes(BlockSize)
	b.ReportAllocs()
	for b.Loop() {
		chain := start
		opener.chain = &chain
		if _, err := opener.Open(block); err != nil {
			b.Fatal(err)
		}
	}
}
