package notify

import (
	"bytes"
	"errors"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// subscribeFaults are mistakes in NSUB and in who gets notifications.
var subscribeFaults = []fault.Fault{
	{
		ID:       "notify/nsub-ok",
		Story:    "NSUB is answered with OK at every version, because SOK is taken for an answer to SUB alone.",
		Breaks:   []string{"SMP-NTF-NSUB-SOK"},
		Cases:    []string{"relay/notify/nsub-sok"},
		Versions: fault.Since(smp.VersionServices),
		Apply: fault.Alters[smp.NSUB](func(*relay.Session, *relay.Request, smp.SOK) smp.Response {
			return smp.OK{}
		}),
	},
	{
		ID:       "notify/nsub-names-a-service",
		Story:    "SOK always carries an id, and without a service it is that of the notifier.",
		Breaks:   []string{"SMP-NTF-NSUB-SOK"},
		Cases:    []string{"relay/notify/nsub-sok"},
		Versions: fault.Since(smp.VersionServices),
		Apply: fault.Alters[smp.NSUB](func(_ *relay.Session, r *relay.Request, _ smp.SOK) smp.Response {
			return smp.SOK{ServiceID: r.Transmission.EntityID}
		}),
	},
	{
		ID:       "notify/nsub-sok-early",
		Story:    "NSUB is answered with SOK at every version, also where clients know only OK.",
		Breaks:   []string{"SMP-NTF-NSUB-OK"},
		Cases:    []string{"relay/notify/nsub-ok"},
		Versions: wire.Versions(smp.MinVersion, smp.VersionServices-1),
		Apply: fault.Together(fault.Stages(fault.Spells), fault.Alters[smp.NSUB](func(s *relay.Session, _ *relay.Request, sok smp.SOK) smp.Response {
			if s.Version() < smp.VersionServices {
				return fault.Spelled{Response: sok, Text: "SOK 0"}
			}
			return sok
		})),
	},
	{
		ID:     "notify/nsub-unchecked",
		Story:  "Whoever knows a notifier id may use it: the authorization of NSUB is not verified.",
		Breaks: []string{"SMP-NTF-NSUB-AUTHORIZED", "SMP-NTF-NSUB-OTHER-KEYS"},
		Cases:  []string{"relay/notify/nsub-authorised", "relay/notify/nsub-authorised-displaces", "relay/notify/nsub-other-keys", "relay/notify/nsub-batch"},
		Apply:  fault.Unchecked("NSUB"),
	},
	{
		ID:     "notify/nsub-may-be-empty",
		Story:  "An NSUB without authorization is executed.",
		Breaks: []string{"SMP-NTF-NSUB-AUTHORIZED"},
		Cases:  []string{"relay/notify/nsub-authorised", "relay/notify/nsub-authorised-displaces"},
		Apply:  fault.Unsigned("NSUB"),
	},
	{
		ID:     "notify/nsub-refused-displaces",
		Story:  "NSUB ends the earlier subscription before its authorization is verified.",
		Breaks: []string{"SMP-NTF-NSUB-AUTHORIZED"},
		Cases:  []string{"relay/notify/nsub-authorised-displaces"},
		Apply:  fault.Stages(displacesFirst),
	},
	{
		ID:     "notify/nsub-by-recipient-key",
		Story:  "The recipient may do everything with the queue: its key authorizes NSUB too.",
		Breaks: []string{"SMP-NTF-NSUB-OTHER-KEYS"},
		Cases:  []string{"relay/notify/nsub-other-keys"},
		Apply:  byKeyOf(recipientKeyOf, "NSUB"),
	},
	{
		ID:     "notify/nsub-under-recipient-id",
		Story:  "NSUB finds the notifier of a queue by the id of the recipient, besides its own.",
		Breaks: []string{"SMP-NTF-NSUB-OTHER-IDS"},
		Cases:  []string{"relay/notify/nsub-other-ids"},
		Apply:  foundBy("NSUB", notifierOf, is(recipientOf)),
	},
	{
		ID:     "notify/nsub-under-sender-id",
		Story:  "Notifier and sender both stand outside of the queue, and NSUB finds it by the id of either.",
		Breaks: []string{"SMP-NTF-NSUB-OTHER-IDS"},
		Cases:  []string{"relay/notify/nsub-other-ids"},
		Apply:  foundBy("NSUB", notifierOf, is(senderOf)),
	},
	{
		ID:     "notify/nsub-unknown-sok",
		Story:  "NSUB with an unknown id is answered like any other, so that nobody learns which ids exist.",
		Breaks: []string{"SMP-NTF-NSUB-UNKNOWN"},
		Cases:  []string{"relay/notify/nsub-unknown", "relay/notify/nsub-batch"},
		Apply:  answersUnknown(smp.SOK{}),
	},
	{
		ID:     "notify/nsub-unknown-internal",
		Story:  "An id that the table of notifiers does not have is an internal error.",
		Breaks: []string{"SMP-NTF-NSUB-UNKNOWN"},
		Cases:  []string{"relay/notify/nsub-unknown"},
		Apply:  answersUnknown(smp.ERR{Err: smp.ErrInternal}),
	},
	{
		ID:     "notify/waits-for-nsub",
		Story:  "Notifications are sent in answer to NSUB, and nothing sends those of later messages.",
		Breaks: []string{"SMP-NTF-NSUB-LATER"},
		Cases:  []string{"relay/notify/nsub-later"},
		Apply:  waits(waitingRoom{keep: func(q *relay.Queue, _ *relay.Message) bool { return q.Notifier() != nil }}),
	},
	{
		ID:     "notify/nothing-waits",
		Story:  "A notification for a notifier that is not subscribed is dropped.",
		Breaks: []string{"SMP-NTF-NSUB-EARLIER", "SMP-NTF-RECEIVED-ANNOUNCED", "SMP-NTF-SUSPENDED"},
		Cases:  []string{"relay/notify/nsub-earlier", "relay/notify/received", "relay/notify/suspended"},
		Apply: fault.Announces(func(r *relay.Relay, q *relay.Queue, m *relay.Message, next fault.Announce) {
			if q.NotificationSubscriber() != nil {
				next(r, q, m)
			}
		}),
	},
	{
		ID:     "notify/announces-before-nkey",
		Story:  "NSUB announces whatever the queue holds, also what came before NKEY.",
		Breaks: []string{"SMP-NTF-NSUB-BEFORE-NKEY"},
		Cases:  []string{"relay/notify/nsub-before-nkey"},
		Apply:  waits(waitingRoom{keep: func(q *relay.Queue, _ *relay.Message) bool { return q.Notifier() == nil }}),
	},
	{
		ID:     "notify/one-queue-per-connection",
		Story:  "A connection is the notifier of one queue: the last NSUB counts.",
		Breaks: []string{"SMP-NTF-NSUB-MANY"},
		Cases:  []string{"relay/notify/nsub-many"},
		Apply: func(c *relay.Config) {
			lastNSUB(func(out *relay.Output, id []byte) bool { return bytes.Equal(out.EntityID, id) })(c)
		},
	},
	{
		ID:     "notify/one-id-per-connection",
		Story:  "The id of notifications is kept with the connection, and is that of the last NSUB.",
		Breaks: []string{"SMP-NTF-NSUB-MANY"},
		Cases:  []string{"relay/notify/nsub-many"},
		Apply: func(c *relay.Config) {
			lastNSUB(func(out *relay.Output, id []byte) bool {
				out.EntityID = id
				return true
			})(c)
		},
	},
	{
		ID:     "notify/last-of-block",
		Story:  "The NSUBs of a block are all answered, and the last one of them subscribes.",
		Breaks: []string{"SMP-NTF-NSUB-MANY"},
		Cases:  []string{"relay/notify/nsub-batch"},
		Apply:  fault.Remembering(subscribesLastOfBlock),
	},
	{
		ID:     "notify/refused-with-block",
		Story:  "The NSUBs of a block are verified together, and after one that is wrong all are refused.",
		Breaks: []string{"SMP-BLOCK-BATCH"},
		Cases:  []string{"relay/notify/nsub-batch"},
		Apply:  fault.Remembering(refusesRestOfBlock),
	},
	{
		ID:     "notify/nsub-again-refused",
		Story:  "NSUB on a connection that is subscribed is taken for a mistake of the client.",
		Breaks: []string{"SMP-NTF-NSUB-REPEATED"},
		Cases:  []string{"relay/notify/nsub-repeated"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NSUB, next fault.Execute) []relay.Output {
			if r.Queue.NotificationSubscriber() == s {
				return fault.Refuse(r, smp.ErrCmdProhibited)
			}
			return next(s, r)
		}),
	},
	{
		ID:     "notify/nsub-again-ends",
		Story:  "Every NSUB displaces who was subscribed, the same connection too.",
		Breaks: []string{"SMP-NTF-NSUB-REPEATED"},
		Cases:  []string{"relay/notify/nsub-repeated"},
		Apply: fault.Stages(func(st *relay.Stages) {
			push, next := st.Push, st.Execute
			st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
				if _, ok := r.Command.(smp.NSUB); ok && r.Queue != nil && r.Queue.NotificationSubscriber() == s {
					push(s, r.Queue, relay.Output{EntityID: r.Transmission.EntityID, Response: smp.END{}})
				}
				return next(s, r)
			}
		}),
	},
	{
		ID:     "notify/closed-stays-subscribed",
		Story:  "The end of a connection does not end its NSUB, and the next NSUB finds the place taken.",
		Breaks: []string{"SMP-NTF-NSUB-CLOSE"},
		Cases:  []string{"relay/notify/close"},
		Apply: fault.Together(fault.Handles(firstStays), fault.Stages(func(st *relay.Stages) {
			leave := st.Leave
			st.Leave = func(s *relay.Session, q *relay.Queue) {
				if q.NotificationSubscriber() != s {
					leave(s, q)
				}
			}
		})),
	},
	{
		ID:     "notify/displaced-end-unsubscribes",
		Story:  "The end of any connection that ever was a notifier of the queue ends the subscription.",
		Breaks: []string{"SMP-NTF-TAKEOVER"},
		Cases:  []string{"relay/notify/close-displaced"},
		Apply:  endsWithDisplaced,
	},
	{
		ID:     "notify/first-stays",
		Story:  "The first notifier keeps its subscription until its connection ends, and a later NSUB is only answered.",
		Breaks: []string{"SMP-NTF-TAKEOVER"},
		Cases:  []string{"relay/notify/takeover"}, // others would wait for END besides
		Apply:  fault.Handles(firstStays),
	},
	{
		ID:     "notify/both-notified",
		Story:  "A later NSUB is added to the list of those who are told, and the earlier one stays in it.",
		Breaks: []string{"SMP-NTF-TAKEOVER"},
		Cases:  []string{"relay/notify/takeover"},
		Apply:  fault.TellsDisplaced,
	},
	{
		ID:     "notify/takeover-silent",
		Story:  "END is sent for SUB and was forgotten for NSUB.",
		Breaks: []string{"SMP-NTF-TAKEOVER-END"},
		Cases:  []string{"relay/notify/takeover-end"},
		Apply:  notifierHearsNothing[smp.NSUB](),
	},
	{
		ID:     "notify/takeover-end-recipient-id",
		Story:  "The displaced notifier gets END with the recipient's id, as it is after SUB.",
		Breaks: []string{"SMP-NTF-TAKEOVER-END"},
		Cases:  []string{"relay/notify/takeover-end"},
		Apply: notifierHears[smp.NSUB](func(q *relay.Queue, out *relay.Output) {
			out.EntityID = q.RecipientID()
		}),
	},
	{
		ID:     "notify/takeover-end-to-new",
		Story:  "END goes to the connection that is entered as the subscriber, which is the new one already.",
		Breaks: []string{"SMP-NTF-TAKEOVER-END"},
		Cases:  []string{"relay/notify/takeover-end"},
		Apply: fault.PushesDuring[smp.NSUB](func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
			if isForNotifier(q, out) {
				to = q.NotificationSubscriber()
			}
			next(to, q, out)
		}),
	},
	{
		ID:     "notify/nsub-ends-sub",
		Story:  "A queue has one subscriber, and NSUB takes the place of SUB.",
		Breaks: []string{"SMP-NTF-SUB-INDEPENDENT"},
		Cases:  []string{"relay/notify/independent"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NSUB, next fault.Execute) []relay.Output {
			r.Queue.Unsubscribe()
			return next(s, r)
		}),
	},
	{
		ID:     "notify/sub-ends-nsub",
		Story:  "A recipient who is online needs no notifications, so SUB ends the subscription of the notifier.",
		Breaks: []string{"SMP-NTF-SUB-INDEPENDENT"},
		Cases:  []string{"relay/notify/independent"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next, leave := st.Execute, st.Leave
			st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
				if _, ok := r.Command.(smp.SUB); ok && r.Queue.NotificationSubscriber() != nil {
					leave(r.Queue.NotificationSubscriber(), r.Queue)
				}
				return next(s, r)
			}
		}),
	},
}

