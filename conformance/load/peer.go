package load

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"smpcheck/reference/client"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// traffic counts bytes below TLS, both ways, on all connections of a run.
type traffic struct{ sent, received atomic.Int64 }

// counted is a connection whose bytes are counted.
type counted struct {
	net.Conn
	traffic *traffic
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.traffic.received.Add(int64(n))
	return n, err
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.traffic.sent.Add(int64(n))
	return n, err
}

// peer is a connection to the relay under load, with one to the proxy if there is one.
type peer struct {
	*client.Client
	via *proxied

	slots  map[string]*slot // by recipient id; not changed while events come
	events sync.WaitGroup
	stray  func(client.Event) // is told what belongs to no slot
}

// serve passes messages on to their slots until the connection ends.
func (p *peer) serve() {
	p.events.Go(func() {
		for e := range p.Events() {
			message, ok := e.Response.(smp.MSG)
			s := p.slots[string(e.EntityID)]
			if !ok || e.Err != nil || s == nil || !s.give(message) {
				p.stray(e)
			}
		}
	})
}

// close ends the connections.
func (p *peer) close() {
	// Close returns nil.
	_ = p.Close()
	if p.via != nil {
		_ = p.via.client.Close()
	}
	p.events.Wait()
}

// eventBuffer is how many events of a connection may wait: the messages of its queues,
// and room for a relay that sends more than it may.
func eventBuffer(queues int) int { return 64 + 4*queues }

// dial makes a connection to a server for the given number of queues with messages.
func (r *run) dial(ctx context.Context, server link.Server, queues int) (*client.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	var d net.Dialer
	raw, err := d.DialContext(ctx, "tcp", server.Address())
	if err != nil {
		return nil, err
	}
	cfg := transport.ClientConfig{
		KeyHash:  server.KeyHash,
		Versions: r.Versions,
		NoKey:    r.PlainBlocks,
		Timeout:  r.Timeout,
	}
	if r.TLS12 {
		cfg.MinTLS = tls.VersionTLS12
	}
	conn, err := transport.Client(ctx, &counted{raw, &r.traffic}, cfg)
	if err != nil {
		return nil, err
	}
	return client.New(conn, client.Config{
		Versions:       r.Versions,
		Password:       password(server),
		CommandTimeout: r.Timeout,
		WriteTimeout:   r.Timeout,
		KeepAlive:      client.NoKeepAlive,
		EventBuffer:    eventBuffer(queues),
	})
}

// proxied is a connection to the proxy with a session with the destination.
type proxied struct {
	client      *client.Client
	destination smp.Server
	password    smp.Password

	mu      sync.Mutex
	session *client.ProxySession
}

// send sends SEND through the proxy. A session that the proxy has no more is replaced
// before the next message.
func (p *proxied) send(ctx context.Context, q client.SenderQueue, body []byte) error {
	session, err := p.get(ctx)
	if err != nil {
		return err
	}
	err = session.SendMessage(ctx, q, false, body)
	if err != nil && isProxyError(err) {
		p.mu.Lock()
		if p.session == session {
			p.session = nil
		}
		p.mu.Unlock()
	}
	return err
}

// get returns the session, or makes one.
func (p *proxied) get(ctx context.Context) (*client.ProxySession, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.session == nil {
		session, err := p.client.Proxy(ctx, p.destination, p.password)
		if err != nil {
			return nil, err
		}
		p.session = session
	}
	return p.session, nil
}

// throughProxy connects to the proxy and makes a session with the target.
func (r *run) throughProxy(ctx context.Context) (*proxied, error) {
	c, err := r.dial(ctx, *r.Via, 0)
	if err != nil {
		return nil, fmt.Errorf("the proxy: %w", err)
	}
	p := &proxied{client: c, destination: proxyAddress(r.Target), password: password(*r.Via)}
	if _, err := p.get(ctx); err != nil {
		_ = c.Close() // returns nil
		return nil, fmt.Errorf("the proxy: %w", err)
	}
	return p, nil
}

// proxyAddress is an address as PRXY has it.
func proxyAddress(s link.Server) smp.Server {
	hosts := make([]string, len(s.Hosts))
	for i, h := range s.Hosts {
		hosts[i] = h.String()
	}
	return smp.Server{Hosts: hosts, Port: s.Port, KeyHash: s.KeyHash}
}

// connect makes all connections of the run, several at a time. The first one is made
// alone: if it fails the relay cannot be used.
func (r *run) connect(ctx context.Context) error {
	if err := r.connectOne(ctx, 0); err != nil {
		return err
	}
	r.version = r.peers[0].Version()
	r.encrypted = r.peers[0].Conn().Encrypted()
	// The others are counted.
	r.each(ctx, phaseConnect, r.Connections-1, func(i int) { _ = r.connectOne(ctx, i+1) })
	return nil
}

// connectOne makes connection i, and the one to the proxy if the run has one.
func (r *run) connectOne(ctx context.Context, i int) (err error) {
	began := time.Now()
	defer func() {
		r.count(ctx, Connect, err)
		r.record(ctx, r.handshakes, Connect, began, err)
	}()
	c, err := r.dial(ctx, r.Target, r.slotsOf(i))
	if err != nil {
		return err
	}
	p := &peer{Client: c, slots: make(map[string]*slot), stray: r.stray}
	if r.Via != nil {
		if p.via, err = r.throughProxy(ctx); err != nil {
			_ = c.Close() // returns nil
			return err
		}
	}
	r.peers[i] = p
	return nil
}

// password is that in an address; nil if there is none, which is not the same as an empty
// one: that would be sent.
func password(server link.Server) smp.Password {
	if server.Password == "" {
		return nil
	}
	return smp.Password(server.Password)
}
