package relay_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// TestSubscriptionOfAService goes from the association of queues by NEW and SUB
// over SUBS on another connection to the acknowledgement of what was delivered.
func TestSubscriptionOfAService(t *testing.T) {
	t.Parallel()
	for version := uint16(16); version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			e := start(t)
			sender, ordinary := connect(t, e, version), connect(t, e, version)
			associated := ordinary.newQueue(onlyCreate)
			s := connectService(t, e, version, transport.RoleMessaging, messagingService())
			created := s.newQueue()
			require.Equal(t, smp.SOK{ServiceID: s.serviceID()}, s.recipient(associated, smp.SUB{}))
			s.close()
			require.Equal(t, smp.OK{}, sender.send(created, "1"))
			require.Equal(t, smp.OK{}, sender.send(created, "2"))

			s = connectService(t, e, version, transport.RoleMessaging, messagingService())
			want := serviceQueues(associated, created)
			if version < smp.VersionServiceCounts {
				want.IDsHash = smp.IDsHash{} // not sent
			}
			require.Equal(t, smp.SOKS{ServiceQueues: want}, s.do(noKey, s.serviceID(), smp.SUBS{}))
			id := s.deliver(created, "1")
			s.allDelivered()
			require.Equal(t, smp.OK{}, sender.send(associated, "3"))
			s.deliver(associated, "3")
			created.expect(s.ack(created, id), "2")
			require.Equal(t, smp.SOKS{ServiceQueues: want}, s.do(noKey, s.serviceID(), smp.SUBS{}))
			s.quiet()
		})
	}
}

// TestServiceOfAQueueEnds shows how a queue gets to another service and to
// none, and who hears of it.
func TestServiceOfAQueueEnds(t *testing.T) {
	t.Parallel()
	e := start(t)
	first := messagingClient(t, e)
	second := connectService(t, e, 20, transport.RoleMessaging, serviceIdentity(t))
	ordinary, sender := connect(t, e, 20), connect(t, e, 20)
	kept, q := first.newQueue(), first.newQueue()
	first.subscribeService(kept, q)
	first.allDelivered()
	require.Equal(t, smp.OK{}, sender.send(q, "waits"))
	first.deliver(q, "waits")

	require.Equal(t, smp.SOK{ServiceID: second.serviceID()}, second.recipient(q, smp.SUB{}))
	second.deliver(q, "waits")
	require.Equal(t, smp.END{}, first.event(q.rcvID))
	first.subscribeService(kept)
	second.subscribeService(q)
	second.allDelivered()

	require.Equal(t, smp.SOK{}, ordinary.recipient(q, smp.SUB{}))
	id := ordinary.deliver(q, "waits")
	require.Equal(t, smp.END{}, second.event(q.rcvID))
	require.Equal(t, refused(smp.ErrNoMsg), second.ack(q, id))
	second.subscribeService()
	require.Equal(t, smp.OK{}, ordinary.ack(q, id))

	require.Equal(t, smp.SOK{ServiceID: first.serviceID()}, first.recipient(q, smp.SUB{}))
	require.Equal(t, smp.END{}, ordinary.event(q.rcvID))
	first.subscribeService(kept, q)
	require.Equal(t, smp.OK{}, sender.send(q, "next"))
	first.deliver(q, "next")
	for _, c := range []*client{first, second, ordinary} {
		c.quiet()
	}
}

// TestTakeoverOfAService shows that the last connection of a service gets everything, by
// whatever it takes over, and the one before only ENDS.
func TestTakeoverOfAService(t *testing.T) {
	t.Parallel()
	e := start(t)
	sender := connect(t, e, 20)
	first, second := messagingClient(t, e), messagingClient(t, e)
	waits, silent := first.newQueue(), first.newQueue()
	require.Equal(t, smp.OK{}, sender.send(waits, "1"))
	id := first.deliver(waits, "1")
	first.subscribeService(waits, silent)
	first.allDelivered()

	second.subscribeService(waits, silent)
	require.Equal(t, id, second.deliver(waits, "1"))
	second.allDelivered()
	first.ended(waits, silent)
	require.Equal(t, refused(smp.ErrNoMsg), first.ack(waits, id))
	require.Equal(t, smp.OK{}, sender.send(silent, "2"))
	second.deliver(silent, "2")

	// NEW takes over as well, and SUBS on the connection that had it brings
	// everything back.
	third := first.newQueue()
	second.ended(waits, silent)
	first.subscribeService(waits, silent, third)
	got := map[string]bool{}
	for range 2 {
		r := first.next()
		require.IsType(t, smp.MSG{}, r.Response)
		got[string(r.Transmission.EntityID)] = true
	}
	require.Equal(t, map[string]bool{string(waits.rcvID): true, string(silent.rcvID): true}, got)
	first.allDelivered()

	// So does SUB, of a queue that belongs to the service already.
	require.Equal(t, smp.SOK{ServiceID: second.serviceID()}, second.recipient(silent, smp.SUB{}))
	second.deliver(silent, "2")
	first.ended(waits, silent, third)
	require.Equal(t, smp.OK{}, sender.send(third, "3"))
	second.deliver(third, "3")
	second.close()
	closed(t, e, 2)
	require.Equal(t, smp.OK{}, sender.send(third, "4"))
	first.quiet()
}

