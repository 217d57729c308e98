package relay_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

func TestMessageContent(t *testing.T) {
	t.Parallel()
	now := newClock()
	e := start(t, func(c *relay.Config) { c.Now = now.Now })
	c := connect(t, e, 20)
	q := c.newQueue()
	for _, notify := range []bool{true, false} {
		sent := smp.SEND{Notify: notify, Body: []byte{0, 1, 2}}
		_, encoded := c.request(q.sndKey, q.sndID, sent)
		c.write(encoded)
		id, m := q.open(c.event(q.rcvID))
		require.Equal(t, smp.RcvMessage{Timestamp: now.Now().Unix(), Notify: notify, Body: sent.Body}, m)
		require.Equal(t, smp.OK{}, c.next().Response)
		require.Equal(t, smp.OK{}, c.ack(q, id))
	}
}

func TestLargestMessage(t *testing.T) {
	t.Parallel()
	e := start(t)
	recipient := connect(t, e, 20)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		c := connect(t, e, v)
		q := c.newQueue(onlyCreate)
		body := bytes.Repeat([]byte{'x'}, smp.MaxMessageLength(v))
		require.Equal(t, smp.OK{}, c.send(q, string(body)))
		require.Equal(t, refused(smp.ErrLargeMsg), c.send(q, string(body)+"x"))
		require.Equal(t, c.subscribed(), c.recipient(q, smp.SUB{}))
		q.expect(c.event(q.rcvID), string(body))
		require.Equal(t, smp.OK{}, c.recipient(q, smp.OFF{}))
		require.Equal(t, refused(smp.ErrLargeMsg), c.send(q, string(body)+"x"), "the size is looked at first")
	})
	require.Equal(t, smp.PONG{}, recipient.do(noKey, nil, smp.PING{}))
}

func TestLongCorrelationID(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		c := connect(t, e, v)
		q := c.newQueue(onlyCreate)
		require.Equal(t, smp.OK{}, c.send(q, "one"))
		for n, fits := range map[int]bool{0: true, 1: true, 23: true, 25: true, 150: true, 255: false} {
			sent, _ := c.request(q.rcvKey, q.rcvID, smp.GET{})
			sent.CorrelationID = bytes.Repeat([]byte{'c'}, n)
			a, err := smp.NewAuthorizer(q.rcvKey, c.conn.PeerKey())
			require.NoError(t, err)
			require.NoError(t, sent.Authorize(c.conn.SessionID(), a))
			c.write(c.encode(sent))
			got := c.next()
			require.Equal(t, string(sent.CorrelationID), string(got.Transmission.CorrelationID))
			if fits {
				q.expect(got.Response, "one")
			} else {
				require.Equal(t, refused(smp.ErrLargeMsg), got.Response)
			}
		}
	})
}

func TestQuota(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *relay.Config) { c.Quota = 3 })
	atEveryVersion(t, func(t *testing.T, v uint16) {
		c, sender := connect(t, e, v), connect(t, e, v)
		q := c.newQueue(onlyCreate)
		for i := range 3 {
			require.Equal(t, smp.OK{}, sender.send(q, fmt.Sprint(i)))
		}
		require.Equal(t, refused(smp.ErrQuota), sender.send(q, "too many"))
		require.Equal(t, refused(smp.ErrQuota), sender.send(q, "too many"))
		require.Equal(t, c.subscribed(), c.recipient(q, smp.SUB{}))
		next := c.event(q.rcvID)
		for i := range 3 {
			id := q.expect(next, fmt.Sprint(i))
			require.Equal(t, refused(smp.ErrQuota), sender.send(q, "until all are received"))
			next = c.ack(q, id)
		}
		id, m := q.open(next)
		require.True(t, m.Quota)
		require.Equal(t, refused(smp.ErrQuota), sender.send(q, "the marker counts too"))
		require.Equal(t, smp.OK{}, c.ack(q, id))
		require.Equal(t, smp.OK{}, sender.send(q, "again"))
		q.expect(c.event(q.rcvID), "again")
	})
}

