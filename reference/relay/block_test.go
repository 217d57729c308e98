package relay_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

var spam = smp.BlockingInfo{Reason: smp.BlockedSpam}

// noticed is a reason with a notice.
func noticed(seconds int64) smp.BlockingInfo {
	return smp.BlockingInfo{Reason: smp.BlockedContent, Notice: &smp.ClientNotice{TTL: &seconds}}
}

// blocked is what a connection of the given version is told about a blocked queue.
func blocked(version uint16, info smp.BlockingInfo) smp.Response {
	switch {
	case version < smp.VersionBlocked:
		return refused(smp.ErrAuth)
	case version < smp.VersionNotices:
		info.Notice = nil
	}
	return refused(smp.BlockedError(info.Reason, info.Notice))
}

// Every version has its form of the answer, for the sender, for the recipient, and
// in what the subscriber is told.
func TestBlockedAtEveryVersion(t *testing.T) {
	t.Parallel()
	e := start(t)
	for version := smp.MinVersion; version <= smp.MaxVersion; version++ {
		for name, info := range map[string]smp.BlockingInfo{"reason": spam, "notice": noticed(3600)} {
			t.Run(fmt.Sprint(version, name), func(t *testing.T) {
				t.Parallel()
				recipient, sender := connect(t, e, version), connect(t, e, version)
				q := recipient.newQueue()
				require.NoError(t, e.Block(q.sndID, info))
				want := blocked(version, info)
				require.Equal(t, want, recipient.event(q.rcvID))
				require.Equal(t, want, sender.send(q, "hello"))
				require.Equal(t, want, recipient.recipient(q, smp.SUB{}))
				require.NoError(t, e.Unblock(q.sndID))
				recipient.quiet()
				require.Equal(t, smp.OK{}, sender.send(q, "hello"))
				q.expect(recipient.event(q.rcvID), "hello")
			})
		}
	}
}

// recipientCommands are those that a blocked queue refuses.
func recipientCommands(t *testing.T) []smp.Command {
	key := newKey(t, keys.Ed25519).Public()
	return []smp.Command{
		smp.SUB{}, smp.GET{}, smp.ACK{MsgID: newID()}, smp.KEY{SenderKey: key}, smp.RKEY{Keys: []keys.PublicKey{key}},
		smp.LSET{LinkID: newID()}, smp.LDEL{}, smp.QUE{},
	}
}

func TestCommandsOfABlockedQueue(t *testing.T) {
	t.Parallel()
	e := start(t)
	c, p := connect(t, e, 20), behind(t, e, 20, 20)
	q := c.newQueue(contact, onlyCreate)
	link := newID()
	require.Equal(t, smp.OK{}, c.recipient(q, smp.LSET{LinkID: link, Data: smp.LinkData{Fixed: []byte("a"), User: []byte("b")}}))
	require.NoError(t, e.Block(link, spam), "by its link id")
	want := blocked(20, spam)
	for _, command := range recipientCommands(t) {
		require.Equal(t, want, c.recipient(q, command), command.Tag())
		require.Equal(t, refused(smp.ErrAuth), c.do(newKey(t, keys.Ed25519), q.rcvID, command), "%s of somebody else", command.Tag())
	}
	require.Equal(t, want, c.do(noKey, link, smp.LGET{}))
	require.Equal(t, want, p.do(noKey, q.sndID, smp.SEND{Body: []byte("x")}))
	require.Equal(t, refused(smp.ErrLargeMsg), c.send(q, string(make([]byte, smp.MaxMessageLength(20)+1))))
	key := newKey(t, keys.Ed25519)
	require.Equal(t, refused(smp.ErrAuth), c.do(key, q.sndID, smp.SKEY{SenderKey: key.Public()}), "of a contact queue")

	m := c.newQueue(messaging, onlyCreate)
	require.NoError(t, e.Block(m.sndID, spam))
	require.Equal(t, want, c.do(key, m.sndID, smp.SKEY{SenderKey: key.Public()}))
	require.NoError(t, e.Unblock(m.sndID))
	require.Equal(t, smp.OK{}, c.send(m, "it was not secured"))

	require.Equal(t, smp.OK{}, c.recipient(q, smp.OFF{}))
	require.Equal(t, want, c.recipient(q, smp.QUE{}), "OFF does not unblock")
	require.NoError(t, e.Unblock(q.sndID))
	require.Equal(t, refused(smp.ErrAuth), c.send(q, "x"), "it is suspended")
	require.NoError(t, e.Block(q.sndID, spam))
	require.Equal(t, want, c.send(q, "x"))
	require.Equal(t, smp.OK{}, c.recipient(q, smp.DEL{}))
	require.Equal(t, refused(smp.ErrAuth), c.send(q, "x"))
	require.ErrorIs(t, e.Unblock(q.sndID), relay.ErrNoQueue)
}

