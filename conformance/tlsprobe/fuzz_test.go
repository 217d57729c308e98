package tlsprobe

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The handshake parsers take any bytes without a panic, and give what they give
// within the input.
func FuzzHandshakeMessages(f *testing.F) {
	f.Add(byte(msgServerHello), append(append([]byte{3, 3}, retryRandom...), 0, 0x13, 3, 0, 0, 6, 0, 43, 0, 2, 3, 4))
	f.Add(byte(msgEncryptedExtensions), []byte{0, 10, 0, 16, 0, 6, 0, 4, 3, 'a', 'b', 'c'})
	f.Add(byte(msgCertificate), []byte{0, 0, 0, 6, 0, 0, 1, 1, 0, 0})
	f.Add(byte(msgCertificateRequest), []byte{0, 0, 8, 0, 13, 0, 4, 0, 2, 8, 7})
	f.Add(byte(msgCertificateVerify), []byte{8, 7, 0, 1, 1})
	f.Add(byte(msgNewSessionTicket), []byte{0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 0, 1, 1, 0, 0})
	f.Add(byte(msgKeyUpdate), []byte{1})
	f.Add(byte(msgClientHello), append(append([]byte{3, 3}, retryRandom...), 0, 0, 2, 0x13, 3, 1, 0, 0, 7, 0, 43, 0, 3, 2, 3, 4))
	f.Fuzz(func(t *testing.T, typ byte, body []byte) {
		var err error
		switch messageType(typ) {
		case msgClientHello:
			_, err = parseClientHello(body)
		case msgServerHello:
			var h *serverHello
			if h, err = parseServerHello(body); err == nil {
				require.LessOrEqual(t, len(h.sessionID), 32)
				require.Equal(t, h.retry, string(h.random) == retryRandom)
			}
		case msgEncryptedExtensions:
			_, err = parseEncryptedExtensions(body)
		case msgCertificate:
			const limit = 3
			var m *certificateMessage
			if m, err = parseCertificate(body, limit); err == nil {
				require.Len(t, m.chain, min(m.count, limit))
			}
		case msgCertificateRequest:
			var m *certificateRequest
			if m, err = parseCertificateRequest(body); err == nil {
				require.NotEmpty(t, m.schemes)
			}
		case msgCertificateVerify:
			_, _, err = parseCertificateVerify(body)
		case msgNewSessionTicket:
			_, err = parseNewSessionTicket(body)
		case msgKeyUpdate:
			_, err = parseKeyUpdate(body)
		}
		if err != nil {
			var protocol *ProtocolError
			require.ErrorAs(t, err, &protocol)
		}
	})
}

// Any bytes can be asked to be a certificate; the answer is none or a named error.
func FuzzCertificate(f *testing.F) {
	certificate := ed25519Certificate(f).Certificate[0]
	f.Add(certificate)
	f.Add(certificate[:len(certificate)/2])
	f.Fuzz(func(t *testing.T, der []byte) {
		if err := VerifyCertificate(der, certificate); err != nil {
			if !as[*CertificateError]()(err) {
				require.ErrorIs(t, err, ErrBadSignature)
			}
		}
		_ = VerifyCertificate(certificate, der)
	})
}

// cannedConn is a server that has said all it will ever say.
type cannedConn struct {
	io.Reader
	sent *bytes.Buffer
}

func (c cannedConn) Write(b []byte) (int, error)      { return c.sent.Write(b) }
func (c cannedConn) Close() error                     { return nil }
func (c cannedConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c cannedConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c cannedConn) SetDeadline(time.Time) error      { return nil }
func (c cannedConn) SetReadDeadline(time.Time) error  { return nil }
func (c cannedConn) SetWriteDeadline(time.Time) error { return nil }

// zeros is a source of random bytes for a hello that is the same every time.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// Whatever a server sends before its keys, the handshake ends with an error.
func FuzzServerBytes(f *testing.F) {
	f.Add([]byte("\x16\x03\x03\x00\x04\x02\x00\x00\x00"))
	f.Add([]byte("\x15\x03\x03\x00\x02\x02\x28"))
	f.Add([]byte("\x14\x03\x03\x00\x01\x01\x16\x03\x03\x00\x00"))
	hello := &rogueHello{legacy: TLS12, random: []byte(retryRandom), session: make([]byte, 32), suite: ChaCha20Poly1305SHA256}
	hello.set(ExtSupportedVersions, 3, 4)
	hello.set(ExtKeyShare, 0, byte(X448))
	record := (&half{}).seal(nil, ContentHandshake, TLS12, hello.marshal())
	f.Add(append(record, record...))
	f.Fuzz(func(t *testing.T, sent []byte) {
		nc := cannedConn{bytes.NewReader(sent), new(bytes.Buffer)}
		_, err := Client(context.Background(), nc, &Config{Rand: zeros{}})
		var failed *HandshakeError
		require.ErrorAs(t, err, &failed)
	})
}
