package client_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
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

// More keys than are remembered, each used twice.
func TestAuthenticatorsOfManyKeys(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{})
		requests := make([]client.Request, 300)
		for i := range requests {
			q := someQueue(t, keys.X25519)
			requests[i] = client.Request{EntityID: q.RecipientID, Key: q.Key, Command: smp.SUB{}}
		}
		requests = append(requests, requests...)
		done := async(func() error { return c.DoAll(t.Context(), requests...)[0].Err })
		verifier := smp.Verifier{SessionID: relay.conn.SessionID(), SessionKey: relay.conn.SessionKey()}
		var first smp.ReceivedCommand
		for i, request := range requests {
			command := relay.command()
			require.True(t, verifier.Verify(&command.Transmission, request.Key.Public()))
			if i == 0 {
				first = command
			}
		}
		relay.send(to(first, smp.OK{}))
		require.NoError(t, <-done)
	})
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

// In a service session the service signs NEW, SUB and NSUB too, and nothing else.
func TestServiceSession(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		service := transport.ServiceCredentials{Role: transport.RoleMessaging, Credentials: credentials()}
		c, relay := connect(t, 18, client.Config{Service: &service})
		peer := relay.conn.Service()
		verifier := smp.Verifier{
			SessionID:  relay.conn.SessionID(),
			SessionKey: relay.conn.SessionKey(),
			Service:    &smp.ServicePeer{ID: peer.ID, CertFingerprint: peer.Fingerprint, Key: peer.Key},
		}
		q := someQueue(t, keys.X25519)
		for _, request := range []client.Request{
			{EntityID: q.RecipientID, Key: q.Key, Command: smp.SUB{}},
			{EntityID: q.RecipientID, Key: q.Key, Command: smp.DEL{}},
			{EntityID: c.Conn().Service().ID, Key: c.Conn().Service().PrivateKey, Command: smp.SUBS{}},
		} {
			done := async(func() error { return c.DoAll(t.Context(), request)[0].Err })
			command := relay.command()
			require.Nil(t, verifier.VerifyService(&command.Transmission, command.Command))
			require.True(t, verifier.Verify(&command.Transmission, request.Key.Public()))
			relay.send(to(command, smp.OK{}))
			require.NoError(t, <-done)
		}
	})
}