// answersUnknown answers NSUB with an id that no queue has.
func answersUnknown(response smp.Response) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		authorise, execute := st.Authorise, st.Execute
		st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			err := authorise(s, r)
			if _, ok := r.Command.(smp.NSUB); ok && r.Queue == nil {
				return nil
			}
			return err
		}
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			if _, ok := r.Command.(smp.NSUB); ok && r.Queue == nil {
				return fault.Reply(r, response)
			}
			return execute(s, r)
		}
	})
}

// displacesFirst executes what NSUB does to the earlier subscriber also when NSUB is
// refused.
func displacesFirst(st *relay.Stages) {
	leave, push := st.Leave, st.Push
	refusedLater(st, func(_ *relay.Session, r *relay.Request, _ smp.NSUB) {
		if earlier := r.Queue.NotificationSubscriber(); earlier != nil {
			leave(earlier, r.Queue)
			push(earlier, r.Queue, relay.Output{EntityID: r.Transmission.EntityID, Response: smp.END{}})
		}
	})
}

// firstStays answers NSUB and leaves the subscription with the connection that has it.
func firstStays(s *relay.Session, r *relay.Request, _ smp.NSUB, next fault.Execute) []relay.Output {
	if has := r.Queue.NotificationSubscriber(); has != nil && has != s {
		return fault.Reply(r, smp.SOK{})
	}
	return next(s, r)
}

