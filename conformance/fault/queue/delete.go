package queue

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

var delFaults = []fault.Fault{
	{
		ID:     "del/for-the-sender-only",
		Story:  "DEL takes the sender's id away, and the recipient can still clean up.",
		Breaks: []string{"SMP-DEL-GONE"},
		Cases:  []string{"relay/del/gone"},
		Apply:  deletesFor(func(c smp.Command) bool { return c.Tag() == "SEND" }),
	},
	{
		ID:     "del/for-the-recipient-only",
		Story:  "DEL takes the recipient's id away, and the sender's id is found until the relay starts again.",
		Breaks: []string{"SMP-DEL-GONE"},
		Cases:  []string{"relay/del/gone"},
		Apply:  deletesFor(func(c smp.Command) bool { return c.Tag() != "SEND" }),
	},
	{
		ID:     "del/state-kept",
		Story:  "QUE is answered from a record that DEL does not remove.",
		Breaks: []string{"SMP-DEL-GONE"},
		Cases:  []string{"relay/del/gone"},
		Apply:  deletesFor(func(c smp.Command) bool { return c.Tag() != "QUE" }),
	},
	{
		ID:       "del/answered-sok",
		Story:    "DEL is answered as SUB is.",
		Breaks:   []string{"SMP-DEL-OK"},
		Cases:    []string{"relay/del/gone"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    answeredWith[smp.DEL](smp.SOK{}),
	},
	{
		ID:     "del/subscriber-goes-on",
		Story:  "The subscription holds the queue, and ACK brings its messages also after DEL.",
		Breaks: []string{"SMP-DEL-MESSAGES"},
		Cases:  []string{"relay/del/messages"},
		Apply:  deletesFor(func(c smp.Command) bool { return c.Tag() != "ACK" }),
	},
	{
		ID:     "del/flushes",
		Story:  "DEL delivers what is left before it deletes the queue.",
		Breaks: []string{"SMP-DEL-MESSAGES"},
		Cases:  []string{"relay/del/messages"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.DEL, next fault.Execute) []relay.Output {
			var rest []relay.Output
			rearrange(r.Queue, func(all []*relay.Message) []*relay.Message {
				for i, m := range all {
					if i > 0 { // the first one was delivered
						rest = append(rest, event(r.Queue, m))
					}
				}
				return all
			})
			return append(next(s, r), rest...)
		}),
	},
	{
		ID:     "del/suspended-refused",
		Story:  "A suspended queue answers AUTH to everybody, also to DEL.",
		Breaks: []string{"SMP-DEL-SUSPENDED"},
		Cases:  []string{"relay/del/suspended"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.DEL, next fault.Execute) []relay.Output {
			if r.Queue.Record().Suspended() {
				return fault.Refuse(r, smp.ErrAuth)
			}
			return next(s, r)
		}),
	},
	{
		ID:     "del/repeated-ok",
		Story:  "DEL of a queue that does not exist is answered OK, since the result is the same.",
		Breaks: []string{"SMP-DEL-REPEATED"},
		Cases:  []string{"relay/del/repeated"},
		Apply:  unknownQueues[smp.DEL](smp.OK{}),
	},
	{
		ID:     "del/auth-as-no-entity",
		Story:  "A queue that was deleted is answered as if the command had no queue.",
		Breaks: []string{"SMP-DEL-REPEATED"},
		Cases:  []string{"relay/del/repeated"},
		Apply:  instead("DEL", smp.ErrAuth, smp.ErrCmdNoEntity),
	},
	{
		ID:     "del/connection-unsubscribed",
		Story:  "DEL ends all subscriptions of its connection.",
		Breaks: []string{"SMP-DEL-OK"},
		Cases:  []string{"relay/del/other-queue"},
		Apply: fault.Remembering(func(silent *fault.Notes[*relay.Session, bool]) func(*relay.Config) {
			return fault.Together(
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.DEL, next fault.Execute) []relay.Output {
					silent.Set(s, true)
					return next(s, r)
				}),
				fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
					if _, ok := silent.Get(to); !ok || out.Message == nil {
						next(to, q, out)
					}
				}),
			)
		}),
	},
}

var deldFaults = []fault.Fault{
	{
		ID:     "del/no-event",
		Story:  "A subscriber learns that its queue is gone when it subscribes again.",
		Breaks: []string{"SMP-DELD-SENT"},
		Cases:  []string{"relay/del/event"},
		Apply:  withholds[smp.DELD](),
	},
	{
		ID:       "del/event-is-end",
		Story:    "A queue that is deleted ends the subscription, so the event is END.",
		Breaks:   []string{"SMP-DELD-SENT"},
		Cases:    []string{"relay/del/event"},
		Versions: fault.Since(smp.VersionDeleted),
		Apply: fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
			if fault.IsA[smp.DELD](out) {
				out.Response = smp.END{}
			}
			next(to, q, out)
		}),
	},
	{
		ID:       "del/event-is-new",
		Story:    "The event is DELD at every version.",
		Breaks:   []string{"SMP-DELD-OLD"},
		Cases:    []string{"relay/del/event-old"},
		Versions: wire.Versions(smp.MinVersion, smp.VersionDeleted-1),
		Apply: fault.Together(fault.Stages(fault.Spells), fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
			if fault.IsA[smp.DELD](out) {
				out.Response = fault.Spelled{Response: smp.DELD{}, Text: "DELD"}
			}
			next(to, q, out)
		})),
	},
	{
		ID:     "del/event-with-correlation-id",
		Story:  "DELD has the correlation id of the DEL that caused it.",
		Breaks: []string{"SMP-DELD-SENT", "SMP-DELD-OLD"},
		Cases:  []string{"relay/del/event", "relay/del/event-old"},
		Apply:  asAnswer[smp.DEL, smp.DELD](),
	},
	{
		ID:     "del/event-for-itself",
		Story:  "DELD is sent to the subscriber also if that has deleted the queue.",
		Breaks: []string{"SMP-DELD-NOT-SELF"},
		Cases:  []string{"relay/del/event-self"},
		Apply:  toItself[smp.DEL](smp.DELD{}),
	},
}
