package client_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

func TestCreateQueue(t *testing.T) {
	for _, version := range []uint16{6, 8, 9, 15, 20} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c, relay := connect(t, version, client.Config{Password: smp.Password("secret")})
				server, err := keys.Generate(keys.X25519, rand.Reader)
				require.NoError(t, err)
				var q client.Queue
				done := async(func() (err error) {
					q, err = c.CreateQueue(t.Context(), client.QueueOptions{Mode: smp.Contact, CreateOnly: true})
					return err
				})
				command := relay.command()
				created := command.Command.(smp.NEW)
				require.Equal(t, keys.Ed25519, created.AuthKey.Algorithm())
				require.Equal(t, smp.Password("secret"), created.Password)
				require.False(t, created.Subscribe)
				mode := smp.QueueMode(0)
				if version >= smp.VersionSenderKeys {
					mode = smp.Contact
					require.Equal(t, mode, created.Request.Mode)
				}
				verifier := smp.Verifier{SessionID: relay.conn.SessionID(), SessionKey: relay.conn.SessionKey()}
				require.True(t, verifier.Verify(&command.Transmission, created.AuthKey))
				relay.send(to(command, smp.IDS{
					RecipientID: []byte("recipient"), SenderID: []byte("sender"),
					ServerDHKey: server.Public(), Mode: smp.Contact,
				}))
				require.NoError(t, <-done)
				require.Equal(t, []byte("recipient"), q.RecipientID)
				require.Equal(t, []byte("sender"), q.SenderID)
				require.Equal(t, created.AuthKey, q.Key.Public())
				require.Equal(t, mode, q.Mode)

				key, err := box.Agree(server, created.DHKey)
				require.NoError(t, err)
				require.Equal(t, key, q.DeliveryKey())
				sent := smp.RcvMessage{Timestamp: 1_750_000_000, Notify: true, Body: []byte("hello")}
				id := bytes.Repeat([]byte{7}, 24)
				sealed, err := sent.Seal(id, &key)
				require.NoError(t, err)
				received, err := q.Decrypt(smp.MSG{ID: id, Body: sealed})
				require.NoError(t, err)
				require.Equal(t, sent, received)
				_, err = q.Decrypt(smp.MSG{ID: make([]byte, 24), Body: sealed})
				require.ErrorIs(t, err, box.ErrOpen)
			})
		})
	}
}

func TestCreateQueueWithGivenKeys(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{})
		key, err := keys.Generate(keys.X25519, rand.Reader)
		require.NoError(t, err)
		dh, err := keys.Generate(keys.X25519, rand.Reader)
		require.NoError(t, err)
		for range 2 {
			done := async(func() error {
				_, err := c.CreateQueue(t.Context(), client.QueueOptions{Key: key, DHKey: dh})
				return err
			})
			command := relay.command()
			require.Equal(t, smp.NEW{AuthKey: key.Public(), DHKey: dh.Public(), Subscribe: true}, command.Command)
			relay.send(to(command, smp.ERR{Err: smp.ErrAuth}))
			require.ErrorIs(t, <-done, smp.ErrAuth)
		}
	})
}

func TestCreateQueueWithAKeyOfLowOrder(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{})
		zero, err := keys.NewPublic(keys.X25519, make([]byte, 32))
		require.NoError(t, err)
		done := async(func() error {
			_, err := c.CreateQueue(t.Context(), client.QueueOptions{})
			return err
		})
		relay.send(to(relay.command(), smp.IDS{RecipientID: []byte("r"), SenderID: []byte("s"), ServerDHKey: zero}))
		require.ErrorIs(t, <-done, keys.ErrLowOrder)
	})
}

func TestCreateQueueFailsWithoutRandomness(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, _ := connect(t, 18, client.Config{Rand: bytes.NewReader(nil)})
		_, err := c.CreateQueue(t.Context(), client.QueueOptions{})
		require.Error(t, err)
		require.Error(t, c.Ping(t.Context()))
		_, err = c.CreateQueue(t.Context(), client.QueueOptions{Key: someQueue(t, keys.Ed25519).Key})
		require.Error(t, err)
	})
}

func TestStoredQueue(t *testing.T) {
	t.Parallel()
	for _, alg := range []keys.Algorithm{keys.Ed25519, keys.Ed448, keys.X25519} {
		q := someQueue(t, alg)
		b, err := q.MarshalBinary()
		require.NoError(t, err)
		var restored client.Queue
		require.NoError(t, restored.UnmarshalBinary(b))
		require.Equal(t, q, restored)

		sender := q.Sender(q.Key)
		b, err = sender.MarshalBinary()
		require.NoError(t, err)
		var restoredSender client.SenderQueue
		require.NoError(t, restoredSender.UnmarshalBinary(b))
		require.Equal(t, sender, restoredSender)
	}
	unsecured := client.SenderQueue{SenderID: []byte("sender")}
	b, err := unsecured.MarshalBinary()
	require.NoError(t, err)
	var restored client.SenderQueue
	require.NoError(t, restored.UnmarshalBinary(b))
	require.Equal(t, unsecured, restored)
}

func TestStoredQueueIsRefused(t *testing.T) {
	t.Parallel()
	q := someQueue(t, keys.Ed25519)
	stored, err := q.MarshalBinary()
	require.NoError(t, err)
	storedSender, err := q.Sender(q.Key).MarshalBinary()
	require.NoError(t, err)
	for n := range stored {
		got := q
		require.ErrorIs(t, got.UnmarshalBinary(stored[:n]), client.ErrStored)
		require.Equal(t, q, got)
	}
	for n := range storedSender {
		require.ErrorIs(t, new(client.SenderQueue).UnmarshalBinary(storedSender[:n]), client.ErrStored)
	}
	require.ErrorIs(t, new(client.Queue).UnmarshalBinary(append(stored, 0)), client.ErrStored)
	require.ErrorIs(t, new(client.Queue).UnmarshalBinary(storedSender), client.ErrStored)
	require.ErrorIs(t, new(client.SenderQueue).UnmarshalBinary(stored), client.ErrStored)
	stored[len(stored)-box.KeySize-2-16-32] ^= 1 // inside the PKCS #8 prefix
	require.ErrorIs(t, new(client.Queue).UnmarshalBinary(stored), client.ErrStored)
}

func TestQueuePrintsNothing(t *testing.T) {
	t.Parallel()
	q := someQueue(t, keys.Ed25519)
	key := q.DeliveryKey()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		printed := fmt.Sprintf(verb, q) + fmt.Sprintf(verb, &q)
		require.Equal(t, "queuequeue", printed)
		require.NotContains(t, printed, hex.EncodeToString(key[:4]))
	}
}
