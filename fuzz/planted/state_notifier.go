package planted

import (
	"bytes"
	"weak"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// notifierFaults are mistakes about notifiers.
func notifierFaults() []Fault {
	return []Fault{
		{
			ID:    "state/notifier-survives",
			Title: "Notifications go on after NDEL.",
			Finds: []string{Violation},
			Apply: fault.Remembering(notifierSurvives),
		},
		{
			ID:    "state/notification-of-last",
			Title: "A connection that is notified about two queues gets all notifications under the id of the second one.",
			Finds: []string{Violation, Protocol},
			Apply: fault.Remembering(func(last *beside[relay.Session, fault.Notes[bool, []byte]]) func(*relay.Config) {
				return fault.Together(
					fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NSUB, next fault.Execute) []relay.Output {
						outs := next(s, r)
						if fault.RepliedWith[smp.SOK](outs) {
							last.of(s).Set(true, r.Queue.Notifier().ID)
						}
						return outs
					}),
					fault.Notifies(func(to *relay.Session, _ *relay.Queue, out *relay.Output) bool {
						if id, ok := last.of(to).Get(true); ok {
							out.EntityID = id
						}
						return true
					}),
				)
			}),
		},
		{
			ID:    "state/unasked-notification",
			Title: "The notifier is told about messages without the notification flag too.",
			Finds: []string{Violation},
			Apply: fault.Announces(func(r *relay.Relay, q *relay.Queue, m *relay.Message, next fault.Announce) {
				if m.Notify {
					next(r, q, m)
					return
				}
				next(r, q, &relay.Message{ID: m.ID, Time: m.Time, Notify: true, Body: m.Body})
			}),
		},
		{
			ID:    "state/notification-lost",
			Title: "Of two messages in a row only the first one is announced.",
			Finds: []string{Violation},
			Apply: fault.Announces(func(r *relay.Relay, q *relay.Queue, m *relay.Message, next fault.Announce) {
				if q.Mailbox().Len() < 2 {
					next(r, q, m)
				}
			}),
		},
		{
			ID:    "state/replaced-notifier-subscribes",
			Title: "NSUB is answered OK to a notifier that another NKEY has replaced.",
			Finds: []string{Violation, Accepted},
			Apply: fault.Remembering(func(replaced *fault.Notes[string, keys.PublicKey]) func(*relay.Config) {
				return fault.Together(
					fault.Stages(func(st *relay.Stages) {
						next := st.Authorise
						st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
							err := next(s, r)
							key, ok := replaced.Get(string(r.Transmission.EntityID))
							if ok && is[smp.NSUB](r) && st.Verify(s, r, key) {
								return nil
							}
							return err
						}
					}),
					fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
						switch {
						case is[smp.NSUB](r) && r.Queue == nil:
							return fault.Reply(r, smp.SOK{})
						case is[smp.NKEY](r) && r.Queue.Notifier() != nil:
							replaced.Set(string(r.Queue.Notifier().ID), r.Queue.Notifier().AuthKey)
						}
						return next(s, r)
					}),
				)
			}),
		},
		{
			ID:    "state/notifier-takeover-without-end",
			Title: "A connection that loses notifications to another one goes on getting them.",
			Finds: []string{Violation},
			Apply: fault.Remembering(func(displaced *beside[relay.Queue, weak.Pointer[relay.Session]]) func(*relay.Config) {
				return fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
					switch {
					case fault.IsA[smp.END](out) && q.Notifier() != nil && bytes.Equal(out.EntityID, q.Notifier().ID):
						*displaced.of(q) = weak.Make(to)
						return
					case out.Notification != nil:
						if earlier := displaced.of(q).Value(); earlier != nil && earlier != to {
							again := *out.Notification
							next(earlier, q, relay.Output{EntityID: out.EntityID, Notification: &again})
						}
					}
					next(to, q, out)
				})
			}),
		},
	}
}

// notifiers are those that queues had, with the connections that were subscribed.
type notifiers struct {
	of beside[relay.Queue, formerNotifier]
}

type formerNotifier struct {
	notifier   *relay.Notifier
	subscriber weak.Pointer[relay.Session]
}

// notifierSurvives tells the notifier that a queue had about its messages.
func notifierSurvives(x *notifiers) func(*relay.Config) {
	return fault.Together(
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NDEL, next fault.Execute) []relay.Output {
			if n, to := r.Queue.Notifier(), r.Queue.NotificationSubscriber(); n != nil && to != nil {
				*x.of.of(r.Queue) = formerNotifier{n, weak.Make(to)}
			}
			return next(s, r)
		}),
		fault.Stages(func(st *relay.Stages) {
			next := st.Announce
			st.Announce = func(r *relay.Relay, q *relay.Queue, m *relay.Message) {
				next(r, q, m)
				former := x.of.of(q)
				if to := former.subscriber.Value(); to != nil && m.Notify && q.Notifier() == nil {
					st.Push(to, q, relay.Output{
						EntityID:     former.notifier.ID,
						Notification: &relay.Notification{Notifier: former.notifier, MessageID: m.ID, Time: m.Time},
					})
				}
			}
		}),
	)
}
