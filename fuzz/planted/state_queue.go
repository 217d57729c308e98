package planted

import (
	"sync/atomic"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// queueFaults are mistakes about the keys and the life of queues.
func queueFaults() []Fault {
	return []Fault{
		{
			ID:    "state/second-key",
			Title: "KEY replaces the sender's key of a queue that is secured.",
			Finds: []string{Violation, Accepted},
			Apply: fault.Handles(func(_ *relay.Session, r *relay.Request, c smp.KEY, _ fault.Execute) []relay.Output {
				return secure(r, c.SenderKey)
			}),
		},
		{
			ID:    "state/second-sender-key",
			Title: "SKEY replaces the sender's key of a queue that is secured.",
			Finds: []string{Violation, Accepted},
			Apply: replacesKey[smp.SKEY](
				func(c smp.SKEY) keys.PublicKey { return c.SenderKey },
				func(_ *relay.Session, r *relay.Request, c smp.SKEY, _ fault.Execute) []relay.Output {
					return secure(r, c.SenderKey)
				}),
		},
		{
			ID:    "state/refused-key-kept",
			Title: "KEY sets the key before its authorization is verified, and a wrong one does not undo that.",
			Finds: []string{Violation},
			Apply: fault.Remembering(func(refused *fault.Notes[string, keys.PublicKey]) func(*relay.Config) {
				return fault.Together(
					authorises(func(s *relay.Session, r *relay.Request, next authorise) *smp.Error {
						err := next(s, r)
						if c, ok := r.Command.(smp.KEY); ok && err != nil && r.Queue != nil {
							refused.Set(string(r.Queue.RecipientID()), c.SenderKey)
						}
						return err
					}),
					fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
						if r.Queue != nil && r.Queue.Record().SenderKey.IsZero() {
							if key, ok := refused.Take(string(r.Queue.RecipientID())); ok {
								secure(r, key)
							}
						}
						return next(s, r)
					}),
				)
			}),
		},
		{
			ID:    "state/deleted-queue-sends",
			Title: "SEND to a queue that was deleted is answered OK, and the message is nowhere.",
			Finds: []string{Violation, Accepted},
			Apply: fault.Remembering(func(deleted *fault.Notes[string, bool]) func(*relay.Config) {
				return fault.Together(
					authorises(func(s *relay.Session, r *relay.Request, next authorise) *smp.Error {
						err := next(s, r)
						if gone, _ := deleted.Get(string(r.Transmission.EntityID)); gone && is[smp.SEND](r) {
							return nil
						}
						return err
					}),
					fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
						switch {
						case is[smp.SEND](r) && r.Queue == nil:
							return fault.Reply(r, smp.OK{})
						case is[smp.DEL](r):
							deleted.Set(string(r.Queue.SenderID()), true)
						}
						return next(s, r)
					}),
				)
			}),
		},
		{
			ID:    "state/suspension-ends",
			Title: "OFF holds as long as the connection that has sent it.",
			Finds: []string{Violation, Accepted},
			Apply: fault.Remembering(suspensionEnds),
		},
		{
			ID:    "state/suspension-drops",
			Title: "OFF empties the queue.",
			Finds: []string{Violation},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.OFF, next fault.Execute) []relay.Output {
				rearrange(r.Queue, func([]*relay.Message) []*relay.Message { return nil })
				return next(s, r)
			}),
		},
		{
			ID:    "state/recipient-keys-added",
			Title: "RKEY adds keys to those that the queue has, and the earlier ones go on working.",
			Finds: []string{Violation, Accepted},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.RKEY, next fault.Execute) []relay.Output {
				earlier := r.Queue.Record().RecipientKeys
				outs := next(s, r)
				if fault.RepliedWith[smp.OK](outs) {
					r.Queue.Change(func(record *relay.Record) {
						record.RecipientKeys = append(append([]keys.PublicKey(nil), record.RecipientKeys...), earlier...)
					})
				}
				return outs
			}),
		},
		{
			ID:    "state/first-recipient-key",
			Title: "Of several keys in RKEY only the first one works.",
			Finds: []string{Violation},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.RKEY, next fault.Execute) []relay.Output {
				r.Command = smp.RKEY{Keys: c.Keys[:1]}
				return next(s, r)
			}),
		},
		{
			ID:    "state/recipient-keys-of-any",
			Title: "RKEY works for queues of every mode.",
			Finds: []string{Violation, Accepted},
			Apply: fault.Handles(func(_ *relay.Session, r *relay.Request, c smp.RKEY, _ fault.Execute) []relay.Output {
				r.Queue.Change(func(record *relay.Record) { record.RecipientKeys = c.Keys })
				return fault.Reply(r, smp.OK{})
			}),
		},
		{
			ID:    "state/same-queue-twice",
			Title: "NEW with the correlation id of an earlier NEW is answered with the same queue, whatever its keys.",
			Finds: []string{Violation},
			Apply: fault.Remembering(func(made *fault.Notes[string, smp.Response]) func(*relay.Config) {
				return fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NEW, next fault.Execute) []relay.Output {
					id := string(r.Transmission.CorrelationID)
					if ids, ok := made.Get(id); ok {
						return fault.Reply(r, ids)
					}
					outs := next(s, r)
					if fault.RepliedWith[smp.IDS](outs) {
						made.Set(id, outs[0].Response)
					}
					return outs
				})
			}),
		},
	}
}

