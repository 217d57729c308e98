package client_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// notified waits for a notification of n and opens it.
func notified(t testing.TB, c *client.Client, n client.Notifier) smp.NMsgMeta {
	t.Helper()
	e := arrives(t, c)
	require.Equal(t, n.NotifierID, e.EntityID)
	require.IsType(t, smp.NMSG{}, e.Response)
	meta, err := n.Decrypt(e.Response.(smp.NMSG))
	require.NoError(t, err)
	return meta
}

// The life of a notifier at each version, with all kinds of keys.
func TestNotifications(t *testing.T) {
	t.Parallel()
	cfg := listen(t, relay.Config{})
	for version := smp.MinVersion; version <= smp.MaxVersion; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			cfg := cfg
			cfg.Versions = wire.Versions(smp.MinVersion, version)
			for _, alg := range []keys.Algorithm{0, keys.Ed25519, keys.Ed448, keys.X25519} {
				if version < smp.VersionAuthenticators && alg == keys.X25519 {
					continue
				}
				notify(t, dial(t, cfg), dial(t, cfg), dial(t, cfg), client.NotifierOptions{Algorithm: alg})
			}
		})
	}
}

func notify(t *testing.T, alice, bob, router *client.Client, o client.NotifierOptions) {
	ctx := t.Context()
	q, first, err := alice.CreateNotifiedQueue(ctx, client.QueueOptions{Mode: smp.Contact}, o)
	if alice.Version() < smp.VersionNotifierKeys {
		require.ErrorIs(t, err, transport.ErrVersion)
		q, err = alice.CreateQueue(ctx, client.QueueOptions{})
		require.NoError(t, err)
		first, err = alice.EnableNotifications(ctx, q, o)
	}
	require.NoError(t, err)
	require.NoError(t, router.SubscribeNotifications(ctx, first.NotifierQueue))
	sender := q.Sender(keys.PrivateKey{})
	require.NoError(t, bob.SendMessage(ctx, sender, false, []byte("silent")))
	require.NoError(t, bob.SendMessage(ctx, sender, true, []byte("loud")))
	silent, _ := receives(t, alice, q)
	require.NoError(t, alice.Ack(ctx, q, silent.ID))
	loud, content := receives(t, alice, q)
	require.Equal(t, smp.NMsgMeta{MessageID: loud.ID, Timestamp: content.Timestamp}, notified(t, router, first))

	second, err := alice.EnableNotifications(ctx, q, o)
	require.NoError(t, err)
	gone := arrives(t, router)
	require.Equal(t, first.NotifierID, gone.EntityID)
	if router.Version() >= smp.VersionDeleted {
		require.Equal(t, smp.DELD{}, gone.Response)
	}
	require.NoError(t, bob.SendMessage(ctx, sender, true, []byte("again")))
	errs := router.SubscribeAllNotifications(ctx, []client.NotifierQueue{first.NotifierQueue, second.NotifierQueue})
	require.ErrorIs(t, errs[0], smp.ErrAuth)
	require.NoError(t, errs[1])
	require.NotEqual(t, loud.ID, notified(t, router, second).MessageID)

	require.NoError(t, alice.DisableNotifications(ctx, q))
	require.ErrorIs(t, router.SubscribeNotifications(ctx, second.NotifierQueue), smp.ErrAuth)
	require.NoError(t, alice.DisableNotifications(ctx, q), "again")
	require.NoError(t, alice.Delete(ctx, q))
}

// serverKey makes a DH key of a relay.
func serverKey(t testing.TB) keys.PrivateKey {
	t.Helper()
	k, err := keys.Generate(keys.X25519, rand.Reader)
	require.NoError(t, err)
	return k
}

func TestEnableNotifications(t *testing.T) {
	q := someQueue(t, keys.Ed25519)
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 6, client.Config{})
		var n client.Notifier
		enable := func(o client.NotifierOptions) <-chan error {
			return async(func() (err error) {
				n, err = c.EnableNotifications(t.Context(), q, o)
				return err
			})
		}
		done := enable(client.NotifierOptions{Algorithm: keys.Ed448})
		command, server := relay.command(), serverKey(t)
		require.Equal(t, q.RecipientID, command.Transmission.EntityID)
		sent := command.Command.(smp.NKEY)
		require.Equal(t, keys.Ed448, sent.AuthKey.Algorithm())
		require.NotEqual(t, q.Key.Public(), sent.AuthKey)
		relay.send(to(command, smp.NID{NotifierCredentials: smp.NotifierCredentials{
			NotifierID: []byte("notifier"), ServerDHKey: server.Public(),
		}}))
		require.NoError(t, <-done)
		require.Equal(t, "notifier", string(n.NotifierID))
		require.Equal(t, sent.AuthKey, n.Key.Public())
		meta, err := box.Agree(server, sent.DHKey)
		require.NoError(t, err)
		want := smp.NMsgMeta{MessageID: []byte("message"), Timestamp: 1_750_000_000}
		sealed, err := want.Seal(box.Nonce{1}, &meta)
		require.NoError(t, err)
		got, err := n.Decrypt(sealed)
		require.NoError(t, err)
		require.Equal(t, want, got)
		sealed.Nonce[0]++
		_, err = n.Decrypt(sealed)
		require.ErrorIs(t, err, box.ErrOpen)

		own, zero := client.NotifierOptions{Key: serverKey(t), DHKey: serverKey(t)}, lowOrder(t)
		for _, test := range []struct {
			answer smp.Response
			want   error
		}{
			{smp.ERR{Err: smp.ErrAuth}, smp.ErrAuth},
			{smp.OK{}, client.ErrUnexpected},
			{smp.NID{NotifierCredentials: smp.NotifierCredentials{NotifierID: []byte("n"), ServerDHKey: zero}}, keys.ErrLowOrder},
		} {
			done := enable(own)
			command := relay.command()
			require.Equal(t, smp.NotifierKeys{AuthKey: own.Key.Public(), DHKey: own.DHKey.Public()}, command.Command.(smp.NKEY).NotifierKeys)
			relay.send(to(command, test.answer))
			require.ErrorIs(t, <-done, test.want)
		}
	})
}

