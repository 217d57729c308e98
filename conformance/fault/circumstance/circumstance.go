package circumstance

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// Mistakes that show in particular circumstances only: with many queues, in a series, with
// a body or an id that is a special one.
var circumstanceFaults = []fault.Fault{
	{
		ID:     "sub/hundred-queues",
		Story:  "A connection has a table of one hundred subscriptions, and SUB is answered as usual when it is full.",
		Breaks: []string{"SMP-SUB-MANY"},
		Cases:  []string{"relay/sub/hundreds"},
		Apply: fault.Remembering(func(counts *fault.Notes[*relay.Session, int]) func(*relay.Config) {
			return fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
				if counts.Update(s, func(n int) int { return n + 1 }) > 100 {
					return fault.Reply(r, smp.SOK{})
				}
				return next(s, r)
			})
		}),
	},
	{
		ID:     "sub/ended-by-last-ack",
		Story:  "A subscription is there to empty the queue, and is over with ACK of the last message.",
		Breaks: []string{"SMP-SUB-CONTINUES"},
		Cases:  []string{"relay/ack/later"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.ACK, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if r.Queue.Subscriber() == s && r.Queue.Mailbox().Len() == 0 {
				r.Queue.Unsubscribe()
			}
			return outs
		}),
	},
	{
		ID:     "sub/end-once-for-all",
		Story:  "END says that the connection has been displaced, so it is sent once, whatever the number of queues.",
		Breaks: []string{"SMP-SUB-END"},
		Cases:  []string{"relay/sub/end-of-each"},
		Apply: fault.Remembering(func(told *fault.Notes[*relay.Session, bool]) func(*relay.Config) {
			return fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
				if fault.IsA[smp.END](out) {
					if _, already := told.Swap(to, true); already {
						return
					}
				}
				next(to, q, out)
			})
		}),
	},
	{
		ID:     "sub/close-drops-one",
		Story:  "What was on its way when the connection ended is taken for delivered if more messages wait behind it.",
		Breaks: []string{"SMP-SUB-CLOSE"},
		Cases:  []string{"relay/sub/redelivery-all"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Leave
			st.Leave = func(s *relay.Session, q *relay.Queue) {
				if q.Subscriber() == s && q.Mailbox().Len() > 3 {
					q.Mailbox().Remove(q.Mailbox().Head().ID)
				}
				next(s, q)
			}
		}),
	},
	{
		ID:     "sub/close-deletes-empty",
		Story:  "A queue without messages is cleaned up with the connection of its recipient.",
		Breaks: []string{"SMP-SUB-CLOSE"},
		Cases:  []string{"relay/send/recipient-gone"},
		Apply:  fault.Remembering(deletesEmpty),
	},
	{
		ID:     "send/id-prefix",
		Story:  "Queues are found by the first sixteen bytes of their ids.",
		Breaks: []string{"SMP-SEND-UNKNOWN"},
		Cases:  []string{"relay/send/near-id"},
		Apply:  fault.Remembering(findsByPrefix),
	},
	{
		ID:     "send/pairs-in-block",
		Story:  "The messages of one block are stored by two workers, of which the second one is faster.",
		Breaks: []string{"SMP-MSG-ORDER"},
		Cases:  []string{"relay/send/order-in-block"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Decode
			st.Decode = func(s *relay.Session, content []byte) []relay.Request {
				requests := next(s, content)
				for i := 2; i+1 < len(requests); i += 2 {
					requests[i], requests[i+1] = requests[i+1], requests[i]
				}
				return requests
			}
		}),
	},
	{
		ID:     "delivery/same-body-once",
		Story:  "A message with the body of the one that waits is a repetition by the sender, and answered without being stored.",
		Breaks: []string{"SMP-MSG-KEPT"},
		Cases:  []string{"relay/delivery/identical"},
		Apply: fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
			if h := q.Mailbox().Head(); h != nil && !h.Quota && bytes.Equal(h.Body, m.Body) {
				return true
			}
			return next(q, m)
		}),
	},
	{
		ID:       "authorization/thirty-two-keys",
		Story:    "The agreed keys of a connection are kept in a table with 32 places, and one that finds no place is not used.",
		Breaks:   []string{"SMP-AUTH-X25519"},
		Cases:    []string{"relay/authorization/many-keys"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply:    fault.Remembering(agreesOnFew),
	},
	{
		ID:     "block/message-with-answers",
		Story:  "An answer with a message and what else is in its block are counted without their lengths, and the block that is too long ends the session.",
		Breaks: []string{"SMP-BLOCK-BATCH"},
		Cases:  []string{"relay/block/batch-with-message"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Encode
			st.Encode = func(s *relay.Session, outs []relay.Output) ([][]byte, error) {
				message := slices.ContainsFunc(outs, func(out relay.Output) bool { _, ok := out.Response.(smp.MSG); return ok })
				if message && len(outs) > 5 {
					return nil, errors.New("block too long")
				}
				return next(s, outs)
			}
		}),
	},
	{
		ID:       "block/thousand-commands",
		Story:    "The correlation ids of a connection are kept in a table of a thousand places, and commands that find none are not served.",
		Breaks:   []string{"SMP-BLOCK-BATCH-255"},
		Cases:    []string{"relay/block/batch-255-often"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: fault.Remembering(func(counts *fault.Notes[*relay.Session, int]) func(*relay.Config) {
			return fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
				if counts.Update(s, func(n int) int { return n + 1 }) > 1000 {
					return nil
				}
				return next(s, r)
			})
		}),
	},
	{
		ID:       "rkey/eight-keys",
		Story:    "The row of a queue has room for eight recipient keys, and what does not fit is cut off.",
		Breaks:   []string{"SMP-RKEY-REPLACES"},
		Cases:    []string{"relay/rkey/many"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.RKEY, next fault.Execute) []relay.Output {
			c.Keys = c.Keys[:min(8, len(c.Keys))]
			r.Command = c
			return next(s, r)
		}),
	},
	{
		ID:     "off/get-refused",
		Story:  "GET is for queues in use, and a suspended one is not.",
		Breaks: []string{"SMP-OFF-RECIPIENT"},
		Cases:  []string{"relay/off/get"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.GET, next fault.Execute) []relay.Output {
			if r.Queue.Record().Suspended() {
				return fault.Refuse(r, smp.ErrAuth)
			}
			return next(s, r)
		}),
	},
	{
		ID:     "notify/closed-subscriber-stays",
		Story:  "The end of a connection ends what it receives as a recipient, and is forgotten where it is a notifier's.",
		Breaks: []string{"SMP-NTF-NSUB-EARLIER"},
		Cases:  []string{"relay/notify/nsub-close-waits"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Leave
			st.Leave = func(s *relay.Session, q *relay.Queue) {
				if q.NotificationSubscriber() != s {
					next(s, q)
				}
			}
		}),
	},
	{
		ID:     "notify/closed-half-stays",
		Story:  "A connection whose SUB another one has taken over is struck off the queue, and its end does not end its NSUB.",
		Breaks: []string{"SMP-NTF-NSUB-EARLIER"},
		Cases:  []string{"relay/notify/nsub-close-waits"},
		Apply:  fault.Remembering(halfStays),
	},
	{
		ID:     "notify/replaced-hears",
		Story:  "The connection of the notifier stands in the queue, where NKEY leaves it, and later notifications go to it.",
		Breaks: []string{"SMP-NTF-NKEY-REPEATED"},
		Cases:  []string{"relay/notify/nkey-again-silent"},
		Apply:  fault.Remembering(replacedHears),
	},
	{
		ID:     "notify/empty-unannounced",
		Story:  "A message without a body has nothing in it that anybody has to be told about.",
		Breaks: []string{"SMP-NTF-NSUB-LATER"},
		Cases:  []string{"relay/notify/any-body"},
		Apply: fault.Announces(func(r *relay.Relay, q *relay.Queue, m *relay.Message, next fault.Announce) {
			if len(m.Body) > 0 {
				next(r, q, m)
			}
		}),
	},
	{
		ID:     "notify/id-names-queue",
		Story:  "All ids of a queue stand in one table that leads to the queue, and nobody asks whose id it was.",
		Breaks: []string{"SMP-NTF-ID-NSUB-ONLY"},
		Cases:  []string{"relay/notify/id-prohibited"},
		Apply:  fault.Remembering(sendsByNotifierID),
	},
	{
		ID:       "service/hash-toggled",
		Story:    "Every SUB of a service adds the id of the queue to the hash, which takes out one that is there.",
		Breaks:   []string{"SMP-SERVICE-HASH"},
		Cases:    []string{"relay/service/hash-repeated"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    togglesHash,
	},
	{
		ID:       "ping/messaging-services-only",
		Story:    "PING is a command for those who receive messages, so other services are not allowed to use it.",
		Breaks:   []string{"SMP-PING-PONG"},
		Cases:    []string{"relay/service/ping"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.PING, next fault.Execute) []relay.Output {
			if fault.IsService(s) && s.Conn().Service().Role != transport.RoleMessaging {
				return fault.Refuse(r, smp.ErrCmdProhibited)
			}
			return next(s, r)
		}),
	},
}