// TestDeletedQueuesOfAService shows that a deleted or expired queue is none of
// the service's any more, and that the service hears of it unless it did it.
func TestDeletedQueuesOfAService(t *testing.T) {
	t.Parallel()
	clock := newClock()
	e := start(t, func(c *relay.Config) { c.Now, c.QueueTTL = clock.Now, time.Hour })
	s, another := messagingClient(t, e), connect(t, e, 20)
	queues := []*queue{s.newQueue(), s.newQueue(), s.newQueue()}
	require.Equal(t, smp.OK{}, s.recipient(queues[0], smp.DEL{}))
	s.subscribeService(queues[1:]...)
	s.allDelivered()
	require.Equal(t, smp.OK{}, another.recipient(queues[1], smp.DEL{}))
	require.Equal(t, smp.DELD{}, s.event(queues[1].rcvID))
	s.subscribeService(queues[2])
	clock.Advance(2 * time.Hour)
	e.Expire()
	require.Equal(t, smp.DELD{}, s.event(queues[2].rcvID))
	s.subscribeService()
	require.Zero(t, e.Queues())
}

// TestGetAndServices shows that a queue is not pushed to a connection of its
// service that gets its messages with GET.
func TestGetAndServices(t *testing.T) {
	t.Parallel()
	e := start(t)
	sender := connect(t, e, 20)
	s := messagingClient(t, e)
	q, other := s.newQueue(), s.newQueue()
	require.Equal(t, refused(smp.ErrCmdProhibited), s.recipient(q, smp.GET{}))
	s.close()

	s = messagingClient(t, e)
	require.Equal(t, smp.OK{}, s.recipient(q, smp.GET{}))
	s.subscribeService(q, other)
	s.allDelivered()
	require.Equal(t, smp.OK{}, sender.send(q, "1"))
	require.Equal(t, smp.OK{}, sender.send(other, "2"))
	s.deliver(other, "2")
	require.Equal(t, refused(smp.ErrCmdProhibited), s.recipient(q, smp.SUB{}))
	q.expect(s.recipient(q, smp.GET{}), "1")
}

// TestManyQueuesOfAService shows that what waits in more queues than there is
// room for comes whole, and ALLS behind it, while the connection is served, and
// that nothing is delivered twice.
func TestManyQueuesOfAService(t *testing.T) {
	t.Parallel()
	const n = 300
	e := start(t, func(c *relay.Config) { c.MaxOutput = relay.MinOutput })
	s, sender := messagingClient(t, e), connect(t, e, 20)
	queues := s.newQueues(n)
	waiting := map[string]bool{}
	s.close()
	closed(t, e, 1)
	for i, q := range queues {
		if i%2 == 0 {
			require.Equal(t, smp.OK{}, sender.send(q, "waits"))
			waiting[string(q.rcvID)] = true
		}
	}
	s = messagingClient(t, e)
	s.subscribeService(queues...)
	sent, ping := s.request(noKey, nil, smp.PING{})
	s.write(ping)
	pong := false
	for {
		got := s.next()
		switch got.Response.(type) {
		case smp.PONG:
			require.Equal(t, sent.CorrelationID, got.Transmission.CorrelationID)
			pong = true
			continue
		case smp.MSG:
			require.True(t, waiting[string(got.Transmission.EntityID)], "another queue, or again")
			delete(waiting, string(got.Transmission.EntityID))
			continue
		}
		require.Equal(t, smp.ALLS{}, got.Response)
		break
	}
	require.Empty(t, waiting)
	if !pong {
		require.Equal(t, smp.PONG{}, s.next().Response)
	}
	s.quiet()
}

// TestQueueThatFailsIsOfNoService shows that a queue that could not be created
// does not count.
func TestQueueThatFailsIsOfNoService(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *relay.Config) { c.MaxQueues = 1 })
	s := messagingClient(t, e)
	q := s.newQueue()
	key := newKey(t, keys.Ed25519)
	create := smp.NEW{AuthKey: key.Public(), DHKey: newKey(t, keys.X25519).Public(), Subscribe: true}
	require.Equal(t, refused(smp.ErrAuth), s.do(key, nil, create))
	s.subscribeService(q)
}
