package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// ServerHandshake runs the relay's side of the SMP handshake over conn, whose
// Binding it needs. It closes conn if it fails. SMP, "Transport handshake".
//
// Without ALPN the relay offers version 6 only, and so no key. It refuses a
// client whose hello cannot be parsed (ErrHandshakeParse), has another key hash
// than the fingerprint of the relay (ErrIdentity) or a version that was not
// offered (ErrVersion). A client key that cannot be parsed counts as absent,
// see DecodeClientHello. A service has to show in the hello the chain that it
// showed in TLS, and an Ed25519 key signed by its leaf (ErrBadAuth); then
// cfg.Service decides. What is wrong with a service is also sent to it.
func ServerHandshake(ctx context.Context, conn net.Conn, binding Binding, cfg ServerConfig) (*Conn, error) {
	c := &Conn{conn: conn, binding: binding}
	err := within(ctx, conn, cfg.Timeout, "handshake with client", func(ctx context.Context) error {
		return c.serverHandshake(ctx, cfg)
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Conn) serverHandshake(ctx context.Context, cfg ServerConfig) error {
	identity, err := keys.Identity(cfg.Credentials.Chain)
	if err != nil {
		return err
	}
	if c.sessionKey, err = keyOr(cfg.Key, keys.X25519, cfg.Rand); err != nil {
		return err
	}
	if err := c.sendHello(cfg); err != nil {
		return err
	}
	content, err := c.ReadBlock()
	if err != nil {
		return fmt.Errorf("reading the client's hello: %w", err)
	}
	hello, err := DecodeClientHello(content)
	if err != nil {
		return err
	}
	if own := keys.FingerprintOf(identity); !bytes.Equal(hello.KeyHash, own[:]) {
		return wrap(ErrIdentity, &keys.FingerprintError{Expected: hello.KeyHash, Actual: own[:]})
	}
	if !c.hello.Versions.Contains(hello.Version) {
		return fmt.Errorf("%w: client chose %d of %v", ErrVersion, hello.Version, c.hello.Versions)
	}
	c.version, c.versions = hello.Version, wire.Versions(c.hello.Versions.Min, hello.Version)
	c.peerKey, c.proxy = hello.Key, hello.Proxy
	if hello.Service != nil {
		if err := c.acceptService(ctx, cfg, hello.Service); err != nil {
			return err
		}
	}
	return c.agree(ServerBlocks)
}

// sendHello offers the versions, with the session key where they have one.
func (c *Conn) sendHello(cfg ServerConfig) error {
	offered, ok := versionsOr(cfg.Versions, allVersions), true
	if c.ALPN() != Protocol {
		if offered, ok = offered.Common(legacyVersions); !ok {
			return fmt.Errorf("%w: client did not agree on %s and the relay does not speak %v", ErrVersion, Protocol, legacyVersions)
		}
	}
	c.hello = ServerHello{Versions: offered, SessionID: c.SessionID()}
	if offered.Max >= smp.VersionAuthenticators {
		signed, err := keys.SignKey(c.sessionKey.Public(), cfg.Credentials.Key)
		if err != nil {
			return err
		}
		c.hello.Chain, c.hello.SignedKey = cfg.Credentials.Chain, signed
	}
	content, err := c.hello.Encode()
	if err != nil {
		return err
	}
	if err := c.WriteBlock(content); err != nil {
		return fmt.Errorf("sending the relay's hello: %w", err)
	}
	return nil
}

// acceptService verifies the service of a hello, lets the configuration decide
// and sends the answer.
func (c *Conn) acceptService(ctx context.Context, cfg ServerConfig, offer *ClientService) error {
	service, err := c.verifyService(offer)
	if err == nil {
		if cfg.Service == nil {
			err = fmt.Errorf("%w: %w: it has no services", ErrBadService, ErrServiceRefused)
		} else if service.ID, err = cfg.Service(ctx, service, offer.Chain); err != nil && !errors.As(err, new(Error)) {
			err = wrap(ErrBadService, err)
		}
	}
	answer := ServiceResponse{ServiceID: service.ID}
	errors.As(err, &answer.Error)
	content, encodeErr := answer.Encode()
	if encodeErr != nil {
		return encodeErr
	}
	if writeErr := c.WriteBlock(content); writeErr != nil {
		return errors.Join(err, fmt.Errorf("answering the service: %w", writeErr))
	}
	if err != nil {
		return err
	}
	c.service = &service
	return nil
}

// verifyService checks the credentials of a service.
func (c *Conn) verifyService(offer *ClientService) (Service, error) {
	s := Service{Role: offer.Role}
	if !slices.EqualFunc(offer.Chain, c.PeerChain(), bytes.Equal) {
		return s, wrap(ErrBadAuth, ErrOtherCertificates)
	}
	if err := s.identify(offer.Chain); err != nil {
		return s, err
	}
	leaf, err := keys.CertificatePublicKey(offer.Chain[0])
	if err != nil {
		return s, wrap(ErrBadAuth, err)
	}
	s.Key, err = certifiedKey(offer.SignedKey, leaf, keys.Ed25519)
	return s, err
}