// deletesEmpty makes queues expire that are empty when their subscriber leaves.
func deletesEmpty(gone *fault.Notes[*relay.Queue, bool]) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		leave, expire := st.Leave, st.Expire
		st.Leave = func(s *relay.Session, q *relay.Queue) {
			if q.Subscriber() == s && q.Mailbox().Len() == 0 {
				gone.Set(q, true)
			}
			leave(s, q)
		}
		st.Expire = func(r *relay.Relay, q *relay.Queue, now time.Time) bool {
			_, empty := gone.Get(q)
			return expire(r, q, now) || empty
		}
	})
}

// findsByPrefix takes every id that begins as that of a sender for it.
func findsByPrefix(known *fault.Notes[string, []byte]) func(*relay.Config) {
	const prefix = 16
	return fault.Together(
		fault.Alters[smp.NEW](func(_ *relay.Session, _ *relay.Request, ids smp.IDS) smp.Response {
			known.Set(string(ids.SenderID[:prefix]), ids.SenderID)
			return ids
		}),
		fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) {
			id := r.Transmission.EntityID
			if _, ok := r.Command.(smp.SEND); !ok || len(id) < prefix {
				return
			}
			if whole, ok := known.Get(string(id[:prefix])); ok {
				r.Transmission.EntityID = whole
			}
		}),
	)
}

