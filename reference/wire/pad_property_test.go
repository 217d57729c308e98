package wire

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// paddedSizes are sizes of padded text, most of them those of the protocol and its limits.
var paddedSizes = rapid.OneOf(
	rapid.IntRange(2, 300),
	rapid.SampledFrom([]int{
		2, 3, 257, 258, 2008, 11106, 13618, 13784, 14832, 15840, 15904, 16000,
		16382, 16383, 16384, 16385, MaxPadded + 1, MaxPadded + 2, MaxPadded + 3, 70000,
	}),
)

// drawContent returns a content of n bytes.
func drawContent(t *rapid.T, n int) []byte {
	pattern := rapid.SliceOfN(rapid.Byte(), 1, 8).Draw(t, "content")
	return bytes.Repeat(pattern, n/len(pattern)+1)[:n]
}

// drawPadded returns a size, and a content that fits it.
func drawPadded(t *rapid.T) (content []byte, size int) {
	size = paddedSizes.Draw(t, "size")
	most := min(size-2, MaxPadded)
	n := rapid.OneOf(rapid.IntRange(max(0, most-3), most), rapid.IntRange(0, min(most, 3)), rapid.IntRange(0, most)).Draw(t, "length")
	return drawContent(t, n), size
}

// Whatever fits is read as it was, and the padded text has the length that was asked for.
func TestPropertyPadRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		content, size := drawPadded(t)
		padded, err := Pad(nil, content, size)
		require.NoError(t, err)
		require.Len(t, padded, size)
		back, err := Unpad(padded)
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, back))
	})
}

// Nothing but the content, its length and the padding byte is in padded text, also when the
// buffer held something else before; what stands around it there is left alone.
func TestPropertyPadLeavesNothingElse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		content, size := drawPadded(t)
		start := rapid.IntRange(0, 40).Draw(t, "start")
		room := rapid.SampledFrom([]int{-1, 0, 1, 40}).Draw(t, "room after it")
		old := byte(rapid.IntRange(1, 255).Draw(t, "earlier content"))
		buffer := bytes.Repeat([]byte{old}, start+max(0, size+room))
		given := bytes.Clone(content)

		padded, err := Pad(buffer[:start], content, size)
		require.NoError(t, err)
		require.Equal(t, given, bytes.Clone(content), "the content itself")
		require.Len(t, padded, start+size)
		require.Empty(t, bytes.Trim(padded[:start], string([]byte{old})), "before")
		padded = padded[start:]
		require.EqualValues(t, len(content), binary.BigEndian.Uint16(padded))
		require.True(t, bytes.Equal(content, padded[2:2+len(content)]))
		for _, b := range padded[2+len(content):] {
			if b != PadByte {
				require.Equal(t, PadByte, b)
			}
		}
		if room >= 0 {
			for _, b := range buffer[start+size:] {
				require.Equal(t, old, b, "after")
			}
		}
	})
}

// What does not fit is refused and never cut.
func TestPropertyPadRefusesWhatIsTooLong(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.OneOf(paddedSizes, rapid.IntRange(-3, 3), rapid.IntRange(MaxPadded, MaxPadded+5000)).Draw(t, "size")
		most := max(-1, min(size-2, MaxPadded))
		n := most + rapid.OneOf(rapid.IntRange(1, 3), rapid.Just(1), rapid.IntRange(1, 70000)).Draw(t, "more than fits")
		padded, err := Pad(nil, make([]byte, n), size)
		require.ErrorIs(t, err, ErrPadTooLong)
		require.Nil(t, padded)
	})
}

// Another length in front is refused if it points beyond the end, and otherwise gives
// exactly so many bytes. The padding does not matter.
func TestPropertyPadPrefixDecides(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		content, size := drawPadded(t)
		padded, err := Pad(nil, content, size)
		require.NoError(t, err)
		if fill := size - 2 - len(content); fill > 0 {
			padded[2+len(content)+rapid.IntRange(0, fill-1).Draw(t, "at")] = rapid.Byte().Draw(t, "other padding")
			back, err := Unpad(padded)
			require.NoError(t, err)
			require.True(t, bytes.Equal(content, back))
		}
		least, most := min(size-5, 65535-5), min(size+1, 65535)
		prefix := rapid.OneOf(
			rapid.IntRange(max(0, least), most), rapid.IntRange(0, 65535),
			rapid.IntRange(max(0, len(content)-1), min(len(content)+1, 65535)),
		)
		n := prefix.Draw(t, "other length")
		binary.BigEndian.PutUint16(padded, uint16(n))
		back, err := Unpad(padded)
		if n > size-2 {
			require.ErrorIs(t, err, ErrPadLength)
			require.Nil(t, back)
			return
		}
		require.NoError(t, err)
		require.True(t, bytes.Equal(padded[2:2+n], back))
		require.Equal(t, n, cap(back), "appending to it must not change the padding")
	})
}
