package relaycases_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/relaycases"
	"smpcheck/conformance/target"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/spec"
)

const password = "wanderer"

// proxyTimeout is how long the relay waits for others to which it forwards.
const proxyTimeout = 10 * time.Second

// startRelay runs a relay in the configuration that the embedded one does not
// have: with a password, TLS 1.2 too, and three certificates.
func startRelay(t *testing.T) target.Target {
	t.Helper()
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 3)
	require.NoError(t, err)
	e, err := relay.Listen(context.Background(), "127.0.0.1:0", relay.Config{
		Credentials: credentials, Password: smp.Password(password), TLS12: true,
		Proxy: &relay.ProxyConfig{ConnectTimeout: proxyTimeout, CommandTimeout: proxyTimeout, AllowPrivate: true},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	server, err := link.ParseServer(e.Address())
	require.NoError(t, err)
	server.Password = password
	return target.At(server)
}

func TestTheReferenceRelayKeepsEveryRule(t *testing.T) {
	t.Parallel()
	catalogue, err := spec.Load()
	require.NoError(t, err)
	registry := conformance.NewRegistry(catalogue)
	require.NoError(t, registry.Add(relaycases.All()...))
	tested := startRelay(t)
	info, err := probe.Preflight(t.Context(), tested, 4)
	require.NoError(t, err)
	info.Names.Off = true

	outcome := conformance.Execute(t.Context(), registry.Cases(), tested, info, conformance.Options{TimeoutScale: 4})
	special := map[string]conformance.Verdict{
		"relay/tls/version-12-refused": conformance.Nonstrict, // it was told to accept TLS 1.2
		"relay/new/password-needless":  conformance.Skip,      // it has a password
		"relay/proxy/disabled":         conformance.Skip,      // it forwards
		// Nothing can be searched or read of a relay that smpcheck has not started.
		"relay/privacy/output-commands":     conformance.Skip,
		"relay/privacy/output-connections":  conformance.Skip,
		"relay/privacy/output-content":      conformance.Skip,
		"relay/privacy/disk-waiting":        conformance.Skip,
		"relay/privacy/disk-acknowledged":   conformance.Skip,
		"relay/privacy/memory-acknowledged": conformance.Skip,
		"relay/names/known":                 conformance.Skip, // it resolves no names
		"relay/names/entity":                conformance.Skip,
		"relay/names/case":                  conformance.Skip,
		"relay/names/unregistered":          conformance.Skip,
		"relay/names/forwarded":             conformance.Skip,
		"relay/names/record":                conformance.Skip,
	}
	for _, r := range outcome.Results {
		want, other := special[r.Case.ID]
		if !other {
			want = conformance.Pass
		}
		require.Equal(t, want, r.Verdict, "%s: expected %s, got %s %s", r.Case.ID, r.Expected, r.Actual, r.Detail)
	}
}
