package queue

import (
	"bytes"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

var takeoverFaults = []fault.Fault{
	{
		ID:     "sub/first-wins",
		Story:  "A queue that has a subscriber keeps it, and the later SUB is answered as usual.",
		Breaks: []string{"SMP-SUB-TAKEOVER"},
		Cases:  []string{"relay/sub/takeover", "relay/sub/close-displaced"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
			if holder := r.Queue.Subscriber(); holder != nil && holder != s {
				return fault.Reply(r, smp.SOK{})
			}
			return next(s, r)
		}),
	},
	{
		ID:     "sub/both-receive",
		Story:  "A displaced connection is told END and stays in the list of those that get messages.",
		Breaks: []string{"SMP-SUB-TAKEOVER-SILENT"},
		Cases:  []string{"relay/sub/takeover"},
		Apply: fault.Remembering(func(displaced *fault.Notes[string, *relay.Session]) func(*relay.Config) {
			return fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
				if fault.IsA[smp.END](out) {
					displaced.Set(string(q.RecipientID()), to)
				}
				if other, ok := displaced.Get(string(q.RecipientID())); ok && out.Message != nil {
					next(other, q, out)
				}
				next(to, q, out)
			})
		}),
	},
	{
		ID:     "sub/displaced-goes-on",
		Story:  "ACK is served for every connection that a message was delivered to, and brings it the next one.",
		Breaks: []string{"SMP-SUB-TAKEOVER-SILENT"},
		Cases:  []string{"relay/sub/takeover-silent"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.ACK, next fault.Execute) []relay.Output {
			first := r.Queue.Mailbox().Head()
			if r.Queue.Subscriber() == s || first == nil || !bytes.Equal(first.ID, c.MsgID) {
				return next(s, r)
			}
			r.Queue.Mailbox().Remove(c.MsgID)
			if m := r.Queue.Mailbox().Head(); m != nil {
				return deliver(r, m)
			}
			return fault.Reply(r, smp.OK{})
		}),
	},
	{
		ID:     "sub/displaced-for-ever",
		Story:  "A connection that was displaced stays marked as one that gets nothing more of the queue.",
		Breaks: []string{"SMP-SUB-TAKEOVER"},
		Cases:  []string{"relay/sub/takeover-back"},
		Apply: fault.Remembering(func(displaced *fault.Notes[string, *relay.Session]) func(*relay.Config) {
			return fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
				id := string(q.RecipientID())
				if first, ok := displaced.Get(id); ok && first == to && out.Message != nil {
					return
				}
				if _, ok := displaced.Get(id); !ok && fault.IsA[smp.END](out) {
					displaced.Set(id, to)
				}
				next(to, q, out)
			})
		}),
	},
	{
		ID:     "sub/displaced-comes-back",
		Story:  "The subscribers of a queue are a stack: when the connection on top ends, the one below has the queue again.",
		Breaks: []string{"SMP-SUB-TAKEOVER-SILENT"},
		Cases:  []string{"relay/sub/takeover-closed"},
		Apply:  fault.Remembering(displacedComesBack),
	},
	{
		ID:     "sub/listed-twice",
		Story:  "The subscribers of a queue are a list, to which SUB adds the connection whether it is there or not.",
		Breaks: []string{"SMP-MSG-ONCE"},
		Cases:  []string{"relay/sub/repeated-once"},
		Apply: fault.Remembering(func(listed *fault.Notes[string, bool]) func(*relay.Config) {
			return fault.Together(
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
					listed.Set(string(r.Queue.RecipientID()), r.Queue.Subscriber() == s)
					return next(s, r)
				}),
				fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
					next(to, q, out)
					if twice, _ := listed.Get(string(q.RecipientID())); twice && out.Message != nil {
						next(to, q, out)
					}
				}),
			)
		}),
	},
	{
		ID:     "sub/unacknowledged-stays",
		Story:  "A message that the displaced connection has, and did not acknowledge, is its own, and the new one gets those behind it.",
		Breaks: []string{"SMP-SUB-REDELIVERY"},
		Cases:  []string{"relay/ack/needed"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
			if holder := r.Queue.Subscriber(); holder != nil && holder != s {
				if m := r.Queue.Mailbox().Head(); m != nil {
					r.Queue.Mailbox().Remove(m.ID)
				}
			}
			return next(s, r)
		}),
	},
	{
		ID:     "sub/end-twice",
		Story:  "END is sent by SUB and by what cleans up after it.",
		Breaks: []string{"SMP-SUB-TAKEOVER-ONCE"},
		Cases:  []string{"relay/sub/end-once"},
		Apply: fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
			next(to, q, out)
			if fault.IsA[smp.END](out) {
				next(to, q, out)
			}
		}),
	},
	{
		ID:     "sub/no-end",
		Story:  "A displaced connection gets no more messages, and nobody tells it why.",
		Breaks: []string{"SMP-SUB-END"},
		Cases:  []string{"relay/sub/end"},
		Apply:  withholds[smp.END](),
	},
	{
		ID:     "sub/end-for-creators-only",
		Story:  "END is sent to the connection that created the queue, which the relay takes for the subscriber.",
		Breaks: []string{"SMP-SUB-END"},
		Cases:  []string{"relay/sub/end-subscribed"},
		Apply: fault.Remembering(func(creators *fault.Notes[string, *relay.Session]) func(*relay.Config) {
			return fault.Together(
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NEW, next fault.Execute) []relay.Output {
					outs := next(s, r)
					if ids, ok := outs[0].Response.(smp.IDS); ok {
						creators.Set(string(ids.RecipientID), s)
					}
					return outs
				}),
				fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
					if creator, ok := creators.Get(string(q.RecipientID())); ok && fault.IsA[smp.END](out) {
						to = creator
					}
					next(to, q, out)
				}),
			)
		}),
	},
	{
		ID:     "sub/end-for-both",
		Story:  "END is sent to everybody who is interested in the queue, the new subscriber too.",
		Breaks: []string{"SMP-SUB-END"},
		Cases:  []string{"relay/sub/end-subscribed"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
			before := r.Queue.Subscriber()
			outs := next(s, r)
			if before != nil && before != s {
				outs = append(outs, relay.Output{EntityID: r.Queue.RecipientID(), Response: smp.END{}})
			}
			return outs
		}),
	},
	{
		ID:     "sub/end-with-correlation-id",
		Story:  "END has the correlation id of the SUB that caused it.",
		Breaks: []string{"SMP-SUB-END"},
		Cases:  []string{"relay/sub/end", "relay/sub/end-subscribed"},
		Apply:  asAnswer[smp.SUB, smp.END](),
	},
	{
		ID:     "sub/end-for-itself",
		Story:  "SUB ends the subscription that there is, also if the same connection has it.",
		Breaks: []string{"SMP-SUB-NO-END-SELF"},
		Cases:  []string{"relay/sub/no-end-self"},
		Apply:  toItself[smp.SUB](smp.END{}),
	},
	{
		ID:     "sub/closed-connection-ends-all",
		Story:  "The end of a connection ends the subscriptions of its queues, whoever has them by now.",
		Breaks: []string{"SMP-SUB-DISPLACED-CLOSE", "SMP-SUB-TAKEOVER"},
		Cases:  []string{"relay/sub/close-displaced"},
		Apply:  fault.Remembering(closedConnectionsEndAll),
	},
}

