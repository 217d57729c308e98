package relay_test

import (
	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// notified is a queue with its notifier.
type notified struct {
	*queue
	id   []byte
	key  keys.PrivateKey
	meta box.Key
}

// newNotifierKeys makes the keys of NKEY, and keeps those that are secret.
func (c *client) newNotifierKeys(alg keys.Algorithm) (public smp.NotifierKeys, key, dh keys.PrivateKey) {
	c.t.Helper()
	key, dh = newKey(c.t, alg), newKey(c.t, keys.X25519)
	return smp.NotifierKeys{AuthKey: key.Public(), DHKey: dh.Public()}, key, dh
}

// enable sends NKEY.
func (c *client) enable(q *queue, alg keys.Algorithm) *notified {
	c.t.Helper()
	public, key, dh := c.newNotifierKeys(alg)
	got := c.recipient(q, smp.NKEY{NotifierKeys: public})
	require.IsType(c.t, smp.NID{}, got)
	return q.notifiedBy(got.(smp.NID).NotifierCredentials, key, dh)
}

func (q *queue) notifiedBy(got smp.NotifierCredentials, key, dh keys.PrivateKey) *notified {
	q.t.Helper()
	require.Len(q.t, got.NotifierID, 24)
	meta, err := box.Agree(dh, got.ServerDHKey)
	require.NoError(q.t, err)
	return &notified{queue: q, id: got.NotifierID, key: key, meta: meta}
}

func (c *client) newNotified(change ...func(*smp.NEW)) *notified {
	c.t.Helper()
	return c.enable(c.newQueue(change...), keys.Ed25519)
}

// watch sends NSUB.
func (c *client) watch(n *notified) {
	c.t.Helper()
	require.Equal(c.t, c.subscribed(), c.do(n.key, n.id, smp.NSUB{}))
}

// nsub sends NSUB and returns the answer, whatever it is.
func (c *client) nsub(n *notified) smp.Response {
	c.t.Helper()
	return c.do(n.key, n.id, smp.NSUB{})
}

// flagged sends a message with the notification flag.
func (c *client) flagged(q *queue, body string) smp.Response {
	c.t.Helper()
	return c.do(q.sndKey, q.sndID, smp.SEND{Notify: true, Body: []byte(body)})
}

// announced returns what the next notification of n says.
func (c *client) announced(n *notified) smp.NMsgMeta {
	c.t.Helper()
	got := c.event(n.id)
	require.IsType(c.t, smp.NMSG{}, got)
	require.Len(c.t, got.(smp.NMSG).Meta, smp.PaddedNMsgMeta+box.Overhead)
	meta, err := smp.OpenNMsgMeta(got.(smp.NMSG), &n.meta)
	require.NoError(c.t, err)
	return meta
}

// deletedEvent is what tells about something deleted at the client's version.
func (c *client) deletedEvent() smp.Response {
	if c.conn.Version() < smp.VersionDeleted {
		return smp.END{}
	}
	return smp.DELD{}
}
