package queue

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

var getFaults = []fault.Fault{
	{
		ID:     "get/newest",
		Story:  "GET is for notifications and returns the newest message.",
		Breaks: []string{"SMP-GET-MESSAGE"},
		Cases:  []string{"relay/get/message"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.GET, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if outs[0].Message != nil {
				rearrange(r.Queue, func(all []*relay.Message) []*relay.Message {
					outs[0].Message = all[len(all)-1]
					return all
				})
			}
			return outs
		}),
	},
	{
		ID:     "get/ok-and-event",
		Story:  "GET is answered OK, and the message comes as one that nobody asked for.",
		Breaks: []string{"SMP-GET-MESSAGE"},
		Cases:  []string{"relay/get/message"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.GET, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if m := outs[0].Message; m != nil {
				return append(fault.Reply(r, smp.OK{}), event(r.Queue, m))
			}
			return outs
		}),
	},
	{
		ID:     "get/subscribes",
		Story:  "GET is SUB with an answer, and what comes later is delivered too.",
		Breaks: []string{"SMP-GET-NO-SUBSCRIPTION"},
		Cases:  []string{"relay/get/no-subscription"},
		Apply: fault.Remembering(func(getters *fault.Notes[string, *relay.Session]) func(*relay.Config) {
			return fault.Together(
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.GET, next fault.Execute) []relay.Output {
					getters.Set(string(r.Queue.RecipientID()), s)
					return next(s, r)
				}),
				fault.Stages(func(st *relay.Stages) {
					next := st.Store
					st.Store = func(q *relay.Queue, m *relay.Message) bool {
						if s, ok := getters.Get(string(q.RecipientID())); ok {
							st.Push(s, q, event(q, m))
						}
						return next(q, m)
					}
				}),
			)
		}),
	},
	{
		ID:     "get/empty-is-no-msg",
		Story:  "GET of an empty queue is answered NO_MSG.",
		Breaks: []string{"SMP-GET-EMPTY"},
		Cases:  []string{"relay/get/empty"},
		Apply:  answeredWith[smp.GET](smp.ERR{Err: smp.ErrNoMsg}),
	},
	{
		ID:     "get/deletes",
		Story:  "GET takes the message out of the queue, and ACK is for subscribers.",
		Breaks: []string{"SMP-GET-AGAIN"},
		Cases:  []string{"relay/get/again"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.GET, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if m := outs[0].Message; m != nil {
				r.Queue.Mailbox().Remove(m.ID)
			}
			return outs
		}),
	},
	{
		ID:     "get/again-is-ok",
		Story:  "GET of a message that is delivered and not acknowledged has nothing new to say.",
		Breaks: []string{"SMP-GET-AGAIN"},
		Cases:  []string{"relay/get/again"},
		Apply: fault.Remembering(func(got *fault.Notes[*relay.Message, bool]) func(*relay.Config) {
			return fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.GET, next fault.Execute) []relay.Output {
				outs := next(s, r)
				if m := outs[0].Message; m != nil {
					if _, again := got.Swap(m, true); again {
						return fault.Reply(r, smp.OK{})
					}
				}
				return outs
			})
		}),
	},
	{
		ID:     "get/ack-brings-next",
		Story:  "ACK is answered with the next message, however the one before was delivered.",
		Breaks: []string{"SMP-GET-ACK"},
		Cases:  []string{"relay/get/ack"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.ACK, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if m := r.Queue.Mailbox().Head(); fault.RepliedWith[smp.OK](outs) && m != nil && r.Queue.Subscriber() != s {
				return deliver(r, m)
			}
			return outs
		}),
	},
	{
		ID:     "get/ack-refused",
		Story:  "ACK is for subscribers, and a message that GET returned was not delivered to any.",
		Breaks: []string{"SMP-GET-ACK"},
		Cases:  []string{"relay/get/ack"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.ACK, next fault.Execute) []relay.Output {
			if r.Queue.Subscriber() != s {
				return fault.Refuse(r, smp.ErrNoMsg)
			}
			return next(s, r)
		}),
	},
}

