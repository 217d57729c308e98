package service

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// subscribeFaults are mistakes in SUBS, in what it delivers and in ALLS.
var subscribeFaults = []fault.Fault{
	{
		ID:       "service/subs-ok",
		Story:    "SUBS is answered with OK, as SUB was in old versions.",
		Breaks:   []string{"SMP-SERVICE-SUBS-SOKS"},
		Cases:    []string{"relay/service/subs", "relay/service/subs-none"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    fault.Alters[smp.SUBS](func(*relay.Session, *relay.Request, smp.SOKS) smp.Response { return smp.OK{} }),
	},
	{
		ID:       "service/soks-echoes",
		Story:    "SOKS repeats count and hash of SUBS, so that the service sees that it was understood.",
		Breaks:   []string{"SMP-SERVICE-SUBS-DRIFT", "SMP-SERVICE-KEPT"},
		Cases:    []string{"relay/service/subs-drift", "relay/service/kept"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: fault.Alters[smp.SUBS](func(_ *relay.Session, r *relay.Request, _ smp.SOKS) smp.Response {
			return smp.SOKS{ServiceQueues: r.Command.(smp.SUBS).ServiceQueues}
		}),
	},
	{
		ID:       "service/soks-without-id",
		Story:    "SOKS is about no queue and has no entity id.",
		Breaks:   []string{"SMP-SERVICE-SOKS-ENTITY"},
		Cases:    []string{"relay/service/subs-entity"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUBS, next fault.Execute) []relay.Output {
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
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.SUBS, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if fault.RepliedWith[smp.SOKS](outs) && outs[0].Response.(smp.SOKS).Count != c.Count {
				return fault.Refuse(r, smp.ErrService)
			}
			return outs
		}),
	},
	{
		ID:       "service/drift-without-alls",
		Story:    "After SUBS with a wrong hash the service does not know its queues, so ALLS would mislead it.",
		Breaks:   []string{"SMP-SERVICE-SUBS-DRIFT"},
		Cases:    []string{"relay/service/subs-drift"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    withoutALLSAfterDrift,
	},
	{
		ID:       "service/nothing-waits",
		Story:    "SUBS is for what comes from now on, and waiting messages need SUB for each queue.",
		Breaks:   []string{"SMP-SERVICE-SUBS-DELIVERS", "SMP-SERVICE-ALLS-LAST"},
		Cases:    []string{"relay/service/subs-delivers", "relay/service/alls"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    whileCollecting(func(_ *relay.Session, out *relay.Output) bool { return out.Message == nil }),
	},
	{
		ID:       "service/one-waits",
		Story:    "SUBS brings one waiting message, and the next queue follows when it is acknowledged.",
		Breaks:   []string{"SMP-SERVICE-SUBS-DELIVERS", "SMP-SERVICE-ALLS-LAST"},
		Cases:    []string{"relay/service/subs-delivers", "relay/service/alls"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    collectsOne,
	},
	{
		ID:       "service/only-claimed-later",
		Story:    "After SUBS what waited is delivered, and later messages only of queues that this connection has subscribed to.",
		Breaks:   []string{"SMP-SERVICE-SUBS-LATER"},
		Cases:    []string{"relay/service/subs-later"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    onlyClaimed(func(claimed bool) bool { return claimed }),
	},
	{
		ID:       "service/collects-once",
		Story:    "That the service has sent SUBS is kept with the service and not with its connection, and what waits is delivered once.",
		Breaks:   []string{"SMP-SERVICE-SUBS-DELIVERS", "SMP-SERVICE-ALLS-LAST"},
		Cases:    []string{"relay/service/reconnect"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    fault.Remembering(collectsOnce),
	},
	{
		ID:       "service/alls-once",
		Story:    "ALLS is sent once to a service, whatever waits when it reconnects.",
		Breaks:   []string{"SMP-SERVICE-ALLS-LAST"},
		Cases:    []string{"relay/service/reconnect"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    fault.Remembering(allsOnce),
	},
	{
		ID:       "service/ack-needs-sub",
		Story:    "ACK is for who has subscribed with SUB, and after SUBS it is answered with NO_MSG.",
		Breaks:   []string{"SMP-SERVICE-SUBS-ACK"},
		Cases:    []string{"relay/service/subs-ack"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    acknowledgedBySUBS(func(r *relay.Request, _ []relay.Output) []relay.Output { return fault.Refuse(r, smp.ErrNoMsg) }),
	},
	{
		ID:       "service/ack-brings-nothing",
		Story:    "ACK of a message that came by SUBS is answered with OK, and the next one waits for another SUBS.",
		Breaks:   []string{"SMP-SERVICE-SUBS-ACK"},
		Cases:    []string{"relay/service/subs-ack"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: acknowledgedBySUBS(func(r *relay.Request, outs []relay.Output) []relay.Output {
			return fault.Reply(r, smp.OK{})
		}),
	},
	{
		ID:       "service/alls-first",
		Story:    "ALLS follows SOKS at once, since everything has been put into the queue of the connection.",
		Breaks:   []string{"SMP-SERVICE-ALLS-LAST"},
		Cases:    []string{"relay/service/alls"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: fault.Together(servicesMiss[smp.ALLS](), fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUBS, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if fault.RepliedWith[smp.SOKS](outs) {
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
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    servicesMiss[smp.ALLS](),
	},
	{
		ID:       "service/alls-only-after-messages",
		Story:    "ALLS ends what was delivered, so that nothing comes if nothing waits.",
		Breaks:   []string{"SMP-SERVICE-ALLS-LAST"},
		Cases:    []string{"relay/service/alls-none"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    allsAfterMessages,
	},
	{
		ID:       "service/alls-twice",
		Story:    "ALLS is sent when the last message was put into the queue, and again when it was written.",
		Breaks:   []string{"SMP-SERVICE-ALLS-LAST"},
		Cases:    []string{"relay/service/alls"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
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
		Versions: fault.Since(smp.VersionServiceCounts),
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
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    correlatesALLS,
	},
	{
		ID:       "service/subs-again-alls",
		Story:    "Each SUBS is followed by an ALLS, also if it delivers nothing.",
		Breaks:   []string{"SMP-SERVICE-SUBS-REPEATED"},
		Cases:    []string{"relay/service/subs-again"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: secondSUBS(func(r *relay.Request, _ *relay.Session, _ []relay.Output) []relay.Output {
			return []relay.Output{{Response: smp.ALLS{}}}
		}),
	},
	{
		ID:       "service/subs-again-delivers",
		Story:    "A second SUBS brings again what was delivered and is not acknowledged, as a second SUB does.",
		Breaks:   []string{"SMP-SERVICE-SUBS-REPEATED"},
		Cases:    []string{"relay/service/subs-again"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: secondSUBS(func(_ *relay.Request, _ *relay.Session, delivered []relay.Output) []relay.Output {
			return delivered
		}),
	},
	{
		ID:       "service/subs-again-refused",
		Story:    "A second SUBS on a connection is taken for a mistake of the service.",
		Breaks:   []string{"SMP-SERVICE-SUBS-REPEATED"},
		Cases:    []string{"relay/service/subs-again"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: func(c *relay.Config) {
			var taken fault.Notes[*relay.Session, bool]
			fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUBS, next fault.Execute) []relay.Output {
				if again, _ := taken.Swap(s, true); again {
					return fault.Refuse(r, smp.ErrCmdProhibited)
				}
				return next(s, r)
			})(c)
		},
	},
}

// whileCollecting changes what a service is sent between SUBS and ALLS, and drops what
// change is false for.
func whileCollecting(change func(to *relay.Session, out *relay.Output) bool) func(*relay.Config) {
	var collecting fault.Notes[*relay.Session, bool]
	return fault.Together(
		toServices(func(to *relay.Session, _ *relay.Queue, out *relay.Output) bool {
			if is, _ := collecting.Get(to); !is {
				return true
			}
			send := change(to, out)
			if _, ok := out.Response.(smp.ALLS); ok {
				collecting.Take(to)
			}
			return send
		}),
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUBS, next fault.Execute) []relay.Output {
			collecting.Set(s, true)
			return next(s, r)
		}),
	)
}

// collectsOnce sends a service neither messages nor ALLS for SUBS if another connection of it
// was the first to get them.
func collectsOnce(first *fault.Notes[string, *relay.Session]) func(*relay.Config) {
	return whileCollecting(func(to *relay.Session, _ *relay.Output) bool {
		return firstOf(first, to, to.Conn().Service().ID) == to
	})
}

// allsOnce is collectsOnce for ALLS alone.
func allsOnce(first *fault.Notes[string, *relay.Session]) func(*relay.Config) {
	return toServices(func(to *relay.Session, _ *relay.Queue, out *relay.Output) bool {
		_, ok := out.Response.(smp.ALLS)
		return !ok || firstOf(first, to, to.Conn().Service().ID) == to
	})
}

// collectsOne sends one message between SUBS and ALLS.
func collectsOne(c *relay.Config) {
	var sent fault.Notes[*relay.Session, bool]
	whileCollecting(func(to *relay.Session, out *relay.Output) bool {
		if out.Message == nil {
			return true
		}
		another, _ := sent.Swap(to, true)
		return !another
	})(c)
}

// allsAfterMessages sends ALLS only if a message was sent since SUBS.
func allsAfterMessages(c *relay.Config) {
	var sent fault.Notes[*relay.Session, bool]
	whileCollecting(func(to *relay.Session, out *relay.Output) bool {
		if out.Message != nil {
			sent.Set(to, true)
		}
		_, isALLS := out.Response.(smp.ALLS)
		any, _ := sent.Get(to)
		return !isALLS || any
	})(c)
}

func withoutALLSAfterDrift(c *relay.Config) {
	var drifted fault.Notes[*relay.Session, bool]
	fault.Handles(func(s *relay.Session, r *relay.Request, c smp.SUBS, next fault.Execute) []relay.Output {
		outs := next(s, r)
		if fault.RepliedWith[smp.SOKS](outs) {
			drifted.Set(s, outs[0].Response.(smp.SOKS).ServiceQueues != c.ServiceQueues)
		}
		return outs
	})(c)
	toServices(func(to *relay.Session, _ *relay.Queue, out *relay.Output) bool {
		_, isALLS := out.Response.(smp.ALLS)
		is, _ := drifted.Get(to)
		return !isALLS || !is
	})(c)
}

func correlatesALLS(c *relay.Config) {
	var asked fault.Notes[*relay.Session, []byte]
	fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUBS, next fault.Execute) []relay.Output {
		asked.Set(s, r.Transmission.CorrelationID)
		return next(s, r)
	})(c)
	toServices(func(to *relay.Session, _ *relay.Queue, out *relay.Output) bool {
		if _, ok := out.Response.(smp.ALLS); ok {
			out.CorrelationID, _ = asked.Get(to)
		}
		return true
	})(c)
}

// acknowledgedBySUBS changes the answer to ACK of queues that the session has not claimed
// by itself.
func acknowledgedBySUBS(change func(r *relay.Request, outs []relay.Output) []relay.Output) func(*relay.Config) {
	return func(c *relay.Config) {
		var x claims
		fault.Stages(x.note)(c)
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.ACK, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if fault.IsService(s) && !x.has(s, r.Transmission.EntityID) {
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
		var taken fault.Notes[*relay.Session, bool]
		var delivered fault.Notes[*relay.Session, []relay.Output]
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUBS, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if again, _ := taken.Swap(s, true); again {
				before, _ := delivered.Get(s)
				outs = append(outs, more(r, s, before)...)
			}
			return outs
		})(c)
		toServices(func(to *relay.Session, _ *relay.Queue, out *relay.Output) bool {
			if out.Message != nil {
				delivered.Update(to, func(list []relay.Output) []relay.Output { return append(list, *out) })
			}
			return true
		})(c)
	}
}
