package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"

	"smpcheck/reference/keys"
)

// ErrTLS: TLS ended with settings that SMP does not allow, or such settings
// were asked for.
var ErrTLS = errors.New("TLS settings not allowed")

// Secure is a TLS connection after its handshake, which knows its session
// identifier. It is a net.Conn of the data inside TLS.
type Secure struct {
	*tls.Conn
	raw     net.Conn
	network *gather // raw, as TLS writes to it
	binding Binding
	version uint16
	suite   uint16
}

// Binding is what ClientHandshake and ServerHandshake need to know about the
// connection.
func (s *Secure) Binding() Binding { return s.binding }

// SessionID is the verify_data of the client's Finished message: 32 bytes with
// TLS 1.3, 12 bytes with TLS 1.2. SMP, "Transport handshake"
// (sessionIdentifier); the document refers to RFC 5929, which knows no TLS 1.3.
func (s *Secure) SessionID() []byte { return s.binding.SessionID }

// PeerChain are the certificates that the peer showed, DER, leaf first.
func (s *Secure) PeerChain() [][]byte { return s.binding.PeerChain }

// ALPN is the agreed application protocol, empty if there is none.
func (s *Secure) ALPN() string { return s.binding.ALPN }

// TLSVersion is the TLS version, such as tls.VersionTLS13.
func (s *Secure) TLSVersion() uint16 { return s.version }

// CipherSuite is the cipher suite of TLS.
func (s *Secure) CipherSuite() uint16 { return s.suite }

// Abort closes the connection below TLS at once.
func (s *Secure) Abort() error { return s.raw.Close() }

