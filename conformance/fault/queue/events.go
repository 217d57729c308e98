package queue

import (
	"bytes"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// withholds does not send an event.
func withholds[E smp.Response]() func(*relay.Config) {
	return fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
		if !fault.IsA[E](out) {
			next(to, q, out)
		}
	})
}

// asAnswer sends an event under the correlation id of the command that caused it.
func asAnswer[C smp.Command, E smp.Response]() func(*relay.Config) {
	return fault.Remembering(func(causes *fault.Notes[string, []byte]) func(*relay.Config) {
		return fault.Together(
			fault.Handles(func(s *relay.Session, r *relay.Request, _ C, next fault.Execute) []relay.Output {
				causes.Set(string(r.Queue.RecipientID()), bytes.Clone(r.Transmission.CorrelationID))
				return next(s, r)
			}),
			fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
				if fault.IsA[E](out) {
					out.CorrelationID, _ = causes.Get(string(q.RecipientID()))
				}
				next(to, q, out)
			}),
		)
	})
}

// toItself sends an event also to the subscriber that has caused it with a command.
func toItself[C smp.Command](event smp.Response) func(*relay.Config) {
	return fault.Handles(func(s *relay.Session, r *relay.Request, _ C, next fault.Execute) []relay.Output {
		own := r.Queue.Subscriber() == s
		outs := next(s, r)
		if own {
			outs = append(outs, relay.Output{EntityID: r.Queue.RecipientID(), Response: event})
		}
		return outs
	})
}
