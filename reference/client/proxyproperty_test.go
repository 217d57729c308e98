package client_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// Whatever is forwarded, the proxy sees an encrypted transmission of one size,
// under a key and a correlation id that it has not seen before, and the
// destination gets the command.
func TestPropertyForwardedCommandsHaveOneSizeAndFreshKeys(t *testing.T) {
	b := newBehind(t)
	c, f := connect(t, 20, client.Config{})
	session := b.session(c, f)
	q := someQueue(t, keys.X25519)
	seen := make(map[string]bool)
	rapid.Check(t, func(t *rapid.T) {
		sender := q.Sender(rapid.SampledFrom([]keys.PrivateKey{{}, q.Key}).Draw(t, "key"))
		body := make([]byte, rapid.IntRange(0, smp.MaxMessageLength(20)).Draw(t, "length"))
		notify := rapid.Bool().Draw(t, "notify")
		done := async(func() error { return session.SendMessage(b.t.Context(), sender, notify, body) })
		pfwd := f.command()
		ephemeral := pfwd.Command.(smp.PFWD).Key.Raw()
		for _, once := range []string{string(pfwd.Transmission.CorrelationID), string(ephemeral)} {
			require.False(t, seen[once])
			seen[once] = true
		}
		inside, key := b.open(pfwd) // which checks the size
		require.Equal(t, smp.SEND{Notify: notify, Body: body}, inside.Command)
		require.Equal(t, sender.SenderID, inside.Transmission.EntityID)
		require.Equal(t, !sender.Key.IsZero(), len(inside.Transmission.Authorization) > 0)
		content, err := smp.EncodeBlock(f.encode(to(inside, smp.OK{})))
		require.NoError(t, err)
		f.send(to(pfwd, b.seal(pfwd, key, content)))
		require.NoError(t, <-done)
	})
}
