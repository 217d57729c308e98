package queue

import (
	"encoding/base64"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// Mistakes of QUE about what the official relay tells besides keys and counts.
var infoFaults = []fault.Fault{
	misinforms("que/no-notifier", "Notifiers stand in another table, which QUE does not look at.", "SMP-QUE-FIELDS", "relay/que/notifier",
		func(_ *relay.Session, _ *relay.Queue, info *smp.QueueInfo) { info.Notifier = false }),
	misinforms("que/another-id", "qiMsg has a number of the message in the database in the place of its id.", "SMP-QUE-MESSAGE", "relay/que/message",
		func(_ *relay.Session, _ *relay.Queue, info *smp.QueueInfo) {
			if info.Message != nil {
				info.Message.ID = base64.StdEncoding.EncodeToString([]byte{0, 0, 0, 1})
			}
		}),
	misinforms("que/quota-is-message", "The marker of a full queue is a message as all others are.", "SMP-QUE-MESSAGE", "relay/que/message",
		func(_ *relay.Session, _ *relay.Queue, info *smp.QueueInfo) {
			if info.Message != nil {
				info.Message.Type = smp.MessageSent
			}
		}),
	misinforms("que/local-time", "The time of a message is that of the relay's wall clock, marked as UTC.", "SMP-QUE-MESSAGE", "relay/que/message",
		func(_ *relay.Session, _ *relay.Queue, info *smp.QueueInfo) {
			if info.Message != nil {
				info.Message.Time = info.Message.Time.Add(time.Hour)
			}
		}),
	misinforms("que/no-subscription", "QUE opens the queue for itself, so it sees no subscription of the connection.", "SMP-QUE-SUBSCRIPTION", "relay/que/subscription",
		func(_ *relay.Session, _ *relay.Queue, info *smp.QueueInfo) { info.Subscription = nil }),
	misinforms("que/getters-as-subscribers", "Whoever may acknowledge a message of the queue has subscribed to it.", "SMP-QUE-SUBSCRIPTION", "relay/que/subscription",
		func(_ *relay.Session, _ *relay.Queue, info *smp.QueueInfo) {
			if info.Subscription != nil {
				info.Subscription = &smp.SubscriptionInfo{Thread: smp.NoSubscription, Delivered: info.Subscription.Delivered}
			}
		}),
	{
		ID:     "que/counts-for-ever",
		Story:  "qiSize is how many messages the queue has ever taken.",
		Breaks: []string{"SMP-QUE-FIELDS"},
		Cases:  []string{"relay/que/fields"},
		Apply: fault.Remembering(func(taken *fault.Notes[string, int64]) func(*relay.Config) {
			return fault.Together(
				fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
					stored := next(q, m)
					if stored {
						taken.Update(string(q.RecipientID()), func(n int64) int64 { return n + 1 })
					}
					return stored
				}),
				fault.Alters[smp.QUE](func(_ *relay.Session, r *relay.Request, info smp.INFO) smp.Response {
					info.Queue.Size, _ = taken.Get(string(r.Queue.RecipientID()))
					return info
				}),
			)
		}),
	},
	misinforms("que/foreign-subscription", "qiSub tells of whoever has subscribed to the queue.", "SMP-QUE-SUBSCRIPTION", "relay/que/subscription",
		func(s *relay.Session, q *relay.Queue, info *smp.QueueInfo) {
			if other := q.Subscriber(); other != nil && other != s {
				info.Subscription = &smp.SubscriptionInfo{Thread: smp.NoSubscription}
			}
		}),
}

// misinforms is a mistake in what INFO says.
func misinforms(id, story, breaks, noticed string, change func(*relay.Session, *relay.Queue, *smp.QueueInfo)) fault.Fault {
	return fault.Fault{
		ID:     id,
		Story:  story,
		Breaks: []string{breaks},
		Cases:  []string{noticed},
		Apply: fault.Alters[smp.QUE](func(s *relay.Session, r *relay.Request, info smp.INFO) smp.Response {
			change(s, r.Queue, &info.Queue)
			return info
		}),
	}
}