// LKEY neither secures a blocked queue nor tells its data.
func TestLinkOfABlockedQueue(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := connect(t, e, 20)
	q := c.newQueue(messaging)
	link, first, second := newID(), newKey(t, keys.Ed25519), newKey(t, keys.Ed25519)
	require.Equal(t, smp.OK{}, c.recipient(q, smp.LSET{LinkID: link, Data: smp.LinkData{Fixed: []byte("a"), User: []byte("b")}}))
	require.NoError(t, e.Block(q.sndID, spam))
	require.Equal(t, blocked(20, spam), c.event(q.rcvID))
	require.Equal(t, blocked(20, spam), c.do(first, link, smp.LKEY{SenderKey: first.Public()}))
	require.NoError(t, e.Unblock(link))
	require.IsType(t, smp.LNK{}, c.do(second, link, smp.LKEY{SenderKey: second.Public()}))
}

// What waits in a blocked queue stays there, for a subscriber as well.
func TestMessagesOfABlockedQueue(t *testing.T) {
	t.Parallel()
	e := start(t)
	c, sender := connect(t, e, 20), connect(t, e, 20)
	q := c.newQueue()
	for _, body := range []string{"first", "second"} {
		require.Equal(t, smp.OK{}, sender.send(q, body))
	}
	id := q.expect(c.event(q.rcvID), "first")
	require.NoError(t, e.Block(q.sndID, spam))
	require.Equal(t, blocked(20, spam), c.event(q.rcvID))
	require.Equal(t, blocked(20, spam), c.ack(q, id))
	require.NoError(t, e.Unblock(q.sndID))
	c.quiet()
	second := q.expect(c.ack(q, id), "second")
	require.Equal(t, smp.OK{}, c.ack(q, second))
}

// A message whose delivery was still to come when its queue was blocked comes when
// it is unblocked.
func TestUnblockingDelivers(t *testing.T) {
	t.Parallel()
	var next atomic.Pointer[queue] // that PING blocks
	e := start(t, func(c *relay.Config) {
		execute := relay.DefaultStages().Execute
		c.Stages.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			if _, ok := r.Command.(smp.PING); ok {
				if q := next.Swap(nil); q != nil {
					require.NoError(t, s.Relay().Block(q.sndID, spam))
				}
			}
			return execute(s, r)
		}
	})
	c, sender := connect(t, e, 20), connect(t, e, 20)
	q := c.newQueue(onlyCreate)
	require.Equal(t, smp.OK{}, sender.send(q, "hello"))
	next.Store(q)
	_, sub := c.request(q.rcvKey, q.rcvID, smp.SUB{})
	_, ping := c.request(noKey, nil, smp.PING{})
	c.write(sub, ping) // the message comes after the answers to both
	answers := []smp.Response{c.next().Response, c.next().Response, c.next().Response}
	require.ElementsMatch(t, []smp.Response{smp.SOK{}, blocked(20, spam), smp.PONG{}}, answers)
	c.quiet()
	require.NoError(t, e.Unblock(q.sndID))
	q.expect(c.event(q.rcvID), "hello")

	require.NoError(t, e.Block(q.sndID, spam))
	require.Equal(t, blocked(20, spam), c.event(q.rcvID))
	require.Equal(t, blocked(20, spam), sender.recipient(q, smp.SUB{}), "and takes the subscription from nobody")
	require.NoError(t, e.Unblock(q.sndID))
	require.Equal(t, smp.OK{}, sender.send(q, "second"))
	c.quiet()
}

// The subscriber is told each time that something changes, and nobody else is.
func TestBlockingAgain(t *testing.T) {
	t.Parallel()
	e := start(t)
	c, sender := connect(t, e, 20), connect(t, e, 20)
	q, other := c.newQueue(), c.newQueue()
	for _, info := range []smp.BlockingInfo{spam, noticed(1), noticed(2)} {
		require.NoError(t, e.Block(q.sndID, info))
		require.NoError(t, e.Block(q.sndID, info), "the same again")
		require.Equal(t, blocked(20, info), c.event(q.rcvID))
		c.quiet()
	}
	require.Equal(t, smp.OK{}, sender.send(other, "hello"))
	other.expect(c.event(other.rcvID), "hello")
}

func TestBlockingErrors(t *testing.T) {
	t.Parallel()
	clock := newClock()
	e := start(t, func(c *relay.Config) { c.Now, c.QueueTTL = clock.Now, time.Hour })
	q := connect(t, e, 20).newQueue()
	for _, id := range [][]byte{nil, newID(), q.rcvID} {
		require.ErrorIs(t, e.Block(id, spam), relay.ErrNoQueue)
		require.ErrorIs(t, e.Unblock(id), relay.ErrNoQueue)
	}
	require.ErrorIs(t, e.Unblock(q.sndID), relay.ErrNotBlocked)
	zero := int64(0)
	for _, info := range []smp.BlockingInfo{
		{}, {Reason: "SPAM"}, {Reason: smp.BlockedSpam, Notice: &smp.ClientNotice{TTL: &zero}},
	} {
		require.ErrorIs(t, e.Block(q.sndID, info), relay.ErrBlocking)
	}
	clock.Advance(2 * time.Hour)
	require.ErrorIs(t, e.Block(q.sndID, spam), relay.ErrNoQueue, "it has expired")
}
