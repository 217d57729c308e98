package codec_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance/codec"
	"smpcheck/vectors"
	"smpcheck/vectors/check"
)

// ratchetKinds are the kinds whose operations are those of the ratchet and of its KEM.
var ratchetKinds = []string{
	"x3dh", "ratchet", "ratchet_recorded",
	"sntrup761", "key_agreement", "ratchet_kdf", "ratchet_header", "ratchet_message", "conversation",
}

// The reference codec agrees with all vectors of the ratchet, official and generated,
// with every value on the way and the class of every refusal.
func TestRatchetVectors(t *testing.T) {
	t.Parallel()
	for _, kind := range ratchetKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f, err := vectors.Load(kind)
			require.NoError(t, err)
			report, err := check.Run(context.Background(), "the reference codec", codec.New(), []*vectors.File{f}, check.Options{Strict: true})
			require.NoError(t, err)
			var text strings.Builder
			require.NoError(t, report.WriteText(&text))
			require.True(t, report.OK(), text.String())
			require.Empty(t, report.Skipped)
			require.Equal(t, f.Count, report.Summary.Pass)
		})
	}
}
