package tlsprobe

import (
	"crypto/cipher"
	"encoding/binary"
)

const (
	headerLen = 5
	// maxCiphertext is the longest record body: content, type, tag, padding.
	maxCiphertext = MaxPlaintext + 256
)

// half protects the records of one direction. Without keys they are plain.
type half struct {
	suite  *suite
	secret []byte
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

// install puts the traffic keys of secret in place ("Traffic Key Calculation").
func (h *half) install(s *suite, secret []byte) error {
	aead, err := s.aead(s.expandLabel(secret, "key", nil, s.keyLen))
	if err != nil {
		return err
	}
	*h = half{suite: s, secret: secret, aead: aead, iv: s.expandLabel(secret, "iv", nil, aead.NonceSize())}
	return nil
}

// update goes to the next generation of keys ("Updating Traffic Secrets").
func (h *half) update() error {
	return h.install(h.suite, h.suite.expandLabel(h.secret, "traffic upd", nil, h.suite.hashLen()))
}

// nonce is the nonce of the next record ("Per-Record Nonce"), and counts it.
func (h *half) nonce() []byte {
	nonce := append([]byte(nil), h.iv...)
	tail := nonce[len(nonce)-8:]
	binary.BigEndian.PutUint64(tail, binary.BigEndian.Uint64(tail)^h.seq)
	h.seq++
	return nonce
}

// seal appends one record of content to dst. The content must leave the length
// of the record below 65536 bytes.
func (h *half) seal(dst []byte, typ ContentType, version Version, content []byte) []byte {
	if h.aead == nil {
		dst = appendHeader(dst, typ, version, len(content))
		return append(dst, content...)
	}
	n := len(content) + 1 + h.aead.Overhead()
	start := len(dst)
	dst = appendHeader(dst, ContentApplicationData, TLS12, n)
	header := dst[start : start+headerLen : start+headerLen]
	inner := append(append(make([]byte, 0, n), content...), byte(typ))
	return append(dst, h.aead.Seal(inner[:0], h.nonce(), inner, header)...)
}

func appendHeader(dst []byte, typ ContentType, version Version, n int) []byte {
	dst = append(dst, byte(typ))
	dst = binary.BigEndian.AppendUint16(dst, uint16(version))
	return binary.BigEndian.AppendUint16(dst, uint16(n))
}

// open gives type and content of a record whose body it may overwrite.
func (h *half) open(record []byte) (ContentType, []byte, error) {
	typ, body := ContentType(record[0]), record[headerLen:]
	if h.aead == nil || typ == ContentChangeCipherSpec {
		if len(body) > MaxPlaintext {
			return 0, nil, violation(AlertRecordOverflow, "a plain record of %d bytes, at most %d allowed", len(body), MaxPlaintext)
		}
		return typ, body, nil
	}
	if typ != ContentApplicationData {
		return 0, nil, violation(AlertUnexpectedMessage, "an unprotected %s record (% x) after the keys were set", typ, body[:min(len(body), 2)])
	}
	inner, err := h.aead.Open(body[:0], h.nonce(), body, record[:headerLen])
	if err != nil {
		return 0, nil, violation(AlertBadRecordMAC, "a record of %d bytes does not decrypt", len(body))
	}
	end := len(inner) - 1
	for end >= 0 && inner[end] == 0 {
		end--
	}
	if end < 0 {
		return 0, nil, violation(AlertUnexpectedMessage, "a protected record holds no content type")
	}
	if end > MaxPlaintext || len(inner) > MaxPlaintext+1 {
		return 0, nil, violation(AlertRecordOverflow, "a protected record holds %d bytes, at most %d allowed", len(inner)-1, MaxPlaintext)
	}
	typ = ContentType(inner[end])
	if typ != ContentAlert && typ != ContentHandshake && typ != ContentApplicationData {
		return 0, nil, violation(AlertUnexpectedMessage, "a protected record of type %s", typ)
	}
	return typ, inner[:end], nil
}

// nextRecord reads one record off the socket and opens it. What it returns is
// valid until the next call. A timeout loses nothing: the call can be repeated.
func (c *Conn) nextRecord() (ContentType, []byte, error) {
	header, err := c.in.wire.Peek(headerLen)
	if err != nil {
		if len(header) > 0 && c.in.records == 0 && !knownContent(header[0]) {
			return 0, nil, notTLS(header)
		}
		return 0, nil, ioError(err)
	}
	if !knownContent(header[0]) || header[1] != 3 {
		return 0, nil, notTLS(header)
	}
	n := int(binary.BigEndian.Uint16(header[3:]))
	if n > maxCiphertext {
		return 0, nil, violation(AlertRecordOverflow, "a record of %d bytes, at most %d allowed", n, maxCiphertext)
	}
	record, err := c.in.wire.Peek(headerLen + n)
	if err != nil {
		return 0, nil, ioError(err)
	}
	typ, content, err := c.in.open(record)
	if err != nil {
		return 0, nil, err
	}
	if _, err := c.in.wire.Discard(headerLen + n); err != nil {
		return 0, nil, ioError(err)
	}
	c.in.records++
	return typ, content, nil
}

func knownContent(b byte) bool { return contentNames[ContentType(b)] != "" }

func notTLS(header []byte) error {
	return violation(AlertUnexpectedMessage, "% x does not begin a TLS record", header)
}

// queue adds content to what is to be sent, in records of at most RecordSize
// bytes; the caller holds the lock.
func (c *Conn) queue(typ ContentType, content []byte) {
	for len(content) > 0 {
		n := min(len(content), c.cfg.RecordSize)
		c.queueRecord(typ, content[:n])
		content = content[n:]
	}
}

// queueRecord adds one record to what is to be sent; the caller holds the lock.
func (c *Conn) queueRecord(typ ContentType, content []byte) {
	c.out.pending = c.out.seal(c.out.pending, typ, c.out.version, content)
}

// flush sends what is queued; the caller holds the lock. An error may leave half
// a record behind, and so stays for good.
func (c *Conn) flush() error {
	pending := c.out.pending
	c.out.pending = pending[:0]
	if c.out.err != nil {
		return c.out.err
	}
	if _, err := c.nc.Write(pending); err != nil {
		c.out.err = ioError(err)
	}
	return c.out.err
}
