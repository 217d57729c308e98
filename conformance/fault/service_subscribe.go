package fault

import (
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// serviceSubscribeFaults are mistakes in SUBS, in what it delivers and in ALLS.
var serviceSubscribeFaults = []Fault{
	{
		ID:       "service/subs-ok",
		Story:    "SUBS is answered with OK, as SUB was in old versions.",
		Breaks:   []string{"SMP-SERVICE-SUBS-SOKS"},
		Cases:    []string{"relay/service/subs", "relay/service/subs-none"},
		Versions: since(smp.VersionServiceCounts),
		Apply:    alters[smp.SUBS](func(*relay.Session, *relay.Request, smp.SOKS) smp.Response { return smp.OK{} }),
	},
	{
		ID:       "service/soks-echoes",
		Story:    "SOKS repeats count and hash of SUBS, so that the service sees that it was understood.",
		Breaks:   []string{"SMP-SERVICE-SUBS-DRIFT", "SMP-SERVICE-KEPT"},
		Cases:    []string{"relay/service/subs-drift", "relay/service/kept"},
		Versions: since(smp.VersionServiceCounts),
		Apply: alters[smp.SUBS](func(_ *relay.Session, r *relay.Request, _ smp.SOKS) smp.Response {
			return smp.SOKS{ServiceQueues: r.Command.(smp.SUBS).ServiceQueues}
		}),
	},
	{
		ID:       "service/soks-without-id",
		Story:    "SOKS is about no queue and has no entity id.",
		Breaks:   []string{"SMP-SERVICE-SOKS-ENTITY"},
		Cases:    []string{"relay/service/subs-entity"},
		Versions: since(smp.VersionServiceCounts),
		Apply: handles(func(s *relay.Session, r *relay.Request, _ smp.SUBS, next execute) []relay.Output {
			outs := next(s, r)
			for i := range outs {
				outs[i].EntityID = nil
			}
			return outs
		}),
	},
	{
		ID:       "service/drift-refused",
		Story:    "SUBS with another count than that of the relay is refused, for the service to subscribe one by one.",
		Breaks:   []string{"SMP-SERVICE-SUBS-DRIFT"},
		Cases:    []string{"relay/service/subs-drift"},
		Versions: since(smp.VersionServiceCounts),
		Apply: handles(func(s *relay.Session, r *relay.Request, c smp.SUBS, next execute) []relay.Output {
			outs := next(s, r)
			if repliedWith[smp.SOKS](outs) && outs[0].Response.(smp.SOKS).Count != c.Count {
				return refuse(r, smp.ErrService)
			}
			return outs
		}),
	},
	{
		ID:       "service/drift-without-alls",
		Story:    "After SUBS with a wrong hash the service does not know its queues, so ALLS would mislead it.",
		Breaks:   []string{"SMP-SERVICE-SUBS-DRIFT"},
		Cases:    []string{"relay/service/subs-drift"},
		Versions: since(smp.VersionServiceCounts),
		Apply:    withoutALLSAfterDrift,
	},
	{
		ID:       "service/nothing-waits",
		Story:    "SUBS is for what comes from now on, and waiting messages need SUB for each queue.",
		Breaks:   []string{"SMP-SERVICE-SUBS-DELIVERS", "SMP-SERVICE-ALLS-LAST"},
		Cases:    []string{"relay/service/subs-delivers", "relay/service/alls"},
		Versions: since(smp.VersionServiceCounts),
		Apply:    whileCollecting(func(_ *relay.Session, out *relay.Output) bool { return out.Message == nil }),
	},
	{
		ID:       "service/one-waits",
		Story:    "SUBS brings one waiting message, and the next queue follows when it is acknowledged.",
		Breaks:   []string{"SMP-SERVICE-SUBS-DELIVERS", "SMP-SERVICE-ALLS-LAST"},
		Cases:    []string{"relay/service/subs-delivers", "relay/service/alls"},
		Versions: since(smp.VersionServiceCounts),
		Apply:    collectsOne,
	},
	{
		ID:       "service/only-claimed-later",
		Story:    "After SUBS what waited is delivered, and later messages only of queues that this connection has subscribed to.",
		Breaks:   []string{"SMP-SERVICE-SUBS-LATER"},
		Cases:    []string{"relay/service/subs-later"},
		Versions: since(smp.VersionServiceCounts),
		Apply:    onlyClaimed(func(claimed bool) bool { return claimed }),
	},
	{
		ID:       "service/ack-needs-sub",
		Story:    "ACK is for who has subscribed with SUB, and after SUBS it is answered with NO_MSG.",
		Breaks:   []string{"SMP-SERVICE-SUBS-ACK"},
		Cases:    []string{"relay/service/subs-ack"},
		Versions: since(smp.VersionServiceCounts),
		Apply:    acknowledgedBySUBS(func(r *relay.Request, _ []relay.Output) []relay.Output { return refuse(r, smp.ErrNoMsg) }),
	},
	{
		ID:       "service/ack-brings-nothing",
		Story:    "ACK of a message that came by SUBS is answered with OK, and the next one waits for another SUBS.",
		Breaks:   []string{"SMP-SERVICE-SUBS-ACK"},
		Cases:    []string{"relay/service/subs-ack"},
		Versions: since(smp.VersionServiceCounts),
		Apply: acknowledgedBySUBS(func(r *relay.Request, outs []relay.Output) []relay.Output {
			return reply(r, smp.OK{})
		}),
	},
	{
		ID:       "service/alls-first",
		Story:    "ALLS follows SOKS at once, since everything has been put into the queue of the connection.",
		Breaks:   []string{"SMP-SERVICE-ALLS-LAST"},
		Cases:    []string{"relay/service/alls"},
		Versions: since(smp.VersionServiceCounts),
		Apply: together(servicesMiss[smp.ALLS](), handles(func(s *relay.Session, r *relay.Request, _ smp.SUBS, next execute) []relay.Output {
			outs := next(s, r)
			if repliedWith[smp.SOKS](outs) {
				outs = append(outs, relay.Output{Response: smp.ALLS{}})
			}
			return outs
		})),
	},
	{
		ID:       "service/alls-missing",
		Story:    "SOKS says how many queues there are, and no ALLS follows.",
		Breaks:   []string{"SMP-SERVICE-ALLS-LAST"},
		Cases:    []string{"relay/service/alls", "relay/service/alls-none"},
		Versions: since(smp.VersionServiceCounts),
		Apply:    servicesMiss[smp.ALLS](),
	},
	{
		ID:       "service/alls-only-after-messages",
		Story:    "ALLS ends what was delivered, so that nothing comes if nothing waits.",
		Breaks:   []string{"SMP-SERVICE-ALLS-LAST"},
		Cases:    []string{"relay/service/alls-none"},
		Versions: since(smp.VersionServiceCounts),
		Apply:    allsAfterMessages,
	},
	{
		ID:       "service/alls-twice",
		Story:    "ALLS is sent when the last message was put into the queue, and again when it was written.",
		Breaks:   []string{"SMP-SERVICE-ALLS-LAST"},
		Cases:    []string{"relay/service/alls"},
		Versions: since(smp.VersionServiceCounts),
		Apply: pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next push) {
			if _, ok := out.Response.(smp.ALLS); ok {
				next(to, q, out)
			}
			next(to, q, out)
		}),
	},
	{
		ID:       "service/alls-with-service-id",
		Story:    "ALLS carries the id of the service, as ENDS does.",
		Breaks:   []string{"SMP-SERVICE-ALLS-EVENT"},
		Cases:    []string{"relay/service/alls-ids"},
		Versions: since(smp.VersionServiceCounts),
		Apply: toServices(func(to *relay.Session, _ *relay.Queue, out *relay.Output) bool {
			if _, ok := out.Response.(smp.ALLS); ok {
				out.EntityID = to.Conn().Service().ID
			}
			return true
		}),
	},
	{
		ID:       "service/alls-correlated",
		Story:    "ALLS belongs to SUBS and has its correlation id.",
		Breaks:   []string{"SMP-SERVICE-ALLS-EVENT"},
		Cases:    []string{"relay/service/alls-ids"},
		Versions: since(smp.VersionServiceCounts),
		Apply:    correlatesALLS,
	},
	{
		ID:       "service/subs-again-alls",
		Story:    "Each SUBS is followed by an ALLS, also if it delivers nothing.",
		Breaks:   []string{"SMP-SERVICE-SUBS-REPEATED"},
		Cases:    []string{"relay/service/subs-again"},
		Versions: since(smp.VersionServiceCounts),
		Apply: secondSUBS(func(r *relay.Request, _ *relay.Session, _ []relay.Output) []relay.Output {
			return []relay.Output{{Response: smp.ALLS{}}}
		}),
	},
	{
		ID:       "service/subs-again-delivers",
		Story:    "A second SUBS brings again what was delivered and is not acknowledged, as a second SUB does.",
		Breaks:   []string{"SMP-SERVICE-SUBS-REPEATED"},
		Cases:    []string{"relay/service/subs-again"},
		Versions: since(smp.VersionServiceCounts),
		Apply: secondSUBS(func(_ *relay.Request, _ *relay.Session, delivered []relay.Output) []relay.Output {
			return delivered
		}),
	},
	{
		ID:       "service/subs-again-refused",
		Story:    "A second SUBS on a connection is taken for a mistake of the service.",
		Breaks:   []string{"SMP-SERVICE-SUBS-REPEATED"},
		Cases:    []string{"relay/service/subs-again"},
		Versions: since(smp.VersionServiceCounts),
		Apply: func(c *relay.Config) {
			var taken notes[*relay.Session, bool]
			handles(func(s *relay.Session, r *relay.Request, _ smp.SUBS, next execute) []relay.Output {
				if again, _ := taken.swap(s, true); again {
					return refuse(r, smp.ErrCmdProhibited)
				}
				return next(s, r)
			})(c)
		},
	},
}

