package plan_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
	"smpcheck/vectors/check"
	"smpcheck/vectors/codec"
)

// The vectors of the agent protocol, official and generated, pass with the reference codec.
func TestAgentVectors(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"agent", "agent_envelope", "agent_message", "agent_padding"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f, err := vectors.Load(kind)
			require.NoError(t, err)
			report, err := check.Run(context.Background(), "the reference codec", codec.New(), []*vectors.File{f}, check.Options{Strict: true})
			require.NoError(t, err)
			require.True(t, report.OK(), "%+v", report.Failures)
			require.Equal(t, f.Count, report.Summary.Tests)
			require.Empty(t, report.Skipped)
		})
	}
}
