package relay_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// bodies sends n flagged messages and takes them from the queue with GET. It
// returns what their notifications have to say.
func (c *client) bodies(q *queue, n int) []smp.NMsgMeta {
	c.t.Helper()
	var want []smp.NMsgMeta
	for i := range n {
		require.Equal(c.t, smp.OK{}, c.flagged(q, fmt.Sprint(i)))
		id, m := q.open(c.recipient(q, smp.GET{}))
		require.Equal(c.t, fmt.Sprint(i), string(m.Body))
		require.Equal(c.t, smp.OK{}, c.ack(q, id))
		want = append(want, smp.NMsgMeta{MessageID: id, Timestamp: m.Timestamp})
	}
	return want
}

// all expects notifications in their order, and nothing after them.
func (c *client) all(n *notified, want []smp.NMsgMeta) {
	c.t.Helper()
	for i := range want {
		require.Equal(c.t, want[i], c.announced(n), "%d of %d", i+1, len(want))
	}
	c.quiet()
}

func TestNotificationsAreKept(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		owner, notifier := connect(t, e, v), connect(t, e, v)
		n := owner.newNotified(onlyCreate)
		want := owner.bodies(n.queue, 3)
		notifier.watch(n)
		notifier.all(n, want)
		notifier.watch(n)
		notifier.quiet()
		notifier.all(n, owner.bodies(n.queue, 2))
		notifier.close()
		other := connect(t, e, v)
		other.watch(n)
		other.quiet()
	})
}

func TestNotificationsOfNobodyAreLimited(t *testing.T) {
	t.Parallel()
	now := newClock()
	e := start(t, func(c *relay.Config) { c.MaxNotifications, c.NotificationTTL, c.Now = 3, time.Hour, now.Now })
	owner, notifier := connect(t, e, 20), connect(t, e, 20)
	n := owner.newNotified(onlyCreate)
	want := owner.bodies(n.queue, 5)
	notifier.watch(n)
	notifier.all(n, want[2:])

	nobody := owner.newNotified(onlyCreate)
	owner.bodies(nobody.queue, 1)
	now.Advance(40 * time.Minute)
	want = owner.bodies(nobody.queue, 1)
	now.Advance(40 * time.Minute)
	e.Expire()
	notifier.watch(nobody)
	notifier.all(nobody, want)
}

func TestNoNotification(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *relay.Config) { c.Quota = 1 })
	owner, notifier, sender := connect(t, e, 20), connect(t, e, 20), connect(t, e, 20)
	n := owner.newNotified()
	notifier.watch(n)
	require.Equal(t, smp.OK{}, sender.flagged(n.queue, "first"))
	first, _ := n.open(owner.event(n.rcvID))
	require.Equal(t, first, notifier.announced(n).MessageID)
	for range 2 {
		require.Equal(t, refused(smp.ErrQuota), sender.flagged(n.queue, "queue is full"))
	}
	id, m := n.open(owner.ack(n.queue, first))
	require.True(t, m.Quota)
	require.Equal(t, smp.OK{}, owner.ack(n.queue, id))
	require.Equal(t, refused(smp.ErrLargeMsg), sender.flagged(n.queue, string(make([]byte, 16049))))
	notifier.quiet()
	owner.secure(n.queue, keys.Ed25519)
	require.Equal(t, refused(smp.ErrAuth), sender.do(noKey, n.sndID, smp.SEND{Notify: true}))
	require.Equal(t, smp.OK{}, owner.recipient(n.queue, smp.OFF{}))
	require.Equal(t, refused(smp.ErrAuth), sender.flagged(n.queue, "suspended"))
	notifier.quiet()
	notifier.watch(n)
	notifier.quiet()
}

func TestNotifierTakeover(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		owner, a, b := connect(t, e, v), connect(t, e, v), connect(t, e, v)
		n := owner.newNotified(onlyCreate)
		for range 3 {
			a.watch(n)
			a.watch(n)
			a.all(n, owner.bodies(n.queue, 1))
			b.watch(n)
			require.Equal(t, smp.END{}, a.event(n.id))
			b.all(n, owner.bodies(n.queue, 2))
			a.quiet()
			a, b = b, a
		}
		// The recipient's subscription is another one.
		require.Equal(t, owner.subscribed(), b.recipient(n.queue, smp.SUB{}))
		a.quiet()
		require.Equal(t, smp.OK{}, owner.flagged(n.queue, "both"))
		id, _ := n.open(b.event(n.rcvID))
		require.Equal(t, id, a.announced(n).MessageID)
		b.watch(n)
		require.Equal(t, smp.END{}, a.event(n.id))
		b.quiet()
	})
}

