package wire

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Writer appends encoded fields to a byte slice. The first error stays; every
// later call does nothing. The zero value writes to a new slice.
type Writer struct {
	buf []byte
	err error
}

// NewWriter returns a Writer that appends to dst, which may be nil.
func NewWriter(dst []byte) *Writer { return &Writer{buf: dst} }

// Bytes returns everything written, dst included, or the first error.
func (w *Writer) Bytes() ([]byte, error) {
	if w.err != nil {
		return nil, w.err
	}
	return w.buf, nil
}

// Len is the number of bytes written so far, dst included.
func (w *Writer) Len() int { return len(w.buf) }

// Fail records err if no error was recorded before.
func (w *Writer) Fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// Byte appends one byte.
func (w *Writer) Byte(b byte) {
	if w.err == nil {
		w.buf = append(w.buf, b)
	}
}

// Uint16 appends a word16, most significant byte first.
func (w *Writer) Uint16(v uint16) {
	if w.err == nil {
		w.buf = binary.BigEndian.AppendUint16(w.buf, v)
	}
}

// Uint32 appends a word32, most significant byte first.
func (w *Writer) Uint32(v uint32) {
	if w.err == nil {
		w.buf = binary.BigEndian.AppendUint32(w.buf, v)
	}
}

// Int64 appends a signed 64-bit integer, most significant byte first.
func (w *Writer) Int64(v int64) {
	if w.err == nil {
		w.buf = binary.BigEndian.AppendUint64(w.buf, uint64(v))
	}
}

// Bool appends 'T' or 'F'.
func (w *Writer) Bool(v bool) {
	if v {
		w.Byte('T')
	} else {
		w.Byte('F')
	}
}

// Maybe appends the byte that introduces an optional value: '1' if the value
// follows, '0' if it is absent.
func (w *Writer) Maybe(present bool) {
	if present {
		w.Byte('1')
	} else {
		w.Byte('0')
	}
}

// Raw appends b without a length: a tag, a fixed-size field or the tail.
func (w *Writer) Raw(b []byte) {
	if w.err == nil {
		w.buf = append(w.buf, b...)
	}
}

// String appends s without a length.
func (w *Writer) String(s string) {
	if w.err == nil {
		w.buf = append(w.buf, s...)
	}
}

// Short appends b with a one-byte length. More than 255 bytes are ErrTooLong.
func (w *Writer) Short(b []byte) {
	if len(b) > math.MaxUint8 {
		w.Fail(fmt.Errorf("%w: %d bytes in a string of at most 255", ErrTooLong, len(b)))
		return
	}
	w.Byte(byte(len(b)))
	w.Raw(b)
}

// Large appends b with a word16 length. More than 65535 bytes are ErrTooLong.
func (w *Writer) Large(b []byte) {
	if len(b) > math.MaxUint16 {
		w.Fail(fmt.Errorf("%w: %d bytes in a string of at most 65535", ErrTooLong, len(b)))
		return
	}
	w.Uint16(uint16(len(b)))
	w.Raw(b)
}

// Count appends the one-byte number of elements that introduces a list. More
// than 255 elements are ErrTooLong.
func (w *Writer) Count(n int) {
	if n > math.MaxUint8 {
		w.Fail(fmt.Errorf("%w: %d elements in a list of at most 255", ErrTooLong, n))
		return
	}
	w.Byte(byte(n))
}
