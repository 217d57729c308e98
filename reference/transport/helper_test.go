package transport

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
)

// patience limits everything that a test waits for.
const patience = 20 * time.Second

// relay are the credentials of the relay in most tests.
var relay = sync.OnceValue(func() keys.Credentials { return mustCredentials(keys.Ed25519, 2) })

// service are the credentials of a service.
var service = sync.OnceValue(func() keys.Credentials { return mustCredentials(keys.Ed25519, 2) })

func mustCredentials(alg keys.Algorithm, n int) keys.Credentials {
	c, err := keys.NewCredentials(rand.Reader, alg, n)
	if err != nil {
		panic(err)
	}
	return c
}

func keyHash(c keys.Credentials) []byte {
	fp := c.Fingerprint()
	return fp[:]
}

func newKey(t testing.TB, alg keys.Algorithm) keys.PrivateKey {
	t.Helper()
	key, err := keys.Generate(alg, rand.Reader)
	require.NoError(t, err)
	return key
}

func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// tcpPair is a connection over loopback: what the client holds and what the
// server holds.
func tcpPair(t testing.TB) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	client, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	server, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return client, server
}

// memoryPair is a connection in memory that records what each side writes.
func memoryPair(t testing.TB) (client, server *recorder) {
	t.Helper()
	c, s := net.Pipe()
	t.Cleanup(func() {
		c.Close()
		s.Close()
	})
	return &recorder{Conn: c}, &recorder{Conn: s}
}

type recorder struct {
	net.Conn
	mu      sync.Mutex
	written []byte
	writes  int
}

func (r *recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	r.written = append(r.written, b...)
	r.writes++
	r.mu.Unlock()
	return r.Conn.Write(b)
}

// contents unpads the blocks that were written.
func (r *recorder) contents(t testing.TB) [][]byte {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var list [][]byte
	for b := r.written; len(b) > 0; b = b[BlockSize:] {
		content, err := new(BlockOpener).Open(b[:BlockSize])
		require.NoError(t, err)
		list = append(list, content)
	}
	return list
}

// outcome is what one side of a handshake gives.
type outcome[T any] struct {
	value T
	err   error
}

// both runs the two sides of a connection and waits for them.
func both[C, S any](client func() (C, error), server func() (S, error)) (outcome[C], outcome[S]) {
	done := make(chan outcome[S], 1)
	go func() {
		v, err := server()
		done <- outcome[S]{v, err}
	}()
	v, err := client()
	return outcome[C]{v, err}, <-done
}

// connect makes an SMP connection over TLS over the given raw connections.
func connect(t testing.TB, rawClient, rawServer net.Conn, client ClientConfig, server ServerConfig) (*Conn, *Conn) {
	t.Helper()
	ctx := testContext(t)
	c, s := both(
		func() (*Conn, error) { return Client(ctx, rawClient, client) },
		func() (*Conn, error) { return Server(ctx, rawServer, server) })
	require.NoError(t, c.err)
	require.NoError(t, s.err)
	t.Cleanup(func() {
		c.value.Abort()
		s.value.Abort()
	})
	return c.value, s.value
}

// exchange sends a content each way.
func exchange(t testing.TB, client, server *Conn) {
	t.Helper()
	for _, d := range []struct{ from, to *Conn }{{client, server}, {server, client}} {
		sent := make([]byte, 100)
		_, err := io.ReadFull(rand.Reader, sent)
		require.NoError(t, err)
		w, r := both(
			func() (struct{}, error) { return struct{}{}, d.from.WriteBlock(sent) },
			func() ([]byte, error) { return d.to.ReadBlock() })
		require.NoError(t, w.err)
		require.NoError(t, r.err)
		require.Equal(t, sent, r.value)
	}
}