// displacedComesBack gives messages to the connection that was displaced last, once the
// other one has ended.
func displacedComesBack(displaced *fault.Notes[string, *relay.Session]) func(*relay.Config) {
	return fault.Together(
		fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
			if fault.IsA[smp.END](out) {
				displaced.Set(string(q.RecipientID()), to)
			}
			next(to, q, out)
		}),
		fault.Stages(func(st *relay.Stages) {
			next := st.Store
			st.Store = func(q *relay.Queue, m *relay.Message) bool {
				stored := next(q, m)
				if first, ok := displaced.Get(string(q.RecipientID())); ok && stored && q.Subscriber() == nil {
					st.Push(first, q, event(q, m))
				}
				return stored
			}
		}),
	)
}

// endings are the queues that connections were subscribed to, and those that have no
// subscriber any more because one of these connections has ended.
type endings struct {
	displaced fault.Notes[*relay.Session, []string]
	ended     fault.Notes[string, bool]
}

// closedConnectionsEndAll makes the end of a displaced connection end the subscription
// of the other one.
func closedConnectionsEndAll(e *endings) func(*relay.Config) {
	return fault.Together(
		fault.Stages(func(st *relay.Stages) {
			read := st.Read
			st.Read = func(s *relay.Session) ([]byte, error) {
				content, err := read(s)
				if err != nil {
					queues, _ := e.displaced.Take(s)
					for _, id := range queues {
						e.ended.Set(id, true)
					}
				}
				return content, err
			}
		}),
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
			e.ended.Take(string(r.Queue.RecipientID()))
			return next(s, r)
		}),
		fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
			id := string(q.RecipientID())
			if fault.IsA[smp.END](out) {
				e.displaced.Update(to, func(ids []string) []string { return append(ids, id) })
			}
			if _, ok := e.ended.Get(id); !ok || out.Message == nil {
				next(to, q, out)
			}
		}),
	)
}

