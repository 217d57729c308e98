package transport

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	mathrand "math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// flight is what a client sent to a server in one TLS 1.3 handshake, with the
// line of the key log and the Finished message that belong to it.
type flight struct {
	bytes  []byte
	line   []byte
	verify []byte
}

// recordFlight makes a handshake between the two sides of crypto/tls and keeps its client
// side.
func recordFlight(t testing.TB) flight {
	t.Helper()
	near, far := tcpPair(t)
	kept := &recorder{Conn: near}
	var log bytes.Buffer
	own, err := certificate(relay())
	require.NoError(t, err)
	cert, err := certificate(service())
	require.NoError(t, err)
	tap := &tap{Conn: kept, client: true, finished: new(finishedReader)}
	client := tls.Client(tap, &tls.Config{
		InsecureSkipVerify: true,
		Certificates:       []tls.Certificate{cert},
		KeyLogWriter:       writers{&log, tap.finished},
	})
	server := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequestClientCert})
	ctx := testContext(t)
	c, s := both(
		func() (struct{}, error) { return struct{}{}, client.HandshakeContext(ctx) },
		func() (struct{}, error) { return struct{}{}, server.HandshakeContext(ctx) })
	require.NoError(t, c.err)
	require.NoError(t, s.err)
	verify, err := tap.finished.verifyData()
	require.NoError(t, err)
	line, _, ok := strings.Cut(log.String(), "\n")
	require.True(t, ok)
	require.True(t, strings.HasPrefix(line, "CLIENT_HANDSHAKE_TRAFFIC_SECRET "))
	return flight{kept.written, []byte(line + "\n"), verify}
}

// writers is io.MultiWriter for writers that never fail.
type writers []interface{ Write([]byte) (int, error) }

func (w writers) Write(b []byte) (int, error) {
	for _, each := range w {
		each.Write(b)
	}
	return len(b), nil
}

// firstEncrypted is the offset of the first encrypted record.
func firstEncrypted(b []byte) int {
	for at := 0; at < len(b); at += recordHeaderSize + int(binary.BigEndian.Uint16(b[at+3:])) {
		if b[at] == recordApplicationData {
			return at
		}
	}
	return len(b)
}

func TestFinishedIsFoundHoweverTheBytesAreCut(t *testing.T) {
	t.Parallel()
	f := recordFlight(t)
	keysAt := firstEncrypted(f.bytes)
	for name, cut := range map[string]func(left int) int{
		"single bytes": func(int) int { return 1 },
		"all at once":  func(left int) int { return left },
		"seven bytes":  func(left int) int { return min(7, left) },
		"at random":    func(left int) int { return 1 + mathrand.New(mathrand.NewPCG(1, uint64(left))).IntN(left) },
	} {
		r := new(finishedReader)
		for at := 0; at < len(f.bytes); {
			if at == keysAt {
				r.Write(f.line)
			}
			limit := len(f.bytes) - at
			if at < keysAt {
				limit = keysAt - at // the server answers before the client goes on
			}
			n := cut(limit)
			r.feed(f.bytes[at : at+n])
			at += n
		}
		got, err := r.verifyData()
		require.NoError(t, err, name)
		require.Equal(t, f.verify, got, name)
		require.Nil(t, r.aead, "keys are kept")
		require.Nil(t, r.body, "plaintext is kept")
		require.Zero(t, r.iv)
	}
}

func TestFinishedReaderSurvivesOtherRecords(t *testing.T) {
	t.Parallel()
	f := recordFlight(t)
	at := firstEncrypted(f.bytes)
	changeCipherSpec := []byte{recordChangeCipherSpec, 3, 3, 0, 1, 1}
	alert := []byte{recordAlert, 3, 3, 0, 2, 1, 0}
	r := new(finishedReader)
	r.Write([]byte("SERVER_HANDSHAKE_TRAFFIC_SECRET 00 00\n"))
	r.feed(changeCipherSpec)
	r.feed(f.bytes[:at])
	r.feed(f.bytes[:at]) // a second hello after a HelloRetryRequest
	r.Write(f.line)
	for range 100 {
		r.feed(changeCipherSpec)
		r.feed(alert)
	}
	r.feed(f.bytes[at:])
	r.feed(bytes.Repeat([]byte{0xff}, 1<<16)) // what follows is not looked at
	got, err := r.verifyData()
	require.NoError(t, err)
	require.Equal(t, f.verify, got)
}

func TestFinishedReaderGivesUp(t *testing.T) {
	t.Parallel()
	f := recordFlight(t)
	at := firstEncrypted(f.bytes)
	changed := bytes.Clone(f.bytes[at:])
	changed[recordHeaderSize+3] ^= 1
	for name, feed := range map[string]func(r *finishedReader){
		"nothing":         func(*finishedReader) {},
		"no keys":         func(r *finishedReader) { r.feed(f.bytes) },
		"flight cut":      func(r *finishedReader) { r.Write(f.line); r.feed(f.bytes[at : len(f.bytes)-1]) },
		"flight changed":  func(r *finishedReader) { r.Write(f.line); r.feed(changed) },
		"record too long": func(r *finishedReader) { r.Write(f.line); r.feed([]byte{recordApplicationData, 3, 3, 0xff, 0xff, 0}) },
		"record empty":    func(r *finishedReader) { r.feed([]byte{recordHandshake, 3, 3, 0, 0, 0}) },
		"no TLS":          func(r *finishedReader) { r.feed([]byte("GET / HTTP/1.1\r\n\r\n")) },
		"secret is no hex": func(r *finishedReader) {
			r.Write([]byte("CLIENT_HANDSHAKE_TRAFFIC_SECRET 00 zz\n"))
			r.feed(f.bytes[at:])
		},
		"record key twice":      func(r *finishedReader) { r.Write(f.line); r.feed(f.bytes[at : at+200]); r.feed(f.bytes[at:]) },
		"observation was ended": func(r *finishedReader) { r.forget(); r.Write(f.line); r.feed(f.bytes) },
	} {
		r := new(finishedReader)
		feed(r)
		_, err := r.verifyData()
		require.ErrorIs(t, err, errFinished, name)
	}
}

func TestFinishedReaderKeepsOneRecord(t *testing.T) {
	t.Parallel()
	f := recordFlight(t)
	r := new(finishedReader)
	handshake := append([]byte{recordHandshake, 3, 3, 0x40, 0}, make([]byte, 1<<14)...)
	for range 100 {
		r.feed(handshake)
		require.Empty(t, r.body)
	}
	r.Write(f.line)
	r.feed(append([]byte{recordApplicationData, 3, 3, 0x41, 0}, make([]byte, 1<<14)...))
	require.LessOrEqual(t, len(r.body), maxRecordSize)
}

func TestSecretsAreGoneAfterTheHandshake(t *testing.T) {
	t.Parallel()
	a, b := tcpPair(t)
	c, s := secure(t, a, b, ClientConfig{KeyHash: keyHash(relay())}, ServerConfig{Credentials: relay()})
	for _, conn := range []*Secure{c, s} {
		tap, ok := conn.NetConn().(*tap)
		require.True(t, ok)
		require.Nil(t, tap.finished)
	}
}

func BenchmarkTLSHandshake(b *testing.B) {
	relay()
	for b.Loop() {
		near, far := tcpPair(b)
		c, s := secure(b, near, far, ClientConfig{KeyHash: keyHash(relay()), Rand: rand.Reader}, ServerConfig{Credentials: relay()})
		c.Abort()
		s.Abort()
	}
}
