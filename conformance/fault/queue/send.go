package queue

import (
	"bytes"
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/directory"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// sendFaults are mistakes in sending and quotas.
var sendFaults = slices.Concat(senderFaults, sendErrorFaults, bodyFaults, flagFaults, sizeFaults, quotaFaults)

var senderFaults = []fault.Fault{
	{
		ID:     "send/unsecured-refused",
		Story:  "A message that nobody has authorized is refused, also by a queue without a sender key.",
		Breaks: []string{"SMP-SEND-UNSECURED"},
		Cases:  []string{"relay/send/unsecured"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SEND, next fault.Execute) []relay.Output {
			if len(r.Transmission.Authorization) == 0 {
				return fault.Refuse(r, smp.ErrAuth)
			}
			return next(s, r)
		}),
	},
	{
		ID:     "send/one-unsecured",
		Story:  "An unsecured queue takes one message, the confirmation, and waits for its key then.",
		Breaks: []string{"SMP-SEND-UNSECURED-MANY"},
		Cases:  []string{"relay/send/unsecured-many"},
		Apply: fault.Remembering(func(confirmed *fault.Notes[string, bool]) func(*relay.Config) {
			return fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SEND, next fault.Execute) []relay.Output {
				if !r.Queue.Record().SenderKey.IsZero() {
					return next(s, r)
				}
				if _, again := confirmed.Swap(string(r.Queue.SenderID()), true); again {
					return fault.Refuse(r, smp.ErrAuth)
				}
				return next(s, r)
			})
		}),
	},
	{
		ID:     "send/unsecured-takes-signatures",
		Story:  "As long as there is no key to verify a signature with, every signature is accepted.",
		Breaks: []string{"SMP-SEND-UNSECURED-AUTHORIZED"},
		Cases:  []string{"relay/send/unsecured-authorised"},
		Apply: fault.Verifies(func(_ *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			return fault.IsOneOf(r, "SEND") && r.Queue != nil && key.IsZero()
		}),
	},
	{
		ID:     "send/verified-by-recipient-key",
		Story:  "All commands for a queue are verified by the key of NEW.",
		Breaks: []string{"SMP-SEND-SECURED", "SMP-SEND-SECURED-WRONG-KEY"},
		Cases:  []string{"relay/send/secured", "relay/send/secured-recipient-key"},
		Apply: fault.Together(directory.AlsoBy("SEND", directory.RecipientKey), fault.Remembering(func(own *directory.Queues) func(*relay.Config) {
			return fault.Stages(func(st *relay.Stages) {
				own.Note(st)
				next := st.Verify
				st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
					if p, ok := own.ByID.Get(string(r.Transmission.EntityID)); ok && r.Command.Tag() == "SEND" {
						key = p.RecipientKey
					}
					return next(s, r, key)
				}
			})
		})),
	},
	{
		ID:     "send/recipient-may-send",
		Story:  "The recipient owns the queue and may send to it too.",
		Breaks: []string{"SMP-SEND-SECURED-WRONG-KEY"},
		Cases:  []string{"relay/send/secured-recipient-key"},
		Apply:  directory.AlsoBy("SEND", directory.RecipientKey),
	},
	{
		ID:     "send/either-id",
		Story:  "A queue is looked up by any of its ids.",
		Breaks: []string{"SMP-SEND-RECIPIENT-ID"},
		Cases:  []string{"relay/send/recipient-id"},
		Apply:  directory.EitherID("SEND", directory.SenderID),
	},
	{
		ID:     "send/unknown-queue-ok",
		Story:  "A message for a queue that does not exist is dropped and answered OK, so that nobody learns which exist.",
		Breaks: []string{"SMP-SEND-UNKNOWN", "SMP-SEND-DELETED"},
		Cases:  []string{"relay/send/unknown-queue", "relay/send/deleted"},
		Apply:  unknownQueues[smp.SEND](smp.OK{}),
	},
	{
		ID:     "send/suspended-accepted",
		Story:  "OFF is noted for the recipient, and SEND never looks at it.",
		Breaks: []string{"SMP-SEND-SUSPENDED"},
		Cases:  []string{"relay/send/suspended"},
		Apply:  fault.Handles(sendAnyway),
	},
	{
		ID:     "send/deleted-accepted",
		Story:  "DEL takes the recipient's id away, and the sender's id stays where it is.",
		Breaks: []string{"SMP-SEND-DELETED"},
		Cases:  []string{"relay/send/deleted"},
		Apply:  deletesFor(func(c smp.Command) bool { return c.Tag() != "SEND" }),
	},
	{
		ID:     "send/answer-tells-subscription",
		Story:  "The answer to SEND says whether the message was delivered at once, which senders like to know.",
		Breaks: []string{"SMP-SEND-PROHIBITED-RECEIVER"},
		Cases:  []string{"relay/send/recipient-unseen"},
		Apply: fault.Together(fault.Stages(fault.Spells), fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SEND, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if fault.RepliedWith[smp.OK](outs) && r.Queue.Subscriber() == nil {
				return fault.Reply(r, fault.Spelled{Response: smp.OK{}, Text: "OK STORED"})
			}
			return outs
		})),
	},
}

