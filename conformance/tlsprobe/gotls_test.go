package tlsprobe

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// selfSigned makes a certificate of the key's own.
func selfSigned(t testing.TB, key crypto.Signer) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func ed25519Certificate(t testing.TB) tls.Certificate {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return selfSigned(t, key)
}

// serveGo runs crypto/tls servers on the loopback interface that echo, and gives
// the states of their handshakes.
func serveGo(t testing.TB, cfg *tls.Config) (string, <-chan tls.ConnectionState) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	states := make(chan tls.ConnectionState, 16)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			nc, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = nc.Close() }()
				_ = nc.SetDeadline(time.Now().Add(patience))
				server := tls.Server(nc, cfg)
				if server.Handshake() != nil {
					return
				}
				states <- server.ConnectionState()
				if _, err := io.Copy(server, server); err == nil {
					_ = server.Close()
				}
			}()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-ended
	})
	return listener.Addr().String(), states
}

func requireEcho(t testing.TB, c *Conn, text string) {
	t.Helper()
	_, err := c.Write([]byte(text))
	require.NoError(t, err)
	requireRead(t, c, text)
}

func TestGoServer(t *testing.T) {
	t.Parallel()
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for _, test := range []struct {
		name        string
		certificate tls.Certificate
		scheme      SignatureScheme
	}{
		{"Ed25519", ed25519Certificate(t), Ed25519},
		{"P-256", selfSigned(t, p256), ECDSAP256SHA256},
		{"P-384", selfSigned(t, p384), ECDSAP384SHA384},
		{"RSA", selfSigned(t, rsaKey), RSAPSSRSAESHA256},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			address, states := serveGo(t, &tls.Config{
				Certificates: []tls.Certificate{test.certificate}, NextProtos: []string{"smp/1"},
			})
			for _, shares := range [][]Group{{X25519}, {P256}, {X448}, {}} {
				c := connect(t, address, &Config{
					Groups: []Group{X25519, P256, X448}, KeyShares: shares, SignatureSchemes: allSchemes,
					ALPN: []string{"smp/1"}, ServerName: "relay.example",
				})
				requireEcho(t, c, "hello")
				ours, theirs := c.State(), <-states
				require.Equal(t, test.scheme, ours.SignatureScheme)
				require.Equal(t, test.certificate.Certificate, ours.PeerCertificates)
				require.Equal(t, uint16(ours.CipherSuite), theirs.CipherSuite)
				require.Equal(t, uint16(ours.Group), uint16(theirs.CurveID))
				require.Equal(t, theirs.HelloRetryRequest, ours.HelloRetryRequest)
				require.Equal(t, len(shares) == 0 || shares[0] == X448, ours.HelloRetryRequest)
				require.Equal(t, "smp/1", ours.ALPN)
				require.Equal(t, "smp/1", theirs.NegotiatedProtocol)
				require.Equal(t, "relay.example", theirs.ServerName)
				require.Zero(t, ours.TicketCount)
			}
		})
	}
}

// A Go server sees the client's certificate; refusal comes as an alert on reading.
func TestGoClientCertificate(t *testing.T) {
	t.Parallel()
	client := ed25519Certificate(t)
	address, states := serveGo(t, &tls.Config{
		Certificates: []tls.Certificate{ed25519Certificate(t)}, ClientAuth: tls.RequireAnyClientCert,
	})
	c := connect(t, address, &Config{
		Certificate: &Certificate{Chain: client.Certificate, Key: client.PrivateKey.(ed25519.PrivateKey)},
	})
	requireEcho(t, c, "hello")
	require.True(t, c.State().CertificateRequested)
	require.Contains(t, c.State().RequestedSchemes, Ed25519)
	require.Equal(t, client.Certificate[0], (<-states).PeerCertificates[0].Raw)

	c = connect(t, address, nil)
	_, err := c.Read(make([]byte, 1))
	requireAlert(t, err, AlertCertificateRequired)
	require.Equal(t, AlertCertificateRequired, c.State().Alert.Description)
}

