package fault

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// Mistakes that show in particular circumstances only: with many queues, in a series, with
// a body or an id that is a special one.
var circumstanceFaults = []Fault{
	{
		ID:     "sub/hundred-queues",
		Story:  "A connection has a table of one hundred subscriptions, and SUB is answered as usual when it is full.",
		Breaks: []string{"SMP-SUB-MANY"},
		Cases:  []string{"relay/sub/hundreds"},
		Apply: remembering(func(counts *notes[*relay.Session, int]) func(*relay.Config) {
			return handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next execute) []relay.Output {
				if counts.update(s, func(n int) int { return n + 1 }) > 100 {
					return reply(r, smp.SOK{})
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
		Apply: handles(func(s *relay.Session, r *relay.Request, _ smp.ACK, next execute) []relay.Output {
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
		Apply: remembering(func(told *notes[*relay.Session, bool]) func(*relay.Config) {
			return pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next push) {
				if isA[smp.END](out) {
					if _, already := told.swap(to, true); already {
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
		Apply: stages(func(st *relay.Stages) {
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
		Apply:  remembering(deletesEmpty),
	},
	{
		ID:     "send/id-prefix",
		Story:  "Queues are found by the first sixteen bytes of their ids.",
		Breaks: []string{"SMP-SEND-UNKNOWN"},
		Cases:  []string{"relay/send/near-id"},
		Apply:  remembering(findsByPrefix),
	},
	{
		ID:     "send/pairs-in-block",
		Story:  "The messages of one block are stored by two workers, of which the second one is faster.",
		Breaks: []string{"SMP-MSG-ORDER"},
		Cases:  []string{"relay/send/order-in-block"},
		Apply: stages(func(st *relay.Stages) {
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
		Apply: stores(func(q *relay.Queue, m *relay.Message, next store) bool {
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
		Versions: since(smp.VersionAuthenticators),
		Apply:    remembering(agreesOnFew),
	},
	{
		ID:     "block/message-with-answers",
		Story:  "An answer with a message and what else is in its block are counted without their lengths, and the block that is too long ends the session.",
		Breaks: []string{"SMP-BLOCK-BATCH"},
		Cases:  []string{"relay/block/batch-with-message"},
		Apply: stages(func(st *relay.Stages) {
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
		Versions: since(smp.VersionAuthenticators),
		Apply: remembering(func(counts *notes[*relay.Session, int]) func(*relay.Config) {
			return executes(func(s *relay.Session, r *relay.Request, next execute) []relay.Output {
				if counts.update(s, func(n int) int { return n + 1 }) > 1000 {
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
		Versions: since(smp.VersionShortLinks),
		Apply: handles(func(s *relay.Session, r *relay.Request, c smp.RKEY, next execute) []relay.Output {
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
		Apply: handles(func(s *relay.Session, r *relay.Request, _ smp.GET, next execute) []relay.Output {
			if r.Queue.Record().Suspended() {
				return refuse(r, smp.ErrAuth)
			}
			return next(s, r)
		}),
	},
	{
		ID:     "notify/closed-subscriber-stays",
		Story:  "The end of a connection ends what it receives as a recipient, and is forgotten where it is a notifier's.",
		Breaks: []string{"SMP-NTF-NSUB-EARLIER"},
		Cases:  []string{"relay/notify/nsub-close-waits"},
		Apply: stages(func(st *relay.Stages) {
			next := st.Leave
			st.Leave = func(s *relay.Session, q *relay.Queue) {
				if q.NotificationSubscriber() != s {
					next(s, q)
				}
			}
		}),
	},
	{
		ID:     "notify/replaced-hears",
		Story:  "The connection of the notifier stands in the queue, where NKEY leaves it, and later notifications go to it.",
		Breaks: []string{"SMP-NTF-NKEY-REPEATED"},
		Cases:  []string{"relay/notify/nkey-again-silent"},
		Apply:  remembering(replacedHears),
	},
	{
		ID:     "notify/empty-unannounced",
		Story:  "A message without a body has nothing in it that anybody has to be told about.",
		Breaks: []string{"SMP-NTF-NSUB-LATER"},
		Cases:  []string{"relay/notify/any-body"},
		Apply: announces(func(r *relay.Relay, q *relay.Queue, m *relay.Message, next announce) {
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
		Apply:  remembering(sendsByNotifierID),
	},
	{
		ID:       "service/hash-toggled",
		Story:    "Every SUB of a service adds the id of the queue to the hash, which takes out one that is there.",
		Breaks:   []string{"SMP-SERVICE-HASH"},
		Cases:    []string{"relay/service/hash-repeated"},
		Versions: since(smp.VersionServiceCounts),
		Apply:    togglesHash,
	},
	{
		ID:       "ping/messaging-services-only",
		Story:    "PING is a command for those who receive messages, so other services are not allowed to use it.",
		Breaks:   []string{"SMP-PING-PONG"},
		Cases:    []string{"relay/service/ping"},
		Versions: since(smp.VersionServiceCounts),
		Apply: handles(func(s *relay.Session, r *relay.Request, _ smp.PING, next execute) []relay.Output {
			if isService(s) && s.Conn().Service().Role != transport.RoleMessaging {
				return refuse(r, smp.ErrCmdProhibited)
			}
			return next(s, r)
		}),
	},
}

// deletesEmpty makes queues expire that are empty when their subscriber leaves.
func deletesEmpty(gone *notes[*relay.Queue, bool]) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		leave, expire := st.Leave, st.Expire
		st.Leave = func(s *relay.Session, q *relay.Queue) {
			if q.Subscriber() == s && q.Mailbox().Len() == 0 {
				gone.set(q, true)
			}
			leave(s, q)
		}
		st.Expire = func(r *relay.Relay, q *relay.Queue, now time.Time) bool {
			_, empty := gone.get(q)
			return expire(r, q, now) || empty
		}
	})
}

// findsByPrefix takes every id that begins as that of a sender for it.
func findsByPrefix(known *notes[string, []byte]) func(*relay.Config) {
	const prefix = 16
	return together(
		alters[smp.NEW](func(_ *relay.Session, _ *relay.Request, ids smp.IDS) smp.Response {
			known.set(string(ids.SenderID[:prefix]), ids.SenderID)
			return ids
		}),
		decodes(func(_ *relay.Session, r *relay.Request) {
			id := r.Transmission.EntityID
			if _, ok := r.Command.(smp.SEND); !ok || len(id) < prefix {
				return
			}
			if whole, ok := known.get(string(id[:prefix])); ok {
				r.Transmission.EntityID = whole
			}
		}),
	)
}

// agreesOnFew verifies authenticators by the first keys of a session alone.
func agreesOnFew(counts *notes[*relay.Session, []keys.PublicKey]) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Verify
		st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			if key.Algorithm() != keys.X25519 {
				return next(s, r, key)
			}
			const places = 32
			agreed := counts.update(s, func(all []keys.PublicKey) []keys.PublicKey {
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
func sendsByNotifierID(senders *notes[string, []byte]) func(*relay.Config) {
	return together(
		alters[smp.NKEY](func(_ *relay.Session, r *relay.Request, nid smp.NID) smp.Response {
			senders.set(string(nid.NotifierID), r.Queue.SenderID())
			return nid
		}),
		decodes(func(_ *relay.Session, r *relay.Request) {
			if _, ok := r.Command.(smp.SEND); !ok {
				return
			}
			if id, ok := senders.get(string(r.Transmission.EntityID)); ok {
				r.Transmission.EntityID = id
			}
		}),
	)
}

// togglesHash answers SUBS with a hash into which queues went once for every SUB.
func togglesHash(c *relay.Config) {
	var times notes[*relay.Queue, int]
	var wrong notes[string, smp.IDsHash]
	together(
		handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next execute) []relay.Output {
			if isService(s) && times.update(r.Queue, func(n int) int { return n + 1 }) > 1 {
				wrong.update(string(s.Conn().Service().ID), func(h smp.IDsHash) smp.IDsHash {
					h.Toggle(r.Queue.RecipientID())
					return h
				})
			}
			return next(s, r)
		}),
		alters[smp.SUBS](func(s *relay.Session, _ *relay.Request, soks smp.SOKS) smp.Response {
			h, _ := wrong.get(string(s.Conn().Service().ID))
			for i := range h {
				soks.IDsHash[i] ^= h[i]
			}
			return soks
		}),
	)(c)
}

// replacedHears sends the notifications of a notifier to the subscriber of the one before.
func replacedHears(before *notes[*relay.Queue, *relay.Session]) func(*relay.Config) {
	return func(c *relay.Config) {
		handles(func(s *relay.Session, r *relay.Request, _ smp.NKEY, next execute) []relay.Output {
			if to := r.Queue.NotificationSubscriber(); to != nil {
				before.set(r.Queue, to)
			}
			return next(s, r)
		})(c)
		push := c.Stages.Push
		announces(func(r *relay.Relay, q *relay.Queue, m *relay.Message, next announce) {
			if to, ok := before.get(q); ok && m.Notify && q.Notifier() != nil {
				push(to, q, notification(q, m))
				return
			}
			next(r, q, m)
		})(c)
	}
}