// sendAnyway executes SEND as if the queue were not suspended.
func sendAnyway(s *relay.Session, r *relay.Request, _ smp.SEND, next fault.Execute) []relay.Output {
	at := r.Queue.Record().SuspendedAt
	if at.IsZero() {
		return next(s, r)
	}
	r.Queue.Change(func(record *relay.Record) { record.SuspendedAt = relay.Record{}.SuspendedAt })
	defer r.Queue.Change(func(record *relay.Record) { record.SuspendedAt = at })
	return next(s, r)
}

// deletesFor answers DEL and deletes nothing: from then on commands that gone is true for
// are refused.
func deletesFor(gone func(smp.Command) bool) func(*relay.Config) {
	return fault.Remembering(func(deleted *fault.Notes[string, bool]) func(*relay.Config) {
		return fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			if r.Queue == nil {
				return next(s, r)
			}
			if _, ok := deleted.Get(string(r.Queue.RecipientID())); ok && gone(r.Command) {
				return fault.Refuse(r, smp.ErrAuth)
			}
			if _, ok := r.Command.(smp.DEL); ok {
				deleted.Set(string(r.Queue.RecipientID()), true)
				return fault.Reply(r, smp.OK{})
			}
			return next(s, r)
		})
	})
}

var sendErrorFaults = []fault.Fault{
	wrongSendError("auth-as-no-msg", "There is no such queue for the message, so SEND is answered NO_MSG.", smp.ErrAuth, smp.ErrNoMsg,
		"unknown-queue", "SMP-SEND-UNKNOWN", "recipient-id", "SMP-SEND-RECIPIENT-ID"),
	wrongSendError("suspended-as-quota", "A queue that takes no messages is answered like one that is full.", smp.ErrAuth, smp.ErrQuota,
		"suspended", "SMP-SEND-SUSPENDED", "deleted", "SMP-SEND-DELETED"),
	wrongSendError("unauthorized-as-no-auth", "SEND of a secured queue without authorization is answered as a command that always needs one.", smp.ErrAuth, smp.ErrCmdNoAuth,
		"secured-unauthorised", "SMP-SEND-SECURED-UNAUTHORIZED"),
	wrongSendError("authorized-as-has-auth", "SEND of an unsecured queue with authorization is answered as a command that never has one.", smp.ErrAuth, smp.ErrCmdHasAuth,
		"unsecured-authorised", "SMP-SEND-UNSECURED-AUTHORIZED"),
	wrongSendError("syntax-as-prohibited", "SEND that cannot be parsed is answered as a command that is not allowed.", smp.ErrCmdSyntax, smp.ErrCmdProhibited,
		"flags-invalid", "SMP-SEND-FLAGS-INVALID", "no-space", "SMP-SEND-NO-SPACE"),
	wrongSendError("large-as-block", "A message that is too long is answered as a block that is too long.", smp.ErrLargeMsg, smp.ErrBlock,
		"too-large", "SMP-SEND-TOO-LARGE", "too-large-old", "SMP-SEND-TOO-LARGE-OLD"),
}

