package codec_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
	"smpcheck/vectors/check"
	"smpcheck/vectors/codec"
)

// The reference codec agrees with every vector, official or ours, of keys, certificates
// and the messages of the handshake.
func TestVectorsOfKeysAndHandshakes(t *testing.T) {
	t.Parallel()
	kinds := []string{"misc", "handshake", "spki", "certificate", "server_hello", "client_hello", "service_hello"}
	for _, kind := range kinds {
		f, err := vectors.Load(kind)
		require.NoError(t, err)
		report, err := check.Run(context.Background(), "the reference codec", codec.New(), []*vectors.File{f}, check.Options{Strict: true})
		require.NoError(t, err)
		require.Equal(t, f.Count, report.Summary.Tests, kind)
		var text strings.Builder
		require.NoError(t, report.WriteText(&text))
		require.True(t, report.OK(), text.String())
		require.Empty(t, report.Skipped, kind)
	}
}
