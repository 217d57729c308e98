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

func TestCommandAndResponseVectors(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"commands", "responses", "smp_command", "smp_response"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f, err := vectors.Load(kind)
			require.NoError(t, err)
			report, err := check.Run(context.Background(), "the reference codec", codec.New(), []*vectors.File{f}, check.Options{Strict: true})
			require.NoError(t, err)
			var text strings.Builder
			require.NoError(t, report.WriteText(&text))
			require.True(t, report.OK(), text.String())
			require.Equal(t, f.Count, report.Summary.Tests)
			require.Empty(t, report.Skipped)
		})
	}
}