// Tickets come only where they were asked for; a server resumes with its own and
// with no one else's.
func TestGoResumption(t *testing.T) {
	t.Parallel()
	certificate := ed25519Certificate(t)
	address, states := serveGo(t, &tls.Config{Certificates: []tls.Certificate{certificate}})
	elsewhere, _ := serveGo(t, &tls.Config{Certificates: []tls.Certificate{certificate}})
	off, _ := serveGo(t, &tls.Config{Certificates: []tls.Certificate{certificate}, SessionTicketsDisabled: true})

	c := connect(t, off, &Config{PSKModes: true})
	requireEcho(t, c, "no tickets here")
	require.Zero(t, c.State().TicketCount)

	c = connect(t, address, &Config{PSKModes: true})
	requireEcho(t, c, "first")
	require.False(t, (<-states).DidResume)
	require.Equal(t, 1, c.State().TicketCount)
	ticket := c.State().Tickets[0]
	require.NotContains(t, ticket.String(), string(ticket.secret))
	for address, resumes := range map[string]bool{address: true, elsewhere: false, off: false} {
		c = connect(t, address, &Config{Ticket: ticket})
		requireEcho(t, c, "second")
		require.Equal(t, resumes, c.State().Resumed)
	}
	require.True(t, (<-states).DidResume)
	_, err := attempt(t, address, &Config{Ticket: &Ticket{Identity: []byte{1}}})
	require.ErrorIs(t, err, ErrConfig)
}

// Blocks of 16384 bytes go both ways while the keys change, one reader and one
// writer at a time.
func TestGoConcurrentKeyUpdates(t *testing.T) {
	t.Parallel()
	address, _ := serveGo(t, &tls.Config{Certificates: []tls.Certificate{ed25519Certificate(t)}})
	c := connect(t, address, nil)
	const blocks = 64
	block := make([]byte, MaxPlaintext)
	sent := make(chan error, 1)
	go func() {
		for i := range blocks {
			if _, err := c.Write(block); err != nil {
				sent <- err
				return
			}
			if err := c.UpdateKeys(i%2 == 0); err != nil {
				sent <- err
				return
			}
		}
		sent <- c.CloseWrite()
	}()
	got, err := io.Copy(io.Discard, c)
	require.NoError(t, err)
	require.NoError(t, <-sent)
	require.EqualValues(t, blocks*len(block), got)
	_, err = c.Write([]byte{1})
	require.ErrorIs(t, err, errShutdown)
}

// corruptSigner signs wrongly.
type corruptSigner struct{ ed25519.PrivateKey }

func (s corruptSigner) Sign(r io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	signature, err := s.PrivateKey.Sign(r, message, opts)
	if err == nil {
		signature[0] ^= 1
	}
	return signature, err
}

func TestGoBadCertificateVerify(t *testing.T) {
	t.Parallel()
	certificate := ed25519Certificate(t)
	certificate.PrivateKey = corruptSigner{certificate.PrivateKey.(ed25519.PrivateKey)}
	address, _ := serveGo(t, &tls.Config{Certificates: []tls.Certificate{certificate}})
	_, err := attempt(t, address, nil)
	require.ErrorIs(t, err, ErrBadSignature)
	var failed *HandshakeError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, certificate.Certificate, failed.State.PeerCertificates)
	require.Equal(t, AlertDecryptError, *failed.State.AlertSent)
}

func TestGoVersionRefused(t *testing.T) {
	t.Parallel()
	certificate := ed25519Certificate(t)
	old, _ := serveGo(t, &tls.Config{Certificates: []tls.Certificate{certificate}, MaxVersion: tls.VersionTLS12})
	_, err := attempt(t, old, nil)
	requireAlert(t, err, AlertProtocolVersion)
	_, err = attempt(t, old, &Config{
		SupportedVersions: []Version{TLS13, TLS12}, CipherSuites: []CipherSuite{ChaCha20Poly1305SHA256, 0xcca9}, ALPN: []string{"smp/1"},
	})
	var version *VersionError
	require.ErrorAs(t, err, &version)
	require.Equal(t, TLS12, version.Version)
	modern, _ := serveGo(t, &tls.Config{Certificates: []tls.Certificate{certificate}})
	_, err = attempt(t, modern, &Config{CipherSuites: []CipherSuite{0x1304}})
	requireAlert(t, err, AlertHandshakeFailure)
}