// whileCollecting changes what a service is sent between SUBS and ALLS, and drops what
// change is false for.
func whileCollecting(change func(to *relay.Session, out *relay.Output) bool) func(*relay.Config) {
	var collecting notes[*relay.Session, bool]
	return together(
		toServices(func(to *relay.Session, _ *relay.Queue, out *relay.Output) bool {
			if is, _ := collecting.get(to); !is {
				return true
			}
			send := change(to, out)
			if _, ok := out.Response.(smp.ALLS); ok {
				collecting.take(to)
			}
			return send
		}),
		handles(func(s *relay.Session, r *relay.Request, _ smp.SUBS, next execute) []relay.Output {
			collecting.set(s, true)
			return next(s, r)
		}),
	)
}

// collectsOne sends one message between SUBS and ALLS.
func collectsOne(c *relay.Config) {
	var sent notes[*relay.Session, bool]
	whileCollecting(func(to *relay.Session, out *relay.Output) bool {
		if out.Message == nil {
			return true
		}
		another, _ := sent.swap(to, true)
		return !another
	})(c)
}

// allsAfterMessages sends ALLS only if a message was sent since SUBS.
func allsAfterMessages(c *relay.Config) {
	var sent notes[*relay.Session, bool]
	whileCollecting(func(to *relay.Session, out *relay.Output) bool {
		if out.Message != nil {
			sent.set(to, true)
		}
		_, isALLS := out.Response.(smp.ALLS)
		any, _ := sent.get(to)
		return !isALLS || any
	})(c)
}

