package chat

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"smpcheck/reference/wire"
)

// Marks of a compressed body and of its parts. The passthrough of short parts is only read:
// it makes them longer.
const (
	compressedBody  = 'X'
	passthroughPart = '0'
	zstdPart        = '1'
)

var errDecompressed = fmt.Errorf("%w: more than %d bytes decompressed", ErrTooLarge, MaxDecompressed)

// encoder compresses as the official app does: level 3, no checksum, and a frame that states
// the size of its content, without which the official app refuses it.
var encoder = sync.OnceValues(func() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(3)),
		zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false),
		zstd.WithSingleSegment(true))
})

// decoder never takes more memory than the largest body needs.
var decoder = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(MaxDecompressed))
})

// Compress returns body if it has at most max bytes, and else its compressed form. Max is
// MaxMessagePQ or MaxInfoPQ; where there are no post-quantum keys nothing is compressed. It
// returns ErrTooLarge if the compressed form does not fit either. Peers of chat version 8
// and later understand it.
func Compress(body []byte, max int) ([]byte, error) {
	if len(body) <= max {
		return body, nil
	}
	out, err := compressed(body)
	if err != nil {
		return nil, err
	}
	if len(out) > max {
		return nil, fmt.Errorf("%w: %d bytes compressed, at most %d", ErrTooLarge, len(out), max)
	}
	return out, nil
}

// compressed returns body as the only part of a compressed body.
func compressed(body []byte) ([]byte, error) {
	if len(body) > MaxDecompressed {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(body))
	}
	enc, err := encoder()
	if err != nil {
		return nil, err
	}
	w := wire.NewWriter(nil)
	w.Byte(compressedBody)
	w.Count(1)
	w.Byte(zstdPart)
	w.Large(enc.EncodeAll(body, nil))
	return w.Bytes()
}

// decompress returns the parts of a compressed body without its mark. The official app
// limits each part to MaxDecompressed bytes, and sends one; here that limits all of them
// together.
func decompress(b []byte) ([][]byte, error) {
	parts, err := compressedParts(b)
	if err != nil {
		return nil, err
	}
	left := MaxDecompressed
	for i, part := range parts {
		content := part[1:]
		if part[0] == zstdPart {
			if content, err = decodeFrame(content, left); err != nil {
				return nil, err
			}
		}
		if left -= len(content); left < 0 {
			return nil, errDecompressed
		}
		parts[i] = content
	}
	return parts, nil
}

// compressedParts splits a compressed body into its parts, each with its mark first.
func compressedParts(b []byte) ([][]byte, error) {
	r := wire.NewReader(b)
	count := int(r.Byte())
	var parts [][]byte
	for i := 0; i < count && r.Err() == nil; i++ {
		mark := r.Byte()
		var content []byte
		switch mark {
		case passthroughPart:
			content = r.Short()
		case zstdPart:
			content = r.Large()
		default:
			return nil, fmt.Errorf("%w: unknown mark of a compressed part", ErrNotChat)
		}
		parts = append(parts, append([]byte{mark}, content...))
	}
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("%w: compressed parts: %w", ErrNotChat, err)
	}
	if count == 0 {
		return nil, fmt.Errorf("%w: no compressed parts", ErrNotChat)
	}
	return parts, nil
}

// decodeFrame returns the content of a zstd frame that states a size from 1 to max bytes.
func decodeFrame(frame []byte, max int) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(frame); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCompressed, err)
	}
	switch {
	case !h.HasFCS || h.FrameContentSize == 0:
		return nil, fmt.Errorf("%w: no content size", ErrCompressed)
	case h.FrameContentSize > uint64(max):
		return nil, errDecompressed
	}
	dec, err := decoder()
	if err != nil {
		return nil, err
	}
	content, err := dec.DecodeAll(frame, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCompressed, err)
	}
	if uint64(len(content)) != h.FrameContentSize {
		return nil, fmt.Errorf("%w: content size differs", ErrCompressed)
	}
	return content, nil
}