// lastNSUB changes notifications to a connection, whose last NSUB had the id; those that
// change is false for are not sent.
func lastNSUB(change func(out *relay.Output, id []byte) bool) func(*relay.Config) {
	var last fault.Notes[*relay.Session, []byte]
	return fault.Together(
		fault.Notifies(func(to *relay.Session, _ *relay.Queue, out *relay.Output) bool {
			id, ok := last.Get(to)
			return !ok || change(out, id)
		}),
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NSUB, next fault.Execute) []relay.Output {
			last.Set(s, r.Transmission.EntityID)
			return next(s, r)
		}),
	)
}

// subscribesLastOfBlock answers the NSUBs of a block and executes the last one.
func subscribesLastOfBlock(answered *fault.Notes[string, bool]) func(*relay.Config) {
	return fault.Together(
		fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
			requests := next(s, content)
			var before []byte
			for i := range requests {
				if _, ok := requests[i].Command.(smp.NSUB); !ok {
					continue
				}
				if before != nil {
					answered.Set(string(before), true)
				}
				before = requests[i].Transmission.CorrelationID
			}
			return requests
		}),
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NSUB, next fault.Execute) []relay.Output {
			if _, only := answered.Take(string(r.Transmission.CorrelationID)); only {
				return fault.Reply(r, smp.SOK{})
			}
			return next(s, r)
		}),
	)
}