func TestDefaultQuota(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	q := c.newQueue(onlyCreate)
	for range 128 {
		require.Equal(t, smp.OK{}, c.send(q, "x"))
	}
	require.Equal(t, refused(smp.ErrQuota), c.send(q, "x"))
}

func TestMessageExpiry(t *testing.T) {
	t.Parallel()
	now := newClock()
	e := start(t, func(c *relay.Config) { c.Now = now.Now })
	c := connect(t, e, 20)
	q := c.newQueue(onlyCreate)
	require.Equal(t, smp.OK{}, c.send(q, "old"))
	now.Advance(relay.DefaultMessageTTL)
	require.Equal(t, smp.OK{}, c.send(q, "new"))
	require.EqualValues(t, 2, c.recipient(q, smp.QUE{}).(smp.INFO).Queue.Size, "not yet")
	now.Advance(time.Second)
	require.Equal(t, c.subscribed(), c.recipient(q, smp.SUB{}))
	id := q.expect(c.event(q.rcvID), "new")

	now.Advance(relay.DefaultMessageTTL + time.Second)
	require.Equal(t, smp.OK{}, c.send(q, "newer"))
	q.expect(c.ack(q, id), "newer")
}

func TestExpiryMakesRoom(t *testing.T) {
	t.Parallel()
	now := newClock()
	e := start(t, func(c *relay.Config) { c.Now, c.Quota = now.Now, 1 })
	c := connect(t, e, 20)
	q := c.newQueue(onlyCreate)
	require.Equal(t, smp.OK{}, c.send(q, "old"))
	now.Advance(relay.DefaultMessageTTL + time.Second)
	require.Equal(t, smp.OK{}, c.send(q, "new"))
	require.Equal(t, refused(smp.ErrQuota), c.send(q, "too many"))
	now.Advance(relay.DefaultMessageTTL + time.Second)
	require.Equal(t, refused(smp.ErrQuota), c.send(q, "the marker does not expire"))
}

func TestSweep(t *testing.T) {
	t.Parallel()
	now := newClock()
	e := start(t, func(c *relay.Config) { c.Now, c.QueueTTL = now.Now, time.Hour })
	c := connect(t, e, 20)
	used, unused := c.newQueue(), c.newQueue()
	now.Advance(time.Hour)
	require.IsType(t, smp.INFO{}, c.recipient(used, smp.QUE{}))
	now.Advance(time.Second)
	e.Expire()
	require.Equal(t, smp.DELD{}, c.event(unused.rcvID))
	require.Equal(t, 1, e.Queues())
	require.IsType(t, smp.INFO{}, c.recipient(used, smp.QUE{}))
}

func TestSweepRunsByItself(t *testing.T) {
	t.Parallel()
	now := newClock()
	e := start(t, func(c *relay.Config) { c.Now, c.QueueTTL, c.SweepInterval = now.Now, time.Hour, time.Millisecond })
	c := connect(t, e, 20)
	q := c.newQueue()
	now.Advance(2 * time.Hour)
	require.Equal(t, smp.DELD{}, c.event(q.rcvID))
}

func TestSuspendedQueueExpires(t *testing.T) {
	t.Parallel()
	now := newClock()
	e := start(t, func(c *relay.Config) { c.Now, c.SuspendedTTL = now.Now, time.Hour })
	c := connect(t, e, 20)
	q, active := c.newQueue(onlyCreate), c.newQueue(onlyCreate)
	require.Equal(t, smp.OK{}, c.recipient(q, smp.OFF{}))
	now.Advance(time.Hour)
	require.Equal(t, smp.OK{}, c.recipient(q, smp.OFF{}))
	now.Advance(time.Second)
	require.Equal(t, refused(smp.ErrAuth), c.recipient(q, smp.QUE{}))
	require.IsType(t, smp.INFO{}, c.recipient(active, smp.QUE{}))
}
