package relay_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// notifierClient connects as a notification service; every test has a relay of
// its own, so that they may share the certificates.
func notifierClient(t testing.TB, e *relay.Endpoint, version uint16) *client {
	t.Helper()
	return connectService(t, e, version, transport.RoleNotifier, messagingService())
}

// notifiers are count and hash of notifiers at a version.
func notifiers(version uint16, list ...*notified) smp.ServiceQueues {
	s := smp.ServiceQueues{Count: int64(len(list))}
	if version >= smp.VersionServiceCounts {
		for _, n := range list {
			s.IDsHash.Toggle(n.id)
		}
	}
	return s
}

// subscribeNotifications sends NSUBS and expects SOKS for the given notifiers.
func (c *client) subscribeNotifications(list ...*notified) {
	c.t.Helper()
	want := smp.SOKS{ServiceQueues: notifiers(c.conn.Version(), list...)}
	require.Equal(c.t, want, c.do(noKey, c.serviceID(), smp.NSUBS{}))
}

// TestNotificationService goes from NSUB over NSUBS on other connections to the
// end of the association.
func TestNotificationService(t *testing.T) {
	t.Parallel()
	for version := uint16(16); version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			e := start(t)
			owner, ordinary := connect(t, e, version), connect(t, e, version)
			kept, moved, deleted := owner.newNotified(onlyCreate), owner.newNotified(onlyCreate), owner.newNotified(onlyCreate)
			first := notifierClient(t, e, version)
			ordinary.watch(moved)
			for _, n := range []*notified{kept, moved, deleted} {
				require.Equal(t, smp.SOK{ServiceID: first.serviceID()}, first.nsub(n))
			}
			require.Equal(t, smp.END{}, ordinary.event(moved.id))
			require.Equal(t, smp.OK{}, owner.flagged(kept.queue, "1"))
			first.announced(kept)

			second := notifierClient(t, e, version)
			second.subscribeNotifications(kept, moved, deleted)
			require.Equal(t, smp.ENDS{ServiceQueues: notifiers(version, kept, moved, deleted)}, first.event(first.serviceID()))
			require.Equal(t, smp.OK{}, owner.flagged(kept.queue, "2"))
			second.announced(kept)

			ordinary.watch(moved)
			require.Equal(t, smp.END{}, second.event(moved.id))
			require.Equal(t, smp.OK{}, owner.recipient(deleted.queue, smp.NDEL{}))
			require.Equal(t, smp.DELD{}, second.event(deleted.id))
			second.subscribeNotifications(kept)
			require.Equal(t, smp.OK{}, owner.flagged(moved.queue, "3"))
			ordinary.announced(moved)

			replaced := owner.enable(kept.queue, kept.key.Algorithm())
			require.Equal(t, smp.DELD{}, second.event(kept.id))
			second.subscribeNotifications()
			require.Equal(t, smp.OK{}, owner.flagged(kept.queue, "4"))
			require.Equal(t, smp.SOK{ServiceID: first.serviceID()}, second.nsub(replaced))
			second.announced(replaced)
			require.Equal(t, smp.OK{}, owner.recipient(kept.queue, smp.DEL{}))
			require.Equal(t, smp.DELD{}, second.event(replaced.id))
			for _, c := range []*client{first, second, ordinary} {
				c.quiet()
			}
		})
	}
}

// TestNotificationsWaitForTheService shows that what came while no connection of
// the service was there is sent after NSUBS, and no ALLS.
func TestNotificationsWaitForTheService(t *testing.T) {
	t.Parallel()
	e := start(t)
	owner := connect(t, e, 20)
	first := notifierClient(t, e, 20)
	list := []*notified{owner.newNotified(onlyCreate), owner.newNotified(onlyCreate)}
	for _, n := range list {
		require.Equal(t, smp.SOK{ServiceID: first.serviceID()}, first.nsub(n))
	}
	first.close()
	closed(t, e, 1)
	for _, n := range list {
		require.Equal(t, smp.OK{}, owner.flagged(n.queue, "waits"))
	}
	second := notifierClient(t, e, 20)
	second.subscribeNotifications(list...)
	got := map[string]bool{}
	for range list {
		r := second.next()
		require.IsType(t, smp.NMSG{}, r.Response)
		got[string(r.Transmission.EntityID)] = true
	}
	require.Equal(t, map[string]bool{string(list[0].id): true, string(list[1].id): true}, got)
	second.quiet()
}
