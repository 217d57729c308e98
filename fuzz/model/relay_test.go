package model_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance/target"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/model"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// quota of the relays under test, so small that random programs fill queues.
const quota = 3

// startRelay starts the reference relay with a configuration that change makes of the
// usual one, nil for that one, and returns how to drive it.
func startRelay(t testing.TB, change func(relay.Config) relay.Config) drive.Config {
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	config := relay.Config{
		Credentials: credentials,
		Quota:       quota,
		Proxy:       &relay.ProxyConfig{AllowPrivate: true, ConnectTimeout: 20 * time.Second},
	}
	if change != nil {
		config = change(config)
	}
	endpoint, err := relay.Listen(t.Context(), "127.0.0.1:0", config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = endpoint.Close() })
	server, err := target.ParseAddress(endpoint.Address())
	require.NoError(t, err)
	return drive.Config{
		Server:   server,
		Versions: wire.Versions(smp.MinVersion, smp.MaxVersion),
		TLS:      "1.3",
		// A machine may be much slower than the deadlines of the driver foresee.
		Scale: 10,
	}
}

// prompt is what is known about these relays.
var prompt = model.Config{Quota: quota, Prompt: true}

// breaches are those of an outcome that the model has seen, for people.
func breaches(o drive.Outcome) string {
	var b strings.Builder
	for _, x := range o.Breaches {
		b.WriteString(string(x.Kind) + " " + x.Rule + " " + x.Command + ": expected " + x.Expected + ", got " + x.Actual + "\n")
	}
	return b.String()
}
