package relaycases

import (
	"bytes"
	"slices"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/smp"
)

// SMP, "Service subscriptions", "Subscribe to multiple queues", "All service messages
// received" and "Service subscription END notification".
var serviceSubscribeCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/service/subs",
		Title:        "SUBS is answered with the number of all queues of the service and the exclusive or of the MD5 of their ids",
		Requirements: []string{"SMP-SERVICE-SUBS-SOKS", "SMP-SERVICE-SOKS-COUNT"},
		Versions:     from(smp.VersionServiceCounts),
		Run: func(t *T) {
			credentials, queues := serviceOf(t, 4)
			want := probe.QueuesOf(ids(queues...)...)
			s := messagingService(t, credentials)
			a := s.Command(smp.SUBS{ServiceQueues: want})
			t.About("SMP-SERVICE-SUBS-SOKS")
			soks := probe.ExpectA[smp.SOKS](a)
			t.About("SMP-SERVICE-SOKS-COUNT")
			if soks.ServiceQueues != want {
				t.Failf("SOKS with the count 4 and the hash of 4 ids", "count %d, hash %x", soks.Count, soks.IDsHash)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/subs-entity",
		Title:        "SOKS has the service id as entity id",
		Requirements: []string{"SMP-SERVICE-SOKS-ENTITY"},
		Versions:     from(smp.VersionServiceCounts),
		Run: func(t *T) {
			s := messagingService(t, probe.NewService(t))
			a := s.Command(smp.SUBS{})
			probe.RequireA[smp.SOKS](a)
			if !bytes.Equal(a.EntityID, s.ID) {
				t.Fail("SOKS with the service id as entity id", a.WithIDs())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/subs-none",
		Title:        "SUBS of a service without queues is answered with count 0 and a hash of zeros",
		Requirements: []string{"SMP-SERVICE-SUBS-SOKS", "SMP-SERVICE-HASH-EMPTY"},
		Versions:     from(smp.VersionServiceCounts),
		Run: func(t *T) {
			s := messagingService(t, probe.NewService(t))
			t.About("SMP-SERVICE-SUBS-SOKS")
			soks := probe.ExpectA[smp.SOKS](s.Command(smp.SUBS{}))
			t.About("SMP-SERVICE-HASH-EMPTY")
			if soks.ServiceQueues != (smp.ServiceQueues{}) {
				t.Failf("count 0 and a hash of zeros", "count %d, hash %x", soks.Count, soks.IDsHash)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/hash-order",
		Title:        "The hash does not depend on the order in which queues got to the service",
		Requirements: []string{"SMP-SERVICE-HASH"},
		Versions:     from(smp.VersionServiceCounts),
		Run: func(t *T) {
			credentials, queues := serviceOf(t, 3)
			first := messagingService(t, credentials).Subscribe(smp.SUBS{})
			another := probe.NewService(t)
			s := messagingService(t, another)
			for _, q := range slices.Backward(queues) {
				q.Recipient(s.Conn, smp.SUB{}).Require(smp.SOK{ServiceID: s.ID})
			}
			s.Close()
			if second := messagingService(t, another).Subscribe(smp.SUBS{}); first != second {
				t.Failf("the same hash in another order", "%x, then %x", first.IDsHash, second.IDsHash)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/hash-repeated",
		Title:        "A queue to which the service subscribes again and again counts once",
		Requirements: []string{"SMP-SERVICE-HASH"},
		Versions:     from(smp.VersionServiceCounts),
		Run: func(t *T) {
			credentials, queues := serviceOf(t, 2)
			for range 2 {
				s := messagingService(t, credentials)
				for _, q := range queues {
					q.Recipient(s.Conn, smp.SUB{}).Require(smp.SOK{ServiceID: s.ID})
				}
				s.ExpectQueues(smp.SUBS{}, ids(queues...)...)
				s.Close()
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/subs-drift",
		Title:        "SUBS with a wrong count or hash is answered with those of the relay, and subscribes all the same",
		Requirements: []string{"SMP-SERVICE-SUBS-DRIFT"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			credentials, queues := serviceOf(t, 2)
			s := messagingService(t, credentials)
			wrong := smp.SUBS{ServiceQueues: smp.ServiceQueues{Count: 7, IDsHash: smp.IDsHash(t.Fresh().Bytes(16))}}
			s.ExpectQueues(wrong, ids(queues...)...)
			s.ExpectALLS()
			s.Ping()
			body := t.Rand().Bytes(50)
			queues[1].Fill(probe.Dial(t), body)
			queues[1].ExpectMessage(s.Conn, body)
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/subs-delivers",
		Title:        "SUBS delivers the first waiting message of each queue of the service",
		Requirements: []string{"SMP-SERVICE-SUBS-DELIVERS"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			credentials, queues := serviceOf(t, 3)
			sender := probe.Dial(t)
			bodies := sender.Bodies(3)
			for i, q := range queues {
				q.Fill(sender, bodies[i], t.Rand().Bytes(90))
			}
			s := messagingService(t, credentials)
			probe.RequireA[smp.SOKS](s.Command(smp.SUBS{}))
			for i, q := range queues {
				q.ExpectMessage(s.Conn, bodies[i])
			}
			for _, q := range queues {
				q.ExpectNoMessage(s.Conn, "the first one is not acknowledged")
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/alls",
		Title:        "One ALLS comes after SUBS, when the waiting messages of all queues were delivered",
		Requirements: []string{"SMP-SERVICE-ALLS-LAST"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			credentials, queues := serviceOf(t, 5)
			sender := probe.Dial(t)
			waiting := queues[1:]
			for _, q := range waiting {
				q.Fill(sender, t.Rand().Bytes(40))
			}
			s := messagingService(t, credentials)
			probe.RequireA[smp.SOKS](s.Command(smp.SUBS{}))
			came := map[string]bool{}
			for _, r := range s.TakenBefore() {
				if _, ok := r.Response.(smp.MSG); ok {
					came[string(r.EntityID)] = true
				}
			}
			for _, q := range waiting {
				if !came[string(q.RecipientID)] {
					t.Failf("ALLS after the waiting messages of 4 queues", "ALLS after those of %d", len(came))
				}
			}
			s.ExpectNoALLS("it came already")
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/alls-none",
		Title:        "ALLS comes also if no message waits, and for a service without queues",
		Requirements: []string{"SMP-SERVICE-ALLS-LAST"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			credentials, _ := serviceOf(t, 2)
			for _, c := range []*probe.ServiceConn{messagingService(t, credentials), messagingService(t, probe.NewService(t))} {
				probe.RequireA[smp.SOKS](c.Command(smp.SUBS{}))
				c.ExpectALLS()
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/alls-ids",
		Title:        "ALLS has neither a correlation id nor an entity id",
		Requirements: []string{"SMP-SERVICE-ALLS-EVENT"},
		Versions:     from(smp.VersionServiceCounts),
		Run: func(t *T) {
			s := messagingService(t, probe.NewService(t))
			probe.RequireA[smp.SOKS](s.Command(smp.SUBS{}))
			if r := s.ExpectALLS(); len(r.CorrelationID)+len(r.EntityID) > 0 {
				t.Fail("ALLS without ids", r.WithIDs())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/subs-later",
		Title:        "After SUBS messages for queues to which this connection never subscribed are delivered to it",
		Requirements: []string{"SMP-SERVICE-SUBS-LATER"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			credentials, queues := serviceOf(t, 2)
			s := messagingService(t, credentials)
			s.Subscribe(smp.SUBS{})
			sender := probe.Dial(t)
			for _, q := range queues {
				body := t.Rand().Bytes(50)
				q.Fill(sender, body)
				q.ExpectMessage(s.Conn, body)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/subs-ack",
		Title:        "ACK of a message that came by SUBS brings the next one of its queue",
		Requirements: []string{"SMP-SERVICE-SUBS-ACK"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			credentials, queues := serviceOf(t, 2)
			sender := probe.Dial(t)
			bodies := sender.Bodies(3)
			queues[0].Fill(sender, bodies...)
			s := messagingService(t, credentials)
			s.Subscribe(smp.SUBS{})
			for _, body := range bodies {
				d := queues[0].ExpectMessage(s.Conn, body)
				queues[0].ExpectAcknowledged(s.Conn, d)
			}
			queues[0].ExpectNoMessage(s.Conn, "all are acknowledged")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/subs-again",
		Title:        "A second SUBS on the same connection is answered and delivers nothing again",
		Requirements: []string{"SMP-SERVICE-SUBS-REPEATED"},
		Versions:     from(smp.VersionServiceCounts),
		Run: func(t *T) {
			credentials, queues := serviceOf(t, 2)
			queues[0].Fill(probe.Dial(t), t.Rand().Bytes(50))
			s := messagingService(t, credentials)
			s.Subscribe(smp.SUBS{})
			queues[0].RequireMessage(s.Conn)
			s.ExpectQueues(smp.SUBS{}, ids(queues...)...)
			s.ExpectNoALLS("nothing was to be delivered")
			if r, again := queues[0].Another(s.Conn); again {
				t.Fail("no message again", r.WithIDs())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/takeover",
		Title:        "Messages go to the connection of the service that subscribed last, also those that the one before did not acknowledge",
		Requirements: []string{"SMP-SERVICE-TAKEOVER"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			credentials, queues := serviceOf(t, 2)
			earlier := messagingService(t, credentials)
			earlier.Subscribe(smp.SUBS{})
			sender := probe.Dial(t)
			bodies := sender.Bodies(2)
			queues[0].Fill(sender, bodies[0])
			queues[0].RequireMessage(earlier.Conn)
			later := messagingService(t, credentials)
			probe.ExpectA[smp.SOKS](later.Command(smp.SUBS{}))
			queues[0].ExpectMessage(later.Conn, bodies[0])
			queues[1].Fill(sender, bodies[1])
			queues[1].ExpectMessage(later.Conn, bodies[1])
			queues[1].ExpectNoMessage(earlier.Conn, "another connection of the service has subscribed")
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/sub-takeover",
		Title:        "SUB of another connection of the service takes queues over, with the message that was not acknowledged",
		Requirements: []string{"SMP-SERVICE-TAKEOVER"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			credentials, sender := probe.NewService(t), probe.Dial(t)
			earlier, later := messagingService(t, credentials), messagingService(t, credentials)
			full, _ := waiting(t, 0)
			empty, _ := waiting(t, 0)
			full.Subscribe(earlier.Conn)
			empty.Subscribe(earlier.Conn)
			bodies := sender.Bodies(2)
			full.Fill(sender, bodies[0])
			full.RequireMessage(earlier.Conn)
			for _, q := range []*probe.Queue{full, empty} {
				a := q.Recipient(later.Conn, smp.SUB{})
				if !a.OK() || isError(a.Received) {
					t.Fail("SUB on another connection of the service → SOK", a.String())
				}
				if _, ok := a.Response.(smp.MSG); ok { // in the place of SOK
					later.PutBack(a.Received)
				}
			}
			later.Ping()
			full.ExpectAcknowledged(later.Conn, full.ExpectRedelivery(later.Conn, bodies[0]))
			empty.Fill(sender, bodies[1])
			empty.ExpectMessage(later.Conn, bodies[1])
			empty.ExpectNoMessage(earlier.Conn, "another connection of the service has subscribed")
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/new-takeover",
		Title:        "Messages of a queue that another connection of the service creates go to that one",
		Requirements: []string{"SMP-SERVICE-TAKEOVER"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			credentials := probe.NewService(t)
			earlier, later := messagingService(t, credentials), messagingService(t, credentials)
			earlier.NewQueue()
			q := later.NewQueue()
			body := t.Rand().Bytes(50)
			q.Fill(probe.Dial(t), body)
			q.ExpectMessage(later.Conn, body)
			q.ExpectNoMessage(earlier.Conn, "another connection of the service has created the queue")
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/reconnect",
		Title:        "SUBS of a service that has reconnected delivers again what was not acknowledged, and ALLS follows",
		Requirements: []string{"SMP-SERVICE-SUBS-DELIVERS", "SMP-SERVICE-ALLS-LAST"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			credentials, queues := serviceOf(t, 2)
			sender := probe.Dial(t)
			bodies := sender.Bodies(2)
			queues[1].Fill(sender, bodies[0])
			first := messagingService(t, credentials)
			first.Subscribe(smp.SUBS{})
			queues[1].RequireMessage(first.Conn)
			first.Close()
			queues[0].Fill(sender, bodies[1])
			again := messagingService(t, credentials)
			probe.RequireA[smp.SOKS](again.Command(smp.SUBS{}))
			t.About("SMP-SERVICE-SUBS-DELIVERS")
			queues[0].ExpectMessage(again.Conn, bodies[1])
			queues[1].ExpectMessage(again.Conn, bodies[0])
			t.About("SMP-SERVICE-ALLS-LAST")
			again.ExpectALLS()
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/ends",
		Title:        "The connection of the service that was displaced gets ENDS with count and hash of the queues",
		Requirements: []string{"SMP-SERVICE-ENDS", "SMP-SERVICE-ENDS-COUNT"},
		Versions:     from(smp.VersionServiceCounts),
		Timeout:      eventTimeout,
		Run: func(t *T) {
			credentials, queues := serviceOf(t, 3)
			earlier, later := messagingService(t, credentials), messagingService(t, credentials)
			earlier.Subscribe(smp.SUBS{})
			later.Subscribe(smp.SUBS{})
			t.About("SMP-SERVICE-ENDS")
			ends := earlier.ExpectENDS()
			t.About("SMP-SERVICE-ENDS-COUNT")
			if want := probe.QueuesOf(ids(queues...)...); ends.ServiceQueues != want {
				t.Failf("count 3 and the hash of 3 ids", "count %d, hash %x", ends.Count, ends.IDsHash)
			}
		},
	}),
}
