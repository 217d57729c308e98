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

var someData = smp.LinkData{Fixed: []byte("fixed data"), User: []byte("user data")}

func randomID(t testing.TB) box.Nonce {
	t.Helper()
	var id box.Nonce
	_, err := rand.Read(id[:])
	require.NoError(t, err)
	return id
}

// invitation and address are options for queues with short links.
func invitation(t testing.TB) client.LinkQueueOptions {
	return client.LinkQueueOptions{
		QueueOptions:  client.QueueOptions{Mode: smp.Messaging},
		CorrelationID: randomID(t),
		Data:          someData,
	}
}

func address(t testing.TB) client.LinkQueueOptions {
	id := randomID(t)
	return client.LinkQueueOptions{
		QueueOptions:  client.QueueOptions{Mode: smp.Contact},
		CorrelationID: randomID(t),
		LinkID:        id[:],
		Data:          someData,
	}
}

// The life of both kinds of links at each version that has them.
func TestLinks(t *testing.T) {
	t.Parallel()
	cfg := listen(t, relay.Config{Password: smp.Password("secret")})
	cfg.Password = smp.Password("secret")
	for version := smp.VersionShortLinks; version <= smp.MaxVersion; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			cfg := cfg
			cfg.Versions = wire.Versions(smp.MinVersion, version)
			alice, bob, carol := dial(t, cfg), dial(t, cfg), dial(t, cfg)
			useInvitation(t, alice, bob, carol)
			useAddress(t, alice, bob)
		})
	}
}

func useInvitation(t *testing.T, alice, bob, carol *client.Client) {
	ctx := t.Context()
	o := invitation(t)
	q, linkID, err := alice.CreateLinkQueue(ctx, o)
	require.NoError(t, err)
	require.Equal(t, smp.SenderID(o.CorrelationID[:]), q.SenderID)
	require.Equal(t, smp.Messaging, q.Mode)
	_, _, err = alice.CreateLinkQueue(ctx, o)
	require.ErrorIs(t, err, smp.ErrAuth, "the same NEW again")

	key := someQueue(t, keys.X25519).Key
	_, _, err = bob.GetLink(ctx, linkID)
	require.ErrorIs(t, err, smp.ErrAuth, "an invitation cannot be read without taking it")
	for range 2 {
		senderID, data, err := bob.SecureLink(ctx, linkID, key)
		require.NoError(t, err)
		require.Equal(t, q.SenderID, senderID)
		require.Equal(t, someData, data)
	}
	_, _, err = carol.SecureLink(ctx, linkID, someQueue(t, keys.Ed25519).Key)
	require.ErrorIs(t, err, smp.ErrAuth, "somebody else")
	require.ErrorIs(t, alice.SetLinkData(ctx, q, linkID, someData), smp.ErrAuth, "the link is taken")

	require.NoError(t, bob.SendMessage(ctx, q.Sender(key), false, []byte("confirmation")))
	_, content := receives(t, alice, q)
	require.Equal(t, "confirmation", string(content.Body))
	_, _, err = bob.SecureLink(ctx, linkID, key)
	require.ErrorIs(t, err, smp.ErrAuth, "the data are gone")
}

