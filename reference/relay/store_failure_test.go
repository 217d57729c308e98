package relay_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

var internal = refused(smp.ErrInternal)

// Every command that changes what is stored fails with INTERNAL if the store does,
// leaves everything as it was, and works when the store works again.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(t *testing.T, c *client, fails func(do func() smp.Response)){
		"KEY": func(_ *testing.T, c *client, fails func(func() smp.Response)) {
			q := c.newQueue()
			key := newKey(c.t, keys.X25519)
			fails(func() smp.Response { return c.recipient(q, smp.KEY{SenderKey: newKey(c.t, keys.X25519).Public()}) })
			c.takes(q)
			require.Equal(c.t, smp.OK{}, c.recipient(q, smp.KEY{SenderKey: key.Public()}))
			q.sndKey = key
			c.takes(q)
		},
		"SKEY": func(_ *testing.T, c *client, fails func(func() smp.Response)) {
			q := c.newQueue(messaging)
			first, key := newKey(c.t, keys.X25519), newKey(c.t, keys.X25519)
			fails(func() smp.Response { return c.do(first, q.sndID, smp.SKEY{SenderKey: first.Public()}) })
			require.Equal(c.t, smp.OK{}, c.do(key, q.sndID, smp.SKEY{SenderKey: key.Public()}))
			q.sndKey = key
			c.takes(q)
		},
		"RKEY": func(_ *testing.T, c *client, fails func(func() smp.Response)) {
			q := c.newQueue(contact)
			second := newKey(c.t, keys.Ed25519)
			command := smp.RKEY{Keys: []keys.PublicKey{second.Public()}}
			fails(func() smp.Response { return c.recipient(q, command) })
			require.Equal(c.t, refused(smp.ErrAuth), c.do(second, q.rcvID, smp.SUB{}))
			require.Equal(c.t, smp.OK{}, c.recipient(q, command))
			require.Equal(c.t, refused(smp.ErrAuth), c.recipient(q, smp.SUB{}))
			require.Equal(c.t, smp.SOK{}, c.do(second, q.rcvID, smp.SUB{}))
		},
		"OFF": func(_ *testing.T, c *client, fails func(func() smp.Response)) {
			q := c.newQueue()
			fails(func() smp.Response { return c.recipient(q, smp.OFF{}) })
			c.takes(q)
			require.Equal(c.t, smp.OK{}, c.recipient(q, smp.OFF{}))
			require.Equal(c.t, refused(smp.ErrAuth), c.send(q, "refused"))
		},
		"DEL": func(_ *testing.T, c *client, fails func(func() smp.Response)) {
			q := c.newQueue(onlyCreate)
			require.Equal(c.t, smp.OK{}, c.send(q, "kept"))
			fails(func() smp.Response { return c.recipient(q, smp.DEL{}) })
			require.Equal(c.t, smp.SOK{}, c.recipient(q, smp.SUB{}))
			id := q.expect(c.event(q.rcvID), "kept")
			require.Equal(c.t, smp.OK{}, c.ack(q, id))
			require.Equal(c.t, smp.OK{}, c.recipient(q, smp.DEL{}))
			require.Equal(c.t, refused(smp.ErrAuth), c.recipient(q, smp.SUB{}))
		},
		"LSET": func(_ *testing.T, c *client, fails func(func() smp.Response)) {
			q, other, linkID := c.newQueue(contact), c.newQueue(contact), newID()
			command := smp.LSET{LinkID: linkID, Data: someData}
			fails(func() smp.Response { return c.recipient(q, command) })
			c.unknownLink(linkID)
			require.Equal(c.t, smp.OK{}, c.recipient(other, command))
			require.Equal(c.t, refused(smp.ErrAuth), c.recipient(q, command))
		},
		"LSET again": func(_ *testing.T, c *client, fails func(func() smp.Response)) {
			q := c.newLinked(smp.Contact)
			data := smp.LinkData{Fixed: q.data.Fixed, User: []byte("other")}
			command := smp.LSET{LinkID: q.linkID, Data: data}
			fails(func() smp.Response { return c.recipient(q.queue, command) })
			require.Equal(c.t, q.lnk(), c.look(q.linkID))
			require.Equal(c.t, smp.OK{}, c.recipient(q.queue, command))
			q.data = data
			require.Equal(c.t, q.lnk(), c.look(q.linkID))
		},
		"LDEL": func(_ *testing.T, c *client, fails func(func() smp.Response)) {
			q, other := c.newLinked(smp.Contact), c.newQueue(contact)
			command := smp.LSET{LinkID: q.linkID, Data: someData}
			fails(func() smp.Response { return c.recipient(q.queue, smp.LDEL{}) })
			require.Equal(c.t, q.lnk(), c.look(q.linkID))
			require.Equal(c.t, refused(smp.ErrAuth), c.recipient(other, command))
			require.Equal(c.t, smp.OK{}, c.recipient(q.queue, smp.LDEL{}))
			require.Equal(c.t, smp.OK{}, c.recipient(other, command))
		},
		"LKEY": func(_ *testing.T, c *client, fails func(func() smp.Response)) {
			q := c.newLinked(smp.Messaging)
			first, key := newKey(c.t, keys.X25519), newKey(c.t, keys.X25519)
			fails(func() smp.Response { return c.take(q.linkID, first) })
			require.Equal(c.t, q.lnk(), c.take(q.linkID, key))
			require.Equal(c.t, refused(smp.ErrAuth), c.take(q.linkID, first))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, m := startStored(t)
			c := connect(t, e, 20)
			test(t, c, func(do func() smp.Response) {
				before, queues := m.all(), e.Queues()
				m.fail(errDiskFull)
				require.Equal(t, internal, do())
				m.fail(nil)
				require.Equal(t, before, m.all())
				require.Equal(t, queues, e.Queues())
			})
			stop(t, e)
			again := start(t, keepIn(m))
			require.Equal(t, e.Queues(), again.Queues())
		})
	}
}

