package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Endpoint is a relay that serves one listener in the background.
type Endpoint struct {
	*Relay
	listener net.Listener
	served   chan error
}

// Listen makes a relay and serves TCP connections at the given address,
// "host:port", until ctx ends or Close. Port 0 takes a free one.
func Listen(ctx context.Context, address string, config Config) (*Endpoint, error) {
	r, err := New(config)
	if err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listening: %w", err), r.Close())
	}
	e := &Endpoint{Relay: r, listener: l, served: make(chan error, 1)}
	go func() { e.served <- r.Serve(ctx, l) }()
	return e, nil
}

// Addr is the network address that the relay listens at.
func (e *Endpoint) Addr() net.Addr { return e.listener.Addr() }

// Address is the address of the relay for clients on this machine.
func (e *Endpoint) Address() string { return e.AddressAt("") }

// AddressAt is the address of the relay for clients that know its host by
// another name; an empty name means the address that the relay listens at.
func (e *Endpoint) AddressAt(host string) string {
	listened, port, _ := net.SplitHostPort(e.Addr().String()) // that of a TCP listener has both
	if host == "" {
		host = listened
	}
	return "smp://" + e.Fingerprint().String() + "@" + net.JoinHostPort(host, port)
}

// Wait waits until the relay does not serve any more and returns what Serve
// returned.
func (e *Endpoint) Wait() error {
	err := <-e.served
	e.served <- err
	return err
}

// Close ends the relay and waits for everything that it started.
func (e *Endpoint) Close() error {
	closing, serving := e.Relay.Close(), e.Wait()
	if errors.Is(serving, ErrClosed) {
		serving = nil // it was closed before it had begun to serve
	}
	return errors.Join(closing, serving)
}