func useAddress(t *testing.T, alice, bob *client.Client) {
	ctx := t.Context()
	o := address(t)
	q, linkID, err := alice.CreateLinkQueue(ctx, o)
	require.NoError(t, err)
	require.Equal(t, o.LinkID, linkID)
	require.Equal(t, smp.Contact, q.Mode)
	reads := func(c *client.Client, want smp.LinkData) {
		senderID, data, err := c.GetLink(ctx, linkID)
		require.NoError(t, err)
		require.Equal(t, q.SenderID, senderID)
		require.Equal(t, want, data)
	}
	reads(bob, someData)
	_, _, err = bob.SecureLink(ctx, linkID, someQueue(t, keys.Ed25519).Key)
	require.ErrorIs(t, err, smp.ErrAuth)
	changed := smp.LinkData{Fixed: someData.Fixed, User: []byte("changed")}
	require.NoError(t, alice.SetLinkData(ctx, q, linkID, changed))
	reads(bob, changed)
	require.ErrorIs(t, alice.SetLinkData(ctx, q, linkID, smp.LinkData{Fixed: []byte("x"), User: []byte("x")}), smp.ErrAuth)
	require.ErrorIs(t, alice.SetLinkData(ctx, q, []byte("another id"), changed), smp.ErrAuth)
	reads(alice, changed)
	require.NoError(t, alice.DeleteLink(ctx, q))
	require.NoError(t, alice.DeleteLink(ctx, q), "again")
	_, _, err = bob.GetLink(ctx, linkID)
	require.ErrorIs(t, err, smp.ErrAuth)
	require.NoError(t, bob.SendMessage(ctx, q.Sender(keys.PrivateKey{}), false, []byte("the queue is still there")))
	receives(t, alice, q)
}

func TestLinksNeedTheirVersion(t *testing.T) {
	t.Parallel()
	cfg := listen(t, relay.Config{Versions: wire.Versions(smp.MinVersion, smp.VersionShortLinks-1)})
	c := dial(t, cfg)
	q := someQueue(t, keys.Ed25519)
	ctx := t.Context()
	_, _, err := c.CreateLinkQueue(ctx, invitation(t))
	require.ErrorIs(t, err, transport.ErrVersion)
	require.ErrorIs(t, c.SetLinkData(ctx, q, []byte("id"), someData), transport.ErrVersion)
	require.ErrorIs(t, c.DeleteLink(ctx, q), transport.ErrVersion)
	_, _, err = c.SecureLink(ctx, []byte("id"), q.Key)
	require.ErrorIs(t, err, transport.ErrVersion)
	_, _, err = c.GetLink(ctx, []byte("id"))
	require.ErrorIs(t, err, transport.ErrVersion)
}

func TestLinkOptions(t *testing.T) {
	t.Parallel()
	c := dial(t, listen(t, relay.Config{}))
	for name, change := range map[string]func(o *client.LinkQueueOptions){
		"no mode":             func(o *client.LinkQueueOptions) { o.Mode = 0 },
		"no correlation id":   func(o *client.LinkQueueOptions) { o.CorrelationID = box.Nonce{} },
		"id of an invitation": func(o *client.LinkQueueOptions) { o.Mode = smp.Messaging },
		"no id of an address": func(o *client.LinkQueueOptions) { o.LinkID = nil },
	} {
		o := address(t)
		change(&o)
		_, _, err := c.CreateLinkQueue(t.Context(), o)
		require.ErrorIs(t, err, client.ErrLinkOptions, name)
	}
	large := address(t)
	large.Data.User = make([]byte, smp.EncryptedContent)
	_, _, err := c.CreateLinkQueue(t.Context(), large)
	require.ErrorIs(t, err, client.ErrTooLarge)
}