// secure gives the queue of a request a key of the sender.
func secure(r *relay.Request, key keys.PublicKey) []relay.Output {
	r.Queue.Change(func(record *relay.Record) { record.SenderKey = key })
	return fault.Reply(r, smp.OK{})
}

// replacesKey takes a command that is authorized by the key in it, also if its messaging
// queue has another one.
func replacesKey[C smp.Command](keyOf func(C) keys.PublicKey, execute func(*relay.Session, *relay.Request, C, fault.Execute) []relay.Output) func(*relay.Config) {
	return fault.Together(
		fault.Stages(func(st *relay.Stages) {
			next := st.Authorise
			st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
				err := next(s, r)
				if c, ok := r.Command.(C); ok && err != nil && r.Queue != nil && st.Verify(s, r, keyOf(c)) {
					return nil
				}
				return err
			}
		}),
		fault.Handles(func(s *relay.Session, r *relay.Request, c C, next fault.Execute) []relay.Output {
			if r.Queue.Record().Mode != smp.Messaging {
				return fault.Refuse(r, smp.ErrAuth)
			}
			return execute(s, r, c, next)
		}),
	)
}

// suspensions say for each queue whether the connection that has suspended it has ended.
type suspensions struct {
	ended beside[relay.Session, *atomic.Bool]
	of    beside[relay.Queue, *atomic.Bool]
}

// suspensionEnds ends the suspension of a queue with the connection that has sent OFF.
func suspensionEnds(x *suspensions) func(*relay.Config) {
	return fault.Together(
		fault.Stages(func(st *relay.Stages) {
			next := st.Read
			st.Read = func(s *relay.Session) ([]byte, error) {
				content, err := next(s)
				if flag := *x.ended.of(s); err != nil && flag != nil {
					flag.Store(true)
				}
				return content, err
			}
		}),
		fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			if r.Queue == nil {
				return next(s, r)
			}
			by := x.of.of(r.Queue)
			if *by != nil && (*by).Load() {
				r.Queue.Change(func(record *relay.Record) { record.SuspendedAt = time.Time{} })
				*by = nil
			}
			if is[smp.OFF](r) && !s.Forwarded() {
				flag := x.ended.of(s)
				if *flag == nil {
					*flag = new(atomic.Bool)
				}
				*by = *flag
			}
			return next(s, r)
		}),
	)
}