var getAndSubFaults = []fault.Fault{
	{
		ID:     "get/allowed-for-subscribers",
		Story:  "A subscriber may look into its queue with GET.",
		Breaks: []string{"SMP-GET-AFTER-SUB"},
		Cases:  []string{"relay/get/after-sub"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.GET, next fault.Execute) []relay.Output {
			if r.Queue.Subscriber() != s {
				return next(s, r)
			}
			if m := r.Queue.Mailbox().Head(); m != nil {
				return deliver(r, m)
			}
			return fault.Reply(r, smp.OK{})
		}),
	},
	{
		ID:     "get/allowed-for-creators",
		Story:  "Only SUB is noted as a subscription that excludes GET, and not NEW.",
		Breaks: []string{"SMP-GET-AFTER-SUB"},
		Cases:  []string{"relay/get/after-sub"},
		Apply: fault.Remembering(func(subscribed *fault.Notes[string, bool]) func(*relay.Config) {
			return fault.Together(
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
					subscribed.Set(string(r.Queue.RecipientID()), true)
					return next(s, r)
				}),
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.GET, next fault.Execute) []relay.Output {
					m := r.Queue.Mailbox().Head()
					if _, ok := subscribed.Get(string(r.Queue.RecipientID())); !ok && r.Queue.Subscriber() == s && m != nil {
						return deliver(r, m)
					}
					return next(s, r)
				}),
			)
		}),
	},
	{
		ID:     "get/prohibited-as-auth",
		Story:  "GET of a subscriber is answered as one that is not authorized.",
		Breaks: []string{"SMP-GET-AFTER-SUB"},
		Cases:  []string{"relay/get/after-sub"},
		Apply:  instead("GET", smp.ErrCmdProhibited, smp.ErrAuth),
	},
	{
		ID:     "get/sub-allowed-later",
		Story:  "SUB ends what GET has begun on the connection.",
		Breaks: []string{"SMP-SUB-AFTER-GET"},
		Cases:  []string{"relay/get/before-sub"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next, leave := st.Execute, st.Leave
			st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
				if _, ok := r.Command.(smp.SUB); ok {
					leave(s, r.Queue)
				}
				return next(s, r)
			}
		}),
	},
	{
		ID:     "get/sub-prohibited-as-no-msg",
		Story:  "SUB after GET is answered like ACK that comes too late.",
		Breaks: []string{"SMP-SUB-AFTER-GET"},
		Cases:  []string{"relay/get/before-sub"},
		Apply:  instead("SUB", smp.ErrCmdProhibited, smp.ErrNoMsg),
	},
	{
		ID:     "get/not-for-subscribers",
		Story:  "A connection that has subscribed to any queue may use GET with none.",
		Breaks: []string{"SMP-GET-MESSAGE"},
		Cases:  []string{"relay/get/other-queue"},
		Apply: fault.Remembering(func(subscribers *fault.Notes[*relay.Session, bool]) func(*relay.Config) {
			return fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
				switch c := r.Command.(type) {
				case smp.NEW:
					if c.Subscribe {
						subscribers.Set(s, true)
					}
				case smp.SUB:
					subscribers.Set(s, true)
				case smp.GET:
					if _, subscribed := subscribers.Get(s); subscribed {
						return fault.Refuse(r, smp.ErrCmdProhibited)
					}
				}
				return next(s, r)
			})
		}),
	},
	{
		ID:     "get/sub-prohibited-everywhere",
		Story:  "A connection that has used GET may subscribe to no queue.",
		Breaks: []string{"SMP-SUB-DELIVERS"},
		Cases:  []string{"relay/get/other-queue"},
		Apply: fault.Remembering(func(getters *fault.Notes[*relay.Session, bool]) func(*relay.Config) {
			return fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
				switch r.Command.(type) {
				case smp.GET:
					getters.Set(s, true)
				case smp.SUB:
					if _, used := getters.Get(s); used {
						return fault.Refuse(r, smp.ErrCmdProhibited)
					}
				}
				return next(s, r)
			})
		}),
	},
	{
		ID:     "get/end-unsubscribes",
		Story:  "When a connection that has used the queue ends, the queue has no subscriber any more.",
		Breaks: []string{"SMP-GET-NO-TAKEOVER"},
		Cases:  []string{"relay/get/no-takeover"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Leave
			st.Leave = func(s *relay.Session, q *relay.Queue) {
				next(s, q)
				q.Unsubscribe()
			}
		}),
	},
	{
		ID:     "get/takes-over",
		Story:  "GET ends the subscription of another connection, as SUB does.",
		Breaks: []string{"SMP-GET-NO-TAKEOVER"},
		Cases:  []string{"relay/get/no-takeover"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Execute
			st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
				if _, ok := r.Command.(smp.GET); !ok {
					return next(s, r)
				}
				if holder := r.Queue.Subscriber(); holder != nil && holder != s {
					r.Queue.Unsubscribe()
					st.Push(holder, r.Queue, relay.Output{EntityID: r.Queue.RecipientID(), Response: smp.END{}})
				}
				return next(s, r)
			}
		}),
	},
}
