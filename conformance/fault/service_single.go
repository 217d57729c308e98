package fault

import (
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// serviceSingleFaults are mistakes when another connection of a service subscribes to one
// queue, or to the notifications of one.
var serviceSingleFaults = []Fault{
	{
		ID:       "service/single-stays",
		Story:    "SUB and NSUB of a queue that the service has already change nothing, also on another connection of it.",
		Breaks:   []string{"SMP-SERVICE-TAKEOVER"},
		Cases:    []string{"relay/service/sub-takeover", "relay/service/nsub-takeover"},
		Versions: since(smp.VersionServiceCounts),
		Apply:    servesSingle(func(first, _ *relay.Session) []*relay.Session { return []*relay.Session{first} }),
	},
	{
		ID:       "service/single-to-both",
		Story:    "Each connection of a service that has subscribed to a queue gets what comes for it.",
		Breaks:   []string{"SMP-SERVICE-TAKEOVER"},
		Cases:    []string{"relay/service/sub-takeover", "relay/service/nsub-takeover"},
		Versions: since(smp.VersionServiceCounts),
		Apply:    servesSingle(func(first, last *relay.Session) []*relay.Session { return []*relay.Session{first, last} }),
	},
	{
		ID:       "service/single-refused",
		Story:    "A queue to which a connection of the service has subscribed is taken, so SUB of another one is an error of the service.",
		Breaks:   []string{"SMP-SERVICE-TAKEOVER"},
		Cases:    []string{"relay/service/sub-takeover"},
		Versions: since(smp.VersionServiceCounts),
		Apply: remembering(func(first *notes[string, *relay.Session]) func(*relay.Config) {
			return handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next execute) []relay.Output {
				if isService(s) && firstOf(first, s, r.Transmission.EntityID) != s {
					return refuse(r, smp.ErrService)
				}
				return next(s, r)
			})
		}),
	},
}

// firstOf returns the session that subscribed first to what has the id; that is s if none
// did.
func firstOf(first *notes[string, *relay.Session], s *relay.Session, id []byte) *relay.Session {
	return first.update(string(id), func(before *relay.Session) *relay.Session {
		if before == nil {
			return s
		}
		return before
	})
}

// servesSingle sends what is for a service to those that choose says, of the connection
// that subscribed first to the queue by itself and the present one.
func servesSingle(choose func(first, last *relay.Session) []*relay.Session) func(*relay.Config) {
	return remembering(func(first *notes[string, *relay.Session]) func(*relay.Config) {
		return together(
			executes(func(s *relay.Session, r *relay.Request, next execute) []relay.Output {
				if isService(s) && isOneOf(r, "SUB", "NSUB") {
					firstOf(first, s, r.Transmission.EntityID)
				}
				return next(s, r)
			}),
			pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next push) {
				before, known := first.get(string(out.EntityID))
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
