package wire

import (
	"encoding/binary"
	"fmt"
)

// Reader takes encoded fields from a byte slice. The first error stays; every
// later call returns a zero value. Slices that it returns alias the input.
type Reader struct {
	buf []byte
	off int
	err error
}

// NewReader returns a Reader of b.
func NewReader(b []byte) *Reader { return &Reader{buf: b} }

// Err is the first error, nil if there was none.
func (r *Reader) Err() error { return r.err }

// Len is the number of bytes not yet read.
func (r *Reader) Len() int { return len(r.buf) - r.off }

// Fail records err if no error was recorded before.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Close returns the first error, or ErrTrailing if bytes remain.
func (r *Reader) Close() error {
	if r.err == nil && r.Len() > 0 {
		r.err = fmt.Errorf("%w: %d", ErrTrailing, r.Len())
	}
	return r.err
}

// Take reads n bytes.
func (r *Reader) Take(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n < 0 || n > r.Len() {
		r.err = fmt.Errorf("%w: %d bytes wanted at offset %d, %d left", ErrTruncated, n, r.off, r.Len())
		return nil
	}
	b := r.buf[r.off : r.off+n : r.off+n]
	r.off += n
	return b
}

// Rest reads everything that is left: the tail of a structure.
func (r *Reader) Rest() []byte { return r.Take(r.Len()) }

// Peek returns the next byte without reading it; false at the end of the
// input or after an error.
func (r *Reader) Peek() (byte, bool) {
	if r.err != nil || r.Len() == 0 {
		return 0, false
	}
	return r.buf[r.off], true
}

// Literal reads s if it comes next, and reports whether it did. It never
// records an error.
func (r *Reader) Literal(s string) bool {
	if r.err != nil || r.Len() < len(s) || string(r.buf[r.off:r.off+len(s)]) != s {
		return false
	}
	r.off += len(s)
	return true
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if b := r.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// Uint16 reads a word16, most significant byte first.
func (r *Reader) Uint16() uint16 {
	if b := r.Take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// Uint32 reads a word32, most significant byte first.
func (r *Reader) Uint32() uint32 {
	if b := r.Take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// Int64 reads a signed 64-bit integer, most significant byte first.
func (r *Reader) Int64() int64 {
	if b := r.Take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// Bool reads 'T' or 'F'; any other byte is ErrBadBool.
func (r *Reader) Bool() bool { return r.choice('T', 'F', ErrBadBool) }

// Maybe reads the byte that introduces an optional value; a byte other than
// '0' and '1' is ErrBadMaybe.
func (r *Reader) Maybe() bool { return r.choice('1', '0', ErrBadMaybe) }

func (r *Reader) choice(yes, no byte, bad error) bool {
	b := r.Byte()
	if r.err == nil && b != yes && b != no {
		r.err = fmt.Errorf("%w: got 0x%02x at offset %d", bad, b, r.off-1)
	}
	return r.err == nil && b == yes
}

// Short reads a string with a one-byte length.
func (r *Reader) Short() []byte { return r.Take(int(r.Byte())) }

// Large reads a string with a word16 length.
func (r *Reader) Large() []byte { return r.Take(int(r.Uint16())) }
