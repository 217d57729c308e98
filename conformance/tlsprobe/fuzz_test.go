package tlsprobe

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/keys"
	"smpcheck/reference/transport"
)

// FuzzHandshakeMessages: any bytes are a message in bounds or a violation of the protocol. A
// ticket that can be offered makes an extension.
func FuzzHandshakeMessages(f *testing.F) {
	f.Add(byte(msgServerHello), append(append([]byte{3, 3}, retryRandom...), 0, 0x13, 3, 0, 0, 6, 0, 43, 0, 2, 3, 4))
	f.Add(byte(msgEncryptedExtensions), []byte{0, 10, 0, 16, 0, 6, 0, 4, 3, 'a', 'b', 'c'})
	f.Add(byte(msgCertificate), []byte{0, 0, 0, 6, 0, 0, 1, 1, 0, 0})
	f.Add(byte(msgCertificateRequest), []byte{0, 0, 8, 0, 13, 0, 4, 0, 2, 8, 7})
	f.Add(byte(msgCertificateVerify), []byte{8, 7, 0, 1, 1})
	f.Add(byte(msgNewSessionTicket), []byte{0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 0, 1, 1, 0, 0})
	f.Add(byte(msgNewSessionTicket), append(append([]byte{0, 0, 0, 1, 0, 0, 0, 2, 0, 0xff, 0xff}, make([]byte, 0xffff)...), 0, 0))
	f.Add(byte(msgKeyUpdate), []byte{1})
	f.Add(byte(msgClientHello), append(append([]byte{3, 3}, retryRandom...), 0, 0, 2, 0x13, 3, 1, 0, 0, 7, 0, 43, 0, 3, 2, 3, 4))
	f.Fuzz(func(t *testing.T, typ byte, body []byte) {
		var err error
		bound.Check(t, len(body), func() { err = parseMessage(t, messageType(typ), body) })
		if err != nil {
			var protocol *ProtocolError
			require.ErrorAs(t, err, &protocol)
		}
	})
}

// parseMessage parses the body of a message and checks what was made of it.
func parseMessage(t *testing.T, typ messageType, body []byte) (err error) {
	switch typ {
	case msgClientHello:
		var o *offer
		if o, err = parseClientHello(body); err == nil {
			require.LessOrEqual(t, 2*(len(o.suites)+len(o.versions)+len(o.groups)+len(o.schemes)), len(body))
		}
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
		var m *newSessionTicket
		if m, err = parseNewSessionTicket(body); err == nil {
			ticket := newTicket(m, suites[ChaCha20Poly1305SHA256], make([]byte, 32), time.Time{})
			if ticket.usable() == nil {
				require.Contains(t, string(ticket.extension().Data), string(m.ticket))
			}
		}
	case msgKeyUpdate:
		_, err = parseKeyUpdate(body)
	}
	return err
}

// FuzzCertificate: any bytes can be asked to be a certificate; the answer is none or a named
// error. A certificate that verifies by an Ed25519 or Ed448 key does so for package keys too,
// which has a reader of its own.
func FuzzCertificate(f *testing.F) {
	var issuers [][]byte
	for _, i := range seed.Spread(seed.Of(seed.ServerHello)) {
		if hello, err := transport.DecodeServerHello(i.Data); err == nil && len(hello.Chain) > 1 {
			issuers = append(issuers, hello.Chain[1])
			f.Add(hello.Chain[0], hello.Chain[1])
			f.Add(hello.Chain[1], hello.Chain[1])
			f.Add(hello.Chain[0][:len(hello.Chain[0])/2], hello.Chain[0])
		}
	}
	require.NotEmpty(f, issuers)
	for _, der := range seed.Spread(seed.Hex("certificate")) {
		f.Add(der, issuers[0])
	}
	f.Fuzz(func(t *testing.T, der, issuer []byte) {
		var err error
		bound.Check(t, len(der)+len(issuer), func() { err = VerifyCertificate(der, issuer) })
		if err != nil {
			if !as[*CertificateError]()(err) {
				require.ErrorIs(t, err, ErrBadSignature)
			}
			return
		}
		if key, err := keys.CertificatePublicKey(issuer); err == nil && key.Algorithm().CanSign() {
			require.NoError(t, keys.CheckSignature(der, issuer))
		}
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

// FuzzServerBytes: whatever a server sends before its keys, the handshake ends with an error.
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
		bound.Memory(t, handshakeRoom+bound.PerByte*len(sent), func() {
			nc := cannedConn{bytes.NewReader(sent), new(bytes.Buffer)}
			_, err := Client(context.Background(), nc, &Config{Rand: zeros{}})
			var failed *HandshakeError
			require.ErrorAs(t, err, &failed)
		})
	})
}

