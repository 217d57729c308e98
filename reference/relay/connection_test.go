package relay_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// dial opens a network connection and does nothing with it.
func dial(t *testing.T, e *relay.Endpoint) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", e.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return conn
}

// ended waits until the relay has closed a connection.
func ended(t *testing.T, conn net.Conn) {
	t.Helper()
	_, err := io.Copy(io.Discard, conn)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "connection is still open")
}

// piped connects over a pipe, where everything that is written waits until the
// other side reads.
func piped(t *testing.T, r *relay.Relay) *client {
	t.Helper()
	here, there := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- r.ServeConn(context.Background(), there) }()
	t.Cleanup(func() { <-served })
	fingerprint := r.Fingerprint()
	conn, err := transport.Client(context.Background(), here, transport.ClientConfig{
		KeyHash: fingerprint[:], Versions: wire.Versions(6, 20), Timeout: patience,
	})
	require.NoError(t, err)
	c := &client{t: t, conn: conn}
	t.Cleanup(c.close)
	return c
}

func newRelay(t *testing.T, change func(*relay.Config)) *relay.Relay {
	t.Helper()
	config := relay.Config{Credentials: credentials()}
	change(&config)
	r, err := relay.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}

func connections(t *testing.T, r interface{ Connections() int }, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return r.Connections() == n }, patience, time.Millisecond)
}

func TestSlowReaderStallsNobody(t *testing.T) {
	t.Parallel()
	r := newRelay(t, func(c *relay.Config) { c.MaxOutput, c.WriteTimeout = relay.MinOutput, patience })
	slow, sender := piped(t, r), piped(t, r)
	var queues []*queue
	for range 20 {
		queues = append(queues, slow.newQueue())
	}
	for _, body := range []string{"one", "two"} {
		for _, q := range queues {
			require.Equal(t, smp.OK{}, sender.send(q, body))
		}
	}
	byID := map[string]*queue{}
	for _, q := range queues {
		byID[string(q.rcvID)] = q
	}
	for range queues {
		got := slow.next()
		q := byID[string(got.Transmission.EntityID)]
		require.NotNil(t, q, "one message of each queue")
		delete(byID, string(q.rcvID))
		q.expect(got.Response, "one")
	}
	slow.quiet()
}

func TestReaderThatStopsIsClosed(t *testing.T) {
	t.Parallel()
	r := newRelay(t, func(c *relay.Config) { c.WriteTimeout = time.Second })
	slow, sender := piped(t, r), piped(t, r)
	q := slow.newQueue()
	require.Equal(t, smp.OK{}, sender.send(q, "one"))
	connections(t, r, 1)
	sender.quiet()
}

func TestOutputLimit(t *testing.T) {
	t.Parallel()
	r := newRelay(t, func(c *relay.Config) { c.MaxOutput, c.WriteTimeout = relay.MinOutput, patience })
	slow, thief := piped(t, r), piped(t, r)
	queues := slow.newQueues(relay.MinOutput/256 + 2)
	thief.subscribeAll(queues)
	connections(t, r, 1)
	thief.quiet()
}

func TestCommandsWaitForTheReader(t *testing.T) {
	t.Parallel()
	r := newRelay(t, func(c *relay.Config) { c.MaxOutput, c.WriteTimeout = relay.MinOutput, time.Second })
	c := piped(t, r)
	require.NoError(t, c.conn.SetWriteDeadline(time.Now().Add(patience)))
	var err error
	for range relay.MinOutput / 256 {
		_, ping := c.request(noKey, nil, smp.PING{})
		content, encodeErr := smp.EncodeBlock(ping)
		require.NoError(t, encodeErr)
		if err = c.conn.WriteBlock(content); err != nil {
			break
		}
	}
	require.Error(t, err, "the relay took commands without limit")
	connections(t, r, 0)
}

func TestHandshakeTimeout(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *relay.Config) { c.HandshakeTimeout = 50 * time.Millisecond })
	ended(t, dial(t, e))
	connections(t, e, 0)
}

