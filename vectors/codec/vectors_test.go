package codec_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
	"smpcheck/vectors/check"
	"smpcheck/vectors/codec"
)

// The reference codec agrees with every vector, official and generated, with every value
// on the way and the class of every refusal.
func TestTheReferencePassesEveryVector(t *testing.T) {
	t.Parallel()
	for _, kind := range vectors.Names() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f, err := vectors.Load(kind)
			require.NoError(t, err)
			report, err := check.Run(t.Context(), "the reference codec", codec.New(), []*vectors.File{f}, check.Options{Strict: true})
			require.NoError(t, err)
			var text strings.Builder
			require.NoError(t, report.WriteText(&text))
			require.True(t, report.OK(), text.String())
			require.Empty(t, report.Skipped)
			require.Equal(t, f.Count, report.Summary.Pass)
		})
	}
}
