package client

import (
	"bytes"
	"context"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// ProxySession is a session with one relay, the destination, through another
// one, the proxy, to which the Client is connected. The proxy sees neither the
// commands nor the queues; the destination does not see the client. SMP,
// "Proxying sender commands".
//
// A session lasts as long as the connection between proxy and destination. When
// that ends commands fail with ErrProxySession, and Client.Proxy makes a new
// session. All methods are safe for concurrent use, and a Client can have any
// number of sessions.
type ProxySession struct {
	client      *Client
	id          []byte
	version     uint16
	key         keys.PublicKey
	authorizers authorizers
}

// Proxy sends PRXY: it asks the relay of c for a session with the destination,
// with the password that the relay wants, nil for none. It needs version 8 at c.
//
// The destination proves itself in the answer as it does in a direct connection:
// its certificates have to be those of destination.KeyHash by the rules of
// keys.ValidateChain, and the leaf has to have signed its session key. Commands
// are encrypted for that key, so that a proxy that is not honest can only refuse
// them. The version is the highest that Config.Versions and the proxy's answer
// have in common.
//
// The error is a *ProxyError, with the errors of Client.Do in its chain.
func (c *Client) Proxy(ctx context.Context, destination smp.Server, password smp.Password) (*ProxySession, error) {
	if c.Version() < smp.VersionProxy {
		return nil, &ProxyError{Err: fmt.Errorf("PRXY: %w: the proxy speaks version %d, expected at least %d",
			transport.ErrVersion, c.Version(), smp.VersionProxy)}
	}
	request := Request{Command: smp.PRXY{Server: destination, Password: password}}
	answer, err := expect[smp.PKEY](ctx, c, request)
	if err != nil {
		return nil, proxyError(err)
	}
	session, err := c.proxySession(destination.KeyHash, answer)
	if err != nil {
		return nil, &ProxyError{Err: fmt.Errorf("PKEY: %w", err)}
	}
	return session, nil
}

// proxySession verifies PKEY. SMP, "Request proxied session".
func (c *Client) proxySession(keyHash []byte, answer smp.PKEY) (*ProxySession, error) {
	if err := keys.ValidateChain(answer.Chain, keyHash); err != nil {
		return nil, err
	}
	key, err := certifiedKey(answer)
	if err != nil {
		return nil, err
	}
	own := wire.Versions(smp.VersionProxy, smp.MaxVersion)
	if c.config.Versions != (wire.VersionRange{}) {
		own.Min, own.Max = max(own.Min, c.config.Versions.Min), min(own.Max, c.config.Versions.Max)
	}
	common, ok := own.Common(answer.Versions)
	if !ok {
		return nil, fmt.Errorf("%w: destination speaks %v, client %v", transport.ErrVersion, answer.Versions, own)
	}
	return &ProxySession{client: c, id: bytes.Clone(answer.SessionID), version: common.Max, key: key}, nil
}

// certifiedKey returns the session key in PKEY if the leaf of the chain signed
// it.
func certifiedKey(answer smp.PKEY) (keys.PublicKey, error) {
	leaf, err := keys.CertificatePublicKey(answer.Chain[0])
	if err != nil {
		return keys.PublicKey{}, err
	}
	signed, err := keys.ParseSignedKey(answer.SignedKey)
	if err != nil {
		return keys.PublicKey{}, err
	}
	if err := signed.Verify(leaf); err != nil {
		return keys.PublicKey{}, fmt.Errorf("session key: %w", err)
	}
	key, err := signed.PublicKey()
	if err != nil {
		return keys.PublicKey{}, fmt.Errorf("session key: %w", err)
	}
	if key.Algorithm() != keys.X25519 {
		return keys.PublicKey{}, fmt.Errorf("%w: session key is %v, expected X25519", keys.ErrAlgorithm, key.Algorithm())
	}
	return key, nil
}

// Version is the SMP version of commands in the session.
func (s *ProxySession) Version() uint16 { return s.version }

// SessionID is the identifier of the connection between proxy and destination,
// which the authorization of commands in the session covers.
func (s *ProxySession) SessionID() []byte { return s.id }

// Do sends one command to the destination, encrypted with a new X25519 key, and
// waits for its answer. A relay takes SEND, SKEY, LKEY, LGET and RSLV in this
// way.
//
// The destination's ERR is an error with the *smp.Error in its chain. If the
// command, or its answer, did not get through the proxy the error is a
// *ProxyError; if it has no Answer of the proxy, or Destination is set, the
// command may or may not have been executed. Other errors are those of encoding
// and of a response that does not fit (ErrUnexpected, ErrSyntax).
func (s *ProxySession) Do(ctx context.Context, entityID []byte, key keys.PrivateKey, command smp.Command) (smp.Response, error) {
	response, err := s.forward(ctx, Request{EntityID: entityID, Key: key, Command: command})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", tagOf(command), err)
	}
	return response, nil
}

// SendMessage sends SEND to the destination. See Client.SendMessage.
func (s *ProxySession) SendMessage(ctx context.Context, q SenderQueue, notify bool, body []byte) error {
	return s.ok(ctx, q.request(smp.SEND{Notify: notify, Body: body}))
}

// SecureBySender sends SKEY to the destination. See Client.SecureBySender.
func (s *ProxySession) SecureBySender(ctx context.Context, q SenderQueue) error {
	return s.ok(ctx, q.request(smp.SKEY{SenderKey: q.Key.Public()}))
}

// ok sends a command that is answered with OK.
func (s *ProxySession) ok(ctx context.Context, r Request) error {
	response, err := s.Do(ctx, r.EntityID, r.Key, r.Command)
	return Result{Response: response, Err: err}.expectOneOf(r, smp.OK{})
}

// forward sends a command in PFWD and opens the answer in PRES.
func (s *ProxySession) forward(ctx context.Context, r Request) (smp.Response, error) {
	sealed, err := s.seal(r)
	if err != nil {
		return nil, err
	}
	result := s.client.exchange(ctx, false, Request{
		EntityID:      s.id,
		Command:       smp.PFWD{Version: s.version, Key: sealed.ephemeral, Body: sealed.body},
		CorrelationID: sealed.nonce,
	})[0]
	if result.Err != nil {
		return nil, proxyError(result.Err)
	}
	answer, ok := result.Response.(smp.PRES)
	if !ok {
		return nil, proxyError(&UnexpectedError{Expected: "PRES", Got: result.Response.Tag()})
	}
	return sealed.open(answer.Body)
}
