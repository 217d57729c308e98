package network_test

import (
	"crypto/rand"
	"crypto/tls"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent/network"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
)

// A relay that has no version of TLS in common is named as such, not as an address
// where nothing answers.
func TestRelayWithoutTLS13(t *testing.T) {
	s := start(t, relay.Config{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	key, ok := credentials.Key.Ed25519()
	require.True(t, ok)
	old := tls.NewListener(l, &tls.Config{
		MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
		Certificates: []tls.Certificate{{Certificate: credentials.Chain, PrivateKey: key}},
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := old.Accept()
			if err != nil {
				return
			}
			_ = c.(*tls.Conn).Handshake()
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = old.Close()
		<-ended
	})
	n, err := network.New(network.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	err = n.Ping(t.Context(), addressOf(t, s.relay.Fingerprint(), l.Addr()))
	require.ErrorContains(t, err, "it speaks no version of TLS that is accepted")
	require.True(t, network.Temporary(err))
}