// ClientTLS makes the client's side of a TLS connection over raw. It checks the
// relay's certificates with keys.ValidateChain, shows the certificates of
// cfg.Service if there are any and the relay asks, and sends no server name. It
// closes raw if it fails; the error wraps the one of ValidateChain, ErrTLS, or
// what crypto/tls or ctx say. SMP, "TLS transport encryption".
func ClientTLS(ctx context.Context, raw net.Conn, cfg ClientConfig) (*Secure, error) {
	s := &Secure{raw: raw, network: &gather{Conn: raw}}
	err := within(ctx, raw, cfg.Timeout, "TLS with relay", func(context.Context) error {
		return s.client(cfg)
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Secure) client(cfg ClientConfig) error {
	tap := &tap{Conn: s.network, client: true, finished: new(finishedReader)}
	config, err := baseConfig(cfg.MinTLS, cfg.MaxTLS, tap.finished)
	if err != nil {
		return err
	}
	if !cfg.NoALPN {
		config.NextProtos = []string{Protocol}
	}
	// The chain is checked below: crypto/x509 knows neither fingerprints as
	// identity nor Ed448.
	config.InsecureSkipVerify = true
	config.VerifyPeerCertificate = func(chain [][]byte, _ [][]*x509.Certificate) error {
		return keys.ValidateChain(chain, cfg.KeyHash)
	}
	if cfg.Service != nil {
		own, err := certificate(cfg.Service.Credentials)
		if err != nil {
			return err
		}
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			s.binding.CertificateSent = true
			return &own, nil
		}
	}
	s.Conn = tls.Client(tap, config)
	return s.finish(tap)
}

// ServerTLS makes the relay's side of a TLS connection over raw. It asks for a
// client certificate, which only services have, and checks what it gets with
// keys.ValidateServiceChain. A client without ALPN is accepted, one that offers
// other protocols only is not. It closes raw if it fails.
func ServerTLS(ctx context.Context, raw net.Conn, cfg ServerConfig) (*Secure, error) {
	s := &Secure{raw: raw, network: &gather{Conn: raw}}
	err := within(ctx, raw, cfg.Timeout, "TLS with client", func(context.Context) error {
		return s.server(cfg)
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Secure) server(cfg ServerConfig) error {
	tap := &tap{Conn: s.network, finished: new(finishedReader)}
	config, err := baseConfig(cfg.MinTLS, cfg.MaxTLS, tap.finished)
	if err != nil {
		return err
	}
	own, err := certificate(cfg.Credentials)
	if err != nil {
		return err
	}
	config.Certificates = []tls.Certificate{own}
	config.NextProtos = []string{Protocol}
	config.ClientAuth = tls.RequestClientCert
	config.VerifyPeerCertificate = func(chain [][]byte, _ [][]*x509.Certificate) error {
		if len(chain) == 0 {
			return nil // no service
		}
		return keys.ValidateServiceChain(chain)
	}
	s.binding.CertificateSent = true
	s.Conn = tls.Server(tap, config)
	return s.finish(tap)
}

// finish runs the handshake and takes from it what SMP needs.
func (s *Secure) finish(tap *tap) error {
	defer tap.close()
	if err := s.Handshake(); err != nil {
		return err
	}
	state := s.ConnectionState()
	if err := checkState(&state); err != nil {
		return err
	}
	s.version, s.suite = state.Version, state.CipherSuite
	s.binding.ALPN = state.NegotiatedProtocol
	for _, c := range state.PeerCertificates {
		s.binding.PeerChain = append(s.binding.PeerChain, c.Raw)
	}
	s.binding.SessionID = state.TLSUnique
	if state.Version == tls.VersionTLS13 {
		var err error
		if s.binding.SessionID, err = tap.finished.verifyData(); err != nil {
			return err
		}
	}
	return nil
}

// baseConfig holds the settings that both sides have.
func baseConfig(minTLS, maxTLS uint16, log *finishedReader) (*tls.Config, error) {
	for _, v := range []*uint16{&minTLS, &maxTLS} {
		switch *v {
		case 0:
			*v = tls.VersionTLS13
		case tls.VersionTLS12, tls.VersionTLS13:
		default:
			return nil, fmt.Errorf("%w: %s asked for", ErrTLS, tls.VersionName(*v))
		}
	}
	if minTLS > maxTLS {
		return nil, fmt.Errorf("%w: versions from %s to %s", ErrTLS, tls.VersionName(minTLS), tls.VersionName(maxTLS))
	}
	return &tls.Config{
		MinVersion:                  minTLS,
		MaxVersion:                  maxTLS,
		CipherSuites:                []uint16{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256}, // of TLS 1.2
		CurvePreferences:            []tls.CurveID{tls.X25519},
		SessionTicketsDisabled:      true,
		DynamicRecordSizingDisabled: true,
		KeyLogWriter:                log,
	}, nil
}

// checkState refuses what the settings should have excluded, and TLS 1.2
// without the extended master secret, which crypto/tls cannot be told to
// require.
func checkState(state *tls.ConnectionState) error {
	switch state.CipherSuite {
	case tls.TLS_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256:
	default:
		return fmt.Errorf("%w: cipher suite %s", ErrTLS, tls.CipherSuiteName(state.CipherSuite))
	}
	if state.DidResume {
		return fmt.Errorf("%w: resumed session", ErrTLS)
	}
	if state.Version == tls.VersionTLS12 {
		if _, err := state.ExportKeyingMaterial("EXPORTER-smpcheck", nil, 1); err != nil {
			return fmt.Errorf("%w: no extended master secret", ErrTLS)
		}
	}
	return nil
}

// certificate brings credentials into the form of crypto/tls, which knows no
// Ed448.
func certificate(c keys.Credentials) (tls.Certificate, error) {
	key, ok := c.Key.Ed25519()
	if !ok {
		return tls.Certificate{}, fmt.Errorf("%w: crypto/tls cannot use a key of %v", ErrTLS, c.Key.Algorithm())
	}
	if len(c.Chain) == 0 {
		return tls.Certificate{}, fmt.Errorf("%w: no certificate", ErrTLS)
	}
	return tls.Certificate{Certificate: c.Chain, PrivateKey: key}, nil
}
