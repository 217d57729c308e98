package session

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"

	"smpcheck/conformance/fault/internal/meeting"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/transport"
)

// forClients does the handshake of TLS with other for the clients whose ClientHello is
// such, and right for all others.
func forClients(such func(*tls.ClientHelloInfo) bool, other meeting.TLS) meeting.TLS {
	return func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error) {
		hello, raw := peek(ctx, raw)
		if hello != nil && such(hello) {
			return other(ctx, raw, config)
		}
		return meeting.RightTLS(ctx, raw, config)
	}
}

// refuses is a handshake that ends with an alert at once.
func refuses(alert tlsprobe.Alert) meeting.TLS {
	return func(_ context.Context, raw net.Conn, _ transport.ServerConfig) (net.Conn, transport.Binding, error) {
		_, err := raw.Write([]byte{byte(tlsprobe.ContentAlert), 3, 3, 0, 2, byte(tlsprobe.LevelFatal), byte(alert)})
		return nil, transport.Binding{}, errors.Join(errRefused, err)
	}
}

// goTLS is a handshake of crypto/tls with settings that the reference does not have. No
// session can follow: nobody knows the session identifier.
func goTLS(change func(*tls.Config)) meeting.TLS {
	return func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error) {
		c := &tls.Config{
			Certificates: []tls.Certificate{{Certificate: config.Credentials.Chain, PrivateKey: meeting.Signer(config.Credentials.Key)}},
			NextProtos:   []string{transport.Protocol},
		}
		change(c)
		if err := tls.Server(raw, c).HandshakeContext(ctx); err != nil {
			return nil, transport.Binding{}, err
		}
		return nil, transport.Binding{}, errRefused
	}
}

// offersModern reports whether a client offers TLS 1.3.
func offersModern(hello *tls.ClientHelloInfo) bool {
	return slices.Contains(hello.SupportedVersions, tls.VersionTLS13)
}

// peek reads the ClientHello and returns what it says, nil if there is none, and the
// connection as it was before.
func peek(ctx context.Context, raw net.Conn) (*tls.ClientHelloInfo, net.Conn) {
	var hello *tls.ClientHelloInfo
	listening := &listener{Conn: raw}
	// It ends with an error in any case: the one that is made here, or that there is no
	// ClientHello.
	_ = tls.Server(listening, &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		hello = h
		return nil, errRefused
	}}).HandshakeContext(ctx)
	return hello, &meeting.Replay{Conn: raw, Head: listening.heard.Bytes()}
}

// listener is a connection that keeps what is read and sends nothing.
type listener struct {
	net.Conn
	heard bytes.Buffer
}

// Read keeps what it reads.
func (l *listener) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	l.heard.Write(b[:n])
	return n, err
}

// Write sends nothing.
func (l *listener) Write(b []byte) (int, error) { return len(b), nil }

// drain reads until the peer has closed the connection, or somebody else has.
func drain(c net.Conn) error {
	_, err := io.Copy(io.Discard, c)
	return errors.Join(errRefused, err)
}

// errRefused ends a connection that a wrong relay does not want.
var errRefused = errors.New("refused")
