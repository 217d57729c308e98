package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/channel"
	"smpcheck/conformance/tlsprobe"
)

// ALPN is the protocol name that clients offer.
const ALPN = channel.ALPN

// handshakeTime bounds one TLS handshake at time scale 1.
const handshakeTime = 5 * time.Second

// secure is an established TLS connection: its bytes and what the handshake
// showed.
type secure = channel.Conn

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
	recordTLS(stream, channel.Of(conn, raw))
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

// ResumeTLS12 makes two TLS 1.2 handshakes, the second with the session ticket of the
// first if there was one, and reports whether the relay has resumed the session. It
// returns the error of a handshake that fails.
func ResumeTLS12(t *conformance.T) (resumed bool, err error) {
	config := channel.Config12([]string{ALPN})
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

// RefusedTLS reports whether a TLS handshake failed because the relay sent an alert or ended
// the connection.
func RefusedTLS(err error) bool {
	var alert *tlsprobe.AlertError
	return errors.As(err, &alert) || errors.Is(err, tlsprobe.ErrClosed)
}
