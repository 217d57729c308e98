package client_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// The authorization is of the scheme that the key is for, and holds in this
// session only.
func TestAuthorization(t *testing.T) {
	for _, version := range []uint16{6, 7, 15, 16, 20} {
		for alg, scheme := range map[keys.Algorithm]smp.Scheme{
			keys.Ed25519: smp.Ed25519Signature,
			keys.Ed448:   smp.Ed448Signature,
			keys.X25519:  smp.Authenticator,
		} {
			t.Run(fmt.Sprintf("%v at %d", alg, version), func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					c, relay := connect(t, version, client.Config{})
					q := someQueue(t, alg)
					if alg == keys.X25519 && version == 6 {
						require.ErrorIs(t, c.Delete(t.Context(), q), smp.ErrNoServerKey)
						return
					}
					done := async(func() error { return c.Delete(t.Context(), q) })
					command := relay.command()
					got, err := smp.SchemeOf(command.Transmission.Authorization)
					require.NoError(t, err)
					require.Equal(t, scheme, got)
					verifier := smp.Verifier{SessionID: relay.conn.SessionID(), SessionKey: relay.conn.SessionKey()}
					require.True(t, verifier.Verify(&command.Transmission, q.Key.Public()))
					verifier.SessionID = []byte("another session")
					require.False(t, verifier.Verify(&command.Transmission, q.Key.Public()))
					relay.send(to(command, smp.OK{}))
					require.NoError(t, <-done)
				})
			})
		}
	}
}

func TestNoAuthorization(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{})
		sender := client.SenderQueue{SenderID: []byte("q")}
		done := async(func() error { return c.SendMessage(t.Context(), sender, false, []byte("hello")) })
		command := relay.command()
		require.Empty(t, command.Transmission.Authorization)
		relay.send(to(command, smp.OK{}))
		require.NoError(t, <-done)
	})
}