func lowOrder(t testing.TB) keys.PublicKey {
	t.Helper()
	zero, err := keys.NewPublic(keys.X25519, make([]byte, 32))
	require.NoError(t, err)
	return zero
}

// A relay that makes a queue and no notifier is not believed; the queue is not lost.
func TestCreateNotifiedQueueWithoutNotifier(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 17, client.Config{Password: smp.Password("secret")})
		for _, credentials := range []*smp.NotifierCredentials{nil, {NotifierID: []byte("n"), ServerDHKey: lowOrder(t)}} {
			var q client.Queue
			done := async(func() (err error) {
				q, _, err = c.CreateNotifiedQueue(t.Context(), client.QueueOptions{CreateOnly: true}, client.NotifierOptions{})
				return err
			})
			command := relay.command()
			created := command.Command.(smp.NEW)
			require.NotNil(t, created.Notifier)
			require.Equal(t, smp.Password("secret"), created.Password)
			require.False(t, created.Subscribe)
			require.NotEqual(t, created.AuthKey, created.Notifier.AuthKey)
			require.NotEqual(t, created.DHKey, created.Notifier.DHKey)
			relay.send(to(command, smp.IDS{
				RecipientID: []byte("recipient"), SenderID: []byte("sender"), ServerDHKey: serverKey(t).Public(), Notifier: credentials,
			}))
			err := <-done
			if credentials == nil {
				require.ErrorIs(t, err, client.ErrUnexpected)
			} else {
				require.ErrorIs(t, err, keys.ErrLowOrder)
			}
			require.Equal(t, "recipient", string(q.RecipientID))
			require.Equal(t, created.AuthKey, q.Key.Public())
		}
	})
}

func TestSubscribeNotifications(t *testing.T) {
	n := client.NotifierQueue{NotifierID: []byte("notifier"), Key: someQueue(t, keys.Ed25519).Key}
	for name, call := range map[string]func(ctx context.Context, c *client.Client) error{
		"one": func(ctx context.Context, c *client.Client) error { return c.SubscribeNotifications(ctx, n) },
		"many": func(ctx context.Context, c *client.Client) error {
			return c.SubscribeAllNotifications(ctx, []client.NotifierQueue{n})[0]
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c, relay := connect(t, 18, client.Config{})
				for _, test := range []struct {
					answer smp.Response
					want   error
				}{
					{smp.SOK{}, nil}, {smp.OK{}, nil}, {smp.ERR{Err: smp.ErrAuth}, smp.ErrAuth}, {someMSG(), client.ErrUnexpected},
				} {
					done := async(func() error { return call(t.Context(), c) })
					command := relay.command()
					require.Equal(t, smp.NSUB{}, command.Command)
					require.Equal(t, n.NotifierID, command.Transmission.EntityID)
					verifier := smp.Verifier{SessionID: relay.conn.SessionID(), SessionKey: relay.conn.SessionKey()}
					require.True(t, verifier.Verify(&command.Transmission, n.Key.Public()))
					relay.send(to(command, test.answer))
					require.ErrorIs(t, <-done, test.want)
				}
			})
		})
	}
}

func TestStoredNotifier(t *testing.T) {
	t.Parallel()
	key, dh := someQueue(t, keys.X25519).Key, serverKey(t)
	n, err := client.NewNotifier(smp.NotifierCredentials{NotifierID: []byte("notifier"), ServerDHKey: serverKey(t).Public()}, key, dh)
	require.NoError(t, err)
	b, err := n.MarshalBinary()
	require.NoError(t, err)
	var restored client.Notifier
	require.NoError(t, restored.UnmarshalBinary(b))
	require.Equal(t, n, restored)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		require.Equal(t, "notifier", fmt.Sprintf(verb, n))
	}

	before := restored
	for i := range b {
		require.ErrorIs(t, restored.UnmarshalBinary(b[:i]), client.ErrStored)
	}
	require.ErrorIs(t, restored.UnmarshalBinary(append(b, 0)), client.ErrStored)
	b[0] = 'q'
	require.ErrorIs(t, restored.UnmarshalBinary(b), client.ErrStored)
	require.Equal(t, before, restored)
}
