package meeting

import (
	"context"
	"crypto"
	"net"
	"slices"

	"github.com/cloudflare/circl/sign/ed448"

	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/transport"
)

// TLS is a handshake of TLS on a connection, and what the one of SMP has to know of it.
type TLS = func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error)

// OwnTLS is another implementation of TLS 1.3, which change makes wrong.
func OwnTLS(change func(*tlsprobe.ServerConfig)) TLS {
	return func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error) {
		c := tlsprobe.ServerConfig{
			Certificate: &tlsprobe.Certificate{Chain: config.Credentials.Chain, Key: Signer(config.Credentials.Key)},
			SelectALPN:  SelectSMP,
		}
		change(&c)
		conn, err := tlsprobe.Server(ctx, raw, &c)
		if err != nil {
			return nil, transport.Binding{}, err
		}
		state := conn.State()
		if len(state.PeerCertificates) > 0 {
			if err := keys.ValidateServiceChain(state.PeerCertificates); err != nil {
				return nil, transport.Binding{}, err
			}
		}
		return conn, transport.Binding{
			SessionID: state.ClientFinished, PeerChain: state.PeerCertificates, ALPN: state.ALPN, CertificateSent: true,
		}, nil
	}
}

// Signer brings a key into the form of the standard library and circl.
func Signer(key keys.PrivateKey) crypto.Signer {
	if k, ok := key.Ed25519(); ok {
		return k
	}
	return ed448.NewKeyFromSeed(key.Raw())
}

// SelectSMP selects the protocol if the client offers it, and none otherwise.
func SelectSMP(offered []string) string {
	if slices.Contains(offered, transport.Protocol) {
		return transport.Protocol
	}
	return ""
}

// Replay is a connection of which something was read before.
type Replay struct {
	net.Conn
	// Head is what was read and is read again.
	Head []byte
}

// Read reads what was read before first.
func (r *Replay) Read(b []byte) (int, error) {
	if len(r.Head) == 0 {
		return r.Conn.Read(b)
	}
	n := copy(b, r.Head)
	r.Head = r.Head[n:]
	return n, nil
}

// WithTLS replaces the handshake of TLS alone.
func WithTLS(s TLS) func(*relay.Config) { return Steps{Secure: s}.Apply }

// Tickets hands out session tickets: refuse says that none is taken back, earlyData how many
// bytes may come with one.
func Tickets(refuse bool, earlyData uint32) func(*relay.Config) {
	return func(c *relay.Config) {
		t := &tlsprobe.Tickets{Refuse: refuse, EarlyData: earlyData}
		WithTLS(OwnTLS(func(s *tlsprobe.ServerConfig) { s.Tickets = t }))(c)
	}
}

// RightTLS is the handshake of the reference.
func RightTLS(ctx context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error) {
	s, err := transport.ServerTLS(ctx, raw, config)
	if err != nil {
		return nil, transport.Binding{}, err
	}
	return s, s.Binding(), nil
}