// wrongSendError is a relay that answers SEND with one error in the place of another;
// casesAndRequirements are the names of cases, each before what it tests.
func wrongSendError(name, story string, right, wrong *smp.Error, casesAndRequirements ...string) fault.Fault {
	f := fault.Fault{ID: "send/" + name, Story: story, Apply: instead("SEND", right, wrong)}
	for i := 0; i < len(casesAndRequirements); i += 2 {
		f.Cases = append(f.Cases, "relay/send/"+casesAndRequirements[i])
		f.Breaks = append(f.Breaks, casesAndRequirements[i+1])
	}
	return f
}

var bodyFaults = []fault.Fault{
	wrongBody("trimmed", "White space around the body is taken for the end of the line.", bytes.TrimSpace),
	wrongBody("cut-at-zero", "The body is a string that ends with a zero byte.", func(body []byte) []byte {
		before, _, _ := bytes.Cut(body, []byte{0})
		return before
	}),
	wrongBody("padding-stripped", "What looks like padding at the end of the body is removed before it is stored.", func(body []byte) []byte {
		return bytes.TrimRight(body, "#")
	}),
	wrongBody("valid-text", "The body is text, and bytes that are no UTF-8 are replaced.", func(body []byte) []byte {
		return bytes.ToValidUTF8(body, []byte("?"))
	}),
	{
		ID:     "send/empty-refused",
		Story:  "SEND without a body is taken for a mistake of the client.",
		Breaks: []string{"SMP-SEND-EMPTY"},
		Cases:  []string{"relay/send/empty-body"},
		Apply:  refusesForm(func(c smp.SEND, _ []byte) bool { return len(c.Body) == 0 }),
	},
	{
		ID:     "send/empty-dropped",
		Story:  "An empty body is accepted and there is nothing to deliver.",
		Breaks: []string{"SMP-SEND-EMPTY"},
		Cases:  []string{"relay/send/empty-body"},
		Apply: fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
			return len(m.Body) == 0 || next(q, m)
		}),
	},
}

// wrongBody is a relay that stores another body than was sent.
func wrongBody(name, story string, change func([]byte) []byte) fault.Fault {
	return fault.Fault{
		ID:     "send/body-" + name,
		Story:  story,
		Breaks: []string{"SMP-SEND-BYTES"},
		Cases:  []string{"relay/send/any-bytes"},
		Apply: fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
			m.Body = change(m.Body)
			return next(q, m)
		}),
	}
}

var flagFaults = []fault.Fault{
	{
		ID:     "send/flag-needs-notifier",
		Story:  "A message with the notification flag is refused by a queue without a notifier.",
		Breaks: []string{"SMP-SEND-FLAGS"},
		Cases:  []string{"relay/send/flags"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.SEND, next fault.Execute) []relay.Output {
			if c.Notify && r.Queue.Notifier() == nil {
				return fault.Refuse(r, smp.ErrAuth)
			}
			return next(s, r)
		}),
	},
	{
		ID:     "send/any-flag",
		Story:  "Every notification flag but T is taken for F.",
		Breaks: []string{"SMP-SEND-FLAGS-INVALID"},
		Cases:  []string{"relay/send/flags-invalid"},
		Apply: fault.Rewrites("SEND", func(_ uint16, command []byte) []byte {
			if at := len("SEND "); len(command) > at+1 {
				command[at] = 'F'
			}
			return command
		}),
	},
	{
		ID:     "send/one-flag-only",
		Story:  "There is one flag, and behind it has to be the space.",
		Breaks: []string{"SMP-SEND-FLAGS-EXTENSION"},
		Cases:  []string{"relay/send/flags-extension"},
		Apply:  refusesForm(func(_ smp.SEND, command []byte) bool { return command[len("SEND T")] != ' ' }),
	},
	{
		ID:     "send/space-optional",
		Story:  "Behind the flag the command may end, and the body is empty then.",
		Breaks: []string{"SMP-SEND-NO-SPACE"},
		Cases:  []string{"relay/send/no-space"},
		Apply:  fault.Rewrites("SEND", func(_ uint16, command []byte) []byte { return append(command, ' ') }),
	},
}

