package queue

import (
	"bytes"
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/directory"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// subscribeFaults are mistakes in subscriptions.
var subscribeFaults = slices.Concat(subFaults, subAnswerFaults, subRefusalFaults, takeoverFaults, redeliveryFaults)

var subFaults = []fault.Fault{
	{
		ID:     "sub/only-later-messages",
		Story:  "SUB delivers messages from then on, and those that wait are for GET.",
		Breaks: []string{"SMP-SUB-DELIVERS"},
		Cases:  []string{"relay/sub/delivers"},
		Apply: fault.Remembering(func(fresh *fault.Notes[string, bool]) func(*relay.Config) {
			return fault.Together(
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
					fresh.Set(string(r.Queue.RecipientID()), true)
					return next(s, r)
				}),
				heads(func(q *relay.Queue, next head) *relay.Message {
					if _, ok := fresh.Take(string(q.RecipientID())); ok {
						return nil
					}
					return next(q)
				}),
			)
		}),
	},
	{
		ID:     "sub/newest-first",
		Story:  "The messages that wait are a stack, and SUB delivers the one on top.",
		Breaks: []string{"SMP-SUB-DELIVERS"},
		Cases:  []string{"relay/sub/delivers"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
			rearrange(r.Queue, func(all []*relay.Message) []*relay.Message { slices.Reverse(all); return all })
			return next(s, r)
		}),
	},
	{
		ID:     "sub/all-at-once",
		Story:  "SUB delivers everything that waits, and ACK is for the log of the relay.",
		Breaks: []string{"SMP-SUB-DELIVERS"},
		Cases:  []string{"relay/sub/delivers"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
			outs := next(s, r)
			rearrange(r.Queue, func(all []*relay.Message) []*relay.Message {
				for _, m := range all {
					outs = append(outs, event(r.Queue, m))
				}
				return all
			})
			return outs
		}),
	},
	{
		ID:     "sub/empty-queue-not-registered",
		Story:  "SUB of an empty queue finds nothing to deliver and ends before it registers the subscriber.",
		Breaks: []string{"SMP-SUB-LATER"},
		Cases:  []string{"relay/sub/later"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if r.Queue.Mailbox().Len() == 0 {
				r.Queue.Unsubscribe()
			}
			return outs
		}),
	},
	{
		ID:     "sub/last-queue-only",
		Story:  "A connection has a field for the queue that it is subscribed to.",
		Breaks: []string{"SMP-SUB-MANY"},
		Cases:  []string{"relay/sub/many"},
		Apply: fault.Remembering(func(last *fault.Notes[*relay.Session, string]) func(*relay.Config) {
			return fault.Together(notesSubscriptions(last), fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
				if id, ok := last.Get(to); ok && out.Message != nil && id != string(q.RecipientID()) {
					return
				}
				next(to, q, out)
			}))
		}),
	},
	{
		ID:     "sub/id-of-the-last-queue",
		Story:  "Deliveries have the queue id that the connection has used last.",
		Breaks: []string{"SMP-SUB-MANY"},
		Cases:  []string{"relay/sub/many"},
		Apply: fault.Remembering(func(last *fault.Notes[*relay.Session, string]) func(*relay.Config) {
			return fault.Together(notesSubscriptions(last), fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
				if id, ok := last.Get(to); ok && out.Message != nil {
					out.EntityID = []byte(id)
				}
				next(to, q, out)
			}))
		}),
	},
	{
		ID:     "sub/message-of-another-queue",
		Story:  "All deliveries of a connection are made in one buffer, which still has the message of another queue.",
		Breaks: []string{"SMP-SUB-MANY"},
		Cases:  []string{"relay/sub/many"},
		Apply: fault.Remembering(func(buffers *fault.Notes[*relay.Session, buffer]) func(*relay.Config) {
			return delivers(func(s *relay.Session, q *relay.Queue, m *relay.Message) {
				if b, ok := buffers.Swap(s, buffer{q, m.Body}); ok && b.queue != q {
					m.Body = b.body
				}
			})
		}),
	},
	{
		ID:     "sub/one-unacknowledged-per-connection",
		Story:  "Until a message is acknowledged its connection gets no other one, from whichever queue.",
		Breaks: []string{"SMP-SUB-INDEPENDENT"},
		Cases:  []string{"relay/sub/independent"},
		Apply: fault.Remembering(func(busy *fault.Notes[*relay.Session, string]) func(*relay.Config) {
			return fault.Together(
				fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
					if out.Message != nil {
						if id, ok := busy.Get(to); ok && id != string(q.RecipientID()) {
							return
						}
						busy.Set(to, string(q.RecipientID()))
					}
					next(to, q, out)
				}),
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.ACK, next fault.Execute) []relay.Output {
					outs := next(s, r)
					if fault.RepliedWith[smp.OK](outs) {
						busy.Take(s)
					}
					return outs
				}),
			)
		}),
	},
	{
		ID:     "sub/repeated-delivers-nothing",
		Story:  "SUB of a subscriber changes nothing and is answered at once.",
		Breaks: []string{"SMP-SUB-REPEATED"},
		Cases:  []string{"relay/sub/repeated"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
			if r.Queue.Subscriber() == s {
				return fault.Reply(r, smp.SOK{})
			}
			return next(s, r)
		}),
	},
}

// buffer holds the body of a message.
type buffer struct {
	queue *relay.Queue
	body  []byte
}

