package smp_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

// TestRecordings decodes every block that official clients and relays exchanged,
// encodes it again, and verifies those commands that carry their own key.
func TestRecordings(t *testing.T) {
	for _, name := range vectors.RecordingNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := vectors.LoadRecording(name)
			require.NoError(t, err)
			transmissions := 0
			for i := range r.Blocks {
				b := &r.Blocks[i]
				c, ok := r.Connection(b.Connection)
				require.True(t, ok)
				if !handshake(b) {
					transmissions += recordedBlock(t, c, b)
				}
			}
			require.Positive(t, transmissions)
		})
	}
}

// handshake tells hellos, and the relay's answer to the hello of a service, from
// blocks with transmissions.
func handshake(b *vectors.Block) bool {
	if b.Index > 0 && b.Sender == "server" && b.Content[0] == 'R' {
		_, err := smp.DecodeBlock(b.Content)
		return b.Index == 1 && err != nil
	}
	return b.Index == 0
}

func recordedBlock(t *testing.T, c *vectors.Connection, b *vectors.Block) int {
	t.Helper()
	items, err := smp.DecodeBlock(b.Content)
	require.NoErrorf(t, err, "block %d", b.Number)
	for _, item := range items {
		tr, err := smp.DecodeTransmission(c.Version, item)
		require.NoErrorf(t, err, "block %d", b.Number)
		again, err := tr.Encode(c.Version)
		require.NoErrorf(t, err, "block %d", b.Number)
		require.Equalf(t, item, again, "block %d", b.Number)
		var encoded []byte
		if b.Sender == "client" {
			received := smp.ReceiveCommand(c.Version, c.SessionID, item)
			if received.Err != nil { // some commands are wrong on purpose
				require.NotNilf(t, smp.AnswerTo(received.Err), "block %d", b.Number)
				continue
			}
			encoded, err = smp.EncodeCommand(c.Version, received.Command)
			verifyOwnKey(t, c, b, &received)
		} else {
			received := smp.ReceiveResponse(c.Version, c.SessionID, item)
			require.NoErrorf(t, received.Err, "block %d", b.Number)
			encoded, err = smp.EncodeResponse(c.Version, received.Response)
		}
		require.NoErrorf(t, err, "block %d", b.Number)
		require.Equalf(t, string(tr.Command), string(encoded), "block %d", b.Number)
	}
	again, err := smp.EncodeBlock(items...)
	require.NoError(t, err)
	require.Equal(t, []byte(b.Content), again)
	return len(items)
}

// verifyOwnKey verifies NEW and SKEY, which are authorized by a key that they
// carry. In service sessions the fingerprint is not known here.
func verifyOwnKey(t *testing.T, c *vectors.Connection, b *vectors.Block, received *smp.ReceivedCommand) {
	t.Helper()
	var key keys.PublicKey
	switch command := received.Command.(type) {
	case smp.NEW:
		key = command.AuthKey
	case smp.SKEY:
		key = command.SenderKey
	}
	if key.IsZero() || received.Transmission.ServiceSignature != nil {
		return
	}
	session, err := keys.ParsePrivate(c.ServerPrivateDER)
	require.NoError(t, err)
	v := smp.Verifier{SessionID: c.SessionID, SessionKey: session}
	require.Truef(t, v.Verify(&received.Transmission, key), "block %d", b.Number)
}