var redeliveryFaults = []fault.Fault{
	{
		ID:     "sub/removed-on-delivery",
		Story:  "A message is removed when it is written to the connection of the recipient.",
		Breaks: []string{"SMP-SUB-REDELIVERY"},
		Cases:  []string{"relay/sub/redelivery", "relay/ack/needed"},
		Apply: fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
			next(to, q, out)
			if out.Message != nil {
				q.Mailbox().Remove(out.Message.ID)
			}
		}),
	},
	{
		ID:     "sub/redelivered-with-new-id",
		Story:  "A message gets its id when it is delivered, and another one each time.",
		Breaks: []string{"SMP-SUB-REDELIVERY"},
		Cases:  []string{"relay/sub/redelivery"},
		Apply: fault.Remembering(func(ids *fault.Notes[string, []byte]) func(*relay.Config) {
			return fault.Together(
				delivers(func(_ *relay.Session, _ *relay.Queue, m *relay.Message) {
					id := fault.Random(fault.IDSize)
					ids.Set(string(id), m.ID)
					m.ID = id
				}),
				fault.Handles(func(s *relay.Session, r *relay.Request, c smp.ACK, next fault.Execute) []relay.Output {
					if id, ok := ids.Get(string(c.MsgID)); ok {
						r.Command = smp.ACK{MsgID: id}
					}
					return next(s, r)
				}),
			)
		}),
	},
	{
		ID:     "sub/redelivered-three-times",
		Story:  "A message that nobody acknowledges is given up after its third delivery.",
		Breaks: []string{"SMP-SUB-REDELIVERY"},
		Cases:  []string{"relay/sub/redelivery-often"},
		Apply: fault.Remembering(func(times *fault.Notes[string, int]) func(*relay.Config) {
			return fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
				next(to, q, out)
				if out.Message == nil {
					return
				}
				if times.Update(string(out.Message.ID), func(n int) int { return n + 1 }) == 3 {
					q.Mailbox().Remove(out.Message.ID)
				}
			})
		}),
	},
	{
		ID:     "sub/sent-to-closed-connection",
		Story:  "A message is handed over to the subscriber's connection although that has closed, and is not kept.",
		Breaks: []string{"SMP-SUB-CLOSE"},
		Cases:  []string{"relay/sub/close"},
		Apply: fault.Remembering(func(closed *fault.Notes[string, bool]) func(*relay.Config) {
			return fault.Together(
				fault.Stages(func(st *relay.Stages) {
					leave := st.Leave
					st.Leave = func(s *relay.Session, q *relay.Queue) {
						if q.Subscriber() == s {
							closed.Set(string(q.RecipientID()), true)
						}
						leave(s, q)
					}
				}),
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
					closed.Take(string(r.Queue.RecipientID()))
					return next(s, r)
				}),
				fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
					if _, ok := closed.Get(string(q.RecipientID())); ok {
						return true
					}
					return next(q, m)
				}),
			)
		}),
	},
}
