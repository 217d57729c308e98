package chat

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
)

// frameOf returns a zstd frame of content as an encoder with these options makes it.
func frameOf(f *testing.F, content []byte, options ...zstd.EOption) []byte {
	f.Helper()
	enc, err := zstd.NewWriter(nil, append(options, zstd.WithEncoderConcurrency(1))...)
	require.NoError(f, err)
	defer enc.Close()
	return enc.EncodeAll(content, nil)
}

// FuzzDecodeFrame: no frame takes more memory than the largest body needs, whatever window
// and size it states, and what it gives is what a decoder without limits gives.
func FuzzDecodeFrame(f *testing.F) {
	text := bytes.Repeat([]byte("hello, "), 400)
	f.Add(frameOf(f, text, zstd.WithSingleSegment(true), zstd.WithEncoderCRC(false)), uint16(3000))
	f.Add(frameOf(f, text, zstd.WithWindowSize(8<<20)), uint16(3000))
	f.Add(frameOf(f, make([]byte, 1<<20), zstd.WithSingleSegment(true)), uint16(65535))
	f.Add(append(frameOf(f, text), frameOf(f, text)...), uint16(65535))
	f.Add(frameOf(f, nil), uint16(1))
	// A magic number, a descriptor with a window byte, a window of 2 GB, 1 byte stated.
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x40, 0xa8, 1, 0, 3, 0, 0, 'a'}, uint16(9))
	// A frame that is skipped, of 4 GB.
	f.Add(binary.LittleEndian.AppendUint32([]byte{0x50, 0x2a, 0x4d, 0x18}, 0xffffffff), uint16(9))
	_, err := decodeFrame(frameOf(f, text), MaxDecompressed) // makes the decoder
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, frame []byte, limit uint16) {
		var content []byte
		var err error
		bound.Memory(t, bound.Base+bound.PerByte*len(frame)+4*MaxDecompressed, func() { content, err = decodeFrame(frame, int(limit)) })
		if err != nil {
			if !errors.Is(err, ErrCompressed) && !errors.Is(err, ErrTooLarge) {
				t.Fatalf("no error of the package: %v", err)
			}
			require.Nil(t, content)
			return
		}
		require.NotEmpty(t, content)
		require.LessOrEqual(t, len(content), int(limit))
		whole, err := zstd.NewReader(bytes.NewReader(frame), zstd.WithDecoderConcurrency(1))
		require.NoError(t, err)
		defer whole.Close()
		want, err := io.ReadAll(whole)
		require.NoError(t, err)
		require.Equal(t, want, content)
	})
}

// FuzzCompress: every body comes back from its compressed form, which states its size and fits
// where it is said to, and only one that is too long is refused.
func FuzzCompress(f *testing.F) {
	f.Add([]byte(`{"event":"x.ok","params":{}}`), uint16(9), uint16(100))
	f.Add([]byte{0}, uint16(40000), uint16(2))
	f.Fuzz(func(t *testing.T, pattern []byte, count, room uint16) {
		if len(pattern) == 0 {
			return
		}
		body := bytes.Repeat(pattern, min(1+int(count), 2*MaxDecompressed/len(pattern)+1))
		small, err := Compress(body, int(room))
		if err != nil {
			require.ErrorIs(t, err, ErrTooLarge)
			return
		}
		require.LessOrEqual(t, len(small), int(room))
		if len(body) <= int(room) {
			require.Equal(t, body, small)
			return
		}
		require.EqualValues(t, compressedBody, small[0])
		parts, err := decompress(small[1:])
		require.NoError(t, err)
		require.Len(t, parts, 1)
		if !bytes.Equal(body, parts[0]) {
			t.Fatal("a body became another")
		}
	})
}
