package relaycases

import (
	"bytes"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// SMP, "Service certificates" and "Queue subscription response": how queues get to a
// service and away from it.
var serviceQueueCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/service/new",
		Title:        "A queue that a service creates belongs to it: IDS says so",
		Requirements: []string{"SMP-SERVICE-NEW-ASSOCIATES"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			s := messagingService(t, probe.NewService(t))
			create, q := s.NewQueueRequest()
			ids := probe.ExpectA[smp.IDS](s.Ask(nil, q.Key, create))
			if !bytes.Equal(ids.ServiceID, s.ID) {
				t.Failf("IDS with the service id", "service id %x", ids.ServiceID)
			}
			if ids = probe.Dial(t).NewQueue().IDS; ids.ServiceID != nil {
				t.Failf("IDS without service id for an ordinary client", "service id %x", ids.ServiceID)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/new-create-only",
		Title:        "A service cannot create a queue without subscribing to it",
		Requirements: []string{"SMP-SERVICE-NEW-CREATE-ONLY"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			s := messagingService(t, probe.NewService(t))
			create, q := s.NewQueueRequest(probe.OnlyCreate)
			s.Ask(nil, q.Key, create).ExpectError(smp.ErrCmdProhibited)
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/sub",
		Title:        "A queue to which a service subscribes belongs to it: SOK has the same service id on all its connections",
		Requirements: []string{"SMP-SERVICE-SUB-ASSOCIATES"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			q, _ := waiting(t, 0)
			credentials := probe.NewService(t)
			first := messagingService(t, credentials)
			q.Recipient(first.Conn, smp.SUB{}).Expect(smp.SOK{ServiceID: first.ID})
			first.Close()
			again := messagingService(t, credentials)
			q.Recipient(again.Conn, smp.SUB{}).Expect(smp.SOK{ServiceID: first.ID})
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/sub-displaces",
		Title:        "An ordinary subscriber gets END, and no more messages, when a service subscribes to the queue",
		Requirements: []string{"SMP-SUB-END", "SMP-SUB-TAKEOVER-SILENT"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      eventTimeout,
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			s := messagingService(t, probe.NewService(t))
			q.Subscribe(s.Conn)
			t.About("SMP-SUB-END")
			q.ExpectEvent(q.Conn, smp.END{})
			body := t.Rand().Bytes(50)
			q.Fill(probe.Dial(t), body)
			q.ExpectMessage(s.Conn, body)
			t.About("SMP-SUB-TAKEOVER-SILENT")
			q.ExpectNoMessage(q.Conn, "a service has subscribed")
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/kept",
		Title:        "The queues of a service belong to it after it has reconnected",
		Requirements: []string{"SMP-SERVICE-KEPT"},
		Versions:     from(smp.VersionServiceCounts),
		Run: func(t *T) {
			credentials, queues := serviceOf(t, 2)
			messagingService(t, credentials).ExpectQueues(smp.SUBS{}, ids(queues...)...)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/sub-detaches",
		Title:        "A queue to which an ordinary client subscribes belongs to no service any more",
		Requirements: []string{"SMP-SERVICE-SUB-DETACHES"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			credentials, queues := serviceOf(t, 2)
			ordinary := probe.Dial(t)
			queues[0].Recipient(ordinary, smp.SUB{}).Expect(smp.SOK{})
			ordinary.Ping()
			s := messagingService(t, credentials)
			s.ExpectQueues(smp.SUBS{}, queues[1].RecipientID)
			s.ExpectALLS()
			body := t.Rand().Bytes(50)
			queues[0].Fill(probe.Dial(t), body)
			queues[0].ExpectMessage(ordinary, body)
			queues[0].ExpectNoMessage(s.Conn, "an ordinary client has subscribed")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/sub-detaches-event",
		Title:        "The service gets END for a queue that was taken from it",
		Requirements: []string{"SMP-SERVICE-SUB-DETACHED-EVENT"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      eventTimeout,
		Run: func(t *T) {
			credentials, queues := serviceOf(t, 2)
			s := messagingService(t, credentials)
			s.Subscribe(smp.SUBS{})
			queues[1].Subscribe(probe.Dial(t))
			queues[1].ExpectEvent(s.Conn, smp.END{})
			queues[0].ExpectNoEvent(s.Conn, smp.END{}, "nobody took this queue")
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/migration",
		Title:        "A queue belongs to the service that subscribed to it last",
		Requirements: []string{"SMP-SERVICE-SUB-ASSOCIATES", "SMP-SERVICE-SOKS-COUNT"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			from, queues := serviceOf(t, 2)
			to := probe.NewService(t)
			second := messagingService(t, to)
			t.About("SMP-SERVICE-SUB-ASSOCIATES")
			queues[0].Recipient(second.Conn, smp.SUB{}).Expect(smp.SOK{ServiceID: second.ID})
			second.Ping()
			first := messagingService(t, from)
			t.About("SMP-SERVICE-SOKS-COUNT")
			first.ExpectQueues(smp.SUBS{}, queues[1].RecipientID)
			first.ExpectALLS()
			messagingService(t, to).ExpectQueues(smp.SUBS{}, queues[0].RecipientID)
			queues[0].Fill(probe.Dial(t), t.Rand().Bytes(50))
			queues[0].ExpectNoMessage(first.Conn, "the queue belongs to another service")
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/delete",
		Title:        "A deleted queue is none of the service's any more: count and hash change",
		Requirements: []string{"SMP-SERVICE-SOKS-COUNT"},
		Versions:     from(smp.VersionServiceCounts),
		Run: func(t *T) {
			credentials, queues := serviceOf(t, 3)
			s := messagingService(t, credentials)
			s.ExpectQueues(smp.SUBS{}, ids(queues...)...)
			queues[1].Recipient(s.Conn, smp.DEL{}).Require(smp.OK{})
			messagingService(t, credentials).ExpectQueues(smp.SUBS{}, ids(queues[0], queues[2])...)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/delete-event",
		Title:        "A subscribed service gets DELD for a queue of its own that another connection deletes",
		Requirements: []string{"SMP-SERVICE-DELETED-EVENT"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      eventTimeout,
		Run: func(t *T) {
			credentials, queues := serviceOf(t, 2)
			s := messagingService(t, credentials)
			s.Subscribe(smp.SUBS{})
			queues[0].Recipient(probe.Dial(t), smp.DEL{}).Require(smp.OK{})
			queues[0].ExpectEvent(s.Conn, smp.DELD{})
		},
	}),
}

// messagingService connects as a messaging service.
func messagingService(t *T, credentials keys.Credentials) *probe.ServiceConn {
	return probe.DialService(t, transport.RoleMessaging, credentials)
}

// serviceOf makes a service with n queues, of which it has created all but the last
// one, and leaves it without a connection.
func serviceOf(t *T, n int) (keys.Credentials, []*probe.Queue) {
	credentials := probe.NewService(t)
	last, _ := waiting(t, 0)
	s := messagingService(t, credentials)
	queues := make([]*probe.Queue, n)
	for i := range queues[:n-1] {
		queues[i] = s.NewQueue()
	}
	queues[n-1] = last
	last.Recipient(s.Conn, smp.SUB{}).Require(smp.SOK{ServiceID: s.ID})
	s.Ping()
	s.Close()
	return credentials, queues
}

// ids are the recipient's ids of queues.
func ids(queues ...*probe.Queue) [][]byte {
	list := make([][]byte, len(queues))
	for i, q := range queues {
		list[i] = q.RecipientID
	}
	return list
}
