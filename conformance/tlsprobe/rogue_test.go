package tlsprobe

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
)

// rogue is a TLS 1.3 server for one connection that can be told to misbehave. It
// knows ChaCha20-Poly1305, X25519 and Ed25519, and shares nothing with the client
// but key schedule and record protection.
type rogue struct {
	nc      net.Conn
	in, out half
	keys    *schedule
	// clientSession is the legacy session id that the client sent, clientShare its
	// X25519 key.
	clientSession, clientShare []byte
	clientSecret, serverSecret []byte
	chain                      [][]byte
	key                        ed25519.PrivateKey
	behaviour
}

// behaviour is how a rogue differs from a good server; the zero value does not.
type behaviour struct {
	// instead replaces the whole server.
	instead func(*rogue) error
	// hello changes the fields of the ServerHello; before is sent ahead of it.
	hello  func(*rogueHello)
	before []byte
	// retries are HelloRetryRequests to send first.
	retries []func(*rogueHello)
	// message changes a message of the encrypted flight before it enters the
	// transcript, mangle after it.
	message, mangle map[messageType]func([]byte) []byte
	// coalesce puts the encrypted flight into one record.
	coalesce bool
	// chunk is the most bytes of a single write to the socket; 0 means all.
	chunk int
	// after runs when the handshake is over.
	after func(*rogue) error
}

// rogueHello holds the fields of a ServerHello or HelloRetryRequest.
type rogueHello struct {
	legacy      Version
	random      []byte
	session     []byte
	suite       CipherSuite
	compression byte
	extensions  []Extension
}

func (h *rogueHello) set(typ ExtensionType, data ...byte) {
	h.drop(typ)
	h.extensions = append(h.extensions, Extension{typ, data})
}

func (h *rogueHello) drop(typ ExtensionType) {
	kept := h.extensions[:0]
	for _, ext := range h.extensions {
		if ext.Type != typ {
			kept = append(kept, ext)
		}
	}
	h.extensions = kept
}

func (h *rogueHello) marshal() []byte {
	return rogueMessage(msgServerHello, func(b *cryptobyte.Builder) {
		b.AddUint16(uint16(h.legacy))
		b.AddBytes(h.random)
		addOpaque8(b, h.session)
		b.AddUint16(uint16(h.suite))
		b.AddUint8(h.compression)
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, ext := range h.extensions {
				b.AddUint16(uint16(ext.Type))
				addOpaque16(b, ext.Data)
			}
		})
	})
}

func rogueMessage(typ messageType, fill func(*cryptobyte.Builder)) []byte {
	msg, err := message(typ, fill)
	if err != nil {
		panic(err)
	}
	return msg
}

