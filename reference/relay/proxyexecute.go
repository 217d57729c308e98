package relay

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"fmt"

	"smpcheck/reference/client"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// fingerprintSize is the length of the fingerprint of a relay.
const fingerprintSize = sha256.Size

// proxied executes PRXY and PFWD. Both wait for another relay, so they are
// served beside the other commands of the connection and answered when they are
// done, in no order. The number for a connection is limited; then the connection
// waits, with the answers of all other commands on their way.
func (s *Session) proxied(r *Request) []Output {
	ds := s.relay.destinations
	if ds == nil {
		return []Output{r.failure(noProxy(r.Command))}
	}
	if s.proxying == nil {
		s.proxying = make(chan struct{}, ds.config.MaxCommands)
	}
	select {
	case s.proxying <- struct{}{}:
	default:
		s.Flush()
		s.proxying <- struct{}{}
	}
	request := *r
	s.beside.Go(func() {
		defer func() { <-s.proxying }()
		out := request.output()
		if out.Response = s.relay.stages.Proxy(ds.ctx, s, &request); out.Response != nil {
			s.out.putWithRoom(out)
			s.Flush()
		}
	})
	return nil
}

// noProxy is what a relay that does not forward answers, as the official one
// does.
func noProxy(c smp.Command) *smp.Error {
	if _, ok := c.(smp.PRXY); ok {
		return smp.ErrProxyBasicAuth
	}
	return smp.ErrProxyNoSession
}

// defaultProxy is the stage Proxy.
func defaultProxy(ctx context.Context, s *Session, r *Request) smp.Response {
	switch c := r.Command.(type) {
	case smp.PRXY:
		return s.relay.proxySession(ctx, s, c)
	case smp.PFWD:
		return s.relay.forward(ctx, &r.Transmission, c)
	}
	return fail(smp.ErrCmdProhibited)
}

// proxySession executes PRXY. SMP, "Request proxied session".
func (r *Relay) proxySession(ctx context.Context, s *Session, c smp.PRXY) smp.Response {
	if want := r.config.Password; want != nil && subtle.ConstantTimeCompare(want, c.Password) != 1 {
		return fail(smp.ErrProxyBasicAuth)
	}
	d, err := r.destinations.connect(ctx, s, c.Server)
	if err != nil {
		return fail(brokerError(err))
	}
	hello := d.Conn().ServerHello()
	return smp.PKEY{
		SessionID: d.SessionID(),
		Versions:  d.Conn().Versions(),
		Chain:     hello.Chain,
		SignedKey: hello.SignedKey,
	}
}

// forward executes PFWD. SMP, "Send command via proxy".
func (r *Relay) forward(ctx context.Context, t *smp.Transmission, c smp.PFWD) smp.Response {
	d := r.destinations.acquire(t.EntityID)
	if d == nil {
		return fail(smp.ErrProxyNoSession)
	}
	defer r.destinations.release(d)
	ctx, cancel := context.WithTimeout(ctx, r.config.Proxy.CommandTimeout)
	defer cancel()
	body, err := r.stages.Forward(ctx, d.client, smp.ForwardedCommand{
		CorrelationID: t.CorrelationID,
		Version:       c.Version,
		Key:           c.Key,
		Body:          c.Body,
	})
	if err != nil {
		return fail(brokerError(err))
	}
	return smp.PRES{Body: body}
}

// defaultForward is the stage Forward.
func defaultForward(ctx context.Context, destination *client.Client, command smp.ForwardedCommand) ([]byte, error) {
	return destination.Forward(ctx, command)
}

// defaultConnect is the stage Connect. The versions start at 8, the first one
// with forwarding, and the hello has the proxy flag. If one of the two relays
// does not know the flag the version is 10 at most, as in the official relay:
// forwarded commands do not fit the encrypted blocks of the versions between.
func defaultConnect(ctx context.Context, r *Relay, address string, keyHash []byte) (*client.Client, error) {
	versions, ok := r.config.Versions.Common(wire.Versions(smp.VersionProxy, smp.MaxVersion))
	if versions.Max < smp.VersionProxyFlag {
		versions.Max = min(versions.Max, smp.VersionBlockEncryption-1)
	}
	if !ok || versions.Min > versions.Max {
		return nil, fmt.Errorf("%w: this relay speaks %v, which has no version for forwarding", transport.ErrVersion, r.config.Versions)
	}
	raw, err := r.config.Proxy.Dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	config := transport.ClientConfig{
		KeyHash:  keyHash,
		Versions: versions,
		Proxy:    true,
		Timeout:  r.config.Proxy.ConnectTimeout,
		Rand:     r.config.Rand,
	}
	if r.config.TLS12 {
		config.MinTLS = tls.VersionTLS12
	}
	conn, err := transport.Client(ctx, raw, config)
	if err != nil {
		return nil, err
	}
	if conn.Secret() == nil {
		_ = conn.Abort() // whatever that says, the connection is not used
		return nil, transport.ErrNoAuth
	}
	return client.New(conn, client.Config{
		Rand:           r.config.Rand,
		CommandTimeout: r.config.Proxy.CommandTimeout,
		WriteTimeout:   r.config.WriteTimeout,
	})
}
