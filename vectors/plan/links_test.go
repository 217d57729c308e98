package plan_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
	"smpcheck/vectors/check"
	"smpcheck/vectors/codec"
)

func TestTheReferencePassesAllVectorsOfLinks(t *testing.T) {
	t.Parallel()
	var files []*vectors.File
	for _, name := range []string{"links", "test_uris", "queue_uri", "connection_link", "short_link", "link_data"} {
		f, err := vectors.Load(name)
		require.NoError(t, err)
		files = append(files, f)
	}
	report, err := check.Run(context.Background(), "reference", codec.New(), files, check.Options{Strict: true})
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, report.WriteText(&text))
	require.True(t, report.OK(), text.String())
	require.Empty(t, report.Skipped)
}