func withoutALLSAfterDrift(c *relay.Config) {
	var drifted notes[*relay.Session, bool]
	handles(func(s *relay.Session, r *relay.Request, c smp.SUBS, next execute) []relay.Output {
		outs := next(s, r)
		if repliedWith[smp.SOKS](outs) {
			drifted.set(s, outs[0].Response.(smp.SOKS).ServiceQueues != c.ServiceQueues)
		}
		return outs
	})(c)
	toServices(func(to *relay.Session, _ *relay.Queue, out *relay.Output) bool {
		_, isALLS := out.Response.(smp.ALLS)
		is, _ := drifted.get(to)
		return !isALLS || !is
	})(c)
}

func correlatesALLS(c *relay.Config) {
	var asked notes[*relay.Session, []byte]
	handles(func(s *relay.Session, r *relay.Request, _ smp.SUBS, next execute) []relay.Output {
		asked.set(s, r.Transmission.CorrelationID)
		return next(s, r)
	})(c)
	toServices(func(to *relay.Session, _ *relay.Queue, out *relay.Output) bool {
		if _, ok := out.Response.(smp.ALLS); ok {
			out.CorrelationID, _ = asked.get(to)
		}
		return true
	})(c)
}

// acknowledgedBySUBS changes the answer to ACK of queues that the session has not claimed
// by itself.
func acknowledgedBySUBS(change func(r *relay.Request, outs []relay.Output) []relay.Output) func(*relay.Config) {
	return func(c *relay.Config) {
		var x claims
		stages(x.note)(c)
		handles(func(s *relay.Session, r *relay.Request, _ smp.ACK, next execute) []relay.Output {
			outs := next(s, r)
			if isService(s) && !x.has(s, r.Transmission.EntityID) {
				return change(r, outs)
			}
			return outs
		})(c)
	}
}

// secondSUBS sends more after the answer to a second SUBS of a connection; delivered is
// what was delivered on it.
func secondSUBS(more func(r *relay.Request, s *relay.Session, delivered []relay.Output) []relay.Output) func(*relay.Config) {
	return func(c *relay.Config) {
		var taken notes[*relay.Session, bool]
		var delivered notes[*relay.Session, []relay.Output]
		handles(func(s *relay.Session, r *relay.Request, _ smp.SUBS, next execute) []relay.Output {
			outs := next(s, r)
			if again, _ := taken.swap(s, true); again {
				before, _ := delivered.get(s)
				outs = append(outs, more(r, s, before)...)
			}
			return outs
		})(c)
		toServices(func(to *relay.Session, _ *relay.Queue, out *relay.Output) bool {
			if out.Message != nil {
				delivered.update(to, func(list []relay.Output) []relay.Output { return append(list, *out) })
			}
			return true
		})(c)
	}
}
