package relay

import (
	"context"
	"errors"
	"maps"
	"net"
	"strconv"
	"sync"
	"time"

	"smpcheck/reference/client"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// Errors of finding a destination.
var (
	errHost         = errors.New("no host that the relay may connect to")
	errDestinations = errors.New("limit of destinations reached")
	errAddress      = errors.New("malformed port or fingerprint of a relay")
)

// defaultPort is that of an address without port.
const defaultPort = "5223"

// destination is a relay that this one forwards to.
type destination struct {
	key   string
	ready chan struct{} // closed when client or err is set

	client *client.Client
	err    error

	busy   int       // commands under way; guarded by destinations.mu
	usedAt time.Time // so is this
}

// ended reports whether the connection was there and is not any more.
func (d *destination) ended() bool {
	select {
	case <-d.ready:
		return d.client != nil && d.client.Err() != nil
	default:
		return false
	}
}

// destinations are the connections to other relays. All clients that name the
// same relay share one connection, so that the relay cannot tell them apart.
// SMP, "Proxying sender commands".
type destinations struct {
	relay  *Relay
	config *ProxyConfig
	ctx    context.Context // ends when the relay is closed

	mu       sync.Mutex
	byKey    map[string]*destination
	sessions map[string]*destination
}

func newDestinations(ctx context.Context, r *Relay) *destinations {
	return &destinations{
		relay:    r,
		config:   r.config.Proxy,
		ctx:      ctx,
		byKey:    make(map[string]*destination),
		sessions: make(map[string]*destination),
	}
}

// connect returns the connection to a relay, a new one if there is none. Those
// who ask at the same time wait for the same attempt, which goes on when they
// leave. An attempt that failed is forgotten at once; the official relay
// remembers it for 30 seconds.
func (ds *destinations) connect(ctx context.Context, s *Session, server smp.Server) (*client.Client, error) {
	address, err := ds.address(server)
	if err != nil {
		return nil, err
	}
	d, err := ds.enter(s, address, server.KeyHash)
	if err != nil {
		return nil, err
	}
	select {
	case <-d.ready:
		return d.client, d.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// address is host:port of the first host that the relay may connect to.
func (ds *destinations) address(server smp.Server) (string, error) {
	port := server.Port
	if port == "" {
		port = defaultPort
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || len(server.KeyHash) != fingerprintSize {
		return "", errAddress
	}
	for _, name := range server.Hosts {
		host, err := wire.ParseHost(name)
		if err == nil && ds.config.AllowHost(host) {
			return net.JoinHostPort(host.String(), port), nil
		}
	}
	return "", errHost
}

// enter finds the destination or starts to connect to it, for a session.
func (ds *destinations) enter(s *Session, address string, keyHash []byte) (*destination, error) {
	key := string(keyHash) + address
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if !ds.admit(s, key) {
		return nil, errDestinations
	}
	d := ds.byKey[key]
	if d != nil && d.ended() {
		ds.drop(d)
		d = nil
	}
	if d == nil {
		if len(ds.byKey) >= ds.config.MaxDestinations {
			return nil, errDestinations
		}
		d = &destination{key: key, ready: make(chan struct{})}
		ds.byKey[key] = d
		ds.relay.running.Go(func() { ds.serve(d, address, keyHash) })
	}
	d.usedAt = time.Now()
	return d, nil
}

// admit reports whether a session may have the destination as well. It forgets
// those that the session asked for and that are gone. ds.mu is held.
func (ds *destinations) admit(s *Session, key string) bool {
	if _, known := s.asked[key]; known {
		return true
	}
	if len(s.asked) >= ds.config.MaxClientDestinations {
		maps.DeleteFunc(s.asked, func(key string, _ struct{}) bool { return ds.byKey[key] == nil })
	}
	if len(s.asked) >= ds.config.MaxClientDestinations {
		return false
	}
	if s.asked == nil {
		s.asked = make(map[string]struct{})
	}
	s.asked[key] = struct{}{}
	return true
}

// serve connects to a destination and keeps the connection until it ends.
func (ds *destinations) serve(d *destination, address string, keyHash []byte) {
	ctx, cancel := context.WithTimeout(ds.ctx, ds.config.ConnectTimeout)
	c, err := ds.relay.stages.Connect(ctx, ds.relay, address, keyHash)
	cancel()
	ds.mu.Lock()
	d.client, d.err = c, err
	if err != nil {
		ds.drop(d)
	} else {
		ds.sessions[string(c.SessionID())] = d
	}
	close(d.ready)
	ds.mu.Unlock()
	if err != nil {
		ds.relay.log.Info("destination not reached", "reason", reason(err))
		return
	}
	ds.wait(d)
	ds.mu.Lock()
	ds.drop(d)
	ds.mu.Unlock()
	_ = c.Close() // which returns nil
}

// drop forgets a destination, or does nothing if it is forgotten. ds.mu is held.
func (ds *destinations) drop(d *destination) {
	if ds.byKey[d.key] == d {
		delete(ds.byKey, d.key)
	}
	if d.client != nil && ds.sessions[string(d.client.SessionID())] == d {
		delete(ds.sessions, string(d.client.SessionID()))
	}
}

// wait returns when the connection has ended or has to: the relay is closed, or
// nobody has used it for long. What the destination sends unasked is thrown away.
func (ds *destinations) wait(d *destination) {
	idle := time.NewTimer(ds.config.IdleTimeout)
	defer idle.Stop()
	for events := d.client.Events(); ; {
		select {
		case _, open := <-events:
			if !open {
				events = nil
			}
		case <-d.client.Done():
			return
		case <-ds.ctx.Done():
			return
		case <-idle.C:
			left := ds.idleLeft(d)
			if left <= 0 {
				return
			}
			idle.Reset(left)
		}
	}
}

// idleLeft is how long the destination may go on unused. If that is over, it is
// forgotten.
func (ds *destinations) idleLeft(d *destination) time.Duration {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if d.busy > 0 {
		return ds.config.IdleTimeout
	}
	left := ds.config.IdleTimeout - time.Since(d.usedAt)
	if left <= 0 {
		ds.drop(d)
	}
	return left
}

// acquire returns the destination of a session until release, nil if there is
// none any more.
func (ds *destinations) acquire(sessionID []byte) *destination {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	d := ds.sessions[string(sessionID)]
	if d == nil || d.ended() {
		return nil
	}
	d.busy++
	return d
}

// len is the number of destinations.
func (ds *destinations) len() int {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	return len(ds.byKey)
}

func (ds *destinations) release(d *destination) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	d.busy--
	d.usedAt = time.Now()
}
