package service

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// singleFaults are mistakes when another connection of a service subscribes to one
// queue, or to the notifications of one.
var singleFaults = []fault.Fault{
	{
		ID:       "service/single-stays",
		Story:    "SUB and NSUB of a queue that the service has already change nothing, also on another connection of it.",
		Breaks:   []string{"SMP-SERVICE-TAKEOVER"},
		Cases:    []string{"relay/service/sub-takeover", "relay/service/nsub-takeover"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    servesSingle(func(first, _ *relay.Session) []*relay.Session { return []*relay.Session{first} }),
	},
	{
		ID:       "service/single-to-both",
		Story:    "Each connection of a service that has subscribed to a queue gets what comes for it.",
		Breaks:   []string{"SMP-SERVICE-TAKEOVER"},
		Cases:    []string{"relay/service/sub-takeover", "relay/service/nsub-takeover"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    servesSingle(func(first, last *relay.Session) []*relay.Session { return []*relay.Session{first, last} }),
	},
	{
		ID:       "service/new-stays",
		Story:    "SUB, NSUB, SUBS and NSUBS make a connection of a service the one that gets everything, and NEW is forgotten.",
		Breaks:   []string{"SMP-SERVICE-TAKEOVER"},
		Cases:    []string{"relay/service/new-takeover"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    newStays(),
	},
	{
		ID:       "service/single-refused",
		Story:    "A queue to which a connection of the service has subscribed is taken, so SUB of another one is an error of the service.",
		Breaks:   []string{"SMP-SERVICE-TAKEOVER"},
		Cases:    []string{"relay/service/sub-takeover"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: fault.Remembering(func(first *fault.Notes[string, *relay.Session]) func(*relay.Config) {
			return fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
				if fault.IsService(s) && firstOf(first, s, r.Transmission.EntityID) != s {
					return fault.Refuse(r, smp.ErrService)
				}
				return next(s, r)
			})
		}),
	},
}

// newStays sends messages of the queues that a service creates to the connection of it that
// was the first to create one.
func newStays() func(*relay.Config) {
	return fault.Remembering(func(first *fault.Notes[string, *relay.Session]) func(*relay.Config) {
		return fault.Together(
			fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NEW, next fault.Execute) []relay.Output {
				if fault.IsService(s) {
					firstOf(first, s, s.Conn().Service().ID)
				}
				return next(s, r)
			}),
			fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
				if out.Message != nil {
					if before, known := first.Get(string(q.ServiceID())); known {
						to = before
					}
				}
				next(to, q, out)
			}),
		)
	})
}

// firstOf returns the session that subscribed first to what has the id; that is s if none
// did.
func firstOf(first *fault.Notes[string, *relay.Session], s *relay.Session, id []byte) *relay.Session {
	return first.Update(string(id), func(before *relay.Session) *relay.Session {
		if before == nil {
			return s
		}
		return before
	})
}

// servesSingle sends what is for a service to those that choose says, of the connection
// that subscribed first to the queue by itself and the present one.
func servesSingle(choose func(first, last *relay.Session) []*relay.Session) func(*relay.Config) {
	return fault.Remembering(func(first *fault.Notes[string, *relay.Session]) func(*relay.Config) {
		return fault.Together(
			fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
				if fault.IsService(s) && fault.IsOneOf(r, "SUB", "NSUB") {
					firstOf(first, s, r.Transmission.EntityID)
				}
				return next(s, r)
			}),
			fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
				before, known := first.Get(string(out.EntityID))
				if !known || before == to || out.Message == nil && out.Notification == nil {
					next(to, q, out)
					return
				}
				for _, s := range choose(before, to) {
					next(s, q, out)
				}
			}),
		)
	})
}