func TestGarbage(t *testing.T) {
	t.Parallel()
	e := start(t)
	conn := dial(t, e)
	_, err := conn.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	require.NoError(t, err)
	ended(t, conn)
	connect(t, e, 20).quiet()
}

func TestIdleTimeout(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *relay.Config) { c.IdleTimeout = 100 * time.Millisecond })
	connect(t, e, 20).closed()
}

func TestMaxConnections(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *relay.Config) { c.MaxConnections = 2 })
	first, second := connect(t, e, 20), connect(t, e, 20)
	ended(t, dial(t, e))
	first.quiet()
	first.close()
	connections(t, e, 1)
	connect(t, e, 20).quiet()
	second.quiet()
}

func TestMaxHandshakes(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *relay.Config) { c.MaxHandshakes = 1 })
	served := connect(t, e, 20)
	served.quiet() // the relay's side of the handshake is over too
	waiting := dial(t, e)
	connections(t, e, 2)
	ended(t, dial(t, e))
	served.quiet()
	require.NoError(t, waiting.Close())
	connections(t, e, 1)
	connect(t, e, 20).quiet()
}

func TestVersionsAndIdentity(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *relay.Config) { c.Versions = wire.Versions(7, 9) })
	require.Equal(t, uint16(9), connect(t, e, 20).conn.Version())
	fingerprint := e.Fingerprint()
	_, err := transport.Dial(context.Background(), e.Addr().String(), transport.ClientConfig{KeyHash: fingerprint[:], Versions: wire.Versions(10, 20)})
	require.ErrorIs(t, err, transport.ErrVersion)
	require.Equal(t, "smp://"+fingerprint.String()+"@"+e.Addr().String(), e.Address())
	_, port, err := net.SplitHostPort(e.Addr().String())
	require.NoError(t, err)
	require.Equal(t, "smp://"+fingerprint.String()+"@[::1]:"+port, e.AddressAt("::1"))
}

func TestTLS12(t *testing.T) {
	t.Parallel()
	old := transport.ClientConfig{MinTLS: tls.VersionTLS12, MaxTLS: tls.VersionTLS12, Versions: wire.Versions(6, 20)}
	c := connectWith(t, start(t, func(c *relay.Config) { c.TLS12 = true }), old)
	require.Len(t, c.conn.SessionID(), 12)
	q := c.newQueue(onlyCreate)
	require.Equal(t, smp.OK{}, c.send(q, "one"))
	q.expect(c.recipient(q, smp.GET{}), "one")

	e := start(t)
	fingerprint := e.Fingerprint()
	old.KeyHash = fingerprint[:]
	_, err := transport.Dial(context.Background(), e.Addr().String(), old)
	require.Error(t, err)
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*relay.Config){
		"no credentials":   func(c *relay.Config) { c.Credentials.Chain = nil },
		"version 5":        func(c *relay.Config) { c.Versions = wire.Versions(5, 20) },
		"version 21":       func(c *relay.Config) { c.Versions = wire.Versions(6, 21) },
		"versions swapped": func(c *relay.Config) { c.Versions = wire.Versions(9, 7) },
		"negative quota":   func(c *relay.Config) { c.Quota = -1 },
		"small output":     func(c *relay.Config) { c.MaxOutput = 1 },
		"negative TTL":     func(c *relay.Config) { c.MessageTTL = -1 },
	} {
		config := relay.Config{Credentials: credentials()}
		change(&config)
		_, err := relay.New(config)
		require.ErrorIs(t, err, relay.ErrConfig, name)
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	r, err := relay.New(relay.Config{Credentials: credentials()})
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.NoError(t, r.Close())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.ErrorIs(t, r.Serve(context.Background(), l), relay.ErrClosed)
	here, there := net.Pipe()
	require.ErrorIs(t, r.ServeConn(context.Background(), there), relay.ErrClosed)
	ended(t, here)
}

func TestListenFails(t *testing.T) {
	t.Parallel()
	e := start(t)
	_, err := relay.Listen(context.Background(), e.Addr().String(), relay.Config{Credentials: credentials()})
	require.ErrorIs(t, err, syscall.EADDRINUSE)
}

