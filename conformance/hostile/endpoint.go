package hostile

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/transport"
)

// DefaultPace is the time between two bytes of an endpoint that sends slowly.
const DefaultPace = time.Second

// Endpoint is a listener on a free port of the loopback interface that shows one
// behaviour to whoever connects.
type Endpoint struct {
	behaviour   Behaviour
	pace        time.Duration
	credentials keys.Credentials
	address     string

	listener net.Listener
	ctx      context.Context
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// Listen starts an endpoint with the given time between two bytes where the
// behaviour is slow; 0 is DefaultPace. It runs until Close.
func Listen(b Behaviour, pace time.Duration) (*Endpoint, error) {
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	if err != nil {
		return nil, fmt.Errorf("make an identity: %w", err)
	}
	fingerprint := credentials.Fingerprint()
	if b.stranger {
		fingerprint[0] ^= 1
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if pace == 0 {
		pace = DefaultPace
	}
	e := &Endpoint{
		behaviour: b, pace: pace, credentials: credentials, listener: l,
		address: "smp://" + fingerprint.String() + "@" + l.Addr().String(),
	}
	e.ctx, e.stop = context.WithCancel(context.Background())
	e.running.Go(e.accept)
	return e, nil
}

// Address is the smp:// address of the endpoint.
func (e *Endpoint) Address() string { return e.address }

// Close ends the endpoint and all its connections, and returns when nothing of it
// runs any more.
func (e *Endpoint) Close() error {
	e.stop()
	err := e.listener.Close()
	e.running.Wait()
	return err
}

func (e *Endpoint) accept() {
	for number := 1; ; number++ {
		conn, err := e.listener.Accept()
		if err != nil {
			return
		}
		e.running.Go(func() { e.serve(conn.(*net.TCPConn), number) })
	}
}

func (e *Endpoint) serve(conn *net.TCPConn, number int) {
	defer conn.Close()
	defer context.AfterFunc(e.ctx, func() { conn.Close() })()
	// Every behaviour ends when its client is gone; how, is of no interest.
	_ = e.behaviour.serve(&peer{TCPConn: conn, endpoint: e, number: number})
}

// peer is one connection to an endpoint.
type peer struct {
	*net.TCPConn
	endpoint *Endpoint
	// number counts the connections of the endpoint from 1.
	number int
}

// errDone ends a behaviour that closes the connection by itself.
var errDone = errors.New("done")

// drain is silence: it reads until the client goes.
func drain(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return errors.Join(err, errDone)
}

// flood writes b again and again until the client goes.
func flood(conn net.Conn, b []byte) error {
	return endless(conn, func() error {
		_, err := conn.Write(b)
		return err
	})
}

// endless calls write until it fails, and closes the connection. What the client sends
// is read meanwhile, so that only the client decides how much it takes.
func endless(conn net.Conn, write func() error) error {
	var reading sync.WaitGroup
	reading.Go(func() { _ = drain(conn) })
	defer reading.Wait()
	defer conn.Close()
	for {
		if err := write(); err != nil {
			return err
		}
	}
}

// slow is a connection that is written to one byte at a time.
type slow struct {
	net.Conn
	p *peer
}

func (s slow) Write(b []byte) (int, error) {
	ticker := time.NewTicker(s.p.endpoint.pace)
	defer ticker.Stop()
	for i := range b {
		if _, err := s.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
		select {
		case <-ticker.C:
		case <-s.p.endpoint.ctx.Done():
			return i, s.p.endpoint.ctx.Err()
		}
	}
	return len(b), nil
}

// tls makes the TLS connection of a proper relay.
func (p *peer) tls() (*transport.Secure, error) {
	return transport.ServerTLS(p.endpoint.ctx, p.TCPConn, transport.ServerConfig{Credentials: p.endpoint.credentials})
}
