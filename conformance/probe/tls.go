package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/tlsprobe"
)

// ALPN is the protocol name that clients offer. SMP, "ALPN to agree handshake
// version".
const ALPN = "smp/1"

// handshakeTime bounds one TLS handshake at time scale 1.
const handshakeTime = 5 * time.Second

// secure is an established TLS connection: its bytes and what the handshake
// showed.
type secure struct {
	net.Conn
	// raw is the TCP connection below.
	raw net.Conn
	// sessionID is the channel binding: the verify_data of the client's Finished.
	sessionID []byte
	// chain holds the relay's certificates as sent, leaf first, in DER.
	chain [][]byte
	// alpn is the protocol name that the relay selected, empty for none.
	alpn string
	// version is "1.3" or "1.2".
	version string
}

// TLSConfig is what an ordinary client offers, for a case to change: TLS 1.3,
// ChaCha20-Poly1305, X25519 and X448, Ed25519 and Ed448, ALPN smp/1.
func TLSConfig(t *conformance.T) *tlsprobe.Config {
	return &tlsprobe.Config{
		ALPN:             []string{ALPN},
		Rand:             t.Fresh(),
		HandshakeTimeout: t.Timeout(handshakeTime),
	}
}

// TLS13 opens a TCP connection and performs a TLS 1.3 handshake as cfg says. It
// returns the errors of tlsprobe.Client; that no TCP connection can be opened
// ends the case as broken.
func TLS13(t *conformance.T, cfg *tlsprobe.Config) (*tlsprobe.Conn, error) {
	raw := TCP(t)
	stream := t.Trace().Of(raw)
	conn, err := tlsprobe.Client(t.Context(), raw, cfg)
	if err != nil {
		recordRefusal(stream, "TLS handshake", err)
		return nil, err
	}
	recordTLS(stream, secureOf(conn, raw))
	t.Cleanup(func() { conn.Close() })
	return conn, nil
}

// TCP opens a TCP connection; that it cannot be opened ends the case as broken.
func TCP(t *conformance.T) net.Conn {
	conn, err := t.Dial()
	if err != nil {
		t.Broken(fmt.Errorf("the relay accepts no connection: %w", err))
	}
	return conn
}

// establish performs the TLS handshake of an ordinary client on raw: TLS 1.3, or
// 1.2 with a relay that offers nothing newer.
func establish(ctx context.Context, raw net.Conn, version string, cfg *tlsprobe.Config) (*secure, error) {
	if version == "1.2" {
		return establish12(ctx, raw, cfg)
	}
	conn, err := tlsprobe.Client(ctx, raw, cfg)
	if err != nil {
		return nil, err
	}
	return secureOf(conn, raw), nil
}

func secureOf(conn *tlsprobe.Conn, raw net.Conn) *secure {
	s := conn.State()
	return &secure{Conn: conn, raw: raw, sessionID: s.ClientFinished, chain: s.PeerCertificates, alpn: s.ALPN, version: "1.3"}
}

func establish12(ctx context.Context, raw net.Conn, cfg *tlsprobe.Config) (*secure, error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.HandshakeTimeout)
	defer cancel()
	conn := tls.Client(raw, config12(cfg.ALPN))
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	state := conn.ConnectionState()
	s := &secure{Conn: conn, raw: raw, sessionID: state.TLSUnique, alpn: state.NegotiatedProtocol, version: "1.2"}
	for _, c := range state.PeerCertificates {
		s.chain = append(s.chain, c.Raw)
	}
	return s, nil
}

// config12 is what a client of TLS 1.2 offers.
func config12(alpn []string) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS12,
		MaxVersion:             tls.VersionTLS12,
		CipherSuites:           []uint16{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256},
		CurvePreferences:       []tls.CurveID{tls.X25519},
		NextProtos:             alpn,
		SessionTicketsDisabled: true,
		// The identity of a relay is the fingerprint in its address, not a name.
		InsecureSkipVerify:          true,
		DynamicRecordSizingDisabled: true,
	}
}

// ResumeTLS12 makes two TLS 1.2 handshakes, the second with the session ticket of the
// first if there was one, and reports whether the relay has resumed the session. It
// returns the error of a handshake that fails.
func ResumeTLS12(t *conformance.T) (resumed bool, err error) {
	config := config12([]string{ALPN})
	config.SessionTicketsDisabled, config.ClientSessionCache = false, tls.NewLRUClientSessionCache(1)
	config.ServerName = "localhost" // what sessions are kept under
	for range 2 {
		conn := tls.Client(TCP(t), config)
		ctx, cancel := context.WithTimeout(t.Context(), t.Timeout(handshakeTime))
		err := conn.HandshakeContext(ctx)
		cancel()
		if err != nil {
			return false, err
		}
		resumed = conn.ConnectionState().DidResume
		conn.Close()
	}
	return resumed, nil
}

// refusesTLS13 reports whether a TLS 1.3 handshake failed because the relay
// wants an older version.
func refusesTLS13(err error) bool {
	var alert *tlsprobe.AlertError
	var version *tlsprobe.VersionError
	return errors.As(err, &version) || errors.As(err, &alert) && alert.Description == tlsprobe.AlertProtocolVersion
}

// RefusedTLS reports whether a TLS handshake failed because the relay sent an alert or ended
// the connection.
func RefusedTLS(err error) bool {
	var alert *tlsprobe.AlertError
	return errors.As(err, &alert) || errors.Is(err, tlsprobe.ErrClosed)
}
