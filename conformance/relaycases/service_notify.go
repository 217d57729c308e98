package relaycases

import (
	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// SMP, "Subscribe to multiple queue notifications": what the cases about messages say,
// for notifications.
var serviceNotifyCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/service/nsub",
		Title:        "Notifications to which a notification service subscribes belong to it: SOK has the same service id on all its connections",
		Requirements: []string{"SMP-SERVICE-NSUB-ASSOCIATES"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			n := probe.Dial(t).NewServiceNotifier()
			credentials := probe.NewService(t)
			first := notificationService(t, credentials)
			first.Ask(n.ID, n.Key, smp.NSUB{}).Expect(smp.SOK{ServiceID: first.ID})
			first.Close()
			again := notificationService(t, credentials)
			again.Ask(n.ID, n.Key, smp.NSUB{}).Expect(smp.SOK{ServiceID: first.ID})
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/nsub-announces",
		Title:        "A notification service gets the notifications to which it has subscribed one by one",
		Requirements: []string{"SMP-SERVICE-NSUB-ASSOCIATES"},
		Versions:     from(smp.VersionServices),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			owner := probe.Dial(t)
			n := owner.NewServiceNotifier()
			s := notificationService(t, probe.NewService(t))
			n.Subscribe(s.Conn)
			n.Announce(owner)
			n.ExpectNotification(s.Conn)
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/nsub-displaces",
		Title:        "An ordinary notifier gets END, and no more notifications, when a service subscribes to them",
		Requirements: []string{"SMP-NTF-TAKEOVER-END", "SMP-NTF-TAKEOVER"},
		Versions:     from(smp.VersionServices),
		Timeout:      eventTimeout,
		Run: func(t *T) {
			n, ordinary := watched(t)
			s := notificationService(t, probe.NewService(t))
			n.Subscribe(s.Conn)
			t.About("SMP-NTF-TAKEOVER-END")
			n.ExpectEvent(ordinary, smp.END{})
			n.Queue.Announce(probe.Dial(t), t.Rand().Bytes(60))
			t.About("SMP-NTF-TAKEOVER")
			n.Expect(s.Conn)
			n.ExpectNone(ordinary, "a service has subscribed")
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/nsubs",
		Title:        "NSUBS is answered with the number of all notifiers of the service and the exclusive or of the MD5 of their ids",
		Requirements: []string{"SMP-SERVICE-NSUBS-SOKS"},
		Versions:     from(smp.VersionServiceCounts),
		Run: func(t *T) {
			credentials, list := notifiersOf(t, probe.Dial(t), 3)
			notificationService(t, credentials).ExpectQueues(smp.NSUBS{}, notifierIDs(list...)...)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/nsubs-old",
		Title:        "Before version 19 NSUBS is answered with the number of notifiers alone, and subscribes",
		Requirements: []string{"SMP-SERVICE-NSUBS-OLD"},
		Versions:     wire.Versions(smp.VersionServices, smp.VersionServiceCounts-1),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			owner := probe.Dial(t)
			credentials, list := notifiersOf(t, owner, 2)
			s := notificationService(t, credentials)
			s.Command(smp.NSUBS{}).Expect(smp.SOKS{ServiceQueues: smp.ServiceQueues{Count: 2}})
			s.Ping()
			list[0].Announce(owner)
			list[0].ExpectNotification(s.Conn)
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/nsubs-delivers",
		Title:        "After NSUBS messages of all queues whose notifications belong to the service are announced",
		Requirements: []string{"SMP-SERVICE-NSUBS-DELIVERS"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			owner := probe.Dial(t)
			credentials, list := notifiersOf(t, owner, 2)
			s := notificationService(t, credentials)
			s.Subscribe(smp.NSUBS{})
			for _, n := range list {
				n.Announce(owner)
			}
			for _, n := range list {
				n.ExpectNotification(s.Conn)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/nsubs-waiting",
		Title:        "Messages that came when no connection of the service was there are announced after NSUBS",
		Requirements: []string{"SMP-SERVICE-NSUBS-WAITING"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			owner := probe.Dial(t)
			credentials, list := notifiersOf(t, owner, 3)
			owner.Linger(someTime) // until the relay has learned that the service has left
			for _, n := range list {
				n.Announce(owner)
			}
			s := notificationService(t, credentials)
			s.Subscribe(smp.NSUBS{})
			for _, n := range list {
				n.ExpectNotification(s.Conn)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/nsubs-no-alls",
		Title:        "NSUBS causes no ALLS",
		Requirements: []string{"SMP-SERVICE-NSUBS-NO-ALLS"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			owner := probe.Dial(t)
			credentials, list := notifiersOf(t, owner, 2)
			s := notificationService(t, credentials)
			s.Subscribe(smp.NSUBS{})
			list[0].Announce(owner)
			list[0].ExpectNotification(s.Conn)
			s.ExpectNoALLS("it is about messages")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/nsub-detaches",
		Title:        "Notifications to which an ordinary client subscribes belong to no service any more",
		Requirements: []string{"SMP-SERVICE-NSUB-DETACHES"},
		Versions:     from(smp.VersionServices),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			owner := probe.Dial(t)
			credentials, list := notifiersOf(t, owner, 2)
			ordinary := probe.Dial(t)
			ordinary.Ask(list[0].ID, list[0].Key, smp.NSUB{}).Expect(smp.SOK{})
			s := notificationService(t, credentials)
			s.ExpectQueues(smp.NSUBS{}, list[1].ID)
			list[0].Announce(owner)
			list[1].Announce(owner)
			list[0].ExpectNotification(ordinary)
			list[1].ExpectNotification(s.Conn)
			list[0].ExpectNoNotification(s.Conn, "an ordinary client has subscribed")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/notifier-events",
		Title:        "A notification service gets END for a notifier that was taken from it, and DELD for one that was deleted or replaced",
		Requirements: []string{"SMP-SERVICE-NSUB-DETACHED-EVENT", "SMP-SERVICE-NDEL-EVENT", "SMP-NTF-DELETED-QUEUE"},
		Versions:     from(smp.VersionServices),
		Timeout:      eventTimeout,
		Run: func(t *T) {
			owner := probe.Dial(t)
			credentials, list := notifiersOf(t, owner, 5)
			s := notificationService(t, credentials)
			s.Subscribe(smp.NSUBS{})
			list[0].Subscribe(probe.Dial(t))
			list[1].Queue.Recipient(owner, smp.NDEL{}).Require(smp.OK{})
			list[2].Replace(owner)
			list[4].Queue.Recipient(owner, smp.DEL{}).Require(smp.OK{})
			t.About("SMP-SERVICE-NSUB-DETACHED-EVENT")
			list[0].ExpectEvent(s.Conn, smp.END{})
			list[3].ExpectNoEvent(s.Conn, smp.END{}, "nobody took this notifier")
			t.About("SMP-SERVICE-NDEL-EVENT")
			list[1].ExpectEvent(s.Conn, smp.DELD{})
			list[2].ExpectEvent(s.Conn, smp.DELD{})
			list[3].ExpectNoEvent(s.Conn, smp.DELD{}, "nobody deleted this notifier")
			t.About("SMP-NTF-DELETED-QUEUE")
			list[4].ExpectEvent(s.Conn, smp.DELD{})
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/nsub-migration",
		Title:        "Notifications belong to the service that subscribed to them last",
		Requirements: []string{"SMP-SERVICE-NSUB-ASSOCIATES", "SMP-SERVICE-NSUBS-SOKS"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			owner := probe.Dial(t)
			from, list := notifiersOf(t, owner, 2)
			second := notificationService(t, probe.NewService(t))
			t.About("SMP-SERVICE-NSUB-ASSOCIATES")
			second.Ask(list[0].ID, list[0].Key, smp.NSUB{}).Expect(smp.SOK{ServiceID: second.ID})
			t.About("SMP-SERVICE-NSUBS-SOKS")
			first := notificationService(t, from)
			first.ExpectQueues(smp.NSUBS{}, list[1].ID)
			second.ExpectQueues(smp.NSUBS{}, list[0].ID)
			t.About("SMP-SERVICE-NSUB-ASSOCIATES")
			list[0].Announce(owner)
			list[1].Announce(owner)
			list[0].ExpectNotification(second.Conn)
			list[1].ExpectNotification(first.Conn)
			list[0].ExpectNoNotification(first.Conn, "the notifications belong to another service")
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/ndel",
		Title:        "A notifier that was deleted, alone or with its queue, or replaced is none of the service's any more",
		Requirements: []string{"SMP-SERVICE-NSUBS-SOKS"},
		Versions:     from(smp.VersionServiceCounts),
		Run: func(t *T) {
			owner := probe.Dial(t)
			credentials, list := notifiersOf(t, owner, 4)
			list[0].Queue.Recipient(owner, smp.NDEL{}).Require(smp.OK{})
			list[1].Queue.Recipient(owner, smp.DEL{}).Require(smp.OK{})
			list[3].Replace(owner)
			notificationService(t, credentials).ExpectQueues(smp.NSUBS{}, list[2].ID)
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/nkey",
		Title:        "The notifier that replaces one of a service is nobody's: NSUB of an ordinary client gets what came, and nobody does before",
		Requirements: []string{"SMP-NTF-NMSG-SUBSCRIBED", "SMP-NTF-NSUB-EARLIER"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			owner := probe.Dial(t)
			credentials, list := notifiersOf(t, owner, 2)
			s := notificationService(t, credentials)
			s.Subscribe(smp.NSUBS{})
			n := list[0].Queue.Notify()
			n.Queue.Announce(owner, t.Rand().Bytes(60))
			list[1].Announce(owner)
			list[1].RequireNotification(s.Conn) // of a message that came later
			t.About("SMP-NTF-NMSG-SUBSCRIBED")
			(&probe.ServiceNotifier{Queue: n.Queue, ID: n.ID, Key: n.Key}).ExpectNoNotification(s.Conn, "NKEY has replaced the notifier of the service")
			owner.ExpectUnannounced("the connection has not sent NSUB")
			t.About("SMP-NTF-NSUB-EARLIER")
			ordinary := probe.Dial(t)
			n.Ask(ordinary).Expect(smp.SOK{})
			n.Expect(ordinary)
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/nsub-takeover",
		Title:        "NSUB of another connection of the service takes the notifications of the queue over",
		Requirements: []string{"SMP-SERVICE-TAKEOVER"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			owner, credentials := probe.Dial(t), probe.NewService(t)
			n := owner.NewServiceNotifier()
			earlier, later := notificationService(t, credentials), notificationService(t, credentials)
			n.Subscribe(earlier.Conn)
			later.Ask(n.ID, n.Key, smp.NSUB{}).Expect(smp.SOK{ServiceID: later.ID})
			later.Ping()
			n.Announce(owner)
			n.ExpectNotification(later.Conn)
			n.ExpectNoNotification(earlier.Conn, "another connection of the service has subscribed")
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/nsubs-takeover",
		Title:        "Notifications go to the connection of the service that subscribed last; the one before gets ENDS",
		Requirements: []string{"SMP-SERVICE-TAKEOVER", "SMP-SERVICE-ENDS", "SMP-SERVICE-ENDS-COUNT"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      eventTimeout,
		Run: func(t *T) {
			owner := probe.Dial(t)
			credentials, list := notifiersOf(t, owner, 2)
			earlier, later := notificationService(t, credentials), notificationService(t, credentials)
			earlier.Subscribe(smp.NSUBS{})
			t.About("SMP-SERVICE-TAKEOVER")
			probe.ExpectA[smp.SOKS](later.Command(smp.NSUBS{}))
			later.Ping()
			list[1].Announce(owner)
			list[1].ExpectNotification(later.Conn)
			list[1].ExpectNoNotification(earlier.Conn, "another connection of the service has subscribed")
			t.About("SMP-SERVICE-ENDS")
			ends := earlier.ExpectENDS()
			t.About("SMP-SERVICE-ENDS-COUNT")
			if want := probe.QueuesOf(notifierIDs(list...)...); ends.ServiceQueues != want {
				t.Failf("count 2 and the hash of 2 ids", "count %d, hash %x", ends.Count, ends.IDsHash)
			}
		},
	}),
}

// notificationService connects as a notification service.
func notificationService(t *T, credentials keys.Credentials) *probe.ServiceConn {
	return probe.DialService(t, transport.RoleNotifier, credentials)
}

// notifiersOf makes a notification service to which n notifiers belong, and leaves
// it without a connection. The owner creates their queues.
func notifiersOf(t *T, owner *probe.Conn, n int) (keys.Credentials, []*probe.ServiceNotifier) {
	credentials := probe.NewService(t)
	s := notificationService(t, credentials)
	list := make([]*probe.ServiceNotifier, n)
	for i := range list {
		list[i] = owner.NewServiceNotifier()
		s.Ask(list[i].ID, list[i].Key, smp.NSUB{}).Require(smp.SOK{ServiceID: s.ID})
	}
	s.Ping()
	s.Close()
	return credentials, list
}

func notifierIDs(list ...*probe.ServiceNotifier) [][]byte {
	ids := make([][]byte, len(list))
	for i, n := range list {
		ids[i] = n.ID
	}
	return ids
}