// notesSubscriptions notes the queue that each connection has subscribed to last.
func notesSubscriptions(last *fault.Notes[*relay.Session, string]) func(*relay.Config) {
	return fault.Together(
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
			last.Set(s, string(r.Queue.RecipientID()))
			return next(s, r)
		}),
		fault.Handles(func(s *relay.Session, r *relay.Request, c smp.NEW, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if ids, ok := outs[0].Response.(smp.IDS); ok && c.Subscribe {
				last.Set(s, string(ids.RecipientID))
			}
			return outs
		}),
	)
}

type head = func(*relay.Queue) *relay.Message

// heads replaces the stage Head; next is what it was.
func heads(f func(q *relay.Queue, next head) *relay.Message) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.Head
		st.Head = func(q *relay.Queue) *relay.Message { return f(q, next) }
	})
}

var subAnswerFaults = []fault.Fault{
	{
		ID:       "sub/answered-ok",
		Story:    "SUB is answered OK, as before there were services.",
		Breaks:   []string{"SMP-SUB-SOK"},
		Cases:    []string{"relay/sub/answer-sok"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    fault.Alters[smp.SUB](func(*relay.Session, *relay.Request, smp.SOK) smp.Response { return smp.OK{} }),
	},
	{
		ID:       "sub/answered-with-service-id",
		Story:    "SOK always has a service id, of a service that has a single client if need be.",
		Breaks:   []string{"SMP-SUB-SOK"},
		Cases:    []string{"relay/sub/answer-sok"},
		Versions: fault.Since(smp.VersionServices),
		Apply: fault.Alters[smp.SUB](func(*relay.Session, *relay.Request, smp.SOK) smp.Response {
			return smp.SOK{ServiceID: fault.Random(fault.IDSize)}
		}),
	},
	{
		ID:       "sub/answered-sok-early",
		Story:    "SUB is answered SOK at every version.",
		Breaks:   []string{"SMP-SUB-OK"},
		Cases:    []string{"relay/sub/answer-ok"},
		Versions: wire.Versions(smp.MinVersion, smp.VersionServices-1),
		Apply: fault.Together(fault.Stages(fault.Spells), fault.Alters[smp.SUB](func(*relay.Session, *relay.Request, smp.SOK) smp.Response {
			return fault.Spelled{Response: smp.OK{}, Text: "SOK 0"}
		})),
	},
	{
		ID:     "sub/message-without-answer",
		Story:  "The message that waits is all that SUB is answered with, and it is sent like any other delivery.",
		Breaks: []string{"SMP-SUB-FIRST-MESSAGE"},
		Cases:  []string{"relay/sub/answer-message"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if r.Queue.Mailbox().Len() > 0 {
				return nil
			}
			return outs
		}),
	},
	{
		ID:     "sub/two-answers",
		Story:  "Both the answer to SUB and the message after it have its correlation id.",
		Breaks: []string{"SMP-SUB-FIRST-MESSAGE"},
		Cases:  []string{"relay/sub/answer-message"},
		Apply: fault.Remembering(func(subs *fault.Notes[string, []byte]) func(*relay.Config) {
			return fault.Together(
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
					subs.Set(string(r.Queue.RecipientID()), bytes.Clone(r.Transmission.CorrelationID))
					return next(s, r)
				}),
				fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
					if out.Message != nil {
						out.CorrelationID, _ = subs.Take(string(q.RecipientID()))
					}
					next(to, q, out)
				}),
			)
		}),
	},
}

var subRefusalFaults = []fault.Fault{
	{
		ID:     "sub/either-id",
		Story:  "A queue is looked up by any of its ids, and the recipient's key opens it.",
		Breaks: []string{"SMP-SUB-SENDER-ID"},
		Cases:  []string{"relay/sub/sender-id"},
		Apply:  directory.EitherID("SUB", directory.RecipientID),
	},
	{
		ID:     "sub/sender-key",
		Story:  "Whoever has one of the keys of a queue may subscribe to it.",
		Breaks: []string{"SMP-SUB-AUTHORIZED"},
		Cases:  []string{"relay/sub/sender-key"},
		Apply:  directory.AlsoBy("SUB", directory.SenderKey),
	},
	{
		ID:     "sub/unknown-queue-ok",
		Story:  "SUB of a queue that does not exist is answered as for an empty one, so that nobody learns which exist.",
		Breaks: []string{"SMP-SUB-DELETED"},
		Cases:  []string{"relay/sub/deleted"},
		Apply:  unknownQueues[smp.SUB](smp.SOK{}),
	},
	{
		ID:     "sub/wrong-error",
		Story:  "SUB that is not authorized is answered as a command that is not allowed now.",
		Breaks: []string{"SMP-SUB-SENDER-ID", "SMP-SUB-AUTHORIZED", "SMP-SUB-DELETED"},
		Cases:  []string{"relay/sub/sender-id", "relay/sub/sender-key", "relay/sub/deleted"},
		Apply:  instead("SUB", smp.ErrAuth, smp.ErrCmdProhibited),
	},
}

// unknownQueues answers one command with a response when there is no such queue.
func unknownQueues[C smp.Command](response smp.Response) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		authorise, execute := st.Authorise, st.Execute
		st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			err := authorise(s, r)
			if _, ok := r.Command.(C); ok && r.Queue == nil {
				return nil
			}
			return err
		}
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			if _, ok := r.Command.(C); ok && r.Queue == nil {
				return fault.Reply(r, response)
			}
			return execute(s, r)
		}
	})
}
