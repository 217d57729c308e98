package network_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent/network"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// patience is how long a test waits for what has to happen.
const patience = 20 * time.Second

// server is a relay that can go down and come back at the same address.
type server struct {
	t        testing.TB
	relay    *relay.Relay
	address  link.Server
	listener *listener
	served   chan error
}

// start runs a relay for the time of the test.
func start(t testing.TB, config relay.Config) *server {
	t.Helper()
	var err error
	config.Credentials, err = keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	s := &server{t: t}
	s.relay, err = relay.New(config)
	require.NoError(t, err)
	s.up("127.0.0.1:0")
	s.address = addressOf(t, s.relay.Fingerprint(), s.listener.Addr())
	t.Cleanup(func() {
		require.NoError(t, s.relay.Close())
		<-s.served
	})
	return s
}

func addressOf(t testing.TB, fingerprint keys.Fingerprint, addr net.Addr) link.Server {
	t.Helper()
	address, err := link.ParseServer("smp://" + fingerprint.String() + "@" + addr.String())
	require.NoError(t, err)
	return address
}

func (s *server) up(address string) {
	s.t.Helper()
	l, err := net.Listen("tcp", address)
	require.NoError(s.t, err)
	s.listener = &listener{Listener: l}
	s.served = make(chan error, 1)
	go func(l net.Listener, served chan<- error) { served <- s.relay.Serve(context.Background(), l) }(s.listener, s.served)
}

// down ends all connections and refuses new ones; queues and messages stay.
func (s *server) down() {
	s.t.Helper()
	require.NoError(s.t, s.listener.Close())
	require.ErrorIs(s.t, <-s.served, net.ErrClosed)
}

// again brings the relay up after down.
func (s *server) again() {
	s.t.Helper()
	s.up(s.listener.Addr().String())
}

// listener remembers its connections, so that they can be cut.
type listener struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, c)
	return c, nil
}

// accepted is how many connections there were.
func (l *listener) accepted() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

// cut ends all connections.
func (l *listener) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		_ = c.Close() // some are closed already
	}
}

// quick makes reconnections fast enough for a test.
var quick = network.Backoff{First: 5 * time.Millisecond, Max: 40 * time.Millisecond, Factor: 2}

func open(t testing.TB, config network.Config) *network.Network {
	t.Helper()
	if config.Backoff == (network.Backoff{}) {
		config.Backoff = quick
	}
	n, err := network.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	return n
}

// within is a context that ends when a test has waited long enough.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// next waits for an event of type E.
func next[E network.Event](t testing.TB, n *network.Network) E {
	t.Helper()
	select {
	case e, open := <-n.Events():
		require.True(t, open, "events have ended")
		require.IsType(t, *new(E), e)
		return e.(E)
	case <-time.After(patience):
		require.FailNowf(t, "no event", "expected %T", *new(E))
		return *new(E)
	}
}

// body waits for a message of q and returns what the sender sent.
func body(t testing.TB, n *network.Network, q client.Queue) (messageID []byte, text string) {
	t.Helper()
	e := next[network.Message](t, n)
	require.Equal(t, q.RecipientID, e.RecipientID)
	content, err := q.Decrypt(e.Message)
	require.NoError(t, err)
	return e.Message.ID, string(content.Body)
}

// newQueue makes a queue, after whose creation only messages come as events.
func newQueue(t testing.TB, n *network.Network, address link.Server) client.Queue {
	t.Helper()
	q, err := n.CreateQueue(within(t), address, client.QueueOptions{Mode: smp.Messaging})
	require.NoError(t, err)
	return q
}

// unsecured is the sender's side of q.
func unsecured(q client.Queue) client.SenderQueue { return q.Sender(keys.PrivateKey{}) }

// eventually repeats try until it has no error, or a permanent one.
func eventually(t testing.TB, try func() error) {
	t.Helper()
	ctx := within(t)
	for {
		err := try()
		if err == nil {
			return
		}
		require.True(t, network.Temporary(err), "%v", err)
		select {
		case <-ctx.Done():
			require.NoError(t, errors.Join(ctx.Err(), err))
		case <-time.After(time.Millisecond):
		}
	}
}

// becomes waits until the condition holds.
func becomes(t testing.TB, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience, time.Millisecond)
}

// silent is a relay that accepts connections and says nothing.
type silent struct {
	*listener
	address link.Server
}

func hang(t testing.TB) *silent {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &silent{listener: &listener{Listener: l}, address: addressOf(t, keys.Fingerprint{}, l.Addr())}
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			if _, err := s.Accept(); err != nil {
				return
			}
		}
	})
	t.Cleanup(func() {
		_ = s.Close()
		accepting.Wait()
		s.cut()
	})
	return s
}

// someSender is the sender's side of a queue that does not exist.
func someSender(t testing.TB) client.SenderQueue {
	t.Helper()
	key, err := keys.Generate(keys.Ed25519, rand.Reader)
	require.NoError(t, err)
	return client.SenderQueue{SenderID: make([]byte, 24), Key: key}
}

func hosts(t testing.TB, names ...string) []link.Host {
	t.Helper()
	var parsed []link.Host
	for _, name := range names {
		h, err := link.ParseHost(name)
		require.NoError(t, err)
		parsed = append(parsed, h)
	}
	return parsed
}

// refusing are the stages of a relay that answers the first commands of type C
// with an error.
func refusing[C smp.Command](count int32, answer *smp.Error) relay.Stages {
	stages := relay.DefaultStages()
	execute := stages.Execute
	var seen atomic.Int32
	stages.Execute = func(session *relay.Session, r *relay.Request) []relay.Output {
		if _, ok := r.Command.(C); ok && seen.Add(1) <= count {
			return []relay.Output{{
				CorrelationID: r.Transmission.CorrelationID,
				EntityID:      r.Transmission.EntityID,
				Response:      smp.ERR{Err: answer},
			}}
		}
		return execute(session, r)
	}
	return stages
}

// together does something many times at once and returns what went wrong.
func together(count int, do func() error) error {
	errs := make([]error, count)
	var doing sync.WaitGroup
	for i := range errs {
		doing.Go(func() { errs[i] = do() })
	}
	doing.Wait()
	return errors.Join(errs...)
}
