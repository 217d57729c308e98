package queue

import (
	"bytes"
	"slices"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

var orderFaults = []fault.Fault{
	{
		ID:     "delivery/some-lost",
		Story:  "Every fifth message of a queue is answered before it is stored, and then forgotten.",
		Breaks: []string{"SMP-MSG-KEPT"},
		Cases:  []string{"relay/delivery/complete"},
		Apply: fault.Remembering(func(counts *fault.Notes[string, int]) func(*relay.Config) {
			return fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
				if counts.Update(string(q.RecipientID()), func(n int) int { return n + 1 })%5 == 0 {
					return true
				}
				return next(q, m)
			})
		}),
	},
	{
		ID:     "delivery/newest-kept",
		Story:  "A queue is a ring of eight messages, and a new one takes the place of the oldest.",
		Breaks: []string{"SMP-MSG-KEPT"},
		Cases:  []string{"relay/delivery/complete"},
		Apply: fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
			stored := next(q, m)
			rearrange(q, func(all []*relay.Message) []*relay.Message {
				const places = 8
				if len(all) > places { // the first one is on its way
					all = slices.Delete(all, 1, 2)
				}
				return all
			})
			return stored
		}),
	},
	{
		ID:     "delivery/message-expires",
		Story:  "The time for which messages are kept is configured in days and read as milliseconds.",
		Breaks: []string{"SMP-MSG-KEPT"},
		Cases:  []string{"relay/delivery/waiting"},
		Apply:  func(c *relay.Config) { c.MessageTTL = soon },
	},
	{
		ID:     "delivery/queue-expires",
		Story:  "A queue that nobody has used for a moment is deleted, with the messages in it.",
		Breaks: []string{"SMP-MSG-KEPT"},
		Cases:  []string{"relay/delivery/waiting"},
		Apply:  func(c *relay.Config) { c.QueueTTL = soon },
	},
	wrongOrder("newest-first", "Behind the message that was delivered, the newest one comes next.", "order", func(waiting []*relay.Message) {
		slices.Reverse(waiting)
	}),
	wrongOrder("by-id", "The messages of a queue are rows of a table, whose key is the message id.", "order", func(waiting []*relay.Message) {
		slices.SortFunc(waiting, func(a, b *relay.Message) int { return bytes.Compare(a.ID, b.ID) })
	}),
	{
		ID:     "delivery/by-connection",
		Story:  "The messages of each sending connection have a list of their own, and lists are delivered one after the other.",
		Breaks: []string{"SMP-MSG-ORDER"},
		Cases:  []string{"relay/delivery/order-two-senders"},
		Apply:  fault.Remembering(ordersByConnection),
	},
	{
		ID:     "delivery/all-at-once",
		Story:  "A subscriber gets each message as soon as it comes, whether the one before is acknowledged or not.",
		Breaks: []string{"SMP-MSG-ONE"},
		Cases:  []string{"relay/delivery/one-at-a-time"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Store
			st.Store = func(q *relay.Queue, m *relay.Message) bool {
				waiting := q.Mailbox().Len() > 0
				stored := next(q, m)
				if s := q.Subscriber(); stored && waiting && s != nil {
					st.Push(s, q, event(q, m))
				}
				return stored
			}
		}),
	},
	{
		ID:     "delivery/not-to-the-sender",
		Story:  "Everybody gets a message but the connection that has sent it, as on a mailing list.",
		Breaks: []string{"SMP-SUB-LATER"},
		Cases:  []string{"relay/delivery/to-sender"},
		Apply: fault.Remembering(func(senders *fault.Notes[string, *relay.Session]) func(*relay.Config) {
			return fault.Together(
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SEND, next fault.Execute) []relay.Output {
					senders.Set(string(r.Queue.RecipientID()), s)
					return next(s, r)
				}),
				fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
					if s, _ := senders.Get(string(q.RecipientID())); out.Message == nil || s != to {
						next(to, q, out)
					}
				}),
			)
		}),
	},
	{
		ID:     "delivery/twice",
		Story:  "A message is delivered when it is stored and once more when it is answered.",
		Breaks: []string{"SMP-MSG-ONCE"},
		Cases:  []string{"relay/delivery/once"},
		Apply: fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
			next(to, q, out)
			if out.Message != nil {
				next(to, q, out)
			}
		}),
	},
	{
		ID:     "delivery/again-with-the-next",
		Story:  "When a message comes the subscriber gets the first one of the queue, whether it has it already or not.",
		Breaks: []string{"SMP-MSG-ONCE"},
		Cases:  []string{"relay/delivery/once"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Store
			st.Store = func(q *relay.Queue, m *relay.Message) bool {
				if first, s := q.Mailbox().Head(), q.Subscriber(); first != nil && s != nil {
					st.Push(s, q, event(q, first))
				}
				return next(q, m)
			}
		}),
	},
	{
		ID:     "delivery/any-recipient-command-subscribes",
		Story:  "Messages go to the connection that has used the recipient's id last.",
		Breaks: []string{"SMP-NEW-CREATE-ONLY"},
		Cases:  []string{"relay/new/create-only"},
		Apply: fault.Remembering(func(last *fault.Notes[string, *relay.Session]) func(*relay.Config) {
			return fault.Together(
				fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
					if r.Queue != nil && bytes.Equal(r.Transmission.EntityID, r.Queue.RecipientID()) {
						last.Set(string(r.Queue.RecipientID()), s)
					}
					return next(s, r)
				}),
				fault.Stages(func(st *relay.Stages) {
					next := st.Store
					st.Store = func(q *relay.Queue, m *relay.Message) bool {
						if s, ok := last.Get(string(q.RecipientID())); ok && q.Subscriber() == nil {
							st.Push(s, q, event(q, m))
						}
						return next(q, m)
					}
				}),
			)
		}),
	},
}

// soon is after how long a relay forgets what it has to keep.
const soon = 2 * time.Second

// wrongOrder is a relay that delivers what waits behind the first message in another
// order.
func wrongOrder(name, story, noticing string, order func(waiting []*relay.Message)) fault.Fault {
	return fault.Fault{
		ID:     "delivery/" + name,
		Story:  story,
		Breaks: []string{"SMP-MSG-ORDER"},
		Cases:  []string{"relay/delivery/" + noticing},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Remove
			st.Remove = func(q *relay.Queue, id []byte) bool {
				removed := next(q, id)
				rearrange(q, func(all []*relay.Message) []*relay.Message {
					order(all)
					return all
				})
				return removed
			}
		}),
	}
}

// connections are those that have sent the messages.
type connections struct {
	sending fault.Notes[string, *relay.Session]
	of      fault.Notes[string, *relay.Session]
}

// ordersByConnection delivers the messages of one connection before those of another.
func ordersByConnection(c *connections) func(*relay.Config) {
	return fault.Together(
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SEND, next fault.Execute) []relay.Output {
			c.sending.Set(string(r.Queue.SenderID()), s)
			return next(s, r)
		}),
		fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
			s, _ := c.sending.Get(string(q.SenderID()))
			c.of.Set(string(m.ID), s)
			stored := next(q, m)
			rearrange(q, func(all []*relay.Message) []*relay.Message {
				at := len(all) - 1
				for i, before := range all[:at] {
					if by, _ := c.of.Get(string(before.ID)); by == s {
						at = i + 1
					}
				}
				return slices.Insert(slices.Clip(all[:len(all)-1]), at, m)
			})
			return stored
		}),
	)
}
