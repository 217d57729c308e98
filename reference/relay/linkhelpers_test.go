package relay_test

import (
	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

var someData = smp.LinkData{Fixed: []byte("fixed data"), User: []byte("user data")}

// linked is a queue with the short link that it was created with.
type linked struct {
	*queue
	linkID []byte
	data   smp.LinkData
}

// ask sends a command under a chosen correlation id.
func (c *client) ask(correlationID []byte, key keys.PrivateKey, command smp.Command) smp.Response {
	c.t.Helper()
	body, err := smp.EncodeCommand(c.conn.Version(), command)
	require.NoError(c.t, err)
	t := smp.Transmission{CorrelationID: correlationID, Command: body}
	a, err := smp.NewAuthorizer(key, c.conn.PeerKey())
	require.NoError(c.t, err)
	require.NoError(c.t, t.Authorize(c.conn.SessionID(), a))
	c.write(c.encode(t))
	got := c.next()
	require.Equal(c.t, correlationID, got.Transmission.CorrelationID)
	return got.Response
}

// linkRequest makes a NEW with link data, and the correlation id that it needs.
func (c *client) linkRequest(mode smp.QueueMode, key, dh keys.PrivateKey) (correlationID []byte, command smp.NEW) {
	correlationID = newID()
	link := &smp.QueueLink{SenderID: smp.SenderID(correlationID), Data: someData}
	if mode == smp.Contact {
		link.LinkID = newID()
	}
	return correlationID, smp.NEW{
		AuthKey: key.Public(), DHKey: dh.Public(), Subscribe: true, Request: &smp.QueueRequest{Mode: mode, Link: link},
	}
}

// newLinked creates a queue with link data.
func (c *client) newLinked(mode smp.QueueMode) *linked {
	c.t.Helper()
	key, dh := newKey(c.t, keys.Ed25519), newKey(c.t, keys.X25519)
	correlationID, command := c.linkRequest(mode, key, dh)
	got := c.ask(correlationID, key, command)
	require.IsType(c.t, smp.IDS{}, got)
	ids := got.(smp.IDS)
	require.Equal(c.t, smp.SenderID(correlationID), ids.SenderID)
	require.Equal(c.t, mode, ids.Mode)
	require.Len(c.t, ids.LinkID, 24)
	if mode == smp.Contact {
		require.Equal(c.t, command.Request.Link.LinkID, ids.LinkID)
	}
	secret, err := box.Agree(dh, ids.ServerDHKey)
	require.NoError(c.t, err)
	q := &queue{t: c.t, rcvID: ids.RecipientID, sndID: ids.SenderID, rcvKey: key, deliveries: secret, mode: mode}
	return &linked{queue: q, linkID: ids.LinkID, data: someData}
}

func (q *linked) lnk() smp.Response { return smp.LNK{SenderID: q.sndID, Data: q.data} }

// take sends LKEY with the public part of the key that authorizes it.
func (c *client) take(linkID []byte, key keys.PrivateKey) smp.Response {
	c.t.Helper()
	return c.do(key, linkID, smp.LKEY{SenderKey: key.Public()})
}

func (c *client) look(linkID []byte) smp.Response {
	c.t.Helper()
	return c.do(noKey, linkID, smp.LGET{})
}

// unknownLink shows that a link is as unknown as one that never was.
func (c *client) unknownLink(linkID []byte) {
	c.t.Helper()
	require.Equal(c.t, refused(smp.ErrAuth), c.look(linkID))
	require.Equal(c.t, refused(smp.ErrAuth), c.take(linkID, newKey(c.t, keys.Ed25519)))
}
