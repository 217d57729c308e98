package planted

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// crashesOfState are crashes on commands that are right in themselves and come at the
// wrong time.
func crashesOfState() []Fault {
	return []Fault{
		{
			ID:    "crash/unknown-notifier",
			Title: "NSUB uses the queue of the notifier although there is none with such an id.",
			Finds: []string{Crash},
			Apply: authorises(func(s *relay.Session, r *relay.Request, next authorise) *smp.Error {
				err := next(s, r)
				if is[smp.NSUB](r) {
					_ = r.Queue.RecipientID()
				}
				return err
			}),
		},
		{
			ID:    "crash/deleted-notifier",
			Title: "A message is announced to the notifier that the queue had, after NDEL too.",
			Finds: []string{Crash},
			Apply: fault.Remembering(func(notified *beside[relay.Queue, bool]) func(*relay.Config) {
				return fault.Together(
					fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NDEL, next fault.Execute) []relay.Output {
						*notified.of(r.Queue) = r.Queue.Notifier() != nil
						return next(s, r)
					}),
					fault.Announces(func(r *relay.Relay, q *relay.Queue, m *relay.Message, next fault.Announce) {
						if *notified.of(q) && m.Notify {
							_ = q.Notifier().ID
						}
						next(r, q, m)
					}),
				)
			}),
		},
		{
			ID:    "crash/deleted-queue",
			Title: "ACK takes the message from the queue that the connection knows, which may have been deleted.",
			Finds: []string{Crash},
			Apply: fault.Remembering(func(deleted *fault.Notes[string, bool]) func(*relay.Config) {
				return fault.Together(
					fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.DEL, next fault.Execute) []relay.Output {
						deleted.Set(string(r.Queue.RecipientID()), true)
						return next(s, r)
					}),
					authorises(func(s *relay.Session, r *relay.Request, next authorise) *smp.Error {
						err := next(s, r)
						if gone, _ := deleted.Get(string(r.Transmission.EntityID)); gone && is[smp.ACK](r) {
							_ = r.Queue.Mailbox().Len()
						}
						return err
					}),
				)
			}),
		},
		{
			ID:    "crash/get-while-subscribed",
			Title: "GET looks at what the connection has got by GET before, which a subscribed one never has.",
			Finds: []string{Crash},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.GET, next fault.Execute) []relay.Output {
				var got *relay.Message
				if r.Queue.Subscriber() == s {
					_ = got.ID
				}
				return next(s, r)
			}),
		},
		{
			ID:    "crash/empty-queue-average",
			Title: "QUE computes the average size of messages, also if there is none.",
			Finds: []string{Crash},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.QUE, next fault.Execute) []relay.Output {
				_ = smp.MaxMessageLength(s.Version()) / r.Queue.Mailbox().Len()
				return next(s, r)
			}),
		},
		{
			ID:    "crash/key-of-unsecured",
			Title: "SEND with an authorization takes the sender's key apart, which the queue may not have.",
			Finds: []string{Crash},
			Apply: fault.Verifies(func(_ *relay.Session, r *relay.Request, key keys.PublicKey) bool {
				if is[smp.SEND](r) && r.Queue != nil {
					_ = key.Raw()[0]
				}
				return false
			}),
		},
	}
}
