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

// layerKinds are the files about transmissions, blocks and layers of encryption: those of
// the official implementation, then ours.
var layerKinds = []string{
	"transmissions", "blocks", "message_layers", "ts_crosschecked",
	"smp_transmission", "smp_block", "secret_box", "crypto_box", "authenticator", "block_encryption",
	"delivery", "notification", "queue_envelope", "proxy", "sender_id",
}

func TestLayersAgreeWithTheirVectors(t *testing.T) {
	t.Parallel()
	for _, kind := range layerKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f, err := vectors.Load(kind)
			require.NoError(t, err)
			report, err := check.Run(context.Background(), "the reference codec", codec.New(), []*vectors.File{f}, check.Options{Strict: true})
			require.NoError(t, err)
			var text strings.Builder
			require.NoError(t, report.WriteText(&text))
			require.True(t, report.OK(), text.String())
			require.Zero(t, report.Summary.Skip, text.String())
		})
	}
}
