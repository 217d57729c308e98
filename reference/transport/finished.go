package transport

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"

	"golang.org/x/crypto/chacha20poly1305"
)

// tap passes on what a net.Conn transports and shows the bytes from client to
// server to a finishedReader until the handshake is over.
type tap struct {
	net.Conn
	client   bool // this side is the client, so its writes are looked at
	finished *finishedReader
}

func (t *tap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	if !t.client && t.finished != nil {
		t.finished.feed(b[:n])
	}
	return n, err
}

func (t *tap) Write(b []byte) (int, error) {
	n, err := t.Conn.Write(b)
	if t.client && t.finished != nil {
		t.finished.feed(b[:n])
	}
	return n, err
}

// close ends the observation. The handshake is over and nobody else has the
// connection yet.
func (t *tap) close() {
	t.finished.forget()
	t.finished = nil
}

// The parts of TLS 1.3 that a finishedReader knows. RFC 8446, sections 4 and 5.
const (
	recordHeaderSize  = 5
	maxRecordSize     = 1<<14 + 256
	messageHeaderSize = 4

	recordChangeCipherSpec = 20
	recordAlert            = 21
	recordHandshake        = 22
	recordApplicationData  = 23

	messageFinished = 20
)

// errFinished is in the chain of what goes wrong in a finishedReader.
var errFinished = errors.New("no Finished message of the client in the TLS handshake")

// finishedReader finds the verify_data of the client's Finished message in a
// TLS 1.3 handshake, which crypto/tls keeps for itself. It is given the bytes
// that flow from client to server, in pieces of any size, and as the
// KeyLogWriter of the connection it learns the client's handshake traffic
// secret; with it it decrypts the client's second flight. It keeps at most one
// record, and drops secret and keys as soon as it has the Finished message.
//
// It is used by one goroutine: that of the handshake.
type finishedReader struct {
	header  []byte // of the current record, up to recordHeaderSize bytes
	missing int    // bytes of the current record's body that are still to come
	body    []byte // of the current record if it is encrypted

	aead     cipher.AEAD
	iv       [chacha20poly1305.NonceSize]byte
	sequence uint64

	message []byte // header of the current handshake message
	left    int    // bytes of its body that are still to come
	verify  []byte // the body of the Finished message

	done bool
	err  error
}

// Write receives a line of the NSS key log and takes the secret that it needs.
// It never fails.
func (f *finishedReader) Write(line []byte) (int, error) {
	if f.over() || !bytes.HasPrefix(line, []byte("CLIENT_HANDSHAKE_TRAFFIC_SECRET ")) {
		return len(line), nil
	}
	fields := bytes.Fields(line)
	if len(fields) != 3 {
		return len(line), nil
	}
	secret := make([]byte, hex.DecodedLen(len(fields[2])))
	defer clear(secret)
	if _, err := hex.Decode(secret, fields[2]); err != nil {
		f.fail("handshake secret is not hexadecimal")
		return len(line), nil
	}
	if err := f.setKeys(secret); err != nil {
		f.fail("deriving handshake keys failed")
	}
	return len(line), nil
}

// setKeys derives the keys of TLS_CHACHA20_POLY1305_SHA256. RFC 8446, section
// 7.3.
func (f *finishedReader) setKeys(secret []byte) error {
	expand := func(label string, n int) ([]byte, error) {
		label = "tls13 " + label
		info := binary.BigEndian.AppendUint16(nil, uint16(n))
		info = append(append(info, byte(len(label))), label...)
		return hkdf.Expand(sha256.New, secret, string(append(info, 0)), n)
	}
	key, err := expand("key", chacha20poly1305.KeySize)
	if err != nil {
		return err
	}
	defer clear(key)
	iv, err := expand("iv", len(f.iv))
	if err != nil {
		return err
	}
	copy(f.iv[:], iv)
	f.aead, err = chacha20poly1305.New(key)
	return err
}