// TestNothingIsLeft is not parallel: it counts goroutines.
func TestNothingIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, end := range []string{"close", "context", "clients"} {
		ctx, cancel := context.WithCancel(context.Background())
		e, err := relay.Listen(ctx, "127.0.0.1:0", relay.Config{Credentials: credentials()})
		require.NoError(t, err)
		silent, err := net.Dial("tcp", e.Addr().String())
		require.NoError(t, err)
		c, other := connect(t, e, 20), connect(t, e, 6)
		q := c.newQueue()
		require.Equal(t, smp.OK{}, other.send(q, "one"))
		switch end {
		case "context":
			cancel()
			require.NoError(t, e.Wait())
		case "clients":
			c.close()
			other.close()
			require.NoError(t, silent.Close())
			connections(t, e, 0)
		}
		require.NoError(t, e.Close())
		require.Zero(t, e.Connections())
		c.close()
		other.close()
		_ = silent.Close()
		cancel()
	}
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("goroutines are left:\n%s", stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// flakyListener fails a few times, then gives connections, then is closed.
type flakyListener struct {
	net.Listener
	failures atomic.Int32
}

func (l *flakyListener) Accept() (net.Conn, error) {
	if l.failures.Add(-1) >= 0 {
		return nil, syscall.EMFILE
	}
	return l.Listener.Accept()
}

func TestAcceptErrorsPass(t *testing.T) {
	t.Parallel()
	r := newRelay(t, func(*relay.Config) {})
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &flakyListener{Listener: inner}
	l.failures.Store(3)
	served := make(chan error, 1)
	go func() { served <- r.Serve(context.Background(), l) }()
	fingerprint := r.Fingerprint()
	conn, err := transport.Dial(context.Background(), inner.Addr().String(), transport.ClientConfig{KeyHash: fingerprint[:]})
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, inner.Close())
	require.ErrorIs(t, <-served, net.ErrClosed)
}

// TestTakeoverRace lets connections steal a queue from each other while messages
// are sent to it and connections vanish. Every message has to arrive, and in
// order.
func TestTakeoverRace(t *testing.T) {
	t.Parallel()
	e := start(t)
	sender := connect(t, e, 20)
	q := sender.newQueue(onlyCreate)
	const messages = 60
	var received inbox
	done := make(chan struct{})
	var thieves sync.WaitGroup
	for range 4 {
		thieves.Go(func() {
			for received.len() < messages {
				if err := steal(t, e, q, &received, messages); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	go func() {
		thieves.Wait()
		close(done)
	}()
	for i := range messages {
		require.Equal(t, smp.OK{}, sender.send(q, string(rune('A'+i))))
	}
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%d of %d messages arrived", received.len(), messages)
	}
	for i, body := range received.bodies {
		require.Equal(t, string(rune('A'+i)), body, "message %d", i)
	}
}

// inbox holds the messages that came, in the order of their first arrival.
type inbox struct {
	mu     sync.Mutex
	bodies []string
}

func (b *inbox) add(body string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Contains(b.bodies, body) {
		b.bodies = append(b.bodies, body)
	}
}

func (b *inbox) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.bodies)
}

// steal subscribes to the queue on a new connection, acknowledges some messages
// and drops the connection.
func steal(t *testing.T, e *relay.Endpoint, q *queue, received *inbox, all int) error {
	c := connect(t, e, 20)
	defer c.close()
	_, encoded := c.request(q.rcvKey, q.rcvID, smp.SUB{})
	c.write(encoded)
	for range 10 {
		if received.len() >= all {
			return nil
		}
		if err := c.conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			return err
		}
		content, err := c.conn.ReadBlock()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, r := range smp.DecodeResponses(20, c.conn.SessionID(), content) {
			msg, ok := r.Response.(smp.MSG)
			if !ok {
				continue
			}
			m, err := smp.OpenRcvMessage(msg, &q.deliveries)
			if err != nil {
				return err
			}
			received.add(string(m.Body))
			_, encoded := c.request(q.rcvKey, q.rcvID, smp.ACK{MsgID: msg.ID})
			c.write(encoded)
		}
	}
	return nil
}
