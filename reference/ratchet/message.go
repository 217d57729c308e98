package ratchet

import (
	"fmt"

	"smpcheck/reference/wire"
)

// EncryptedHeader is the encrypted header of a message. Encoded, it is
// associated data of the body. PQDR, "Encrypted message header".
type EncryptedHeader struct {
	Version uint16 // agreed version at the sender: decides about the encoding
	IV      IV
	Tag     Tag
	Body    []byte // the padded header, encrypted
}

// EncryptedMessage is a message of the ratchet as the agent sends it. PQDR,
// "Encrypted ratchet message".
type EncryptedMessage struct {
	Header EncryptedHeader
	Tag    Tag
	Body   []byte // the padded content, encrypted; all bytes that remain
}

// A length has two bytes from PQVersion on and one byte below. They are told
// apart by their first byte: below 32 it starts a length of two.
const (
	minShortLength = 32
	maxLargeLength = minShortLength<<8 - 1
)

// putVersioned writes b with the length that the version asks for. A length
// that would pass for one of the other kind is wire.ErrTooLong or ErrEncoding.
func putVersioned(w *wire.Writer, version uint16, b []byte) {
	switch {
	case version < PQVersion && len(b) < minShortLength:
		w.Fail(fmt.Errorf("%w: %d bytes, at least %d are expected", ErrEncoding, len(b), minShortLength))
	case version < PQVersion:
		w.Short(b)
	case len(b) > maxLargeLength:
		w.Fail(fmt.Errorf("%w: %d bytes, at most %d are expected", wire.ErrTooLong, len(b), maxLargeLength))
	default:
		w.Large(b)
	}
}

// readVersioned reads b with a length of either kind, and tells whether it had
// two bytes.
func readVersioned(r *wire.Reader) (b []byte, large bool) {
	first, _ := r.Peek()
	if first < minShortLength {
		return r.Large(), true
	}
	return r.Short(), false
}

// checkLength refuses a length of the kind that does not belong to the version.
// The official implementation takes both; it writes the one that belongs.
func checkLength(r *wire.Reader, version uint16, large bool) {
	if r.Err() == nil && large != (version >= PQVersion) {
		r.Fail(fmt.Errorf("%w: length of the other kind at version %d", ErrEncoding, version))
	}
}

// Put writes the header without a length before it.
func (h EncryptedHeader) Put(w *wire.Writer) {
	w.Uint16(h.Version)
	w.Raw(h.IV[:])
	w.Raw(h.Tag[:])
	putVersioned(w, h.Version, h.Body)
}

// Encode returns the header without a length before it: 123 bytes at version 2,
// 124 or 2346 at version 3.
func (h EncryptedHeader) Encode() ([]byte, error) { return encode("encrypted header", h.Put) }

// DecodeEncryptedHeader reads what Encode returns; bytes after it are an error.
func DecodeEncryptedHeader(b []byte) (EncryptedHeader, error) {
	return decode("encrypted header", b, func(r *wire.Reader) EncryptedHeader {
		h := EncryptedHeader{Version: r.Uint16()}
		copy(h.IV[:], r.Take(len(h.IV)))
		copy(h.Tag[:], r.Take(len(h.Tag)))
		body, large := readVersioned(r)
		checkLength(r, h.Version, large)
		h.Body = body
		return h
	})
}

// Encode returns the message: its header with a length, the tag, the body.
func (m EncryptedMessage) Encode() ([]byte, error) {
	header, err := m.Header.Encode()
	if err != nil {
		return nil, err
	}
	return encodeMessage(m.Header.Version, header, m.Tag, m.Body)
}

func encodeMessage(version uint16, header []byte, tag Tag, body []byte) ([]byte, error) {
	return encode("ratchet message", func(w *wire.Writer) {
		putVersioned(w, version, header)
		w.Raw(tag[:])
		w.Raw(body)
	})
}

// DecodeMessage reads a message. Its body aliases b. All failures are
// ErrEncoding; lengths have to be of the kind that belongs to the version, so
// that no message has two encodings.
func DecodeMessage(b []byte) (EncryptedMessage, error) {
	m, err := decode("ratchet message", b, func(r *wire.Reader) (m EncryptedMessage) {
		header, large := readVersioned(r)
		copy(m.Tag[:], r.Take(len(m.Tag)))
		m.Body = r.Rest()
		if r.Err() != nil {
			return m
		}
		var err error
		if m.Header, err = DecodeEncryptedHeader(header); err != nil {
			r.Fail(err)
			return m
		}
		checkLength(r, m.Header.Version, large)
		return m
	})
	if err != nil {
		return EncryptedMessage{}, fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	return m, nil
}
