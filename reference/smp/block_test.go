package smp_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

func TestBlocksThatDoNotEncode(t *testing.T) {
	_, err := smp.EncodeBlock()
	require.ErrorIs(t, err, smp.ErrBlockEmpty)
	_, err = smp.EncodeBlock(make([][]byte, 256)...)
	require.ErrorIs(t, err, smp.ErrBlockFull)
	_, err = smp.EncodeBlock(make([]byte, 65536))
	require.ErrorIs(t, err, smp.ErrBlockFull)
	require.ErrorIs(t, err, wire.ErrTooLong)
	_, err = (&smp.Transmission{Command: make([]byte, 65533)}).AppendBlock(nil, 20)
	require.ErrorIs(t, err, smp.ErrBlockFull)
	_, err = (&smp.Transmission{EntityID: make([]byte, 256)}).AppendBlock(nil, 20)
	require.ErrorIs(t, err, wire.ErrTooLong)
	content, err := smp.EncodeBlock(make([][]byte, 255)...)
	require.NoError(t, err)
	items, err := smp.DecodeBlock(content)
	require.NoError(t, err)
	require.Len(t, items, 255)
}

func TestMalformedBlocks(t *testing.T) {
	for content, want := range map[string]error{
		"":                     wire.ErrTruncated,
		"\x00":                 smp.ErrBlockEmpty,
		"\x00\x00\x01a":        smp.ErrBlockEmpty,
		"\x01":                 wire.ErrTruncated,
		"\x01\x00":             wire.ErrTruncated,
		"\x01\x00\x02a":        wire.ErrTruncated,
		"\x01\x00\x01ab":       wire.ErrTrailing,
		"\x02\x00\x01a":        wire.ErrTruncated,
		"\xff\x00\x00\x00\x00": wire.ErrTruncated,
	} {
		_, err := smp.DecodeBlock([]byte(content))
		require.ErrorIsf(t, err, want, "%q", content)
		require.ErrorIsf(t, err, smp.ErrBlock, "%q", content)
	}
}

func TestPropertyBatchKeepsOrderAndLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.OneOf(rapid.IntRange(1, 400), rapid.IntRange(511, 1500)).Draw(t, "limit")
		largest := rapid.SampledFrom([]int{0, 2, 120}).Draw(t, "largest")
		sizes := rapid.SliceOfN(rapid.IntRange(0, largest), 0, 600).Draw(t, "sizes")
		if more := rapid.SampledFrom([]int{0, 254, 255, 256, 511}).Draw(t, "empty ones"); more > 0 {
			sizes = append(sizes, make([]int, more)...)
		}
		var items [][]byte
		for i, n := range sizes {
			items = append(items, bytes.Repeat([]byte{byte(i)}, n))
		}
		next := 0
		blocks := smp.Batch(items, limit)
		for i, b := range blocks {
			require.Equal(t, next, b.First)
			next += b.Count
			if b.Err != nil {
				require.ErrorIs(t, b.Err, smp.ErrLargeMsg)
				require.Equal(t, 1, b.Count)
				require.Greater(t, 3+len(items[b.First]), limit)
				continue
			}
			require.LessOrEqual(t, len(b.Content), limit)
			got, err := smp.DecodeBlock(b.Content)
			require.NoError(t, err)
			for j, item := range got {
				require.True(t, bytes.Equal(items[b.First+j], item))
			}
			if i > 0 && blocks[i-1].Err == nil { // the last item before did not fit here
				last := items[b.First-1]
				require.True(t, b.Count == smp.MaxTransmissions || len(b.Content)+2+len(last) > limit)
			}
		}
		require.Equal(t, len(items), next)
	})
}

func TestBatchesThatTheNotesName(t *testing.T) {
	count := func(n, size int) (counts []int) {
		items := make([][]byte, n)
		for i := range items {
			items[i] = make([]byte, size)
		}
		for _, b := range smp.Batch(items, smp.EncryptedContent) {
			counts = append(counts, b.Count)
		}
		return counts
	}
	require.Equal(t, []int{45, 255}, count(300, 10), "limited by number")
	require.Equal(t, []int{65, 135}, count(200, 119), "SUB with Ed25519 signature at version 18")
	require.Empty(t, count(0, 0))
}
