package transport

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzOpenBlock(f *testing.F) {
	sealer, _, err := ServerBlocks(make([]byte, 32), []byte("session"))
	require.NoError(f, err)
	block, err := sealer.Seal(nil, []byte("content"))
	require.NoError(f, err)
	f.Add(block, true)
	f.Add(bytes.Repeat([]byte{0}, BlockSize), false)
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, block []byte, encrypted bool) {
		var opener BlockOpener
		if encrypted {
			_, opener, err = ClientBlocks(make([]byte, 32), []byte("session"))
			require.NoError(t, err)
		}
		content, err := opener.Open(block)
		if err == nil {
			require.LessOrEqual(t, len(content), MaxPlainContent)
			return
		}
		if len(block) == BlockSize {
			require.ErrorIs(t, err, ErrLargeMessage)
		} else {
			require.ErrorIs(t, err, ErrBlock)
		}
	})
}

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