// One connection may be recipient and notifier: losing one part keeps the other, and
// leaving ends both.
func TestRecipientIsItsOwnNotifier(t *testing.T) {
	t.Parallel()
	left := make(chan *relay.Queue, 4)
	e := replaced(t, func(s *relay.Stages) {
		leave := s.Leave
		s.Leave = func(s *relay.Session, q *relay.Queue) {
			leave(s, q)
			if q.Subscriber() == s || q.NotificationSubscriber() == s {
				t.Error("a subscription stayed")
			}
			left <- q
		}
	})
	sender, taker := connect(t, e, 20), connect(t, e, 20)
	for _, loses := range []string{"nothing", "messages", "notifications", "get"} {
		both := connect(t, e, 20)
		n := both.newNotified(onlyCreate)
		if loses == "get" {
			require.Equal(t, smp.OK{}, both.recipient(n.queue, smp.GET{}))
		} else {
			require.Equal(t, smp.SOK{}, both.recipient(n.queue, smp.SUB{}))
		}
		both.watch(n)
		switch loses {
		case "messages":
			require.Equal(t, smp.SOK{}, taker.recipient(n.queue, smp.SUB{}))
			require.Equal(t, smp.END{}, both.event(n.rcvID))
		case "notifications":
			taker.watch(n)
			require.Equal(t, smp.END{}, both.event(n.id))
		}
		both.close()
		select {
		case q := <-left:
			require.Equal(t, n.rcvID, q.RecipientID(), loses)
		case <-time.After(patience):
			require.FailNow(t, "nobody left", loses)
		}
		require.Equal(t, smp.OK{}, sender.flagged(n.queue, "after"))
		var id []byte
		switch loses {
		case "messages":
			id, _ = n.open(taker.event(n.rcvID))
		case "notifications":
			id = taker.announced(n).MessageID
		}
		if loses != "notifications" {
			taker.watch(n)
			got := taker.announced(n).MessageID
			require.True(t, id == nil || string(id) == string(got))
		}
		require.Equal(t, smp.OK{}, taker.recipient(n.queue, smp.DEL{}))
		taker.quiet()
	}
}

func TestNotifierOfADeletedQueue(t *testing.T) {
	t.Parallel()
	now := newClock()
	e := start(t, func(c *relay.Config) { c.Now, c.QueueTTL = now.Now, time.Hour })
	atEveryVersion(t, func(t *testing.T, v uint16) {
		owner, notifier := connect(t, e, v), connect(t, e, v)
		n := owner.newNotified(onlyCreate)
		notifier.watch(n)
		require.Equal(t, smp.OK{}, owner.recipient(n.queue, smp.DEL{}))
		require.Equal(t, notifier.deletedEvent(), notifier.event(n.id))
		require.Equal(t, refused(smp.ErrAuth), notifier.nsub(n))

		own := notifier.newNotified(onlyCreate)
		notifier.watch(own)
		require.Equal(t, smp.OK{}, notifier.recipient(own.queue, smp.NDEL{}))
		own = notifier.enable(own.queue, keys.Ed25519)
		notifier.watch(own)
		own = notifier.enable(own.queue, keys.Ed25519)
		notifier.watch(own)
		require.Equal(t, smp.OK{}, notifier.recipient(own.queue, smp.DEL{}))
		notifier.quiet()
	})
}

func TestNotifierOfAnExpiredQueue(t *testing.T) {
	t.Parallel()
	now := newClock()
	e := start(t, func(c *relay.Config) { c.Now, c.QueueTTL = now.Now, time.Hour })
	c := connect(t, e, 20)
	n := c.newNotified(onlyCreate)
	c.watch(n)
	now.Advance(2 * time.Hour)
	e.Expire()
	require.Equal(t, smp.DELD{}, c.event(n.id))
	require.Equal(t, refused(smp.ErrAuth), c.nsub(n))
	require.Zero(t, e.Queues())
}

func TestSuspendedQueueKeepsItsNotifier(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	n := c.newNotified(onlyCreate)
	want := c.bodies(n.queue, 1)
	require.Equal(t, smp.OK{}, c.recipient(n.queue, smp.OFF{}))
	c.watch(n)
	c.all(n, want)
	n = c.enable(n.queue, keys.Ed25519)
	c.watch(n)
	require.Equal(t, smp.OK{}, c.recipient(n.queue, smp.NDEL{}))
	require.Equal(t, refused(smp.ErrAuth), c.nsub(n))
}

// NDEL and NKEY drop what was not sent yet.
func TestNotificationsGoWithTheirNotifier(t *testing.T) {
	t.Parallel()
	e := start(t)
	owner, notifier := connect(t, e, 20), connect(t, e, 20)
	n := owner.newNotified(onlyCreate)
	for _, change := range []string{"NKEY", "NDEL"} {
		owner.bodies(n.queue, 2)
		if change == "NDEL" {
			require.Equal(t, smp.OK{}, owner.recipient(n.queue, smp.NDEL{}))
			owner.bodies(n.queue, 1)
		}
		n = owner.enable(n.queue, keys.Ed25519)
		notifier.watch(n)
		notifier.all(n, owner.bodies(n.queue, 1))
		notifier.close()
		notifier = connect(t, e, 20)
	}
}
