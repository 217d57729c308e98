package fault

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

// ownTLS is a relay with another implementation of TLS 1.3, which change makes wrong.
func ownTLS(change func(*tlsprobe.ServerConfig)) secure {
	return func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error) {
		c := tlsprobe.ServerConfig{
			Certificate: &tlsprobe.Certificate{Chain: config.Credentials.Chain, Key: signer(config.Credentials.Key)},
			SelectALPN:  selectSMP,
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

// signer brings a key into the form of the standard library and circl.
func signer(key keys.PrivateKey) crypto.Signer {
	if k, ok := key.Ed25519(); ok {
		return k
	}
	return ed448.NewKeyFromSeed(key.Raw())
}

func selectSMP(offered []string) string {
	if slices.Contains(offered, transport.Protocol) {
		return transport.Protocol
	}
	return ""
}

// replay is a connection of which something was read before.
type replay struct {
	net.Conn
	head []byte
}

// Read reads what was read before first.
func (r *replay) Read(b []byte) (int, error) {
	if len(r.head) == 0 {
		return r.Conn.Read(b)
	}
	n := copy(b, r.head)
	r.head = r.head[n:]
	return n, nil
}

// withTLS replaces the handshake of TLS alone.
func withTLS(s secure) func(*relay.Config) { return meeting{secure: s}.apply }

// tickets is a relay that hands out session tickets.
func tickets(refuse bool, earlyData uint32) func(*relay.Config) {
	return func(c *relay.Config) {
		t := &tlsprobe.Tickets{Refuse: refuse, EarlyData: earlyData}
		withTLS(ownTLS(func(s *tlsprobe.ServerConfig) { s.Tickets = t }))(c)
	}
}

func rightTLS(ctx context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error) {
	s, err := transport.ServerTLS(ctx, raw, config)
	if err != nil {
		return nil, transport.Binding{}, err
	}
	return s, s.Binding(), nil
}

type secure = func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error)
