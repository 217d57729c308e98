package drive

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance/target"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/wire"
)

// quota of the relays of the tests, in messages.
const quota = 8

// startRelay starts the reference relay and returns how to run programs against it.
func startRelay(t testing.TB, change func(*relay.Config)) Config {
	t.Helper()
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	config := relay.Config{
		Credentials: credentials, Quota: quota,
		Proxy: &relay.ProxyConfig{AllowPrivate: true},
	}
	if change != nil {
		change(&config)
	}
	endpoint, err := relay.Listen(context.Background(), "127.0.0.1:0", config)
	require.NoError(t, err)
	t.Cleanup(func() { endpoint.Close() })
	server, err := target.ParseAddress(endpoint.Address())
	require.NoError(t, err)
	return Config{Server: server, Versions: wire.Versions(6, 20), TLS: "1.3", Scale: 4}
}
