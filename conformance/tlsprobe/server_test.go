package tlsprobe

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serve answers connections with an echo behind Server, until the test ends.
func serve(t *testing.T, cfg ServerConfig) (address string) {
	t.Helper()
	if cfg.Certificate == nil {
		pair := ed25519Certificate(t)
		cfg.Certificate = &Certificate{Chain: pair.Certificate, Key: pair.PrivateKey.(crypto.Signer)}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			nc, err := listener.Accept()
			if err != nil {
				return
			}
			if c, err := Server(t.Context(), nc, &cfg); err == nil {
				_, _ = io.Copy(c, c)
			}
			_ = nc.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-ended
	})
	return listener.Addr().String()
}

// visit makes a handshake and has a text echoed.
func visit(t *testing.T, address string, cfg *Config) (State, error) {
	t.Helper()
	nc, err := net.DialTimeout("tcp", address, patience)
	require.NoError(t, err)
	defer func() { _ = nc.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := Client(ctx, nc, cfg)
	if err != nil {
		return State{}, err
	}
	echo(t, c)
	return c.State(), nil
}

func echo(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	_, err := io.WriteString(c, "text")
	require.NoError(t, err)
	answer := make([]byte, 4)
	_, err = io.ReadFull(c, answer)
	require.NoError(t, err)
	require.Equal(t, "text", string(answer))
}

func ecdsaCertificate(t *testing.T) *Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return &Certificate{Chain: [][]byte{der}, Key: key}
}

func TestServerAnswersAsItIsTold(t *testing.T) {
	t.Parallel()
	everything := &Config{
		CipherSuites:     []CipherSuite{ChaCha20Poly1305SHA256, AES128GCMSHA256, AES256GCMSHA384},
		Groups:           []Group{X25519, P256, X448},
		SignatureSchemes: []SignatureScheme{Ed25519, ECDSAP256SHA256},
		ALPN:             []string{"a", "b"},
	}
	state, err := visit(t, serve(t, ServerConfig{}), nil)
	require.NoError(t, err)
	require.Equal(t, ChaCha20Poly1305SHA256, state.CipherSuite)
	require.True(t, state.CertificateRequested)
	state, err = visit(t, serve(t, ServerConfig{
		Certificate:  ecdsaCertificate(t),
		CipherSuites: []CipherSuite{AES256GCMSHA384},
		Groups:       []Group{P256},
		SelectALPN:   func(offered []string) string { return offered[1] },
		Cookie:       []byte("cookie"),
		NoRequest:    true,
		Shares:       strings.NewReader(strings.Repeat("s", 64)),
	}), everything)
	require.NoError(t, err)
	require.Equal(t, AES256GCMSHA384, state.CipherSuite)
	require.Equal(t, P256, state.Group)
	require.Equal(t, ECDSAP256SHA256, state.SignatureScheme)
	require.Equal(t, "b", state.ALPN)
	require.True(t, state.HelloRetryRequest)
	require.False(t, state.CertificateRequested)
}

func TestServerRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server ServerConfig
		client Config
		alert  Alert
	}{
		"version": {client: Config{SupportedVersions: []Version{TLS12}}, alert: AlertProtocolVersion},
		"suite":   {client: Config{CipherSuites: []CipherSuite{AES128GCMSHA256}}, alert: AlertHandshakeFailure},
		"group":   {client: Config{Groups: []Group{P256}}, alert: AlertHandshakeFailure},
		"scheme":  {client: Config{SignatureSchemes: []SignatureScheme{Ed448}}, alert: AlertHandshakeFailure},
		"share":   {server: ServerConfig{NoRetry: true}, client: Config{KeyShares: []Group{}}, alert: AlertHandshakeFailure},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := visit(t, serve(t, c.server), &c.client)
			var alert *AlertError
			require.ErrorAs(t, err, &alert)
			require.Equal(t, c.alert, alert.Description)
		})
	}
}

func TestServerResumes(t *testing.T) {
	t.Parallel()
	tickets := &Tickets{EarlyData: 1000}
	address := serve(t, ServerConfig{Tickets: tickets})
	state, err := visit(t, address, &Config{PSKModes: true})
	require.NoError(t, err)
	require.Len(t, state.Tickets, 1)
	require.Equal(t, uint32(1000), state.Tickets[0].EarlyData)
	again, err := visit(t, address, &Config{Ticket: state.Tickets[0]})
	require.NoError(t, err)
	require.True(t, again.Resumed)
	address = serve(t, ServerConfig{Tickets: &Tickets{Refuse: true}})
	again, err = visit(t, address, &Config{Ticket: state.Tickets[0]})
	require.NoError(t, err)
	require.False(t, again.Resumed)
}

func TestServerVerifiesTheClient(t *testing.T) {
	t.Parallel()
	own, other := ed25519Certificate(t), ed25519Certificate(t)
	address := serve(t, ServerConfig{})
	_, err := visit(t, address, &Config{Certificate: &Certificate{Chain: own.Certificate, Key: own.PrivateKey.(crypto.Signer)}})
	require.NoError(t, err)
	nc, err := net.DialTimeout("tcp", address, patience)
	require.NoError(t, err)
	defer func() { _ = nc.Close() }()
	c, err := Client(t.Context(), nc, &Config{Certificate: &Certificate{Chain: own.Certificate, Key: other.PrivateKey.(crypto.Signer)}})
	require.NoError(t, err)
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	_, err = c.Read(make([]byte, 1))
	var alert *AlertError
	require.ErrorAs(t, err, &alert)
	require.Equal(t, AlertDecryptError, alert.Description)
}

func TestServerServesCryptoTLS(t *testing.T) {
	t.Parallel()
	c, err := tls.Dial("tcp", serve(t, ServerConfig{}), &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{ed25519Certificate(t)}})
	require.NoError(t, err)
	defer func() { _ = c.Close() }()
	echo(t, c)
}
