package soak_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"

	"smpcheck/reference/relay"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// site is a relay with the network in front of it. It knows when the relay is done with
// a connection.
type site struct {
	listener net.Listener
	keyHash  []byte
	running  sync.WaitGroup

	// gate is held for reading by those who are connected, and for writing while
	// the relay is replaced.
	gate    sync.RWMutex
	closing atomic.Bool // the relay is being replaced

	mu       sync.Mutex
	relay    *relay.Relay
	arrivals map[string]chan net.Conn // by the address of the other end
}

func newSite(config relay.Config) (*site, error) {
	fingerprint := config.Credentials.Fingerprint()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r, err := relay.New(config)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	s := &site{listener: l, relay: r, keyHash: fingerprint[:], arrivals: map[string]chan net.Conn{}}
	s.running.Go(s.accept)
	return s, nil
}

// close ends the relay and everything that goes with it.
func (s *site) close() error {
	err := errors.Join(s.relay.Close(), s.listener.Close())
	s.running.Wait()
	return err
}

// leg is a network connection to a relay.
type leg struct {
	near, far net.Conn      // that of the client and that of the relay
	over      chan struct{} // closed when the relay is done with it
}

// dial connects to the relay.
func (s *site) dial() (*leg, error) {
	near, err := net.DialTimeout("tcp", s.listener.Addr().String(), patience)
	if err != nil {
		return nil, err
	}
	arrival := s.arrival(near.LocalAddr())
	l := &leg{near: near, far: <-arrival, over: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.arrivals, near.LocalAddr().String())
	r := s.relay
	s.running.Go(func() {
		defer close(l.over)
		// The relay has to cope with any end of a connection.
		_ = r.ServeConn(context.Background(), l.far)
	})
	return l, nil
}

// accept takes connections, until the listener is closed.
func (s *site) accept() {
	for {
		far, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.arrival(far.RemoteAddr()) <- far
	}
}

// arrival is where the other end of the connection from an address arrives.
func (s *site) arrival(from net.Addr) chan net.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.arrivals[from.String()]
	if c == nil {
		c = make(chan net.Conn, 1)
		s.arrivals[from.String()] = c
	}
	return c
}

// clientConfig is that of a connection at some version.
func (s *site) clientConfig(rng *rand.Rand) transport.ClientConfig {
	return transport.ClientConfig{
		KeyHash: s.keyHash, Timeout: patience, Versions: wire.Versions(6, uint16(6+rng.IntN(15))),
	}
}

// errClosed: the relay was being replaced.
var errClosed = errors.New("the relay is closed")

// refused ends a connection that has failed in the handshake. It returns the reason.
func (s *site) refused(l *leg, err error) error {
	if s.closing.Load() {
		err = fmt.Errorf("%w: %w", errClosed, err)
	}
	_ = l.near.Close() // whatever that says, the connection is not used
	<-l.over
	s.gate.RUnlock()
	return err
}
