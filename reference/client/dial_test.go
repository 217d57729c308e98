package client_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// endpoint listens on loopback and gives every connection to serve, which closes
// it. It returns the configuration of a client for it.
func endpoint(t testing.TB, serve func(net.Conn)) client.Config {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serve(conn)
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		<-served
	})
	fingerprint := credentials().Fingerprint()
	return client.Config{Address: l.Addr().String(), KeyHash: fingerprint[:], HandshakeTimeout: 10 * time.Second}
}

// handshaking serves the handshakes of a relay and waits for the client to go.
func handshaking(cfg transport.ServerConfig) func(net.Conn) {
	cfg.Credentials = credentials()
	return func(raw net.Conn) {
		conn, err := transport.Server(context.Background(), raw, cfg)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, conn.NetConn())
		_ = conn.Abort()
	}
}

func TestDial(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		server    transport.ServerConfig
		change    func(*client.Config)
		version   uint16
		encrypted bool
	}{
		"newest": {version: 20, encrypted: true},
		"limited versions": {version: 12, encrypted: true,
			change: func(c *client.Config) { c.Versions = wire.Versions(7, 12) }},
		"plain blocks": {version: 20,
			change: func(c *client.Config) { c.PlainBlocks = true }},
		"TLS 1.2": {version: 20, encrypted: true, server: transport.ServerConfig{MinTLS: tls.VersionTLS12, MaxTLS: tls.VersionTLS12},
			change: func(c *client.Config) { c.TLS12 = true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := endpoint(t, handshaking(test.server))
			if test.change != nil {
				test.change(&cfg)
			}
			c, err := client.Dial(t.Context(), cfg)
			require.NoError(t, err)
			require.Equal(t, test.version, c.Version())
			require.Equal(t, test.encrypted, c.Conn().Encrypted())
			require.NotEmpty(t, c.SessionID())
			require.NoError(t, c.Err())
			require.NoError(t, c.Close())
			<-c.Done()
		})
	}
}

func TestDialFails(t *testing.T) {
	t.Parallel()
	silent := func(conn net.Conn) {
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	}
	for name, test := range map[string]struct {
		serve    func(net.Conn)
		change   func(*client.Config)
		expected error
	}{
		"silence": {serve: silent, expected: context.DeadlineExceeded,
			change: func(c *client.Config) { c.HandshakeTimeout = 50 * time.Millisecond }},
		"close at once": {serve: func(conn net.Conn) { _ = conn.Close() }},
		"garbage": {serve: func(conn net.Conn) {
			_, _ = conn.Write([]byte("220 smtp.example.org ready\r\n"))
			silent(conn)
		}},
		"another protocol version": {expected: transport.ErrVersion,
			serve:  handshaking(transport.ServerConfig{Versions: wire.Versions(6, 9)}),
			change: func(c *client.Config) { c.Versions = wire.Versions(10, 20) }},
		"TLS 1.2": {serve: handshaking(transport.ServerConfig{MinTLS: tls.VersionTLS12, MaxTLS: tls.VersionTLS12})},
		"configuration": {expected: client.ErrConfig,
			serve: silent, change: func(c *client.Config) { c.EventBuffer = -1 }},
		"address": {serve: silent, change: func(c *client.Config) { c.Address = "127.0.0.1" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := endpoint(t, test.serve)
			if test.change != nil {
				test.change(&cfg)
			}
			_, err := client.Dial(t.Context(), cfg)
			require.Error(t, err)
			if test.expected != nil {
				require.ErrorIs(t, err, test.expected)
			}
		})
	}
}

func TestDialAnotherRelay(t *testing.T) {
	t.Parallel()
	cfg := endpoint(t, handshaking(transport.ServerConfig{}))
	actual := cfg.KeyHash
	cfg.KeyHash = make([]byte, 32)
	_, err := client.Dial(t.Context(), cfg)
	var other *keys.FingerprintError
	require.ErrorAs(t, err, &other)
	require.Equal(t, cfg.KeyHash, other.Expected)
	require.Equal(t, actual, other.Actual)
}

func TestDialIsCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cfg := endpoint(t, func(conn net.Conn) {
		cancel()
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	})
	_, err := client.Dial(ctx, cfg)
	require.ErrorIs(t, err, context.Canceled)
}

func TestConfigIsRefused(t *testing.T) {
	t.Parallel()
	for _, cfg := range []client.Config{
		{CommandTimeout: -1}, {WriteTimeout: -1}, {KeepAlive: -2}, {MissedPings: -1}, {EventBuffer: -1},
	} {
		_, err := client.New(nil, cfg)
		require.ErrorIs(t, err, client.ErrConfig)
	}
}