// refusesRestOfBlock refuses the NSUBs that follow a refused one in its block.
func refusesRestOfBlock(refused *fault.Notes[*relay.Session, *smp.Error]) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		decode, authorise := st.Decode, st.Authorise
		st.Decode = func(s *relay.Session, content []byte) []relay.Request {
			refused.Take(s)
			return decode(s, content)
		}
		st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			err := authorise(s, r)
			if _, ok := r.Command.(smp.NSUB); !ok {
				return err
			}
			if earlier, ok := refused.Get(s); ok {
				return earlier
			}
			if err != nil {
				refused.Set(s, err)
			}
			return err
		}
	})
}

// endsWithDisplaced drops notifications of a queue when a connection that was its notifier
// before has ended.
func endsWithDisplaced(c *relay.Config) {
	var displaced fault.Notes[*relay.Session, *relay.Queue]
	var ended fault.Notes[*relay.Queue, bool]
	fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NSUB, next fault.Execute) []relay.Output {
		if earlier := r.Queue.NotificationSubscriber(); earlier != nil && earlier != s {
			displaced.Set(earlier, r.Queue)
		}
		return next(s, r)
	})(c)
	fault.Notifies(func(_ *relay.Session, q *relay.Queue, _ *relay.Output) bool {
		is, _ := ended.Get(q)
		return !is
	})(c)
	read := c.Stages.Read
	c.Stages.Read = func(s *relay.Session) ([]byte, error) {
		content, err := read(s)
		if err != nil && !errors.Is(err, transport.ErrLargeMessage) {
			if q, ok := displaced.Take(s); ok {
				ended.Set(q, true)
			}
		}
		return content, err
	}
}