// feed takes the next bytes from client to server.
func (f *finishedReader) feed(b []byte) {
	for len(b) > 0 && !f.over() {
		if len(f.header) < recordHeaderSize {
			n := min(recordHeaderSize-len(f.header), len(b))
			f.header, b = append(f.header, b[:n]...), b[n:]
			if len(f.header) == recordHeaderSize {
				f.startRecord()
			}
			continue
		}
		n := min(f.missing, len(b))
		if f.header[0] == recordApplicationData {
			f.body = append(f.body, b[:n]...)
		}
		b, f.missing = b[n:], f.missing-n
		if f.missing == 0 {
			f.endRecord()
		}
	}
}

func (f *finishedReader) startRecord() {
	f.missing = int(binary.BigEndian.Uint16(f.header[3:]))
	switch kind := f.header[0]; {
	case f.missing == 0 || f.missing > maxRecordSize:
		f.fail("record of %d bytes", f.missing)
	case kind == recordApplicationData && f.aead == nil:
		f.fail("encrypted record before the keys")
	case kind < recordChangeCipherSpec || kind > recordApplicationData:
		f.fail("record of type %d", kind)
	}
}

// endRecord decrypts an encrypted record; the others – hellos, alerts,
// ChangeCipherSpec – hold no Finished message.
func (f *finishedReader) endRecord() {
	if f.header[0] == recordApplicationData {
		f.decrypt()
	}
	f.header, f.body = f.header[:0], f.body[:0]
}

// decrypt opens the record and passes its handshake messages on. RFC 8446,
// sections 5.2 and 5.3.
func (f *finishedReader) decrypt() {
	nonce := f.iv
	for i := range 8 {
		nonce[len(nonce)-1-i] ^= byte(f.sequence >> (8 * i))
	}
	f.sequence++
	inner, err := f.aead.Open(f.body[:0], nonce[:], f.body, f.header)
	if err != nil {
		f.fail("record does not decrypt")
		return
	}
	inner = bytes.TrimRight(inner, "\x00")
	if len(inner) == 0 {
		f.fail("encrypted record without type")
		return
	}
	kind, inner := inner[len(inner)-1], inner[:len(inner)-1]
	switch kind {
	case recordHandshake:
		f.messages(inner)
	case recordAlert:
	default:
		f.fail("encrypted record of type %d in the handshake", kind)
	}
}

// messages walks through handshake messages, which may share records or span
// several.
func (f *finishedReader) messages(b []byte) {
	for len(b) > 0 && !f.over() {
		if len(f.message) < messageHeaderSize {
			n := min(messageHeaderSize-len(f.message), len(b))
			f.message, b = append(f.message, b[:n]...), b[n:]
			if len(f.message) < messageHeaderSize {
				return
			}
			f.left = int(f.message[1])<<16 | int(f.message[2])<<8 | int(f.message[3])
			if f.message[0] == messageFinished && f.left != sha256.Size {
				f.fail("Finished message of %d bytes", f.left)
				return
			}
		}
		n := min(f.left, len(b))
		if f.message[0] == messageFinished {
			f.verify = append(f.verify, b[:n]...)
		}
		b, f.left = b[n:], f.left-n
		if f.left == 0 {
			f.done = f.message[0] == messageFinished
			f.message = f.message[:0]
		}
	}
	if f.done {
		f.forget()
	}
}

// verifyData returns the 32 bytes, or an error that says why they are missing.
func (f *finishedReader) verifyData() ([]byte, error) {
	if !f.done {
		return nil, errors.Join(errFinished, f.err)
	}
	return f.verify, nil
}

func (f *finishedReader) over() bool { return f.done || f.err != nil }

func (f *finishedReader) fail(format string, args ...any) {
	f.err = fmt.Errorf(format, args...)
	f.forget()
}

// forget drops keys and buffers. Nothing is looked at afterwards.
func (f *finishedReader) forget() {
	clear(f.iv[:])
	clear(f.body[:cap(f.body)])
	f.aead, f.body = nil, nil
	if !f.over() {
		f.err = errors.New("observation ended")
	}
}
