package notify

import (
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// messageFaults are mistakes in what is announced, to whom and how.
var messageFaults = []fault.Fault{
	{
		ID:     "notify/flag-ignored",
		Story:  "Every message is announced, whatever its flag is.",
		Breaks: []string{"SMP-NTF-FLAG-FALSE"},
		Cases:  []string{"relay/notify/flag", "relay/notify/flag-waiting", "relay/notify/forwarded"},
		Apply:  flagged(func(*relay.Queue, *relay.Message) bool { return true }),
	},
	{
		ID:     "notify/flag-ignored-while-waiting",
		Story:  "The flag is looked at when a notification is sent, and for those that wait it is forgotten.",
		Breaks: []string{"SMP-NTF-FLAG-FALSE"},
		Cases:  []string{"relay/notify/flag-waiting"},
		Apply:  flagged(func(q *relay.Queue, m *relay.Message) bool { return m.Notify || q.NotificationSubscriber() == nil }),
	},
	{
		ID:     "notify/only-for-empty-queue",
		Story:  "A queue that holds a message was announced already, so only the first one is.",
		Breaks: []string{"SMP-NTF-FLAG-TRUE", "SMP-NTF-NSUB-LATER"},
		Cases:  []string{"relay/notify/flag", "relay/notify/nsub-later"},
		Apply:  flagged(func(q *relay.Queue, m *relay.Message) bool { return m.Notify && q.Mailbox().Len() == 1 }),
	},
	{
		ID:     "notify/not-while-online",
		Story:  "A message that is delivered at once needs no notification.",
		Breaks: []string{"SMP-NTF-FLAG-TRUE", "SMP-NTF-SUB-INDEPENDENT"},
		Cases:  []string{"relay/notify/flag", "relay/notify/independent"},
		Apply:  flagged(func(q *relay.Queue, m *relay.Message) bool { return m.Notify && q.Subscriber() == nil }),
	},
	{
		ID:       "notify/forwarded-unannounced",
		Story:    "Messages are announced where blocks of senders are read, which those through a proxy do not pass.",
		Breaks:   []string{"SMP-PROXY-INNER-SEND"},
		Cases:    []string{"relay/notify/forwarded"},
		Versions: fault.Since(smp.VersionProxy),
		Apply:    fault.Remembering(announcesDirect),
	},
	{
		ID:     "notify/nmsg-correlated",
		Story:  "NMSG has a correlation id of its own, by which the notifier is to acknowledge it.",
		Breaks: []string{"SMP-NTF-NMSG-EVENT"},
		Cases:  []string{"relay/notify/event"},
		Apply: fault.Notifies(func(_ *relay.Session, _ *relay.Queue, out *relay.Output) bool {
			out.CorrelationID = out.Notification.MessageID
			return true
		}),
	},
	{
		ID:     "notify/nmsg-under-recipient-id",
		Story:  "NMSG is addressed like MSG, with the recipient's id.",
		Breaks: []string{"SMP-NTF-NMSG-EVENT"},
		Cases:  []string{"relay/notify/event"},
		Apply: fault.Notifies(func(_ *relay.Session, q *relay.Queue, out *relay.Output) bool {
			out.EntityID = q.RecipientID()
			return true
		}),
	},
	{
		ID:     "notify/nmsg-without-id",
		Story:  "NMSG is an event of the connection and names no queue.",
		Breaks: []string{"SMP-NTF-NMSG-EVENT"},
		Cases:  []string{"relay/notify/event"},
		Apply: fault.Notifies(func(_ *relay.Session, _ *relay.Queue, out *relay.Output) bool {
			out.EntityID = nil
			return true
		}),
	},
	{
		ID:     "notify/told-to-recipient",
		Story:  "Everybody who is subscribed to the queue gets its notifications, the recipient too.",
		Breaks: []string{"SMP-NTF-NMSG-SUBSCRIBED"},
		Cases:  []string{"relay/notify/only-notifier"},
		Apply:  fault.Stages(tellsRecipient),
	},
	{
		ID:     "notify/told-to-sender",
		Story:  "The sender gets a copy of the notification, so that it knows that the message was announced.",
		Breaks: []string{"SMP-NTF-NMSG-SUBSCRIBED"},
		Cases:  []string{"relay/notify/only-notifier"},
		Apply:  fault.Stages(tellsSender),
	},
	{
		ID:     "notify/told-to-all-notifiers",
		Story:  "There is one list of notifiers, and each notification goes to all who stand in it.",
		Breaks: []string{"SMP-NTF-NMSG-SUBSCRIBED"},
		Cases:  []string{"relay/notify/only-notifier"},
		Apply:  tellsAllNotifiers,
	},
	{
		ID:     "notify/quota-announced",
		Story:  "The notifier is told about the message that found the queue full, because the special message is one too.",
		Breaks: []string{"SMP-NTF-QUOTA-SILENT"},
		Cases:  []string{"relay/notify/quota"},
		Apply:  announcesUnless(smp.ErrQuota),
	},
	{
		ID:     "notify/too-large-announced",
		Story:  "The notifier is told before the size of the message is checked.",
		Breaks: []string{"SMP-NTF-REFUSED-SILENT"},
		Cases:  []string{"relay/notify/refused"},
		Apply:  announcesUnless(smp.ErrLargeMsg),
	},
	{
		ID:     "notify/suspended-announced",
		Story:  "A suspended queue refuses messages, and its notifier is told about them.",
		Breaks: []string{"SMP-NTF-REFUSED-SILENT"},
		Cases:  []string{"relay/notify/refused"},
		Apply:  announcesUnless(smp.ErrAuth),
	},
	{
		ID:     "notify/unauthorized-announced",
		Story:  "The notifier is told before the authorization of the sender is verified.",
		Breaks: []string{"SMP-NTF-REFUSED-SILENT"},
		Cases:  []string{"relay/notify/refused"},
		Apply: fault.Stages(func(st *relay.Stages) {
			push := st.Push
			refusedLater(st, func(_ *relay.Session, r *relay.Request, c smp.SEND) {
				if to := r.Queue.NotificationSubscriber(); to != nil && c.Notify {
					push(to, r.Queue, fault.NotificationOf(r.Queue, &relay.Message{ID: r.Transmission.CorrelationID}))
				}
			})
		}),
	},
}

// flagged decides itself which messages are announced.
func flagged(announced func(q *relay.Queue, m *relay.Message) bool) func(*relay.Config) {
	return fault.Announces(func(r *relay.Relay, q *relay.Queue, m *relay.Message, next fault.Announce) {
		changed := *m
		changed.Notify = announced(q, m)
		next(r, q, &changed)
	})
}

// tellsRecipient sends notifications to the recipient too.
func tellsRecipient(st *relay.Stages) {
	announce, push := st.Announce, st.Push
	st.Announce = func(r *relay.Relay, q *relay.Queue, m *relay.Message) {
		if to := q.Subscriber(); to != nil && m.Notify && q.Notifier() != nil {
			push(to, q, fault.NotificationOf(q, m))
		}
		announce(r, q, m)
	}
}

// tellsAllNotifiers sends notifications to all connections that have used NSUB.
func tellsAllNotifiers(c *relay.Config) {
	var all fault.Notes[string, []*relay.Session] // under the key of them all
	fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NSUB, next fault.Execute) []relay.Output {
		all.Update("", func(list []*relay.Session) []*relay.Session { return append(slices.Clone(list), s) })
		return next(s, r)
	})(c)
	fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
		next(to, q, out)
		if out.Notification == nil {
			return
		}
		list, _ := all.Get("")
		for _, other := range list {
			if other != to {
				next(other, q, out)
			}
		}
	})(c)
}

