package queue

import (
	"sync/atomic"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// unlimited is a quota that no case reaches.
const unlimited = 1 << 20

var quotaFaults = []fault.Fault{
	{
		ID:     "quota/none",
		Story:  "Memory is cheap, and queues may grow.",
		Breaks: []string{"SMP-SEND-QUOTA"},
		Cases:  []string{"relay/quota/refused"},
		Apply:  func(c *relay.Config) { c.Quota = unlimited },
	},
	{
		ID:     "quota/dropped-silently",
		Story:  "What a full queue does not take is dropped, and the answer is OK.",
		Breaks: []string{"SMP-SEND-QUOTA"},
		Cases:  []string{"relay/quota/refused"},
		Apply:  fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool { next(q, m); return true }),
	},
	{
		ID:     "quota/as-large-msg",
		Story:  "A message that has no room is answered as one that is too large.",
		Breaks: []string{"SMP-SEND-QUOTA"},
		Cases:  []string{"relay/quota/refused"},
		Apply:  instead("SEND", smp.ErrQuota, smp.ErrLargeMsg),
	},
	{
		ID:     "quota/as-auth",
		Story:  "A full queue is answered like one that does not exist, so that nobody learns which exist.",
		Breaks: []string{"SMP-SEND-QUOTA"},
		Cases:  []string{"relay/quota/refused"},
		Apply:  instead("SEND", smp.ErrQuota, smp.ErrAuth),
	},
	{
		ID:     "quota/free-after-one",
		Story:  "A queue is full as long as it holds as many messages as it may, and no longer.",
		Breaks: []string{"SMP-SEND-QUOTA-ALL"},
		Cases:  []string{"relay/quota/until-empty"},
		Apply: fault.Remembering(func(full *fault.Notes[string, bool]) func(*relay.Config) {
			return ownQuota(func(q *relay.Queue, m *relay.Message, length int) bool {
				if _, marked := full.Get(string(q.RecipientID())); marked {
					return length <= relay.DefaultQuota
				}
				if length == relay.DefaultQuota {
					full.Set(string(q.RecipientID()), true)
					q.Mailbox().Put(marker(m))
				}
				return length < relay.DefaultQuota
			})
		}),
	},
	{
		ID:     "quota/free-after-half",
		Story:  "A queue that was full takes messages again when half of them were received.",
		Breaks: []string{"SMP-SEND-QUOTA-ALL"},
		Cases:  []string{"relay/quota/until-empty"},
		Apply: fault.Remembering(func(full *fault.Notes[string, bool]) func(*relay.Config) {
			return ownQuota(func(q *relay.Queue, m *relay.Message, length int) bool {
				id := string(q.RecipientID())
				if length <= relay.DefaultQuota/2 {
					full.Take(id)
				}
				if _, ok := full.Get(id); ok {
					return false
				}
				if length >= relay.DefaultQuota {
					full.Set(id, true)
					q.Mailbox().Put(marker(m))
					return false
				}
				return true
			})
		}),
	},
	{
		ID:     "quota/no-marker",
		Story:  "The recipient of a full queue sees from the number of messages that it was full.",
		Breaks: []string{"SMP-SEND-QUOTA-MARKER"},
		Cases:  []string{"relay/quota/marker"},
		Apply: ownQuota(func(_ *relay.Queue, _ *relay.Message, length int) bool {
			return length < relay.DefaultQuota
		}),
	},
	{
		ID:     "quota/marker-for-each",
		Story:  "Each message that is refused leaves a marker.",
		Breaks: []string{"SMP-SEND-QUOTA-MARKER"},
		Cases:  []string{"relay/quota/marker"},
		Apply: ownQuota(func(q *relay.Queue, m *relay.Message, length int) bool {
			if length >= relay.DefaultQuota {
				q.Mailbox().Put(marker(m))
			}
			return length < relay.DefaultQuota
		}),
	},
	{
		ID:     "quota/marker-once",
		Story:  "The recipient of a queue is told once that it was full.",
		Breaks: []string{"SMP-SEND-QUOTA-MARKER"},
		Cases:  []string{"relay/quota/marker-again"},
		Apply: fault.Remembering(func(told *fault.Notes[string, bool]) func(*relay.Config) {
			return ownQuota(func(q *relay.Queue, m *relay.Message, length int) bool {
				if length == relay.DefaultQuota {
					if _, again := told.Swap(string(q.RecipientID()), true); !again {
						q.Mailbox().Put(marker(m))
					}
				}
				return length < relay.DefaultQuota
			})
		}),
	},
	{
		ID:     "quota/marker-in-place-of-last",
		Story:  "The marker takes the last place of the queue, and the message that was there is lost.",
		Breaks: []string{"SMP-SEND-QUOTA-MARKER"},
		Cases:  []string{"relay/quota/marker"},
		Apply: ownQuota(func(q *relay.Queue, m *relay.Message, length int) bool {
			if length == relay.DefaultQuota {
				rearrange(q, func(all []*relay.Message) []*relay.Message {
					return append(all[:len(all)-1], marker(m))
				})
			}
			return length < relay.DefaultQuota
		}),
	},
	{
		ID:     "quota/marker-first",
		Story:  "The marker overtakes the messages, so that the recipient hurries.",
		Breaks: []string{"SMP-SEND-QUOTA-MARKER"},
		Cases:  []string{"relay/quota/marker"},
		Apply: ownQuota(func(q *relay.Queue, m *relay.Message, length int) bool {
			if length == relay.DefaultQuota {
				rearrange(q, func(all []*relay.Message) []*relay.Message {
					return append([]*relay.Message{marker(m)}, all...)
				})
			}
			return length < relay.DefaultQuota
		}),
	},
	{
		ID:     "quota/marker-not-kept",
		Story:  "The marker is no message and is forgotten when it was written to the connection.",
		Breaks: []string{"SMP-MSG-QUOTA-ACK"},
		Cases:  []string{"relay/quota/marker-acknowledged"},
		Apply:  delivered(func(q *relay.Queue, m *relay.Message) bool { return m.Quota }),
	},
	{
		ID:     "quota/marker-for-ever",
		Story:  "ACK is for messages, and the marker is none.",
		Breaks: []string{"SMP-MSG-QUOTA-ACK"},
		Cases:  []string{"relay/quota/marker-acknowledged"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Remove
			st.Remove = func(q *relay.Queue, id []byte) bool {
				if m := q.Mailbox().Head(); m != nil && m.Quota {
					return false
				}
				return next(q, id)
			}
		}),
	},
	{
		ID:     "quota/full-for-ever",
		Story:  "A queue that was full once stays marked as full.",
		Breaks: []string{"SMP-SEND-QUOTA-AGAIN"},
		Cases:  []string{"relay/quota/again"},
		Apply: fault.Remembering(func(full *fault.Notes[string, bool]) func(*relay.Config) {
			return fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
				id := string(q.RecipientID())
				if _, ok := full.Get(id); ok {
					return false
				}
				stored := next(q, m)
				if !stored {
					full.Set(id, true)
				}
				return stored
			})
		}),
	},
	{
		ID:     "quota/of-the-relay",
		Story:  "When one queue is full, the relay stops taking messages until somebody has looked at it.",
		Breaks: []string{"SMP-SEND-QUOTA-OWN"},
		Cases:  []string{"relay/quota/own"},
		Apply: func(c *relay.Config) {
			var full atomic.Bool
			fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
				if full.Load() || !next(q, m) {
					full.Store(true)
					return false
				}
				return true
			})(c)
		},
	},
	{
		ID:     "quota/of-the-sender",
		Story:  "A connection that has filled a queue is a spammer and may send nothing more.",
		Breaks: []string{"SMP-SEND-QUOTA-OWN"},
		Cases:  []string{"relay/quota/own"},
		Apply: fault.Remembering(func(spammers *fault.Notes[*relay.Session, bool]) func(*relay.Config) {
			return fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SEND, next fault.Execute) []relay.Output {
				if _, ok := spammers.Get(s); ok {
					return fault.Refuse(r, smp.ErrQuota)
				}
				outs := next(s, r)
				if e, ok := outs[0].Response.(smp.ERR); ok && e.Err.Equal(smp.ErrQuota) {
					spammers.Set(s, true)
				}
				return outs
			})
		}),
	},
}

// ownQuota decides about the quota by itself: takes is told how many messages there are,
// markers included, and whether to store another one is what it returns.
func ownQuota(takes func(q *relay.Queue, m *relay.Message, length int) bool) func(*relay.Config) {
	return fault.Together(
		func(c *relay.Config) { c.Quota = unlimited },
		fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
			return takes(q, m, q.Mailbox().Len()) && next(q, m)
		}),
	)
}

// marker is the quota marker in the place of a message.
func marker(m *relay.Message) *relay.Message {
	return &relay.Message{ID: m.ID, Time: m.Time, Quota: true}
}

// delivered removes those messages from their queue when they are delivered.
func delivered(those func(q *relay.Queue, m *relay.Message) bool) func(*relay.Config) {
	return fault.Together(
		fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
			next(to, q, out)
			if out.Message != nil && those(q, out.Message) {
				q.Mailbox().Remove(out.Message.ID)
			}
		}),
		fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			outs := next(s, r)
			for _, out := range outs {
				if out.Message != nil && those(out.Queue, out.Message) {
					out.Queue.Mailbox().Remove(out.Message.ID)
				}
			}
			return outs
		}),
	)
}
