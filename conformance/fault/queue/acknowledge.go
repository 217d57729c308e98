package queue

import (
	"bytes"
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/directory"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// acknowledgeFaults are mistakes in acknowledging and GET.
var acknowledgeFaults = slices.Concat(ackFaults, ackRefusalFaults, getFaults, getAndSubFaults)

var ackFaults = []fault.Fault{
	emptyACK("all", "An empty id acknowledges everything that the queue holds.", func(all []*relay.Message) []*relay.Message { return nil }),
	emptyACK("newest", "An empty id stands for the newest message.", func(all []*relay.Message) []*relay.Message {
		return all[:max(0, len(all)-1)]
	}),
	emptyACK("two", "An empty id removes the message that was delivered and the one that is the answer.", func(all []*relay.Message) []*relay.Message {
		return all[min(2, len(all)):]
	}),
	{
		ID:     "ack/last-is-no-msg",
		Story:  "ACK asks for the next message, and NO_MSG says that there is none.",
		Breaks: []string{"SMP-ACK-OK"},
		Cases:  []string{"relay/ack/last"},
		Apply:  answeredWith[smp.ACK](smp.ERR{Err: smp.ErrNoMsg}),
	},
	{
		ID:     "ack/next-needs-sub",
		Story:  "ACK is answered OK, and the next message is for the client to ask for with SUB.",
		Breaks: []string{"SMP-ACK-NEXT"},
		Cases:  []string{"relay/ack/next"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.ACK, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if outs[0].Message != nil {
				return fault.Reply(r, smp.OK{})
			}
			return outs
		}),
	},
	{
		ID:     "ack/skips-one",
		Story:  "ACK removes the message and the removal moves on to the next one, so that one is skipped.",
		Breaks: []string{"SMP-ACK-NEXT"},
		Cases:  []string{"relay/ack/next"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Remove
			st.Remove = func(q *relay.Queue, id []byte) bool {
				removed := next(q, id)
				if m := q.Mailbox().Head(); removed && m != nil {
					q.Mailbox().Remove(m.ID)
				}
				return removed
			}
		}),
	},
	{
		ID:     "ack/next-as-event",
		Story:  "ACK is answered OK, and the next message comes as one that nobody asked for.",
		Breaks: []string{"SMP-ACK-NEXT-RESPONSE"},
		Cases:  []string{"relay/ack/next-response"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.ACK, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if m := outs[0].Message; m != nil {
				return append(fault.Reply(r, smp.OK{}), event(r.Queue, m))
			}
			return outs
		}),
	},
	{
		ID:     "ack/deletes-nothing",
		Story:  "ACK moves a pointer of the connection, and messages go when they expire.",
		Breaks: []string{"SMP-ACK-DELETES"},
		Cases:  []string{"relay/ack/deletes"},
		Apply:  fault.Remembering(keepsForOthers),
	},
	{
		ID:     "ack/deletes-with-the-next",
		Story:  "An acknowledged message is deleted when the next one is acknowledged.",
		Breaks: []string{"SMP-ACK-DELETES"},
		Cases:  []string{"relay/ack/deletes"},
		Apply: fault.Remembering(func(last *fault.Notes[string, *relay.Message]) func(*relay.Config) {
			return fault.Together(
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.ACK, next fault.Execute) []relay.Output {
					before := r.Queue.Mailbox().Head()
					outs := next(s, r)
					if before != nil && before != r.Queue.Mailbox().Head() {
						last.Set(string(r.Queue.RecipientID()), before)
					}
					return outs
				}),
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
					if m, ok := last.Take(string(r.Queue.RecipientID())); ok && r.Queue.Subscriber() != s {
						rearrange(r.Queue, func(all []*relay.Message) []*relay.Message { return slices.Insert(all, 0, m) })
					}
					return next(s, r)
				}),
			)
		}),
	},
}

// acknowledged are messages that one connection has acknowledged.
type acknowledged struct {
	by       *relay.Session
	messages []*relay.Message
}

// keepsForOthers gives acknowledged messages back to a connection that did not
// acknowledge them.
func keepsForOthers(kept *fault.Notes[string, acknowledged]) func(*relay.Config) {
	return fault.Together(
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.ACK, next fault.Execute) []relay.Output {
			before := r.Queue.Mailbox().Head()
			outs := next(s, r)
			if before != nil && before != r.Queue.Mailbox().Head() {
				kept.Update(string(r.Queue.RecipientID()), func(a acknowledged) acknowledged {
					return acknowledged{by: s, messages: append(a.messages, before)}
				})
			}
			return outs
		}),
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
			id := string(r.Queue.RecipientID())
			if a, ok := kept.Get(id); ok && a.by != s {
				kept.Take(id)
				rearrange(r.Queue, func(all []*relay.Message) []*relay.Message { return slices.Concat(a.messages, all) })
			}
			return next(s, r)
		}),
	)
}

