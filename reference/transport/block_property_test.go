package transport

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/smp"
)

// drawBlocks returns what two sides seal and open blocks with, encrypted or not: the server's
// sealer with the client's opener, and the client's with the server's.
func drawBlocks(t *rapid.T, encrypted bool) (sealers [2]BlockSealer, openers [2]BlockOpener) {
	if !encrypted {
		return sealers, openers
	}
	secret := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "secret")
	session := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "session")
	var err error
	sealers[0], openers[1], err = ServerBlocks(secret, session)
	require.NoError(t, err)
	sealers[1], openers[0], err = ClientBlocks(secret, session)
	require.NoError(t, err)
	return sealers, openers
}

// drawBlockContent returns a content of up to two bytes more than fit.
func drawBlockContent(t *rapid.T, most int) []byte {
	n := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(most-3, most+2), rapid.IntRange(0, most)).Draw(t, "length")
	return bytes.Repeat([]byte{rapid.Byte().Draw(t, "content")}, n)
}

// Contents arrive as they were sent, in both directions, in blocks of one size. A content
// that is too long is refused, and the blocks after it arrive.
func TestPropertyBlocksRoundTripInUniformSize(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sealers, openers := drawBlocks(t, rapid.Bool().Draw(t, "encrypted"))
		for range rapid.IntRange(1, 6).Draw(t, "blocks") {
			way := rapid.IntRange(0, 1).Draw(t, "direction")
			content := drawBlockContent(t, sealers[way].MaxContent())
			block, err := sealers[way].Seal(nil, content)
			if len(content) > sealers[way].MaxContent() {
				require.ErrorIs(t, err, ErrLargeMessage)
				require.Empty(t, block)
				continue
			}
			require.NoError(t, err)
			require.Len(t, block, BlockSize)
			got, err := openers[way].Open(block)
			require.NoError(t, err)
			require.True(t, bytes.Equal(content, got))
		}
	})
}

// An encrypted block opens in its place alone: not when a bit of it was changed, not before
// or after its turn, not in the other direction, not in another session.
func TestPropertyEncryptedBlocksOpenInTheirPlaceAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sealers, openers := drawBlocks(t, true)
		way := rapid.IntRange(0, 1).Draw(t, "direction")
		var blocks [][]byte
		for i := range rapid.IntRange(2, 4).Draw(t, "blocks") {
			block, err := sealers[way].Seal(nil, []byte{byte(i)})
			require.NoError(t, err)
			blocks = append(blocks, block)
		}
		turn := rapid.IntRange(0, len(blocks)-1).Draw(t, "turn")
		for i := range turn {
			content, err := openers[way].Open(blocks[i])
			require.NoError(t, err)
			require.Equal(t, []byte{byte(i)}, content)
		}
		opener, block := openers[way], bytes.Clone(blocks[turn])
		switch rapid.SampledFrom([]string{"changed", "out of turn", "direction", "session"}).Draw(t, "what") {
		case "changed":
			block[rapid.IntRange(0, BlockSize-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		case "out of turn":
			block = blocks[(turn+rapid.IntRange(1, len(blocks)-1).Draw(t, "distance"))%len(blocks)]
		case "direction":
			opener = openers[1-way]
		case "session":
			_, others := drawBlocks(t, true)
			if *others[way].chain == *opener.chain {
				return
			}
			opener = others[way]
		}
		content, err := opener.Open(block)
		require.ErrorIs(t, err, ErrLargeMessage)
		require.Nil(t, content)
	})
}

// A list of transmissions becomes blocks of one size, whatever their number and sizes, and
// what fits into a block arrives complete and in order.
func TestPropertyBatchesBecomeBlocks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sealers, openers := drawBlocks(t, rapid.Bool().Draw(t, "encrypted"))
		limit := smp.EncryptedContent
		size := rapid.OneOf(rapid.IntRange(0, 200), rapid.IntRange(limit/2-3, limit/2), rapid.IntRange(limit-5, limit))
		var items, arrived [][]byte
		for i, n := range rapid.SliceOfN(size, 0, 8).Draw(t, "sizes") {
			for range rapid.SampledFrom([]int{1, 1, 2, 300}).Draw(t, "repeated") {
				items = append(items, bytes.Repeat([]byte{byte(i)}, n))
				if n > 200 {
					break
				}
			}
		}
		if rapid.Bool().Draw(t, "two that nearly fill a block") {
			first := rapid.IntRange(0, limit-10).Draw(t, "first of them")
			second := limit - 1 - 2 - first - 2 + rapid.IntRange(-1, 1).Draw(t, "too many")
			items = append(items, make([]byte, first), make([]byte, second))
		}
		refused := 0
		for _, batched := range smp.Batch(items, limit) {
			if batched.Err != nil {
				require.Greater(t, 1+2+len(items[batched.First]), limit)
				refused++
				continue
			}
			block, err := sealers[0].Seal(nil, batched.Content)
			require.NoError(t, err)
			require.Len(t, block, BlockSize)
			content, err := openers[0].Open(block)
			require.NoError(t, err)
			got, err := smp.DecodeBlock(content)
			require.NoError(t, err)
			require.Equal(t, len(arrived)+refused, batched.First)
			for i, item := range got {
				require.True(t, bytes.Equal(items[batched.First+i], item))
			}
			arrived = append(arrived, got...)
		}
		require.Len(t, items, len(arrived)+refused)
	})
}
