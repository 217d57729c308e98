package relay

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

// The stage Notify makes the bytes that the official relay makes of the same keys and
// the same nonce.
func TestOfficialNotificationMetadata(t *testing.T) {
	t.Parallel()
	f, err := vectors.Load("message_layers")
	require.NoError(t, err)
	found := 0
	for g, test := range f.All() {
		if g.Name != "nmsg" {
			continue
		}
		var in struct {
			Secret    vectors.Hex `json:"dh_secret"`
			MsgID     vectors.Hex `json:"msg_id"`
			Plain     vectors.Hex `json:"plain"`
			Nonce     vectors.Hex `json:"nonce"`
			Recipient vectors.Key `json:"recipient_ntf_dh"`
			Server    vectors.Key `json:"server_ntf_dh"`
			Timestamp int64       `json:"ts"`
		}
		require.NoError(t, test.Inputs.Decode(&in))
		if in.Nonce == nil {
			continue
		}
		var want struct {
			Encrypted vectors.Hex `json:"encrypted"`
			Plain     vectors.Hex `json:"plain"`
		}
		require.NoError(t, test.Output.Decode(&want))
		found++
		server, err := keys.ParsePrivate(in.Server.PrivateDER)
		require.NoError(t, err)
		recipient, err := keys.ParsePublic(in.Recipient.PublicDER)
		require.NoError(t, err)
		meta, err := box.Agree(server, recipient)
		require.NoError(t, err)
		s := &Session{relay: &Relay{config: Config{Rand: bytes.NewReader(in.Nonce)}}}
		got, err := defaultNotify(s, Output{Notification: &Notification{
			Notifier: &Notifier{MetaKey: meta}, MessageID: in.MsgID, Time: time.Unix(in.Timestamp, 0),
		}})
		require.NoError(t, err)
		require.Equal(t, smp.NMSG{Nonce: box.Nonce(in.Nonce), Meta: want.Encrypted}, got)
	}
	require.Positive(t, found)
}
