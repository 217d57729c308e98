package service

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// takeoverFaults are mistakes when another connection of a service subscribes.
var takeoverFaults = []fault.Fault{
	{
		ID:       "service/second-connection-refused",
		Story:    "A service has one subscribed connection, and SUBS or NSUBS of another one is refused.",
		Breaks:   []string{"SMP-SERVICE-TAKEOVER"},
		Cases:    []string{"relay/service/takeover", "relay/service/nsubs-takeover"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    refusesSecond,
	},
	{
		ID:       "service/first-connection-stays",
		Story:    "SUBS and NSUBS of a second connection are answered, and everything still goes to the first.",
		Breaks:   []string{"SMP-SERVICE-TAKEOVER"},
		Cases:    []string{"relay/service/takeover", "relay/service/nsubs-takeover"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: func(c *relay.Config) {
			servesConnections(func(earlier, later *relay.Session) []*relay.Session { return []*relay.Session{earlier} })(c)
		},
	},
	{
		ID:       "service/both-connections",
		Story:    "All connections of a service are told everything, and those who have it already drop it.",
		Breaks:   []string{"SMP-SERVICE-TAKEOVER"},
		Cases:    []string{"relay/service/takeover", "relay/service/nsubs-takeover"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: func(c *relay.Config) {
			servesConnections(func(earlier, later *relay.Session) []*relay.Session { return []*relay.Session{earlier, later} })(c)
		},
	},
	{
		ID:       "service/not-redelivered",
		Story:    "A message that was sent to one connection of a service is not sent to the next, acknowledged or not.",
		Breaks:   []string{"SMP-SERVICE-TAKEOVER"},
		Cases:    []string{"relay/service/takeover"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    deliversOnce,
	},
	{
		ID:       "service/ends-missing",
		Story:    "END is sent for single queues, and for the subscription of a whole service nothing is.",
		Breaks:   []string{"SMP-SERVICE-ENDS"},
		Cases:    []string{"relay/service/ends"}, // others would wait as long once more
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    servicesMiss[smp.ENDS](),
	},
	{
		ID:       "service/ends-as-end",
		Story:    "The end of a service subscription is told by END with the service id.",
		Breaks:   []string{"SMP-SERVICE-ENDS"},
		Cases:    []string{"relay/service/ends"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    servicesGet(func(out *relay.Output, _ smp.ENDS) { out.Response = smp.END{} }),
	},
	{
		ID:       "service/ends-to-new",
		Story:    "ENDS goes to the connection that is entered for the service, which is the new one already.",
		Breaks:   []string{"SMP-SERVICE-ENDS"},
		Cases:    []string{"relay/service/ends"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    endsToNew,
	},
	{
		ID:       "service/ends-without-id",
		Story:    "ENDS is about the connection, which knows its service, and has no entity id.",
		Breaks:   []string{"SMP-SERVICE-ENDS"},
		Cases:    []string{"relay/service/ends", "relay/service/nsubs-takeover"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    servicesGet(func(out *relay.Output, _ smp.ENDS) { out.EntityID = nil }),
	},
	{
		ID:       "service/ends-zero",
		Story:    "ENDS says what is left to the connection: count 0 and a hash of zeros.",
		Breaks:   []string{"SMP-SERVICE-ENDS-COUNT"},
		Cases:    []string{"relay/service/ends", "relay/service/nsubs-takeover"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    servicesGet(func(out *relay.Output, _ smp.ENDS) { out.Response = smp.ENDS{} }),
	},
	{
		ID:       "service/ends-count-alone",
		Story:    "ENDS has the right count and a hash of zeros, because the hash is needed for SUBS only.",
		Breaks:   []string{"SMP-SERVICE-ENDS-COUNT"},
		Cases:    []string{"relay/service/ends", "relay/service/nsubs-takeover"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: servicesGet(func(out *relay.Output, ends smp.ENDS) {
			out.Response = smp.ENDS{ServiceQueues: smp.ServiceQueues{Count: ends.Count}}
		}),
	},
}

// subscribed notes, for each service, which of its connections has used SUBS or NSUBS
// first.
type subscribed struct {
	first fault.Notes[string, *relay.Session]
}

func (x *subscribed) note(st *relay.Stages) {
	next := st.Execute
	st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		if fault.IsOneOf(r, "SUBS", "NSUBS") {
			x.first.Update(string(r.Transmission.EntityID), func(first *relay.Session) *relay.Session {
				if first == nil {
					return s
				}
				return first
			})
		}
		return next(s, r)
	}
}

// endsToNew sends ENDS to the connection that used SUBS or NSUBS last.
func endsToNew(c *relay.Config) {
	var last fault.Notes[string, *relay.Session]
	fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
		if fault.IsOneOf(r, "SUBS", "NSUBS") {
			last.Set(string(r.Transmission.EntityID), s)
		}
		return next(s, r)
	})(c)
	fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
		if _, ok := out.Response.(smp.ENDS); ok {
			if later, known := last.Get(string(out.EntityID)); known {
				to = later
			}
		}
		next(to, q, out)
	})(c)
}

func refusesSecond(c *relay.Config) {
	var x subscribed
	next := c.Stages.Execute
	c.Stages.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		first, ok := x.first.Get(string(r.Transmission.EntityID))
		if ok && first != s && fault.IsOneOf(r, "SUBS", "NSUBS") {
			return fault.Refuse(r, smp.ErrService)
		}
		return next(s, r)
	}
	fault.Stages(x.note)(c)
}

// servesConnections sends what is for a connection of a service to those that choose says,
// of the first one that has subscribed and the present one.
func servesConnections(choose func(earlier, later *relay.Session) []*relay.Session) func(*relay.Config) {
	return func(c *relay.Config) {
		var x subscribed
		fault.Stages(x.note)(c)
		fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
			if !fault.IsService(to) || out.Message == nil && out.Notification == nil {
				next(to, q, out)
				return
			}
			first, ok := x.first.Get(string(to.Conn().Service().ID))
			if !ok || first == to {
				next(to, q, out)
				return
			}
			for _, s := range choose(first, to) {
				next(s, q, out)
			}
		})(c)
	}
}

// deliversOnce sends services no message that was sent to another connection.
func deliversOnce(c *relay.Config) {
	var delivered fault.Notes[string, *relay.Session]
	toServices(func(to *relay.Session, _ *relay.Queue, out *relay.Output) bool {
		if out.Message == nil {
			return true
		}
		before, ok := delivered.Swap(string(out.Message.ID), to)
		return !ok || before == to
	})(c)
}
