package service

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// queueFaults are mistakes in how queues get to a service and away from it.
var queueFaults = []fault.Fault{
	{
		ID:       "service/new-names-no-service",
		Story:    "A queue that a service creates belongs to it, and IDS does not say so.",
		Breaks:   []string{"SMP-SERVICE-NEW-ASSOCIATES"},
		Cases:    []string{"relay/service/new"},
		Versions: fault.Since(smp.VersionServices),
		Apply: fault.Alters[smp.NEW](func(_ *relay.Session, _ *relay.Request, ids smp.IDS) smp.Response {
			ids.ServiceID = nil
			return ids
		}),
	},
	{
		ID:       "service/new-names-a-service",
		Story:    "IDS names a service for everybody, an id of zero bytes where there is none.",
		Breaks:   []string{"SMP-SERVICE-NEW-ASSOCIATES"},
		Cases:    []string{"relay/service/new"},
		Versions: fault.Since(smp.VersionServices),
		Apply: fault.Alters[smp.NEW](func(_ *relay.Session, _ *relay.Request, ids smp.IDS) smp.Response {
			if ids.ServiceID == nil {
				ids.ServiceID = make([]byte, 24)
			}
			return ids
		}),
	},
	{
		ID:       "service/new-create-only",
		Story:    "A service that creates a queue without subscribing to it is subscribed all the same.",
		Breaks:   []string{"SMP-SERVICE-NEW-CREATE-ONLY"},
		Cases:    []string{"relay/service/new-create-only"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.NEW, next fault.Execute) []relay.Output {
			subscribed := *r
			c.Subscribe = c.Subscribe || fault.IsService(s)
			subscribed.Command = c
			return next(s, &subscribed)
		}),
	},
	{
		ID:       "service/sub-names-no-service",
		Story:    "SUB of a service is answered as that of any client, and only its queues say whose they are.",
		Breaks:   []string{"SMP-SERVICE-SUB-ASSOCIATES"},
		Cases:    []string{"relay/service/sub"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    sok[smp.SUB](func(*relay.Session, smp.SOK) smp.SOK { return smp.SOK{} }),
	},
	{
		ID:       "service/another-id-per-connection",
		Story:    "The id of a service is made with each of its connections.",
		Breaks:   []string{"SMP-SERVICE-SUB-ASSOCIATES", "SMP-SERVICE-NSUB-ASSOCIATES"},
		Cases:    []string{"relay/service/sub", "relay/service/nsub"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    idPerConnection,
	},
	{
		ID:       "service/sub-of-another-refused",
		Story:    "A queue stays with the service that it was given to, and SUB of another one is refused.",
		Breaks:   []string{"SMP-SERVICE-SUB-ASSOCIATES"},
		Cases:    []string{"relay/service/migration"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
			if id := r.Queue.ServiceID(); id != nil && fault.IsService(s) && string(id) != string(s.Conn().Service().ID) {
				return fault.Refuse(r, smp.ErrService)
			}
			return next(s, r)
		}),
	},
	{
		ID:       "service/displaces-silently",
		Story:    "END is for ordinary subscribers that other ones displace; a service takes queues without it.",
		Breaks:   []string{"SMP-SUB-END"},
		Cases:    []string{"relay/service/sub-displaces"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
			if _, ok := out.Response.(smp.END); ok && q.ServiceID() != nil && !fault.IsService(to) {
				return
			}
			next(to, q, out)
		}),
	},
	{
		ID:       "service/displaced-still-gets",
		Story:    "A queue that a service takes keeps its ordinary subscriber besides.",
		Breaks:   []string{"SMP-SUB-TAKEOVER-SILENT"},
		Cases:    []string{"relay/service/sub-displaces"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    keepsOrdinary,
	},
	{
		ID:       "service/forgets-with-connection",
		Story:    "Queues belong to the connection of a service, and to its next one only when it subscribes again.",
		Breaks:   []string{"SMP-SERVICE-KEPT", "SMP-SERVICE-SUBS-LATER", "SMP-SERVICE-SUBS-DELIVERS"},
		Cases:    []string{"relay/service/kept", "relay/service/subs-later", "relay/service/subs-delivers"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: fault.Together(onlyClaimed(func(claimed bool) bool { return claimed }),
			fault.Alters[smp.SUBS](func(*relay.Session, *relay.Request, smp.SOKS) smp.Response { return smp.SOKS{} })),
	},
	{
		ID:       "service/sub-detaches-refused",
		Story:    "A queue of a service cannot be subscribed to by an ordinary client.",
		Breaks:   []string{"SMP-SERVICE-SUB-DETACHES"},
		Cases:    []string{"relay/service/sub-detaches"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
			if r.Queue.ServiceID() != nil && !fault.IsService(s) {
				return fault.Refuse(r, smp.ErrService)
			}
			return next(s, r)
		}),
	},
	{
		ID:       "service/sub-detaches-not",
		Story:    "SUB of an ordinary client borrows a queue of a service, and SOK names the service.",
		Breaks:   []string{"SMP-SERVICE-SUB-DETACHES"},
		Cases:    []string{"relay/service/sub-detaches"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
			id := r.Queue.ServiceID()
			outs := next(s, r)
			if fault.RepliedWith[smp.SOK](outs) && id != nil {
				outs[0].Response = smp.SOK{ServiceID: id}
			}
			return outs
		}),
	},
	{
		ID:       "service/detached-silent",
		Story:    "A service loses a queue to an ordinary client and is not told.",
		Breaks:   []string{"SMP-SERVICE-SUB-DETACHED-EVENT"},
		Cases:    []string{"relay/service/sub-detaches-event"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    servicesMiss[smp.END](),
	},
	{
		ID:       "service/detached-ends",
		Story:    "A service that loses one queue is told by ENDS, with the count 1.",
		Breaks:   []string{"SMP-SERVICE-SUB-DETACHED-EVENT"},
		Cases:    []string{"relay/service/sub-detaches-event"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: servicesGet(func(out *relay.Output, _ smp.END) {
			out.Response = smp.ENDS{ServiceQueues: smp.ServiceQueues{Count: 1, IDsHash: smp.HashIDs(out.EntityID)}}
		}),
	},
	{
		ID:       "service/deleted-silent",
		Story:    "A service is not told that a queue of its own was deleted, because it can count.",
		Breaks:   []string{"SMP-SERVICE-DELETED-EVENT"},
		Cases:    []string{"relay/service/delete-event"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    servicesMiss[smp.DELD](),
	},
	{
		ID:       "service/deleted-end",
		Story:    "A service gets END for a queue of its own, whether it was deleted or taken.",
		Breaks:   []string{"SMP-SERVICE-DELETED-EVENT"},
		Cases:    []string{"relay/service/delete-event"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    servicesGet(func(out *relay.Output, _ smp.DELD) { out.Response = smp.END{} }),
	},
}

// sok changes the answer to SUB or NSUB of a service.
func sok[C smp.Command](change func(*relay.Session, smp.SOK) smp.SOK) func(*relay.Config) {
	return fault.Alters[C](func(s *relay.Session, _ *relay.Request, answer smp.SOK) smp.Response {
		if fault.IsService(s) {
			return change(s, answer)
		}
		return answer
	})
}

// keepsOrdinary sends messages of a queue that a service has taken to who had it before.
func keepsOrdinary(c *relay.Config) {
	var displaced fault.Notes[*relay.Queue, *relay.Session]
	fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
		if _, ok := out.Response.(smp.END); ok && q.ServiceID() != nil && !fault.IsService(to) {
			displaced.Set(q, to)
		}
		if earlier, ok := displaced.Get(q); ok && out.Message != nil {
			next(earlier, q, out)
		}
		next(to, q, out)
	})(c)
}
