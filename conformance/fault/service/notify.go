package service

import (
	"bytes"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// notifyFaults are mistakes with the notifications of services.
var notifyFaults = []fault.Fault{
	{
		ID:       "service/nsub-names-no-service",
		Story:    "NSUB of a service is answered as that of any client.",
		Breaks:   []string{"SMP-SERVICE-NSUB-ASSOCIATES"},
		Cases:    []string{"relay/service/nsub"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    sok[smp.NSUB](func(*relay.Session, smp.SOK) smp.SOK { return smp.SOK{} }),
	},
	{
		ID:       "service/nsub-is-no-subscription",
		Story:    "NSUB of a service gives it the notifier, and notifications come after NSUBS only.",
		Breaks:   []string{"SMP-SERVICE-NSUB-ASSOCIATES"},
		Cases:    []string{"relay/service/nsub-announces"},
		Versions: fault.Since(smp.VersionServices),
		Apply: func(c *relay.Config) {
			var x claims
			fault.Stages(x.note)(c)
			toServices(func(to *relay.Session, _ *relay.Queue, out *relay.Output) bool {
				all, _ := x.all.Get(to)
				return out.Notification == nil || all
			})(c)
		},
	},
	{
		ID:       "service/nsub-displaces-silently",
		Story:    "END is for ordinary notifiers that other ones displace; a service takes notifiers without it.",
		Breaks:   []string{"SMP-NTF-TAKEOVER-END"},
		Cases:    []string{"relay/service/nsub-displaces"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: fault.PushesDuring[smp.NSUB](func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
			if fault.IsService(to) || !fault.IsService(q.NotificationSubscriber()) {
				next(to, q, out)
			}
		}),
	},
	{
		ID:       "service/nsub-displaced-still-told",
		Story:    "A service is told about messages besides the ordinary notifier that has subscribed before.",
		Breaks:   []string{"SMP-NTF-TAKEOVER"},
		Cases:    []string{"relay/service/nsub-displaces"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    fault.TellsDisplaced,
	},
	{
		ID:       "service/nsubs-unknown",
		Story:    "Services were built for messages first, and NSUBS is an unknown command.",
		Breaks:   []string{"SMP-SERVICE-NSUBS-SOKS", "SMP-SERVICE-NSUBS-OLD"},
		Cases:    []string{"relay/service/nsubs", "relay/service/nsubs-old"},
		Versions: fault.Since(smp.VersionServices),
		Apply: fault.Handles(func(_ *relay.Session, r *relay.Request, _ smp.NSUBS, _ fault.Execute) []relay.Output {
			return fault.Refuse(r, smp.ErrCmdUnknown)
		}),
	},
	{
		ID:       "service/nsubs-not-before-19",
		Story:    "NSUBS is refused before version 19, from which the document has it.",
		Breaks:   []string{"SMP-SERVICE-NSUBS-OLD"},
		Cases:    []string{"relay/service/nsubs-old"},
		Versions: wire.Versions(smp.VersionServices, smp.VersionServiceCounts-1),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NSUBS, next fault.Execute) []relay.Output {
			if s.Version() < smp.VersionServiceCounts {
				return fault.Refuse(r, smp.ErrCmdProhibited)
			}
			return next(s, r)
		}),
	},
	{
		ID:       "service/nsubs-only-counts",
		Story:    "NSUBS compares count and hash, and what was not subscribed with NSUB is not announced.",
		Breaks:   []string{"SMP-SERVICE-NSUBS-DELIVERS", "SMP-SERVICE-NSUBS-OLD"},
		Cases:    []string{"relay/service/nsubs-delivers", "relay/service/nsubs-old"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    onlyClaimed(func(claimed bool) bool { return claimed }),
	},
	{
		ID:       "service/nkey-keeps-service",
		Story:    "NKEY gives the notifier another id and other keys, and the service to which it belongs is told of messages as before.",
		Breaks:   []string{"SMP-NTF-NMSG-SUBSCRIBED"},
		Cases:    []string{"relay/service/nkey"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    fault.Remembering(tellsServiceAfterNKEY),
	},
	{
		ID:       "service/nkey-subscribes",
		Story:    "NKEY takes a notifier from its service as NSUB does, and so the connection that has sent it is subscribed.",
		Breaks:   []string{"SMP-NTF-NMSG-SUBSCRIBED"},
		Cases:    []string{"relay/service/nkey"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    fault.Remembering(tellsWhoSentNKEY),
	},
	{
		ID:       "service/nsubs-later-alone",
		Story:    "NSUBS announces what comes from then on; what came before is for NSUB, which asks for one queue.",
		Breaks:   []string{"SMP-SERVICE-NSUBS-WAITING"},
		Cases:    []string{"relay/service/nsubs-waiting"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    fault.Remembering(announcesLater),
	},
	{
		ID:       "service/nsubs-alls",
		Story:    "NSUBS ends with ALLS, as SUBS does.",
		Breaks:   []string{"SMP-SERVICE-NSUBS-NO-ALLS"},
		Cases:    []string{"relay/service/nsubs-no-alls"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NSUBS, next fault.Execute) []relay.Output {
			return append(next(s, r), relay.Output{Response: smp.ALLS{}})
		}),
	},
	{
		ID:       "service/nsub-detaches-not",
		Story:    "NSUB of an ordinary client borrows a notifier of a service, and SOK names the service.",
		Breaks:   []string{"SMP-SERVICE-NSUB-DETACHES"},
		Cases:    []string{"relay/service/nsub-detaches"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    borrowsNotifiers,
	},
	{
		ID:       "service/nsub-detached-still-told",
		Story:    "An ordinary NSUB is told about messages besides the service, which keeps the notifier.",
		Breaks:   []string{"SMP-SERVICE-NSUB-DETACHES"},
		Cases:    []string{"relay/service/nsub-detaches"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    tellsServiceToo,
	},
	{
		ID:       "service/nsub-of-another-refused",
		Story:    "A notifier stays with the service that it was given to, and NSUB of another one is refused.",
		Breaks:   []string{"SMP-SERVICE-NSUB-ASSOCIATES"},
		Cases:    []string{"relay/service/nsub-migration"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    keepsNotifiers,
	},
	{
		ID:       "service/nsub-detached-silent",
		Story:    "A service loses a notifier to an ordinary client and is not told.",
		Breaks:   []string{"SMP-SERVICE-NSUB-DETACHED-EVENT"},
		Cases:    []string{"relay/service/notifier-events"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    servicesMiss[smp.END](),
	},
	{
		ID:       "service/ndel-end",
		Story:    "A service gets END for a notifier of its own, whether it was deleted or taken.",
		Breaks:   []string{"SMP-SERVICE-NDEL-EVENT"},
		Cases:    []string{"relay/service/notifier-events"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    servicesGet(func(out *relay.Output, _ smp.DELD) { out.Response = smp.END{} }),
	},
	{
		ID:       "service/nkey-silent",
		Story:    "A service is told that a notifier was deleted, and not that another one has replaced it.",
		Breaks:   []string{"SMP-SERVICE-NDEL-EVENT"},
		Cases:    []string{"relay/service/notifier-events"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    servicesMissDuring[smp.NKEY](),
	},
	{
		ID:       "service/notifier-silent-del",
		Story:    "DEL tells the connection that has sent NSUB, and a service has sent NSUBS.",
		Breaks:   []string{"SMP-NTF-DELETED-QUEUE"},
		Cases:    []string{"relay/service/notifier-events"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    servicesMissDuring[smp.DEL](),
	},
}

// keepsNotifiers refuses NSUB of another service than that which a notifier was given to.
func keepsNotifiers(c *relay.Config) {
	var of fault.Notes[string, []byte]
	owners(c, &of)
	fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NSUB, next fault.Execute) []relay.Output {
		if id, owned := of.Get(string(r.Transmission.EntityID)); owned && fault.IsService(s) && !bytes.Equal(id, s.Conn().Service().ID) {
			return fault.Refuse(r, smp.ErrService)
		}
		return next(s, r)
	})(c)
}

// servicesMissDuring does not send services what a command causes for its queue.
func servicesMissDuring[C smp.Command]() func(*relay.Config) {
	return fault.PushesDuring[C](func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
		if !fault.IsService(to) {
			next(to, q, out)
		}
	})
}

// tellsServiceAfterNKEY tells the connection of a service also about the notifier that
// replaces its own.
func tellsServiceAfterNKEY(told *fault.Notes[*relay.Queue, *relay.Session]) func(*relay.Config) {
	return tellsAfterNKEY(told, func(_, subscriber *relay.Session) *relay.Session { return subscriber })
}

// tellsWhoSentNKEY tells the connection that has replaced the notifier of a service.
func tellsWhoSentNKEY(told *fault.Notes[*relay.Queue, *relay.Session]) func(*relay.Config) {
	return tellsAfterNKEY(told, func(by, _ *relay.Session) *relay.Session { return by })
}

func tellsAfterNKEY(told *fault.Notes[*relay.Queue, *relay.Session], whom func(by, subscriber *relay.Session) *relay.Session) func(*relay.Config) {
	return func(c *relay.Config) {
		push := c.Stages.Push
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NKEY, next fault.Execute) []relay.Output {
			if to := r.Queue.NotificationSubscriber(); to != nil && fault.IsService(to) {
				told.Set(r.Queue, whom(s, to))
			}
			return next(s, r)
		})(c)
		fault.Announces(func(r *relay.Relay, q *relay.Queue, m *relay.Message, next fault.Announce) {
			if to, ok := told.Get(q); ok && m.Notify && q.Notifier() != nil {
				push(to, q, fault.NotificationOf(q, m))
			}
			next(r, q, m)
		})(c)
	}
}

// announcesLater tells services of what came after their NSUBS.
func announcesLater(since *fault.Notes[*relay.Session, time.Time]) func(*relay.Config) {
	return fault.Together(
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NSUBS, next fault.Execute) []relay.Output {
			since.Set(s, time.Now())
			return next(s, r)
		}),
		toServices(func(to *relay.Session, _ *relay.Queue, out *relay.Output) bool {
			begin, ok := since.Get(to)
			return !ok || out.Notification == nil || out.Notification.Time.After(begin)
		}),
	)
}

// owners notes to which service notifiers were given.
func owners(c *relay.Config, of *fault.Notes[string, []byte]) {
	fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NSUB, next fault.Execute) []relay.Output {
		outs := next(s, r)
		if fault.RepliedWith[smp.SOK](outs) && fault.IsService(s) {
			of.Set(string(r.Transmission.EntityID), s.Conn().Service().ID)
		}
		return outs
	})(c)
}

func borrowsNotifiers(c *relay.Config) {
	var of fault.Notes[string, []byte]
	owners(c, &of)
	fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NSUB, next fault.Execute) []relay.Output {
		outs := next(s, r)
		if id, owned := of.Get(string(r.Transmission.EntityID)); owned && fault.RepliedWith[smp.SOK](outs) {
			outs[0].Response = smp.SOK{ServiceID: id}
		}
		return outs
	})(c)
}

// tellsServiceToo sends notifications to the connection of the service too that a notifier
// was given to.
func tellsServiceToo(c *relay.Config) {
	var of fault.Notes[string, []byte]
	var present fault.Notes[string, *relay.Session]
	owners(c, &of)
	fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NSUBS, next fault.Execute) []relay.Output {
		present.Set(string(r.Transmission.EntityID), s)
		return next(s, r)
	})(c)
	fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
		next(to, q, out)
		if out.Notification == nil || fault.IsService(to) {
			return
		}
		id, _ := of.Get(string(out.EntityID))
		if service, ok := present.Get(string(id)); ok {
			next(service, q, out)
		}
	})(c)
}