func (r *rogue) write(b []byte) error {
	for len(b) > 0 {
		n := len(b)
		if r.chunk > 0 {
			n = min(n, r.chunk)
		}
		if _, err := r.nc.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func (r *rogue) writeRecord(typ ContentType, content []byte) error {
	return r.write(r.out.seal(nil, typ, TLS12, content))
}

func (r *rogue) readRecord() (ContentType, []byte, error) {
	header := make([]byte, headerLen)
	if _, err := io.ReadFull(r.nc, header); err != nil {
		return 0, nil, err
	}
	record := append(header, make([]byte, binary.BigEndian.Uint16(header[3:]))...)
	if _, err := io.ReadFull(r.nc, record[headerLen:]); err != nil {
		return 0, nil, err
	}
	if ContentType(record[0]) == ContentChangeCipherSpec {
		return r.readRecord()
	}
	return r.in.open(record)
}

// readHello reads one ClientHello, which fits one record.
func (r *rogue) readHello() ([]byte, error) {
	_, msg, err := r.readRecord()
	if err != nil {
		return nil, err
	}
	s := cryptobyte.String(msg)
	var session, ids, compression, block cryptobyte.String
	if !s.Skip(messageHeaderLen+2+32) || !s.ReadUint8LengthPrefixed(&session) || !s.ReadUint16LengthPrefixed(&ids) ||
		!s.ReadUint8LengthPrefixed(&compression) || !s.ReadUint16LengthPrefixed(&block) || !s.Empty() {
		return nil, fmt.Errorf("the client sent a malformed hello: %x", msg)
	}
	r.clientSession = session
	extensions, err := parseExtensions(msgClientHello, block)
	if err != nil {
		return nil, err
	}
	for _, ext := range extensions {
		if ext.Type == ExtKeyShare && len(ext.Data) >= 2+4+32 {
			r.clientShare = ext.Data[6:38]
		}
	}
	return msg, nil
}

// serve runs the server to its end, which is that of the client.
func (r *rogue) serve() error {
	if r.instead != nil {
		return r.instead(r)
	}
	s := suites[ChaCha20Poly1305SHA256]
	transcript, err := r.readHello()
	if err != nil {
		return err
	}
	newHello := func(random string) *rogueHello {
		return &rogueHello{legacy: TLS12, random: []byte(random), session: r.clientSession, suite: s.id,
			extensions: []Extension{{ExtSupportedVersions, []byte{3, 4}}}}
	}
	for _, change := range r.retries {
		h := newHello(retryRandom)
		change(h)
		msg := h.marshal()
		transcript = append(s.retryPrefix(transcript), msg...)
		if err := r.writeRecord(ContentHandshake, msg); err != nil {
			return err
		}
		second, err := r.readHello()
		if err != nil {
			return err
		}
		transcript = append(transcript, second...)
	}
	mine, err := exchanges[X25519](strings.NewReader(strings.Repeat("s", 32)))
	if err != nil {
		return err
	}
	h := newHello(strings.Repeat("r", 32))
	h.set(ExtKeyShare, append([]byte{0, byte(X25519), 0, 32}, mine.public...)...)
	if r.hello != nil {
		r.hello(h)
	}
	msg := h.marshal()
	if err := r.writeRecord(ContentHandshake, append(r.before, msg...)); err != nil {
		return err
	}
	secret, err := mine.agree(r.clientShare)
	if err != nil {
		return err
	}
	r.keys = newSchedule(s, nil)
	r.keys.transcript.Write(append(transcript, msg...))
	r.keys.advance(secret)
	r.clientSecret, r.serverSecret = r.keys.derive("c hs traffic"), r.keys.derive("s hs traffic")
	r.keys.advance(nil)
	if err := r.in.install(s, r.clientSecret); err != nil {
		return err
	}
	if err := r.out.install(s, r.serverSecret); err != nil {
		return err
	}
	return r.serveFlight()
}

// serveFlight sends the encrypted flight, checks that of the client and goes on
// to application data.
func (r *rogue) serveFlight() error {
	var flight []byte
	send := func(typ messageType, fill func(*cryptobyte.Builder)) error {
		msg := rogueMessage(typ, fill)
		if change := r.message[typ]; change != nil {
			msg = change(msg)
		}
		r.keys.transcript.Write(msg)
		if change := r.mangle[typ]; change != nil {
			msg = change(msg)
		}
		if r.coalesce {
			flight = append(flight, msg...)
			return nil
		}
		for len(msg) > 0 {
			n := min(len(msg), MaxPlaintext)
			if err := r.writeRecord(ContentHandshake, msg[:n]); err != nil {
				return err
			}
			msg = msg[n:]
		}
		return nil
	}
	if err := send(msgEncryptedExtensions, func(b *cryptobyte.Builder) { b.AddUint16(0) }); err != nil {
		return err
	}
	if err := send(msgCertificate, func(b *cryptobyte.Builder) {
		b.AddUint8(0)
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, der := range r.chain {
				b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(der) })
				b.AddUint16(0)
			}
		})
	}); err != nil {
		return err
	}
	signature, err := r.key.Sign(nil, verifyInput(serverVerifyContext, r.keys.sum()), crypto.Hash(0))
	if err != nil {
		return err
	}
	if err := send(msgCertificateVerify, func(b *cryptobyte.Builder) {
		b.AddUint16(uint16(Ed25519))
		addOpaque16(b, signature)
	}); err != nil {
		return err
	}
	verifyData := r.keys.finished(r.serverSecret, r.keys.sum())
	if err := send(msgFinished, func(b *cryptobyte.Builder) { b.AddBytes(verifyData) }); err != nil {
		return err
	}
	if r.coalesce {
		if err := r.writeRecord(ContentHandshake, flight); err != nil {
			return err
		}
	}
	want := r.keys.finished(r.clientSecret, r.keys.sum())
	server := r.keys.derive("s ap traffic")
	typ, content, err := r.readRecord()
	if err != nil {
		return err
	}
	if typ != ContentHandshake || string(content[messageHeaderLen:]) != string(want) {
		return fmt.Errorf("the client sent %s %x, expected its finished message %x", typ, content, want)
	}
	if err := r.out.install(r.keys.suite, server); err != nil {
		return err
	}
	if r.after != nil {
		return r.after(r)
	}
	return r.writeRecord(ContentApplicationData, []byte("hello"))
}

// runRogue starts a rogue behind one loopback connection and gives the client's
// end; the connection ends when the rogue does.
func runRogue(t testing.TB, b behaviour) net.Conn {
	t.Helper()
	certificate := ed25519Certificate(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	client, err := net.DialTimeout("tcp", listener.Addr().String(), patience)
	require.NoError(t, err)
	server, err := listener.Accept()
	require.NoError(t, err)
	require.NoError(t, server.SetDeadline(time.Now().Add(patience)))
	r := &rogue{nc: server, chain: certificate.Certificate, key: certificate.PrivateKey.(ed25519.PrivateKey), behaviour: b}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if r.serve() == nil {
			_ = server.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, server)
		}
		_ = server.Close()
	}()
	t.Cleanup(func() {
		_ = client.Close()
		_ = server.Close()
		<-ended
	})
	return client
}

// probeRogue makes the handshake with a rogue.
func probeRogue(t testing.TB, b behaviour, cfg *Config) (*Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := Client(ctx, runRogue(t, b), cfg)
	if err == nil {
		require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	}
	return c, err
}
