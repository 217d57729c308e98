package transport

import (
	"bytes"
	"context"
	"fmt"
	"net"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// ClientHandshake runs the client's side of the SMP handshake over conn, whose
// Binding it needs. It closes conn if it fails. SMP, "Transport handshake".
//
// The client chooses the highest version in common (ErrVersion if there is
// none). It checks that the relay's hello has the session identifier of the
// connection (ErrSessionID), and that the session key comes with a chain whose
// identity certificate has the fingerprint cfg.KeyHash and is signed by the key
// that the relay showed in TLS (ErrBadAuth). A relay that sends no key that can
// be parsed is accepted at any version, as the official implementation does;
// PeerKey is then zero. Service credentials are sent from version 16, if they
// were also shown in TLS; the refusal of a service is the Error that the relay
// sent.
func ClientHandshake(ctx context.Context, conn net.Conn, binding Binding, cfg ClientConfig) (*Conn, error) {
	c := &Conn{conn: conn, binding: binding, proxy: cfg.Proxy}
	err := within(ctx, conn, cfg.Timeout, "handshake with relay", func(context.Context) error {
		return c.clientHandshake(cfg)
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Conn) clientHandshake(cfg ClientConfig) error {
	content, err := c.ReadBlock()
	if err != nil {
		return fmt.Errorf("reading the relay's hello: %w", err)
	}
	if c.hello, err = DecodeServerHello(content); err != nil {
		return err
	}
	if !bytes.Equal(c.hello.SessionID, c.SessionID()) {
		return fmt.Errorf("%w: hello has %x, the connection %x", ErrSessionID, c.hello.SessionID, c.SessionID())
	}
	if err := c.chooseVersion(cfg); err != nil {
		return err
	}
	if c.hello.SignedKey != nil {
		if c.peerKey, err = c.serverKey(cfg.KeyHash); err != nil {
			return err
		}
	}
	if !cfg.NoKey {
		if c.sessionKey, err = keyOr(cfg.Key, keys.X25519, cfg.Rand); err != nil {
			return err
		}
	}
	hello := ClientHello{Version: c.version, KeyHash: cfg.KeyHash, Key: c.sessionKey.Public(), Proxy: cfg.Proxy}
	if cfg.Service != nil && c.version >= smp.VersionServices && c.binding.CertificateSent {
		if hello.Service, err = c.offerService(cfg); err != nil {
			return err
		}
	}
	if content, err = hello.Encode(); err != nil {
		return err
	}
	if err := c.WriteBlock(content); err != nil {
		return fmt.Errorf("sending the client's hello: %w", err)
	}
	if hello.Service != nil {
		if err := c.readServiceID(); err != nil {
			return err
		}
	}
	return c.agree(ClientBlocks)
}

// chooseVersion agrees the version. A proxy limits itself towards relays that do
// not know its flag.
func (c *Conn) chooseVersion(cfg ClientConfig) error {
	own := versionsOr(cfg.Versions, allVersions)
	if cfg.Proxy && c.hello.Versions.Max < smp.VersionProxyFlag {
		own = wire.Versions(own.Min, max(own.Min, proxyOldMax))
	}
	common, ok := own.Common(c.hello.Versions)
	if !ok {
		return fmt.Errorf("%w: relay offers %v, client speaks %v", ErrVersion, c.hello.Versions, own)
	}
	c.versions, c.version = common, common.Max
	return nil
}

// serverKey verifies the session key of the relay's hello.
func (c *Conn) serverKey(keyHash []byte) (keys.PublicKey, error) {
	if n := len(c.hello.Chain); n < 2 || n > 4 {
		return keys.PublicKey{}, fmt.Errorf("%w: %w: %d in the hello", ErrBadAuth, keys.ErrChainLength, n)
	}
	if actual := keys.FingerprintOf(c.hello.Chain[1]); !bytes.Equal(actual[:], keyHash) {
		return keys.PublicKey{}, wrap(ErrBadAuth, &keys.FingerprintError{Expected: keyHash, Actual: actual[:]})
	}
	if len(c.binding.PeerChain) == 0 {
		return keys.PublicKey{}, fmt.Errorf("%w: relay showed no certificates", ErrBadAuth)
	}
	leaf, err := keys.CertificatePublicKey(c.binding.PeerChain[0])
	if err != nil {
		return keys.PublicKey{}, wrap(ErrBadAuth, err)
	}
	return certifiedKey(c.hello.SignedKey, leaf, keys.X25519)
}

// offerService makes the service part of the client's hello.
func (c *Conn) offerService(cfg ClientConfig) (*ClientService, error) {
	own := cfg.Service
	key, err := keyOr(own.Key, keys.Ed25519, cfg.Rand)
	if err != nil {
		return nil, err
	}
	c.service = &Service{Role: own.Role, Key: key.Public(), PrivateKey: key}
	if err := c.service.identify(own.Credentials.Chain); err != nil {
		return nil, err
	}
	signed, err := keys.SignKey(key.Public(), own.Credentials.Key)
	if err != nil {
		return nil, err
	}
	return &ClientService{Role: own.Role, Chain: own.Credentials.Chain, SignedKey: signed}, nil
}

// readServiceID reads the relay's second block.
func (c *Conn) readServiceID() error {
	content, err := c.ReadBlock()
	if err != nil {
		return fmt.Errorf("reading the relay's answer to the service: %w", err)
	}
	answer, err := DecodeServiceResponse(content)
	if err != nil {
		return err
	}
	if answer.Error != "" {
		return fmt.Errorf("%w: %w", ErrServiceRefused, answer.Error)
	}
	c.service.ID = answer.ServiceID
	return nil
}