// A relay that made another queue than the one asked for is not believed.
func TestCreatedLinkQueueIsChecked(t *testing.T) {
	other := []byte("another id with 24 bytes")
	for name, test := range map[string]struct {
		options func(testing.TB) client.LinkQueueOptions
		change  func(ids *smp.IDS)
		wrong   string
	}{
		"invitation":                         {invitation, func(*smp.IDS) {}, ""},
		"address":                            {address, func(*smp.IDS) {}, ""},
		"another sender id":                  {invitation, func(ids *smp.IDS) { ids.SenderID = other }, "sender id"},
		"another sender id of an address":    {address, func(ids *smp.IDS) { ids.SenderID = other }, "sender id"},
		"another mode":                       {invitation, func(ids *smp.IDS) { ids.Mode = smp.Contact }, "queue mode"},
		"no mode":                            {address, func(ids *smp.IDS) { ids.Mode = 0 }, "queue mode"},
		"no link id":                         {invitation, func(ids *smp.IDS) { ids.LinkID = nil }, "link id"},
		"an empty link id":                   {invitation, func(ids *smp.IDS) { ids.LinkID = []byte{} }, "link id"},
		"another link id than that of NEW":   {address, func(ids *smp.IDS) { ids.LinkID = other }, "link id"},
		"no link id for that of an address":  {address, func(ids *smp.IDS) { ids.LinkID = nil }, "link id"},
		"an invitation's id is of the relay": {invitation, func(ids *smp.IDS) { ids.LinkID = other }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c, fakeRelay := connect(t, 18, client.Config{})
				o := test.options(t)
				done := async(func() error {
					_, _, err := c.CreateLinkQueue(t.Context(), o)
					return err
				})
				command := fakeRelay.command()
				require.Equal(t, o.CorrelationID[:], command.Transmission.CorrelationID)
				request := command.Command.(smp.NEW).Request
				require.Equal(t, someData, request.Link.Data)
				require.Equal(t, smp.SenderID(o.CorrelationID[:]), request.Link.SenderID)
				ids := smp.IDS{
					RecipientID: other, SenderID: request.Link.SenderID, ServerDHKey: someQueue(t, keys.X25519).Key.Public(),
					Mode: o.Mode, LinkID: []byte("made by the relay"),
				}
				if o.Mode == smp.Contact {
					ids.LinkID = o.LinkID
				}
				test.change(&ids)
				fakeRelay.send(to(command, ids))
				err := <-done
				if test.wrong == "" {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, client.ErrUnexpected)
				require.ErrorContains(t, err, test.wrong)
			})
		})
	}
}

func TestAnswersToLinkCommandsAreChecked(t *testing.T) {
	key := someQueue(t, keys.Ed25519).Key
	for name, call := range map[string]func(ctx context.Context, c *client.Client) ([]byte, smp.LinkData, error){
		"LKEY": func(ctx context.Context, c *client.Client) ([]byte, smp.LinkData, error) {
			return c.SecureLink(ctx, []byte("link"), key)
		},
		"LGET": func(ctx context.Context, c *client.Client) ([]byte, smp.LinkData, error) {
			return c.GetLink(ctx, []byte("link"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c, fakeRelay := connect(t, 18, client.Config{})
				link := smp.LNK{SenderID: []byte("sender"), Data: someData}
				for _, test := range []struct {
					answer func(smp.ReceivedCommand) outgoing
					want   error
				}{
					{func(r smp.ReceivedCommand) outgoing { return to(r, link) }, nil},
					{func(r smp.ReceivedCommand) outgoing { return to(r, smp.ERR{Err: smp.ErrAuth}) }, smp.ErrAuth},
					{func(r smp.ReceivedCommand) outgoing { return to(r, smp.OK{}) }, client.ErrUnexpected},
					{func(r smp.ReceivedCommand) outgoing { return to(r, smp.LNK{Data: someData}) }, client.ErrUnexpected},
					{func(r smp.ReceivedCommand) outgoing {
						return outgoing{r.Transmission.CorrelationID, []byte("another link"), link}
					}, client.ErrUnexpected},
				} {
					var senderID []byte
					var data smp.LinkData
					done := async(func() (err error) {
						senderID, data, err = call(t.Context(), c)
						return err
					})
					command := fakeRelay.command()
					require.Equal(t, name, command.Command.Tag())
					require.Equal(t, "link", string(command.Transmission.EntityID))
					fakeRelay.send(test.answer(command))
					err := <-done
					if test.want != nil {
						require.ErrorIs(t, err, test.want)
						require.Empty(t, senderID)
						continue
					}
					require.NoError(t, err)
					require.Equal(t, link, smp.LNK{SenderID: senderID, Data: data})
				}
			})
		})
	}
}
