package planted

import (
	"bytes"
	"weak"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// subscriptionFaults are mistakes about who gets the messages of a queue.
func subscriptionFaults() []Fault {
	return []Fault{
		{
			ID:    "state/takeover-without-end",
			Title: "A connection that loses a queue to another one is not told END.",
			Finds: []string{Violation},
			Apply: withholds[smp.END](),
		},
		{
			ID:    "state/deleted-without-word",
			Title: "A subscriber is not told DELD when another connection deletes the queue.",
			Finds: []string{Violation},
			Apply: withholds[smp.DELD](),
		},
		{
			ID:    "state/end-to-new-subscriber",
			Title: "END goes to the connection that takes the queue over, and not to the one that loses it.",
			Finds: []string{Violation},
			Apply: fault.Remembering(func(taking *fault.Notes[string, weak.Pointer[relay.Session]]) func(*relay.Config) {
				return fault.Together(
					fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
						id := string(r.Queue.RecipientID())
						taking.Set(id, weak.Make(s))
						defer taking.Take(id)
						return next(s, r)
					}),
					fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
						if p, ok := taking.Get(string(q.RecipientID())); ok && fault.IsA[smp.END](out) {
							to = p.Value()
						}
						next(to, q, out)
					}),
				)
			}),
		},
		{
			ID:    "state/both-receive",
			Title: "A connection that has lost a queue goes on getting its messages, beside the new subscriber.",
			Finds: []string{Violation},
			Apply: fault.Remembering(func(displaced *beside[relay.Queue, weak.Pointer[relay.Session]]) func(*relay.Config) {
				return fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
					if q == nil {
						next(to, q, out)
						return
					}
					earlier := displaced.of(q)
					if fault.IsA[smp.END](out) && bytes.Equal(out.EntityID, q.RecipientID()) {
						*earlier = weak.Make(to)
					}
					next(to, q, out)
					if other := earlier.Value(); other != nil && other != to && out.Message != nil {
						next(other, q, out)
					}
				})
			}),
		},
		{
			ID:    "state/third-subscriber",
			Title: "A queue can be taken over once: the third connection is answered as usual and gets nothing.",
			Finds: []string{Violation},
			Apply: fault.Remembering(func(takeovers *beside[relay.Queue, int]) func(*relay.Config) {
				return fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
					if earlier := r.Queue.Subscriber(); earlier != nil && earlier != s {
						n := takeovers.of(r.Queue)
						if *n++; *n > 1 {
							return fault.Reply(r, smp.SOK{})
						}
					}
					return next(s, r)
				})
			}),
		},
		{
			ID:    "state/repeated-subscription",
			Title: "After a second SUB on the same connection a message that was acknowledged comes once more.",
			Finds: []string{Violation},
			Apply: fault.Remembering(func(again *beside[relay.Queue, bool]) func(*relay.Config) {
				return fault.Together(
					fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
						if r.Queue.Subscriber() == s && r.Queue.Mailbox().Len() > 0 {
							*again.of(r.Queue) = true
						}
						return next(s, r)
					}),
					removes(func(q *relay.Queue, id []byte, next remove) bool {
						if twice := again.of(q); *twice {
							*twice = false
							return true
						}
						return next(q, id)
					}),
				)
			}),
		},
		{
			ID:    "state/unacknowledged-lost",
			Title: "What was delivered to a connection that has ended counts as received, without ACK.",
			Finds: []string{Violation},
			Apply: fault.Stages(func(st *relay.Stages) {
				next := st.Leave
				st.Leave = func(s *relay.Session, q *relay.Queue) {
					if first := q.Mailbox().Head(); first != nil && q.Subscriber() == s {
						q.Mailbox().Remove(first.ID)
					}
					next(s, q)
				}
			}),
		},
		{
			ID:    "state/get-while-subscribed",
			Title: "GET is served on a connection that is subscribed, which gets the message twice then.",
			Finds: []string{Violation, Accepted},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.GET, next fault.Execute) []relay.Output {
				if r.Queue.Subscriber() != s {
					return next(s, r)
				}
				return answerWith(r, r.Queue.Mailbox().Head())
			}),
		},
		{
			ID:    "state/third-queue-of-connection",
			Title: "A connection has two places for queues, and messages of its third one come under the id of the first.",
			Finds: []string{Violation, Protocol},
			Apply: fault.Remembering(thirdQueueSharesPlace),
		},
	}
}

// places are the recipient ids of the first queues that a connection has created.
type places struct{ fault.Notes[int, []byte] }

// thirdQueueSharesPlace gives the queues that a connection has created places in turn.
func thirdQueueSharesPlace(sessions *beside[relay.Session, places]) func(*relay.Config) {
	const number = 2
	return fault.Together(
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NEW, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if ids, ok := outs[0].Response.(smp.IDS); ok {
				of := sessions.of(s)
				n := 0
				of.Each(func(int, []byte) { n++ })
				of.Set(n, ids.RecipientID)
			}
			return outs
		}),
		fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
			if out.Message != nil {
				of, place := sessions.of(to), -1
				of.Each(func(i int, id []byte) {
					if bytes.Equal(id, out.EntityID) {
						place = i % number
					}
				})
				if first, ok := of.Get(place); ok {
					out.EntityID = first
				}
			}
			next(to, q, out)
		}),
	)
}

// withholds does not send an event.
func withholds[E smp.Response]() func(*relay.Config) {
	return fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
		if !fault.IsA[E](out) {
			next(to, q, out)
		}
	})
}

// answerWith answers a request with a message of its queue, OK for none.
func answerWith(r *relay.Request, m *relay.Message) []relay.Output {
	if m == nil {
		return fault.Reply(r, smp.OK{})
	}
	outs := fault.Reply(r, nil)
	outs[0].Message, outs[0].Queue = m, r.Queue
	return outs
}

// remove is the stage Remove.
type remove = func(q *relay.Queue, id []byte) bool

// removes replaces the stage Remove; next is what it was.
func removes(f func(q *relay.Queue, id []byte, next remove) bool) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.Remove
		st.Remove = func(q *relay.Queue, id []byte) bool { return f(q, id, next) }
	})
}
