package engine_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/target"
	"smpcheck/fuzz/engine"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/spec"
)

// The findings of docs/gorelay-findings.md are what that page says of them, and the
// reference relay shows none of them, nor anything else in their place.
func TestTheFindingsInGoRelayAreOfGoRelay(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/gorelay-findings.md")
	require.NoError(t, err)
	catalogue, err := spec.Load()
	require.NoError(t, err)
	folders, err := filepath.Glob("../../docs/gorelay-findings/*")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(folders), 5)
	own, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	endpoint, err := relay.Listen(t.Context(), "127.0.0.1:0", relay.Config{Credentials: own})
	require.NoError(t, err)
	t.Cleanup(func() { endpoint.Close() })
	server, err := target.ParseAddress(endpoint.Address())
	require.NoError(t, err)
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			f, err := engine.LoadFinding(folder)
			require.NoError(t, err)
			assert.Equal(t, filepath.Base(folder), f.ID)
			assert.Contains(t, string(page), "| `"+f.ID+"` |")
			assert.Equal(t, [2]int{10, 10}, [2]int{f.Stable, f.Tried})
			if f.Requirement != "" {
				_, known := catalogue.Lookup(f.Requirement)
				assert.True(t, known, f.Requirement)
			}
			shown, last, err := engine.Replay(t.Context(), engine.Options{Server: server, Scale: 6}, f, 1)
			require.NoError(t, err)
			assert.Zero(t, shown)
			assert.Empty(t, last.Rule)
		})
	}
}
