package relay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/smp"
)

func TestSubscribeDeliversWhatWaits(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		c := connect(t, e, v)
		q := c.newQueue(onlyCreate)
		require.Equal(t, c.subscribed(), c.recipient(q, smp.SUB{}))
		c.quiet()
		require.Equal(t, smp.OK{}, connect(t, e, v).send(q, "one"))
		id := q.expect(c.event(q.rcvID), "one")

		require.Equal(t, c.subscribed(), c.recipient(q, smp.SUB{}), "again on the same connection")
		require.Equal(t, id, q.expect(c.event(q.rcvID), "one"), "the unacknowledged message comes again")
		require.Equal(t, smp.OK{}, c.ack(q, id))
		require.Equal(t, refused(smp.ErrNoMsg), c.ack(q, id))
	})
}

func TestRedeliveryAfterDisconnect(t *testing.T) {
	t.Parallel()
	e := start(t)
	first, sender := connect(t, e, 20), connect(t, e, 20)
	q := first.newQueue()
	require.Equal(t, smp.OK{}, sender.send(q, "one"))
	require.Equal(t, smp.OK{}, sender.send(q, "two"))
	id := q.expect(first.event(q.rcvID), "one")
	first.close()

	second := connect(t, e, 20)
	require.Equal(t, refused(smp.ErrNoMsg), second.ack(q, id), "not delivered to this connection")
	require.Equal(t, second.subscribed(), second.recipient(q, smp.SUB{}))
	require.Equal(t, id, q.expect(second.event(q.rcvID), "one"))
	q.expect(second.ack(q, id), "two")
}

func TestTakeover(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		old, sender, fresh := connect(t, e, v), connect(t, e, v), connect(t, e, v)
		q := old.newQueue()
		require.Equal(t, smp.OK{}, sender.send(q, "one"))
		id := q.expect(old.event(q.rcvID), "one")
		require.Equal(t, fresh.subscribed(), fresh.recipient(q, smp.SUB{}))
		require.Equal(t, smp.END{}, old.event(q.rcvID))
		require.Equal(t, id, q.expect(fresh.event(q.rcvID), "one"))
		require.Equal(t, refused(smp.ErrNoMsg), old.ack(q, id), "the displaced connection has no delivery")
		require.Equal(t, smp.OK{}, fresh.ack(q, id))

		require.Equal(t, smp.OK{}, sender.send(q, "two"))
		id = q.expect(fresh.event(q.rcvID), "two")
		old.quiet()
		old.close()
		require.Equal(t, smp.OK{}, fresh.ack(q, id))
		require.Equal(t, smp.OK{}, sender.send(q, "three"))
		q.expect(fresh.event(q.rcvID), "three")
	})
}

func TestEndOfOldConnectionKeepsSubscription(t *testing.T) {
	t.Parallel()
	e := start(t)
	old, fresh, sender := connect(t, e, 20), connect(t, e, 20), connect(t, e, 20)
	q := old.newQueue()
	require.Equal(t, fresh.subscribed(), fresh.recipient(q, smp.SUB{}))
	require.Equal(t, smp.END{}, old.event(q.rcvID))
	old.close()
	require.Eventually(t, func() bool { return e.Connections() == 2 }, patience, patience/10000)
	require.Equal(t, smp.OK{}, sender.send(q, "one"))
	q.expect(fresh.event(q.rcvID), "one")
}

func TestTakeoverAndBack(t *testing.T) {
	t.Parallel()
	e := start(t)
	a, b, sender := connect(t, e, 20), connect(t, e, 20), connect(t, e, 20)
	q := a.newQueue()
	for range 5 {
		require.Equal(t, b.subscribed(), b.recipient(q, smp.SUB{}))
		require.Equal(t, smp.END{}, a.event(q.rcvID))
		a, b = b, a
	}
	require.Equal(t, smp.OK{}, sender.send(q, "one"))
	q.expect(a.event(q.rcvID), "one")
	b.quiet()
}

func TestDelete(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		c, other := connect(t, e, v), connect(t, e, v)
		q := c.newQueue()
		require.Equal(t, smp.OK{}, other.send(q, "one"))
		id := q.expect(c.event(q.rcvID), "one")
		require.Equal(t, smp.OK{}, other.recipient(q, smp.DEL{}))
		if v < smp.VersionDeleted {
			require.Equal(t, smp.END{}, c.event(q.rcvID))
		} else {
			require.Equal(t, smp.DELD{}, c.event(q.rcvID))
		}
		for _, command := range []smp.Command{smp.ACK{MsgID: id}, smp.SUB{}, smp.GET{}, smp.DEL{}, smp.OFF{}, smp.QUE{}} {
			require.Equal(t, refused(smp.ErrAuth), c.recipient(q, command), command.Tag())
		}
		require.Equal(t, refused(smp.ErrAuth), other.send(q, "two"))
	})
}

func TestDeleteByTheSubscriber(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := connect(t, e, 20)
	q := c.newQueue()
	require.Equal(t, smp.OK{}, c.recipient(q, smp.DEL{}))
	c.quiet()
	require.Zero(t, e.Queues())
}

