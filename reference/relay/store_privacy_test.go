package relay_test

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// onDisk is everything in the folder of the store.
func (r *restarting) onDisk() []byte {
	r.t.Helper()
	names, err := filepath.Glob(filepath.Join(filepath.Dir(r.path), "*"))
	require.NoError(r.t, err)
	var all []byte
	for _, name := range names {
		b, err := os.ReadFile(name)
		require.NoError(r.t, err)
		all = append(all, b...)
	}
	return all
}

// absent shows that no part of a secret is in the bytes.
func absent(t *testing.T, all, secret []byte, what string) {
	t.Helper()
	const part = 16
	for i := 0; i+part <= len(secret); i += part {
		require.False(t, bytes.Contains(all, secret[i:i+part]), "bytes %d to %d of %s are in the file", i, i+part, what)
	}
}

// Nothing of a message is in the file, neither as it is sent nor as it is delivered:
// not while it waits, not when it was delivered, not when the relay has stopped.
func TestNothingOfMessagesIsStored(t *testing.T) {
	t.Parallel()
	r := startWithFile(t)
	c := connect(t, r.Endpoint, 20)
	n := c.newNotified(onlyCreate)
	q := n.queue
	c.secure(q, keys.X25519)
	body := make([]byte, 4000)
	_, err := rand.Read(body)
	require.NoError(t, err)
	var delivered []smp.MSG
	check := func() {
		t.Helper()
		all := r.onDisk()
		require.True(t, bytes.Contains(all, q.rcvID), "the queue is not in the file")
		absent(t, all, body, "what was sent")
		for _, m := range delivered {
			absent(t, all, m.Body, "what was delivered")
			absent(t, all, m.ID, "the id of a message")
		}
	}
	const messages = 3
	for range messages {
		require.Equal(t, smp.OK{}, c.flagged(q, string(body)))
	}
	check()
	require.Equal(t, smp.SOK{}, c.recipient(q, smp.SUB{}))
	for i := range messages {
		var got smp.Response
		if i == 0 {
			got = c.event(q.rcvID)
		} else {
			got = c.ack(q, delivered[i-1].ID)
		}
		q.expect(got, string(body))
		delivered = append(delivered, got.(smp.MSG))
	}
	require.Equal(t, smp.OK{}, c.recipient(q, smp.OFF{}), "something is written after the messages")
	check()
	r.stop()
	check()
}

// Messages, deliveries, subscriptions and use change nothing in the store.
func TestUseIsNotStored(t *testing.T) {
	t.Parallel()
	clock := newClock()
	e, m := startStored(t, func(c *relay.Config) { c.Now = clock.Now })
	c, other := connect(t, e, 20), connect(t, e, 20)
	q, address := c.newQueue(onlyCreate), c.newLinked(smp.Contact)
	n, notifier, service := c.newNotified(onlyCreate), connect(t, e, 20), messagingClient(t, e)
	require.Equal(t, smp.SOK{ServiceID: service.serviceID()}, service.recipient(n.queue, smp.SUB{}))
	before, commits := m.all(), m.count()
	clock.Advance(48 * time.Hour)
	notifier.watch(n)
	notifier.watch(n)
	require.Equal(t, smp.OK{}, other.flagged(n.queue, "announced"))
	notifier.announced(n)
	messagingClient(t, e).subscribeService(n.queue)
	require.Equal(t, smp.OK{}, c.send(q, "one"))
	id := q.expect(other.recipient(q, smp.GET{}), "one")
	require.Equal(t, smp.OK{}, other.ack(q, id))
	c.delivers(q)
	require.IsType(t, smp.INFO{}, c.recipient(q, smp.QUE{}))
	require.Equal(t, address.lnk(), c.look(address.linkID))
	c.takes(address.queue)
	other.close()
	e.Expire()
	require.Equal(t, before, m.all())
	require.Equal(t, commits, m.count())
}

// What was deleted, replaced or has expired is in no file any more, at the latest
// when the relay has stopped.
func TestDeletedRecordsAreOverwritten(t *testing.T) {
	t.Parallel()
	clock := newClock()
	r := startWithFile(t, func(c *relay.Config) { c.Now = clock.Now })
	c := connect(t, r.Endpoint, 20)
	deleted, expired, linkless := c.newLinked(smp.Contact), c.newQueue(), c.newLinked(smp.Contact)
	disabled, replaced := c.newNotified(), c.newNotified()
	later := c.enable(replaced.queue, keys.Ed25519)
	require.Equal(t, smp.OK{}, c.recipient(disabled.queue, smp.NDEL{}))
	require.True(t, bytes.Contains(r.onDisk(), deleted.rcvID))
	require.Equal(t, smp.OK{}, c.recipient(deleted.queue, smp.DEL{}))
	require.Equal(t, smp.OK{}, c.recipient(expired, smp.OFF{}))
	require.Equal(t, smp.OK{}, c.recipient(linkless.queue, smp.LDEL{}))
	clock.Advance(relay.DefaultSuspendedTTL + 24*time.Hour)
	r.Expire()
	r.stop()
	all := r.onDisk()
	require.True(t, bytes.Contains(all, linkless.rcvID))
	require.True(t, bytes.Contains(all, later.id))
	for what, secret := range map[string][]byte{
		"deleted queue": deleted.rcvID, "its sender id": deleted.sndID, "its key": deleted.rcvKey.Public().Raw(), "its link": deleted.linkID,
		"deleted notifier": disabled.id, "its notifier key": disabled.key.Public().Raw(), "its notifier secret": disabled.meta[:],
		"replaced notifier": replaced.id,
		"expired queue":     expired.rcvID, "deleted link": linkless.linkID, "data of links": someData.User,
	} {
		require.False(t, bytes.Contains(all, secret), "%s is in the file", what)
	}
}