// A queue that was not stored does not exist, and its link id is free.
func TestStoreFailsAtNEW(t *testing.T) {
	t.Parallel()
	e, m := startStored(t)
	c := connect(t, e, 20)
	key, dh := newKey(t, keys.Ed25519), newKey(t, keys.X25519)
	correlationID, command := c.linkRequest(smp.Contact, key, dh)
	m.fail(errDiskFull)
	require.Equal(t, internal, c.ask(correlationID, key, command))
	require.Equal(t, internal, c.do(key, nil, smp.NEW{AuthKey: key.Public(), DHKey: dh.Public(), Subscribe: true}))
	require.Zero(t, e.Queues())
	c.unknownLink(command.Request.Link.LinkID)
	m.fail(nil)
	require.IsType(t, smp.IDS{}, c.ask(correlationID, key, command))
	require.Equal(t, someData, c.look(command.Request.Link.LinkID).(smp.LNK).Data)
	require.Equal(t, 1, e.Queues())
}

// What does not change a record works while the store does not.
func TestStoreFailsOtherCommandsWork(t *testing.T) {
	t.Parallel()
	e, m := startStored(t)
	c := connect(t, e, 20)
	q, address, invitation := c.newQueue(contact), c.newLinked(smp.Contact), c.newLinked(smp.Messaging)
	key := newKey(t, keys.X25519)
	require.Equal(t, invitation.lnk(), c.take(invitation.linkID, key))
	before := m.all()
	m.fail(errDiskFull)
	c.takes(q)
	c.delivers(q)
	require.IsType(t, smp.INFO{}, c.recipient(q, smp.QUE{}))
	require.Equal(t, address.lnk(), c.look(address.linkID))
	require.Equal(t, refused(smp.ErrAuth), c.recipient(invitation.queue, smp.KEY{SenderKey: newKey(t, keys.Ed25519).Public()}))
	require.Equal(t, invitation.lnk(), c.take(invitation.linkID, key), "the same key again")
	require.Equal(t, smp.OK{}, c.recipient(invitation.queue, smp.KEY{SenderKey: key.Public()}), "the same key again")
	// SEND deletes the link of an invitation; that this fails is not its business.
	invitation.sndKey = key
	c.takes(invitation.queue)
	require.Equal(t, invitation.lnk(), c.take(invitation.linkID, key))
	require.Equal(t, before, m.all())
	m.fail(nil)
	c.takes(invitation.queue)
	c.unknownLink(invitation.linkID)
}

// A queue that expires while the store does not work is removed later.
func TestStoreFailsAtExpiry(t *testing.T) {
	t.Parallel()
	clock := newClock()
	e, m := startStored(t, func(c *relay.Config) { c.Now = clock.Now })
	c := connect(t, e, 20)
	q := c.newQueue(onlyCreate)
	require.Equal(t, smp.OK{}, c.recipient(q, smp.OFF{}))
	clock.Advance(relay.DefaultSuspendedTTL + 24*time.Hour)
	m.fail(errDiskFull)
	e.Expire()
	require.Equal(t, refused(smp.ErrAuth), c.recipient(q, smp.SUB{}), "it is expired nevertheless")
	require.Len(t, m.all(), 1)
	m.fail(nil)
	require.Equal(t, refused(smp.ErrAuth), c.recipient(q, smp.SUB{}))
	stop(t, e)
	require.Zero(t, e.Queues())
	require.Empty(t, m.all())
	e.Expire()
}

// The log says what is wrong, once for each commit.
func TestStoreFailsLog(t *testing.T) {
	t.Parallel()
	var log buffer
	e, m := startStored(t, func(c *relay.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	m.fail(errDiskFull)
	c := connect(t, e, 20)
	key := newKey(t, keys.Ed25519)
	require.Equal(t, internal, c.do(key, nil, smp.NEW{AuthKey: key.Public(), DHKey: newKey(t, keys.X25519).Public()}))
	require.Contains(t, log.String(), errDiskFull.Error())
}