var sizeFaults = []fault.Fault{
	{
		ID:     "send/limit-exclusive",
		Story:  "The body has to be shorter than the largest one.",
		Breaks: []string{"SMP-SEND-LARGE-V6", "SMP-SEND-LARGE-V8", "SMP-SEND-LARGE-V11"},
		Cases:  []string{"relay/send/largest-v6", "relay/send/largest-v8", "relay/send/largest-v11"},
		Apply:  limits(func(version uint16) int { return smp.MaxMessageLength(version) - 1 }),
	},
	{
		ID:       "send/limit-of-newest",
		Story:    "The largest body is that of the newest version, for all clients.",
		Breaks:   []string{"SMP-SEND-LARGE-V6", "SMP-SEND-LARGE-V8"},
		Cases:    []string{"relay/send/largest-v6", "relay/send/largest-v8"},
		Versions: wire.Versions(smp.MinVersion, smp.VersionBlockEncryption-1),
		Apply:    limits(func(uint16) int { return smp.MaxMessageLength(smp.MaxVersion) }),
	},
	{
		ID:       "send/limit-of-oldest",
		Story:    "The largest body is what fits a delivery, for all clients.",
		Breaks:   []string{"SMP-SEND-TOO-LARGE", "SMP-SEND-TOO-LARGE-OLD"},
		Cases:    []string{"relay/send/too-large", "relay/send/too-large-old"},
		Versions: fault.Since(smp.VersionProxy),
		Apply:    fault.Remembering(storesLonger),
	},
	{
		ID:     "send/too-large-cut",
		Story:  "A body that is too long is cut to the size that fits.",
		Breaks: []string{"SMP-SEND-TOO-LARGE", "SMP-SEND-TOO-LARGE-OLD"},
		Cases:  []string{"relay/send/too-large", "relay/send/too-large-old"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.SEND, next fault.Execute) []relay.Output {
			c.Body = c.Body[:min(len(c.Body), smp.MaxMessageLength(s.Version()))]
			r.Command = c
			return next(s, r)
		}),
	},
	{
		ID:     "send/too-large-stored",
		Story:  "The size of the body is checked for the answer only, after the message was stored.",
		Breaks: []string{"SMP-SEND-TOO-LARGE", "SMP-SEND-TOO-LARGE-OLD"},
		Cases:  []string{"relay/send/too-large", "relay/send/too-large-old"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.SEND, next fault.Execute) []relay.Output {
			limit := smp.MaxMessageLength(s.Version())
			if len(c.Body) <= limit {
				return next(s, r)
			}
			c.Body = c.Body[:limit]
			r.Command = c
			next(s, r)
			return fault.Refuse(r, smp.ErrLargeMsg)
		}),
	},
}

// limits refuses bodies above a limit of its own.
func limits(limit func(version uint16) int) func(*relay.Config) {
	return fault.Handles(func(s *relay.Session, r *relay.Request, c smp.SEND, next fault.Execute) []relay.Output {
		if len(c.Body) > limit(s.Version()) {
			return fault.Refuse(r, smp.ErrLargeMsg)
		}
		return next(s, r)
	})
}

// storesLonger takes bodies up to the largest that MSG can carry.
func storesLonger(whole *fault.Notes[string, []byte]) func(*relay.Config) {
	return fault.Together(
		fault.Handles(func(s *relay.Session, r *relay.Request, c smp.SEND, next fault.Execute) []relay.Output {
			limit := smp.MaxMessageLength(s.Version())
			if len(c.Body) <= limit || len(c.Body) > smp.MaxRcvBody {
				return next(s, r)
			}
			whole.Set(string(r.Queue.RecipientID()), bytes.Clone(c.Body))
			c.Body = c.Body[:limit]
			r.Command = c
			return next(s, r)
		}),
		fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
			if body, ok := whole.Take(string(q.RecipientID())); ok {
				m.Body = body
			}
			return next(q, m)
		}),
	)
}
