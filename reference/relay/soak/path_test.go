package soak_test

import (
	"context"
	"net"
	"sync"
	"sync/atomic"

	"smpcheck/reference/client"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// path is the way through a proxy to a relay: one connection after the other.
type path struct {
	proxy  *site
	far    *site
	server smp.Server

	mu       sync.Mutex
	now      *crossing // the newest one
	sessions map[string]*crossing
}

// crossing is one connection between the proxy and the relay.
type crossing struct {
	*leg
	cut atomic.Int64 // when it was cut; 0 before
}

// crossingKey is the key of the crossing that a connection is being made for.
type crossingKey struct{}

// newPath makes a proxy in front of a relay.
func newPath(far *site, config relay.Config) (*path, error) {
	host, port, err := net.SplitHostPort(far.listener.Addr().String())
	if err != nil {
		return nil, err
	}
	p := &path{far: far, sessions: map[string]*crossing{}}
	p.server = smp.Server{Hosts: []string{host}, Port: port, KeyHash: far.keyHash}
	config.Proxy = &relay.ProxyConfig{
		AllowPrivate: true, ConnectTimeout: patience, CommandTimeout: patience, Dial: p.dial,
	}
	config.Stages.Connect = p.connect
	p.proxy, err = newSite(config)
	return p, err
}

func (p *path) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	l, err := p.far.dial()
	if err != nil {
		return nil, err
	}
	ctx.Value(crossingKey{}).(*crossing).leg = l
	return l.near, nil
}

// connect is the stage Connect of the proxy.
func (p *path) connect(ctx context.Context, r *relay.Relay, address string, keyHash []byte) (*client.Client, error) {
	x := &crossing{}
	c, err := relay.DefaultStages().Connect(context.WithValue(ctx, crossingKey{}, x), r, address, keyHash)
	if err == nil {
		p.mu.Lock()
		p.now, p.sessions[string(c.SessionID())] = x, x
		p.mu.Unlock()
	}
	return c, err
}

// of is the crossing of a session, nil if there is none.
func (p *path) of(s *client.ProxySession) *crossing {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sessions[string(s.SessionID())]
}

// cut ends the newest crossing, from the side of the relay or of the proxy. It does
// nothing if there is none.
func (p *path) cut(now int64, far bool) {
	p.mu.Lock()
	x := p.now
	p.now = nil
	p.mu.Unlock()
	if x == nil {
		return
	}
	x.cut.Store(now)
	end := x.near
	if far {
		end = x.far
	}
	// The two relays have to cope with any end.
	_ = end.Close()
}