// tellsSender sends notifications to the connection that has sent the message too.
func tellsSender(st *relay.Stages) {
	var sending fault.Notes[*relay.Queue, *relay.Session]
	announce, push, execute := st.Announce, st.Push, st.Execute
	st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		if _, ok := r.Command.(smp.SEND); ok {
			sending.Set(r.Queue, s)
		}
		return execute(s, r)
	}
	st.Announce = func(r *relay.Relay, q *relay.Queue, m *relay.Message) {
		if to, ok := sending.Take(q); ok && m.Notify && q.Notifier() != nil {
			push(to, q, fault.NotificationOf(q, m))
		}
		announce(r, q, m)
	}
}

// announcesUnless announces a message that is refused with the error.
func announcesUnless(refusal *smp.Error) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		push, execute := st.Push, st.Execute
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			outs := execute(s, r)
			c, ok := r.Command.(smp.SEND)
			if !ok || !c.Notify || len(outs) == 0 || r.Queue.NotificationSubscriber() == nil {
				return outs
			}
			if e, ok := outs[0].Response.(smp.ERR); ok && e.Err.Equal(refusal) {
				m := &relay.Message{ID: r.Transmission.CorrelationID}
				push(r.Queue.NotificationSubscriber(), r.Queue, fault.NotificationOf(r.Queue, m))
			}
			return outs
		}
	})
}

