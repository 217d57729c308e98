package transport

import (
	"context"
	"net"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// Dial connects to the relay at a TCP address, host:port, and does what Client
// does.
func Dial(ctx context.Context, address string, cfg ClientConfig) (*Conn, error) {
	var d net.Dialer
	raw, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return Client(ctx, raw, cfg)
}

// Client connects to a relay over raw: TLS, then the SMP handshake, both within
// cfg.Timeout. It closes raw if it fails; errors are those of ClientTLS and
// ClientHandshake.
func Client(ctx context.Context, raw net.Conn, cfg ClientConfig) (*Conn, error) {
	ctx, cancel := limit(ctx, cfg.Timeout)
	defer cancel()
	s, err := ClientTLS(ctx, raw, cfg)
	if err != nil {
		return nil, err
	}
	return ClientHandshake(ctx, s, s.Binding(), cfg)
}

// Server accepts a client over raw: TLS, then the SMP handshake, both within
// cfg.Timeout. It closes raw if it fails; errors are those of ServerTLS and
// ServerHandshake.
func Server(ctx context.Context, raw net.Conn, cfg ServerConfig) (*Conn, error) {
	ctx, cancel := limit(ctx, cfg.Timeout)
	defer cancel()
	s, err := ServerTLS(ctx, raw, cfg)
	if err != nil {
		return nil, err
	}
	return ServerHandshake(ctx, s, s.Binding(), cfg)
}

// agree computes the secret of the session keys, if both sides sent one in this
// version, and turns block encryption on where the version and the proxy flag
// ask for it. blocks is ServerBlocks or ClientBlocks.
func (c *Conn) agree(blocks func(secret, sessionID []byte) (BlockSealer, BlockOpener, error)) error {
	if c.version < smp.VersionAuthenticators || c.sessionKey.IsZero() || c.peerKey.IsZero() {
		return nil
	}
	var err error
	if c.secret, err = c.sessionKey.DH(c.peerKey); err != nil {
		return wrap(ErrBadAuth, err)
	}
	if c.proxy || c.version < smp.VersionBlockEncryption {
		return nil
	}
	c.sealer, c.opener, err = blocks(c.secret, c.SessionID())
	return err
}

// identify fills in what a service is called by its certificates.
func (s *Service) identify(chain [][]byte) error {
	identity, err := keys.Identity(chain)
	if err != nil {
		return wrap(ErrBadAuth, err)
	}
	s.Fingerprint = keys.FingerprintOf(identity)
	return nil
}
