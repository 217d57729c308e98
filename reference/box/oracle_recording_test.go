package box_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/vectors"
)

// Every encrypted block of the recordings follows from the session keys and its
// content: sealing the contents in order gives what was on the wire.
func TestOracleRecordedBlocks(t *testing.T) {
	t.Parallel()
	sealed := map[string]int{}
	for _, name := range vectors.RecordingNames() {
		r, err := vectors.LoadRecording(name)
		require.NoError(t, err)
		chains := map[string]*box.Chain{}
		for _, c := range r.Connections {
			if c.DHSecret == nil {
				continue
			}
			server, client, err := box.NewChains(c.DHSecret, c.SessionID)
			require.NoError(t, err, name)
			chains[c.ID+" server"], chains[c.ID+" client"] = &server, &client
		}
		for _, b := range r.Blocks {
			if !b.Encrypted {
				continue
			}
			key, nonce, err := chains[b.Connection+" "+b.Sender].NextKey()
			require.NoError(t, err, "%s block %d", name, b.Number)
			raw, err := box.SealPadded(nil, b.Content, blockContent, &nonce, &key)
			require.NoError(t, err, "%s block %d", name, b.Number)
			requireSHA256(t, b.RawSHA256, raw, name)
			if b.Raw != nil {
				content, err := box.OpenPadded(b.Raw, &nonce, &key)
				require.NoError(t, err, "%s block %d", name, b.Number)
				require.Equal(t, []byte(b.Content), content, "%s block %d", name, b.Number)
			}
			sealed[name]++
		}
	}
	for name, least := range map[string]int{"proxy-v18": 52, "raw-v18": 80, "duplex-v18-pq": 1, "three-v18": 1, "contact-link-v18": 1} {
		require.GreaterOrEqual(t, sealed[name], least, name)
	}
}