// announcesDirect announces what did not come through a proxy.
func announcesDirect(forwarded *fault.Notes[*relay.Queue, bool]) func(*relay.Config) {
	return fault.Together(
		fault.Announces(func(r *relay.Relay, q *relay.Queue, m *relay.Message, next fault.Announce) {
			if _, ok := forwarded.Get(q); !ok {
				next(r, q, m)
			}
		}),
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SEND, next fault.Execute) []relay.Output {
			if s.Forwarded() {
				forwarded.Set(r.Queue, true)
				defer forwarded.Take(r.Queue)
			}
			return next(s, r)
		}),
	)
}

// keepFaults are mistakes in how long notifications are kept.
var keepFaults = []fault.Fault{
	{
		ID:     "notify/taken-back-by-ack",
		Story:  "ACK takes back the notification of its message, because the recipient has it.",
		Breaks: []string{"SMP-NTF-RECEIVED-ANNOUNCED"},
		Cases:  []string{"relay/notify/received"},
		Apply:  waits(waitingRoom{keep: nobodySubscribed, untilACK: true}),
	},
	{
		ID:     "notify/newest-first",
		Story:  "Notifications that wait are a stack, and NSUB brings the newest first.",
		Breaks: []string{"SMP-NTF-ORDER"},
		Cases:  []string{"relay/notify/order"},
		Apply: waits(waitingRoom{keep: nobodySubscribed, send: func(list []*relay.Message) []*relay.Message {
			slices.Reverse(list)
			return list
		}}),
	},
	{
		ID:     "notify/only-last-waits",
		Story:  "A queue keeps one notification for a notifier that is not subscribed, that of its last message.",
		Breaks: []string{"SMP-NTF-NSUB-EARLIER"},
		Cases:  []string{"relay/notify/nsub-earlier"},
		Apply: waits(waitingRoom{keep: nobodySubscribed, send: func(list []*relay.Message) []*relay.Message {
			return list[max(0, len(list)-1):]
		}}),
	},
	{
		ID:     "notify/again-on-redelivery",
		Story:  "A message is announced whenever it is delivered, also for the second time.",
		Breaks: []string{"SMP-NTF-ONCE"},
		Cases:  []string{"relay/notify/once"},
		Apply: fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
			next(to, q, out)
			if m := out.Message; m != nil && m.Notify && q.NotificationSubscriber() != nil {
				next(q.NotificationSubscriber(), q, fault.NotificationOf(q, m))
			}
		}),
	},
	{
		ID:     "notify/again-on-nsub",
		Story:  "NSUB announces the message that waits for the recipient, whether that was done before or not.",
		Breaks: []string{"SMP-NTF-ONCE"},
		Cases:  []string{"relay/notify/once"},
		Apply: fault.Stages(func(st *relay.Stages) {
			push, execute := st.Push, st.Execute
			st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
				outs := execute(s, r)
				if _, ok := r.Command.(smp.NSUB); ok && fault.RepliedWith[smp.SOK](outs) {
					if m := r.Queue.Mailbox().Head(); m != nil && m.Notify {
						push(s, r.Queue, fault.NotificationOf(r.Queue, m))
					}
				}
				return outs
			}
		}),
	},
	{
		ID:     "notify/block-for-each",
		Story:  "A notification is written as soon as it is encrypted, in a block of its own.",
		Breaks: []string{"SMP-NTF-NMSG-BATCH"},
		Cases:  []string{"relay/notify/batch"},
		Apply: fault.Stages(func(st *relay.Stages) {
			encode := st.Encode
			st.Encode = func(s *relay.Session, outs []relay.Output) (contents [][]byte, err error) {
				for i := 0; i < len(outs) && err == nil; i++ {
					var more [][]byte
					more, err = encode(s, outs[i:i+1])
					contents = append(contents, more...)
				}
				return contents, err
			}
		}),
	},
	{
		ID:     "notify/off-removes-notifier",
		Story:  "A suspended queue has nothing to announce, so OFF removes its notifier.",
		Breaks: []string{"SMP-NTF-SUSPENDED"},
		Cases:  []string{"relay/notify/suspended"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.OFF, next fault.Execute) []relay.Output {
			remove := *r
			remove.Command = smp.NDEL{}
			next(s, &remove)
			return next(s, r)
		}),
	},
}
