package notify

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// deleteFaults are mistakes in NDEL, and in the end of a notifier with its queue.
var deleteFaults = []fault.Fault{
	{
		ID:     "notify/ndel-unknown",
		Story:  "The relay has no NDEL, because NKEY replaces a notifier anyway.",
		Breaks: []string{"SMP-NTF-NDEL-OK", "SMP-NTF-NDEL-NONE"},
		Cases:  []string{"relay/notify/ndel-stops", "relay/notify/ndel-none"},
		Apply: fault.Handles(func(_ *relay.Session, r *relay.Request, _ smp.NDEL, _ fault.Execute) []relay.Output {
			return fault.Refuse(r, smp.ErrCmdUnknown)
		}),
	},
	{
		ID:     "notify/ndel-without-effect",
		Story:  "NDEL is accepted and does nothing, since clients drop notifications that they do not want.",
		Breaks: []string{"SMP-NTF-NDEL-STOPS", "SMP-NTF-NDEL-ID-GONE", "SMP-QUE-FIELDS"},
		Cases:  []string{"relay/notify/ndel-stops", "relay/notify/ndel-id", "relay/notify/que"},
		Apply: fault.Handles(func(_ *relay.Session, r *relay.Request, _ smp.NDEL, _ fault.Execute) []relay.Output {
			return fault.Reply(r, smp.OK{})
		}),
	},
	{
		ID:     "notify/ndel-leaves-subscription",
		Story:  "NDEL removes the credentials, and the connection that is subscribed with them goes on being told.",
		Breaks: []string{"SMP-NTF-NDEL-STOPS"},
		Cases:  []string{"relay/notify/ndel-stops"},
		Apply:  leavesSubscription,
	},
	{
		ID:     "notify/ndel-leaves-id",
		Story:  "NDEL removes the notifier from the queue and leaves its id in the table.",
		Breaks: []string{"SMP-NTF-NDEL-ID-GONE"},
		Cases:  []string{"relay/notify/ndel-id"},
		Apply:  knowsForgotten[smp.NDEL](),
	},
	{
		ID:     "notify/ndel-unchecked",
		Story:  "NDEL takes nothing from anybody, so its authorization is not verified.",
		Breaks: []string{"SMP-NTF-NDEL-AUTHORIZED"},
		Cases:  []string{"relay/notify/ndel-authorised"},
		Apply:  fault.Unchecked("NDEL"),
	},
	{
		ID:     "notify/ndel-may-be-empty",
		Story:  "An NDEL without authorization is executed.",
		Breaks: []string{"SMP-NTF-NDEL-AUTHORIZED"},
		Cases:  []string{"relay/notify/ndel-authorised"},
		Apply:  fault.Unsigned("NDEL"),
	},
	{
		ID:     "notify/ndel-by-notifier-key",
		Story:  "A notifier may remove itself: its key authorizes NDEL for the id of the recipient.",
		Breaks: []string{"SMP-NTF-NDEL-AUTHORIZED"},
		Cases:  []string{"relay/notify/ndel-authorised"},
		Apply:  byKeyOf(notifierKeyOf, "NDEL"),
	},
	{
		ID:     "notify/ndel-under-notifier-id",
		Story:  "NDEL is looked up by the id of what it deletes, besides that of the queue.",
		Breaks: []string{"SMP-NTF-NDEL-AUTHORIZED"},
		Cases:  []string{"relay/notify/ndel-authorised"},
		Apply:  foundBy("NDEL", recipientOf, is(notifierOf)),
	},
	{
		ID:     "notify/ndel-none-refused",
		Story:  "NDEL of a queue without a notifier has nothing to delete and is refused.",
		Breaks: []string{"SMP-NTF-NDEL-NONE"},
		Cases:  []string{"relay/notify/ndel-none"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NDEL, next fault.Execute) []relay.Output {
			if r.Queue.Notifier() == nil {
				return fault.Refuse(r, smp.ErrAuth)
			}
			return next(s, r)
		}),
	},
	{
		ID:     "notify/ndel-silent",
		Story:  "NDEL removes a notifier that is subscribed and does not tell it.",
		Breaks: []string{"SMP-NTF-NDEL-EVENT"},
		Cases:  []string{"relay/notify/ndel-event"},
		Apply:  notifierHearsNothing[smp.NDEL](),
	},
	{
		ID:     "notify/ndel-event-correlated",
		Story:  "The event for a removed notifier carries the correlation id of a command.",
		Breaks: []string{"SMP-NTF-NDEL-EVENT"},
		Cases:  []string{"relay/notify/ndel-event"},
		Apply: notifierHears[smp.NDEL](func(_ *relay.Queue, out *relay.Output) {
			out.CorrelationID = out.EntityID
		}),
	},
	{
		ID:     "notify/ndel-keeps-waiting",
		Story:  "Notifications wait with the queue, and a later notifier gets those of the one that NDEL has removed.",
		Breaks: []string{"SMP-NTF-NSUB-BEFORE-NKEY"},
		Cases:  []string{"relay/notify/ndel-waiting"},
		Apply:  waits(waitingRoom{keep: nobodySubscribed}),
	},
	{
		ID:     "notify/que-forgets-notifier",
		Story:  "INFO was written before there were notifiers and says that a queue has none.",
		Breaks: []string{"SMP-QUE-FIELDS"},
		Cases:  []string{"relay/notify/que"},
		Apply: fault.Alters[smp.QUE](func(_ *relay.Session, _ *relay.Request, info smp.INFO) smp.Response {
			info.Queue.Notifier = false
			return info
		}),
	},
	{
		ID:     "notify/deleted-queue-silent",
		Story:  "DEL tells the recipient's connection and forgets that of the notifier.",
		Breaks: []string{"SMP-NTF-DELETED-QUEUE"},
		Cases:  []string{"relay/notify/deleted-event"},
		Apply:  notifierHearsNothing[smp.DEL](),
	},
	{
		ID:     "notify/deleted-queue-recipient-id",
		Story:  "DELD is made once for a queue, and the notifier gets it with the recipient's id.",
		Breaks: []string{"SMP-NTF-DELETED-QUEUE"},
		Cases:  []string{"relay/notify/deleted-event"},
		Apply: notifierHears[smp.DEL](func(q *relay.Queue, out *relay.Output) {
			out.EntityID = q.RecipientID()
		}),
	},
	{
		ID:     "notify/deleted-queue-leaves-id",
		Story:  "DEL removes the ids of recipient and sender and leaves that of the notifier.",
		Breaks: []string{"SMP-NTF-DELETED-SILENT"},
		Cases:  []string{"relay/notify/deleted-silent"},
		Apply:  knowsForgotten[smp.DEL](),
	},
}

// leavesSubscription goes on telling the connection that was subscribed when NDEL came.
func leavesSubscription(c *relay.Config) {
	type subscriber struct {
		session  *relay.Session
		notifier *relay.Notifier
	}
	var left fault.Notes[*relay.Queue, subscriber]
	fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NDEL, next fault.Execute) []relay.Output {
		if to := r.Queue.NotificationSubscriber(); to != nil {
			left.Set(r.Queue, subscriber{to, r.Queue.Notifier()})
		}
		return next(s, r)
	})(c)
	push := c.Stages.Push
	fault.Announces(func(r *relay.Relay, q *relay.Queue, m *relay.Message, next fault.Announce) {
		if to, ok := left.Get(q); ok && m.Notify {
			told := &relay.Notification{Notifier: to.notifier, MessageID: m.ID, Time: m.Time}
			push(to.session, q, relay.Output{EntityID: to.notifier.ID, Notification: told})
		}
		next(r, q, m)
	})(c)
}
