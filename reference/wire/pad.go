package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// PadByte fills padded text after its content.
const PadByte = '#'

// MaxPadded is the longest content that can be padded, whatever the size: the
// word16 length and the two bytes that hold it have to fit 65535.
const MaxPadded = 65533

// Pad appends to dst the word16 length of content, content, and '#' bytes up
// to n bytes in all. It returns ErrPadTooLong if content is longer than n-2 or
// than MaxPadded. SMP, "SMP Transmission and transport block structure".
func Pad(dst, content []byte, n int) ([]byte, error) {
	if len(content) > n-2 || len(content) > MaxPadded {
		return nil, fmt.Errorf("%w: %d bytes to pad to %d", ErrPadTooLong, len(content), n)
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(content)))
	dst = append(dst, content...)
	for missing := n - 2 - len(content); missing > 0; {
		some := min(missing, len(padding))
		dst = append(dst, padding[:some]...)
		missing -= some
	}
	return dst, nil
}

// padding is what Pad copies from: most blocks are nearly empty, and copying is faster
// than writing bytes one by one.
var padding = bytes.Repeat([]byte{PadByte}, 4096)

// Unpad returns the content of padded text, aliasing b. The length prefix
// decides; the padding bytes are not looked at. Text shorter than the prefix
// is ErrPadShort, a prefix that points beyond b is ErrPadLength.
func Unpad(b []byte) ([]byte, error) {
	if len(b) < 2 {
		return nil, fmt.Errorf("%w: %d bytes", ErrPadShort, len(b))
	}
	n := int(binary.BigEndian.Uint16(b))
	if n > len(b)-2 {
		return nil, fmt.Errorf("%w: length %d in %d bytes", ErrPadLength, n, len(b))
	}
	return b[2 : 2+n : 2+n], nil
}