var ackRefusalFaults = []fault.Fault{
	{
		ID:     "ack/id-ignored",
		Story:  "ACK is about the message that was delivered last, whatever id it has.",
		Breaks: []string{"SMP-ACK-WRONG-ID", "SMP-ACK-TWICE"},
		Cases:  []string{"relay/ack/wrong-id", "relay/ack/twice"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.ACK, next fault.Execute) []relay.Output {
			if m := r.Queue.Mailbox().Head(); m != nil {
				r.Command = smp.ACK{MsgID: m.ID}
			}
			return next(s, r)
		}),
	},
	{
		ID:     "ack/deletes-any",
		Story:  "ACK that names no message that was delivered deletes the next one all the same, and is refused then.",
		Breaks: []string{"SMP-ACK-WRONG-ID", "SMP-ACK-TWICE"},
		Cases:  []string{"relay/ack/wrong-id", "relay/ack/twice"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.ACK, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if m := r.Queue.Mailbox().Head(); m != nil && outs[0].Response != nil {
				r.Queue.Mailbox().Remove(m.ID)
			}
			return outs
		}),
	},
	{
		ID:     "ack/never-refused",
		Story:  "ACK of a message that is not there is answered OK, since the result is the same.",
		Breaks: []string{"SMP-ACK-WRONG-ID", "SMP-ACK-NOT-DELIVERED", "SMP-ACK-TWICE", "SMP-ACK-OTHER-CONNECTION"},
		Cases:  []string{"relay/ack/wrong-id", "relay/ack/nothing-delivered", "relay/ack/twice", "relay/ack/other-connection"},
		Apply:  fault.Alters[smp.ACK](func(*relay.Session, *relay.Request, smp.ERR) smp.Response { return smp.OK{} }),
	},
	{
		ID:     "ack/no-msg-as-auth",
		Story:  "ACK that names no message that was delivered is answered as one that is not authorized.",
		Breaks: []string{"SMP-ACK-WRONG-ID", "SMP-ACK-NOT-DELIVERED", "SMP-ACK-TWICE", "SMP-ACK-OTHER-CONNECTION"},
		Cases:  []string{"relay/ack/wrong-id", "relay/ack/nothing-delivered", "relay/ack/twice", "relay/ack/other-connection"},
		Apply:  instead("ACK", smp.ErrNoMsg, smp.ErrAuth),
	},
	{
		ID:     "ack/no-msg-as-prohibited",
		Story:  "ACK of a message that was not delivered is answered as a command that is not allowed now.",
		Breaks: []string{"SMP-ACK-WRONG-ID", "SMP-ACK-TWICE", "SMP-ACK-OTHER-CONNECTION"},
		Cases:  []string{"relay/ack/wrong-id", "relay/ack/twice", "relay/ack/other-connection"},
		Apply:  instead("ACK", smp.ErrNoMsg, smp.ErrCmdProhibited),
	},
	{
		ID:     "ack/any-connection",
		Story:  "Whoever has the recipient's key may acknowledge a message that waits, on any connection.",
		Breaks: []string{"SMP-ACK-OTHER-CONNECTION"},
		Cases:  []string{"relay/ack/other-connection"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.ACK, next fault.Execute) []relay.Output {
			m := r.Queue.Mailbox().Head()
			if r.Queue.Subscriber() != s && m != nil && bytes.Equal(m.ID, c.MsgID) {
				r.Queue.Mailbox().Remove(m.ID)
				return fault.Reply(r, smp.OK{})
			}
			return next(s, r)
		}),
	},
	{
		ID:     "ack/late-deletes-next",
		Story:  "ACK checks what was delivered to the connection, and removes the message that is first in the queue.",
		Breaks: []string{"SMP-MSG-KEPT"},
		Cases:  []string{"relay/ack/late-subscriber"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Remove
			st.Remove = func(q *relay.Queue, id []byte) bool {
				if m := q.Mailbox().Head(); m != nil {
					id = m.ID
				}
				return next(q, id)
			}
		}),
	},
	{
		ID:     "ack/displaced-deletes-next",
		Story:  "A connection that was displaced still owes an ACK, which removes the message that is first in the queue.",
		Breaks: []string{"SMP-MSG-KEPT"},
		Cases:  []string{"relay/ack/late-displaced"},
		Apply: fault.Remembering(func(displaced *fault.Notes[string, *relay.Session]) func(*relay.Config) {
			return fault.Together(
				fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
					if fault.IsA[smp.END](out) {
						displaced.Set(string(q.RecipientID()), to)
					}
					next(to, q, out)
				}),
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.ACK, next fault.Execute) []relay.Output {
					owing, _ := displaced.Get(string(r.Queue.RecipientID()))
					if m := r.Queue.Mailbox().Head(); owing == s && m != nil {
						r.Queue.Mailbox().Remove(m.ID)
						return fault.Reply(r, smp.OK{})
					}
					return next(s, r)
				}),
			)
		}),
	},
	{
		ID:     "ack/either-id",
		Story:  "ACK is looked up by any id of the queue.",
		Breaks: []string{"SMP-ACK-SENDER-ID"},
		Cases:  []string{"relay/ack/sender-id"},
		Apply:  directory.EitherID("ACK", directory.RecipientID),
	},
	{
		ID:     "ack/auth-as-no-msg",
		Story:  "A queue that is not found has no message, so ACK is answered NO_MSG.",
		Breaks: []string{"SMP-ACK-SENDER-ID"},
		Cases:  []string{"relay/ack/sender-id"},
		Apply:  instead("ACK", smp.ErrAuth, smp.ErrNoMsg),
	},
}

// emptyACK is a relay for which ACK with an empty id leaves some of the messages.
func emptyACK(name, story string, left func([]*relay.Message) []*relay.Message) fault.Fault {
	return fault.Fault{
		ID:     "ack/empty-id-" + name,
		Story:  story,
		Breaks: []string{"SMP-ACK-EMPTY-ID"},
		Cases:  []string{"relay/ack/empty-id"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.ACK, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if len(c.MsgID) == 0 {
				rearrange(r.Queue, left)
				return fault.Reply(r, smp.OK{})
			}
			return outs
		}),
	}
}