func TestSuspend(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		c, sender := connect(t, e, v), connect(t, e, v)
		q := c.newQueue(onlyCreate)
		require.Equal(t, smp.OK{}, sender.send(q, "before"))
		require.Equal(t, smp.OK{}, c.recipient(q, smp.OFF{}))
		require.Equal(t, smp.OK{}, c.recipient(q, smp.OFF{}), "again")
		require.Equal(t, refused(smp.ErrAuth), sender.send(q, "after"))
		require.Equal(t, c.subscribed(), c.recipient(q, smp.SUB{}))
		id := q.expect(c.event(q.rcvID), "before")
		require.Equal(t, smp.OK{}, c.ack(q, id))
		c.secure(q, authAlgorithms[0])
		require.Equal(t, refused(smp.ErrAuth), sender.send(q, "after"))
		require.Equal(t, smp.OK{}, c.recipient(q, smp.DEL{}))
	})
}

func TestGet(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		c, sender := connect(t, e, v), connect(t, e, v)
		q := c.newQueue(onlyCreate)
		require.Equal(t, smp.OK{}, c.recipient(q, smp.GET{}), "empty queue")
		require.Equal(t, smp.OK{}, sender.send(q, "one"))
		require.Equal(t, smp.OK{}, sender.send(q, "two"))
		c.quiet()
		id := q.expect(c.recipient(q, smp.GET{}), "one")
		require.Equal(t, id, q.expect(c.recipient(q, smp.GET{}), "one"), "until it is acknowledged")
		require.Equal(t, refused(smp.ErrNoMsg), c.ack(q, newID()))
		require.Equal(t, smp.OK{}, c.ack(q, id), "the next message is not delivered")
		require.Equal(t, refused(smp.ErrNoMsg), c.ack(q, id))
		q.expect(c.recipient(q, smp.GET{}), "two")
	})
}

func TestGetAndSubscribe(t *testing.T) {
	t.Parallel()
	e := start(t)
	subscribed, getting := connect(t, e, 20), connect(t, e, 20)
	q := subscribed.newQueue()
	require.Equal(t, refused(smp.ErrCmdProhibited), subscribed.recipient(q, smp.GET{}))
	require.Equal(t, smp.OK{}, getting.recipient(q, smp.GET{}))
	require.Equal(t, refused(smp.ErrCmdProhibited), getting.recipient(q, smp.SUB{}))
	require.Equal(t, smp.OK{}, getting.send(q, "one"))
	id := q.expect(subscribed.event(q.rcvID), "one")
	require.Equal(t, id, q.expect(getting.recipient(q, smp.GET{}), "one"))
	require.Equal(t, smp.OK{}, getting.ack(q, id))
	require.Equal(t, smp.OK{}, subscribed.ack(q, id), "delivered here too, and gone already")
	require.Equal(t, smp.OK{}, getting.recipient(q, smp.DEL{}))
	require.Equal(t, smp.DELD{}, subscribed.event(q.rcvID))
	getting.quiet()
}

func TestAcknowledge(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		c, sender := connect(t, e, v), connect(t, e, v)
		q := c.newQueue()
		require.Equal(t, refused(smp.ErrNoMsg), c.ack(q, newID()))
		for _, body := range []string{"one", "two", "three"} {
			require.Equal(t, smp.OK{}, sender.send(q, body))
		}
		one := q.expect(c.event(q.rcvID), "one")
		require.Equal(t, refused(smp.ErrNoMsg), c.ack(q, newID()), "another id")
		two := q.expect(c.ack(q, one), "two")
		require.Equal(t, refused(smp.ErrNoMsg), c.ack(q, one), "a late acknowledgement deletes nothing")
		require.Equal(t, two, q.expect(c.ack(q, nil), "two"), "an empty id deletes nothing")
		three := q.expect(c.ack(q, two), "three")
		require.Equal(t, smp.OK{}, c.ack(q, three))
		require.Equal(t, refused(smp.ErrAuth), sender.do(q.rcvKey, q.sndID, smp.ACK{MsgID: three}))
	})
}

func TestSenderIsSubscriber(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	q := c.newQueue()
	sent, encoded := c.request(q.sndKey, q.sndID, smp.SEND{Body: []byte("to myself")})
	c.blocks = nil
	c.write(encoded)
	q.expect(c.event(q.rcvID), "to myself")
	answer := c.next()
	require.Equal(t, sent.CorrelationID, answer.Transmission.CorrelationID)
	require.Equal(t, smp.OK{}, answer.Response)
	require.Equal(t, []int{1, 1}, c.blocks, "each in a block of its own")
}

func TestQueueInfo(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	q := c.newQueue(onlyCreate)
	info := func() smp.QueueInfo {
		got := c.recipient(q, smp.QUE{})
		require.IsType(t, smp.INFO{}, got)
		return got.(smp.INFO).Queue
	}
	require.Equal(t, smp.QueueInfo{}, info())
	require.Equal(t, smp.OK{}, c.send(q, "one"))
	state := info()
	require.EqualValues(t, 1, state.Size)
	require.Equal(t, smp.MessageSent, state.Message.Type)
	require.Nil(t, state.Subscription)
	c.secure(q, authAlgorithms[0])
	require.Equal(t, c.subscribed(), c.recipient(q, smp.SUB{}))
	q.expect(c.event(q.rcvID), "one")
	state = info()
	require.True(t, state.Secured)
	require.Equal(t, smp.NoSubscription, state.Subscription.Thread)
	require.Equal(t, state.Message.ID, *state.Subscription.Delivered)
}
