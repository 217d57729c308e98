package client_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// patience is how long a test waits for the relay.
const patience = 20 * time.Second

// listen runs the reference relay for the time of the test and returns the
// configuration of a client for it.
func listen(t testing.TB, config relay.Config) client.Config {
	t.Helper()
	config.Credentials = credentials()
	e, err := relay.Listen(context.Background(), "127.0.0.1:0", config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	fingerprint := e.Fingerprint()
	return client.Config{Address: e.Addr().String(), KeyHash: fingerprint[:], CommandTimeout: patience}
}

func dial(t testing.TB, cfg client.Config) *client.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := client.Dial(ctx, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// arrives waits for an event.
func arrives(t testing.TB, c *client.Client) client.Event {
	t.Helper()
	select {
	case e, open := <-c.Events():
		require.True(t, open, "events have ended: %v", c.Err())
		require.NoError(t, e.Err)
		return e
	case <-time.After(patience):
		require.FailNow(t, "no event")
		return client.Event{}
	}
}

// receives waits for a message of q and decrypts it.
func receives(t testing.TB, c *client.Client, q client.Queue) (smp.MSG, smp.RcvMessage) {
	t.Helper()
	e := arrives(t, c)
	require.Equal(t, q.RecipientID, e.EntityID)
	require.IsType(t, smp.MSG{}, e.Response)
	message := e.Response.(smp.MSG)
	content, err := q.Decrypt(message)
	require.NoError(t, err)
	return message, content
}

// The life of a queue at each version: both sides on connections of their own.
func TestConversation(t *testing.T) {
	t.Parallel()
	cfg := listen(t, relay.Config{Password: smp.Password("secret")})
	for version := smp.MinVersion; version <= smp.MaxVersion; version++ {
		for _, alg := range []keys.Algorithm{keys.Ed25519, keys.Ed448, keys.X25519} {
			if version < smp.VersionAuthenticators && alg == keys.X25519 {
				continue
			}
			t.Run(fmt.Sprintf("%d with %v", version, alg), func(t *testing.T) {
				t.Parallel()
				cfg := cfg
				cfg.Versions = wire.Versions(smp.MinVersion, version)
				converse(t, cfg, alg)
			})
		}
	}
}

func converse(t *testing.T, cfg client.Config, alg keys.Algorithm) {
	ctx := t.Context()
	_, err := dial(t, cfg).CreateQueue(ctx, client.QueueOptions{})
	require.ErrorIs(t, err, smp.ErrAuth, "without the password")

	cfg.Password = smp.Password("secret")
	alice, bob := dial(t, cfg), dial(t, cfg)
	q, err := alice.CreateQueue(ctx, client.QueueOptions{Algorithm: alg, Mode: smp.Messaging})
	require.NoError(t, err)

	require.NoError(t, bob.SendMessage(ctx, q.Sender(keys.PrivateKey{}), false, []byte("confirmation")))
	confirmation, content := receives(t, alice, q)
	require.Equal(t, "confirmation", string(content.Body))

	sender := q.Sender(someQueue(t, alg).Key)
	if alice.Version() >= smp.VersionSenderKeys {
		require.NoError(t, bob.SecureBySender(ctx, sender))
	} else {
		require.NoError(t, alice.Secure(ctx, q, sender.Key.Public()))
	}
	require.ErrorIs(t, bob.SendMessage(ctx, q.Sender(keys.PrivateKey{}), false, nil), smp.ErrAuth)
	require.NoError(t, bob.SendMessage(ctx, sender, true, []byte("first")))
	require.NoError(t, bob.SendMessage(ctx, sender, false, make([]byte, smp.MaxMessageLength(bob.Version()))))

	require.NoError(t, alice.Ack(ctx, q, confirmation.ID))
	require.ErrorIs(t, alice.Ack(ctx, q, confirmation.ID), smp.ErrNoMsg)
	first, content := receives(t, alice, q)
	require.Equal(t, "first", string(content.Body))
	require.True(t, content.Notify)

	// The queue moves to another connection; the message was not acknowledged.
	stored, err := q.MarshalBinary()
	require.NoError(t, err)
	var restored client.Queue
	require.NoError(t, restored.UnmarshalBinary(stored))
	carol := dial(t, cfg)
	require.NoError(t, carol.Subscribe(ctx, restored))
	again, _ := receives(t, carol, restored)
	require.Equal(t, first.ID, again.ID)
	require.Equal(t, smp.END{}, arrives(t, alice).Response)
	require.NoError(t, carol.Ack(ctx, restored, again.ID))
	last, content := receives(t, carol, restored)
	require.Len(t, content.Body, smp.MaxMessageLength(bob.Version()))
	require.NoError(t, carol.Ack(ctx, restored, last.ID))

	info, err := carol.QueueInfo(ctx, restored)
	require.NoError(t, err)
	require.True(t, info.Secured)
	require.Zero(t, info.Size)
	require.NoError(t, bob.SendMessage(ctx, sender, false, []byte("to get")))
	receives(t, carol, restored)
	require.NoError(t, carol.Close())

	message, err := alice.Get(ctx, q)
	require.NoError(t, err)
	content, err = q.Decrypt(*message)
	require.NoError(t, err)
	require.Equal(t, "to get", string(content.Body))
	require.NoError(t, alice.Ack(ctx, q, message.ID))
	message, err = alice.Get(ctx, q)
	require.NoError(t, err)
	require.Nil(t, message)

	require.NoError(t, alice.Suspend(ctx, q))
	require.ErrorIs(t, bob.SendMessage(ctx, sender, false, nil), smp.ErrAuth)
	require.NoError(t, alice.Delete(ctx, q))
	require.ErrorIs(t, alice.Subscribe(ctx, q), smp.ErrAuth)
	require.NoError(t, alice.Ping(ctx))
}

func TestManyQueues(t *testing.T) {
	t.Parallel()
	cfg := listen(t, relay.Config{})
	alice, bob := dial(t, cfg), dial(t, cfg)
	const n = 50
	queues := make([]client.Queue, n)
	for i := range queues {
		var err error
		queues[i], err = alice.CreateQueue(t.Context(), client.QueueOptions{CreateOnly: true})
		require.NoError(t, err)
	}
	errs := make(chan error)
	for i := range queues {
		go func() {
			errs <- bob.SendMessage(t.Context(), queues[i].Sender(keys.PrivateKey{}), false, []byte("hello"))
		}()
	}
	for range queues {
		require.NoError(t, <-errs)
	}
	for _, err := range alice.SubscribeAll(t.Context(), queues) {
		require.NoError(t, err)
	}
	seen := map[string]bool{}
	for range queues {
		seen[string(arrives(t, alice).EntityID)] = true
	}
	require.Len(t, seen, n)
}

func TestRecipientKeys(t *testing.T) {
	t.Parallel()
	cfg := listen(t, relay.Config{})
	c := dial(t, cfg)
	q, err := c.CreateQueue(t.Context(), client.QueueOptions{Mode: smp.Contact})
	require.NoError(t, err)
	other := q
	other.Key = someQueue(t, keys.Ed448).Key
	require.ErrorIs(t, c.Subscribe(t.Context(), other), smp.ErrAuth)
	require.NoError(t, c.SetRecipientKeys(t.Context(), q, other.Key.Public()))
	require.NoError(t, c.Subscribe(t.Context(), other))
	require.ErrorIs(t, c.Subscribe(t.Context(), q), smp.ErrAuth)
}

func TestRelayGoesAway(t *testing.T) {
	t.Parallel()
	e, err := relay.Listen(context.Background(), "127.0.0.1:0", relay.Config{Credentials: credentials()})
	require.NoError(t, err)
	fingerprint := e.Fingerprint()
	c := dial(t, client.Config{Address: e.Addr().String(), KeyHash: fingerprint[:]})
	require.NoError(t, c.Ping(t.Context()))
	require.NoError(t, e.Close())
	select {
	case <-c.Done():
		require.ErrorIs(t, c.Err(), client.ErrLost)
	case <-time.After(patience):
		require.FailNow(t, "connection has not ended")
	}
}