// agreesOnFew verifies authenticators by the first keys of a session alone.
func agreesOnFew(counts *fault.Notes[*relay.Session, []keys.PublicKey]) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.Verify
		st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			if key.Algorithm() != keys.X25519 {
				return next(s, r, key)
			}
			const places = 32
			agreed := counts.Update(s, func(all []keys.PublicKey) []keys.PublicKey {
				if len(all) < places && !slices.Contains(all, key) {
					all = append(all, key)
				}
				return all
			})
			_, creates := r.Command.(smp.NEW)
			return (creates || slices.Contains(agreed, key)) && next(s, r, key)
		}
	})
}

// sendsByNotifierID takes the id of a notifier for that of the sender.
func sendsByNotifierID(senders *fault.Notes[string, []byte]) func(*relay.Config) {
	return fault.Together(
		fault.Alters[smp.NKEY](func(_ *relay.Session, r *relay.Request, nid smp.NID) smp.Response {
			senders.Set(string(nid.NotifierID), r.Queue.SenderID())
			return nid
		}),
		fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) {
			if _, ok := r.Command.(smp.SEND); !ok {
				return
			}
			if id, ok := senders.Get(string(r.Transmission.EntityID)); ok {
				r.Transmission.EntityID = id
			}
		}),
	)
}

// togglesHash answers SUBS with a hash into which queues went once for every SUB.
func togglesHash(c *relay.Config) {
	var times fault.Notes[*relay.Queue, int]
	var wrong fault.Notes[string, smp.IDsHash]
	fault.Together(
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
			if fault.IsService(s) && times.Update(r.Queue, func(n int) int { return n + 1 }) > 1 {
				wrong.Update(string(s.Conn().Service().ID), func(h smp.IDsHash) smp.IDsHash {
					h.Toggle(r.Queue.RecipientID())
					return h
				})
			}
			return next(s, r)
		}),
		fault.Alters[smp.SUBS](func(s *relay.Session, _ *relay.Request, soks smp.SOKS) smp.Response {
			h, _ := wrong.Get(string(s.Conn().Service().ID))
			for i := range h {
				soks.IDsHash[i] ^= h[i]
			}
			return soks
		}),
	)(c)
}

// replacedHears sends the notifications of a notifier to the subscriber of the one before.
func halfStays(struck *fault.Notes[*relay.Queue, *relay.Session]) func(*relay.Config) {
	return fault.Together(
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
			if earlier := r.Queue.Subscriber(); earlier != nil && earlier != s {
				struck.Set(r.Queue, earlier)
			}
			return next(s, r)
		}),
		fault.Stages(func(st *relay.Stages) {
			next := st.Leave
			st.Leave = func(s *relay.Session, q *relay.Queue) {
				if gone, _ := struck.Get(q); gone != s || q.NotificationSubscriber() != s {
					next(s, q)
				}
			}
		}),
	)
}

func replacedHears(before *fault.Notes[*relay.Queue, *relay.Session]) func(*relay.Config) {
	return func(c *relay.Config) {
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NKEY, next fault.Execute) []relay.Output {
			if to := r.Queue.NotificationSubscriber(); to != nil {
				before.Set(r.Queue, to)
			}
			return next(s, r)
		})(c)
		push := c.Stages.Push
		fault.Announces(func(r *relay.Relay, q *relay.Queue, m *relay.Message, next fault.Announce) {
			if to, ok := before.Get(q); ok && m.Notify && q.Notifier() != nil {
				push(to, q, fault.NotificationOf(q, m))
				return
			}
			next(r, q, m)
		})(c)
	}
}