// handshakeRoom is what a handshake may allocate besides its input, in bytes: buffers of
// records and the largest messages.
const handshakeRoom = 1 << 20

// FuzzClientBytes: whatever a client sends that cannot know the keys, the handshake of the
// server ends with an error.
func FuzzClientBytes(f *testing.F) {
	hello := new(bytes.Buffer)
	_, err := Client(context.Background(), cannedConn{new(bytes.Buffer), hello}, &Config{Rand: zeros{}})
	require.Error(f, err)
	f.Add(hello.Bytes())
	f.Add(append(bytes.Clone(hello.Bytes()), "\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x13aaaaaaaaaaaaaaaaaaa"...))
	f.Add([]byte("\x15\x03\x03\x00\x02\x02\x28"))
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	config := &ServerConfig{Certificate: &Certificate{Chain: [][]byte{{1}}, Key: crypto.Signer(key)}, Shares: zeros{}, Randoms: zeros{},
		SelectALPN: func(offered []string) string { return offered[0] }, Tickets: new(Tickets)}
	f.Fuzz(func(t *testing.T, sent []byte) {
		bound.Memory(t, handshakeRoom+bound.PerByte*len(sent), func() {
			nc := cannedConn{bytes.NewReader(sent), new(bytes.Buffer)}
			_, err := Server(context.Background(), nc, config)
			var failed *HandshakeError
			require.ErrorAs(t, err, &failed)
		})
	})
}

// FuzzFlight: whatever stands in a message of the encrypted flight of a server, the client
// accepts the server only with what it sent itself, and otherwise says what is wrong.
func FuzzFlight(f *testing.F) {
	types := []messageType{msgEncryptedExtensions, msgCertificate, msgCertificateVerify, msgFinished}
	for i := range types {
		f.Add(uint8(i), []byte{}, false)
		f.Add(uint8(i), []byte{byte(types[i]), 0, 0, 2, 0, 0}, true)
	}
	f.Add(uint8(0), []byte{byte(msgCertificateRequest), 0, 0, 11, 0, 0, 8, 0, 13, 0, 4, 0, 2, 8, 7}, true)
	f.Add(uint8(0), []byte{byte(msgEncryptedExtensions), 0, 0, 12, 0, 10, 0, 16, 0, 6, 0, 4, 3, 'a', 'b', 'c'}, true)
	f.Fuzz(func(t *testing.T, which uint8, instead []byte, known bool) {
		if len(instead) > DefaultMaxHandshakeBytes {
			return
		}
		var original []byte
		change := map[messageType]func([]byte) []byte{types[int(which)%len(types)]: func(msg []byte) []byte {
			original = bytes.Clone(msg)
			return instead
		}}
		b := behaviour{mangle: change}
		if known { // the server has signed what it sends
			b = behaviour{message: change}
		}
		c, err := probeRogue(t, b, nil)
		if err == nil {
			require.NoError(t, c.Close())
			require.True(t, known || bytes.Equal(instead, original), "%x in place of %x", instead, original)
			return
		}
		var failed *HandshakeError
		require.ErrorAs(t, err, &failed)
	})
}

// FuzzRecords: of a row of protected records those that come as they were sealed have their
// content, and the first one that was changed ends it.
func FuzzRecords(f *testing.F) {
	f.Add([]byte{0, 5, 0, 0, 10, 0, 0, 1}, uint8(0))
	f.Add([]byte{64, 0, 0, 0}, uint8(1))
	f.Fuzz(func(t *testing.T, program []byte, typ uint8) {
		var sealer, opener half
		s := suites[ChaCha20Poly1305SHA256]
		require.NoError(t, sealer.install(s, make([]byte, 32)))
		require.NoError(t, opener.install(s, make([]byte, 32)))
		kind := []ContentType{ContentHandshake, ContentAlert, ContentApplicationData}[typ%3]
		for n := 0; len(program) >= 4 && n < 20; program, n = program[4:], n+1 {
			content := bytes.Repeat([]byte{byte(n + 1)}, (int(program[0])<<8|int(program[1]))%(MaxPlaintext+1))
			record := sealer.seal(nil, kind, TLS12, content)
			at := headerLen + int(program[2])*60%(len(record)-headerLen)
			record[at] ^= program[3]
			got, opened, err := opener.open(record)
			if program[3] != 0 {
				var protocol *ProtocolError
				require.ErrorAs(t, err, &protocol)
				return
			}
			require.NoError(t, err)
			require.Equal(t, kind, got)
			require.Equal(t, string(content), string(opened))
		}
	})
}
