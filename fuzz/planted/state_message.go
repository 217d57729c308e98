package planted

import (
	"bytes"
	"slices"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// messageFaults are mistakes that lose, change, repeat and reorder messages.
func messageFaults() []Fault {
	return []Fault{
		{
			ID:    "state/slow-acknowledgement",
			Title: "ACK loses the next message too if another one waits behind it.",
			Finds: []string{Violation, Accepted, Canary},
			Apply: removes(func(q *relay.Queue, id []byte, next remove) bool {
				removed := next(q, id)
				if removed && q.Mailbox().Len() >= 2 {
					q.Mailbox().Remove(q.Mailbox().Head().ID)
				}
				return removed
			}),
		},
		{
			ID:    "state/large-body-cut",
			Title: "The place for a message has 16000 bytes, and a longer one is cut.",
			Finds: []string{Violation, Canary},
			Apply: storesBody(func(body []byte) []byte {
				const place = 16000
				return body[:min(len(body), place)]
			}),
		},
		{
			ID:    "state/full-chunk-lost",
			Title: "Messages are kept in chunks of 16 bytes, and the last one is lost if it is full.",
			Finds: []string{Violation, Canary},
			Apply: storesBody(func(body []byte) []byte {
				const chunk = 16
				if len(body)%chunk == 0 && len(body) > 0 {
					return body[:len(body)-chunk]
				}
				return body
			}),
		},
		{
			ID:    "state/empty-message-lost",
			Title: "A message without a byte is answered OK and not stored.",
			Finds: []string{Violation, Canary},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.SEND, next fault.Execute) []relay.Output {
				if len(c.Body) == 0 && !r.Queue.Record().Suspended() {
					return fault.Reply(r, smp.OK{})
				}
				return next(s, r)
			}),
		},
		{
			ID:    "state/order-in-block",
			Title: "Two messages for one queue that come in one block are stored in the other order.",
			Finds: []string{Violation},
			Apply: fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
				requests := next(s, content)
				for i := 1; i < len(requests); i++ {
					a, b := &requests[i-1], &requests[i]
					if is[smp.SEND](a) && is[smp.SEND](b) && bytes.Equal(a.Transmission.EntityID, b.Transmission.EntityID) {
						a.Command, b.Command = b.Command, a.Command
						break
					}
				}
				return requests
			}),
		},
		{
			ID:    "state/last-place-used-twice",
			Title: "The last message that a queue has room for takes the place of the one before it.",
			Finds: []string{Violation, Accepted, Canary},
			Apply: fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
				if q.Mailbox().Len() == Quota-1 {
					rearrange(q, func(all []*relay.Message) []*relay.Message { return all[:len(all)-1] })
				}
				return next(q, m)
			}),
		},
		{
			ID:    "state/newest-expires",
			Title: "Every fourth use of a queue is followed by a look for old messages, which takes the newest one.",
			Finds: []string{Violation, Accepted, Canary},
			Apply: fault.Remembering(func(uses *beside[relay.Queue, int]) func(*relay.Config) {
				return fault.Stages(func(st *relay.Stages) {
					next := st.Expire
					st.Expire = func(r *relay.Relay, q *relay.Queue, now time.Time) bool {
						n := uses.of(q)
						if *n++; *n%4 == 0 && q.Mailbox().Len() > 1 {
							rearrange(q, func(all []*relay.Message) []*relay.Message { return all[:len(all)-1] })
						}
						return next(r, q, now)
					}
				})
			}),
		},
		{
			ID:    "state/any-acknowledgement",
			Title: "ACK takes the message that was delivered, whatever id it names.",
			Finds: []string{Violation, Accepted},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.ACK, next fault.Execute) []relay.Output {
				if first := r.Queue.Mailbox().Head(); first != nil && len(c.MsgID) > 0 {
					r.Command = smp.ACK{MsgID: first.ID}
				}
				return next(s, r)
			}),
		},
		{
			ID:    "state/repeated-acknowledgement",
			Title: "ACK once more for the message before takes the next one, which is lost.",
			Finds: []string{Violation, Accepted},
			Apply: fault.Remembering(func(last *beside[relay.Queue, []byte]) func(*relay.Config) {
				return fault.Handles(func(s *relay.Session, r *relay.Request, c smp.ACK, next fault.Execute) []relay.Output {
					before := last.of(r.Queue)
					if first := r.Queue.Mailbox().Head(); first != nil && len(c.MsgID) > 0 && bytes.Equal(*before, c.MsgID) {
						r.Command = smp.ACK{MsgID: first.ID}
					}
					*before = bytes.Clone(c.MsgID)
					return next(s, r)
				})
			}),
		},
		{
			ID:    "state/get-takes",
			Title: "GET takes the message out of the queue, which is lost without ACK.",
			Finds: []string{Violation},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.GET, next fault.Execute) []relay.Output {
				outs := next(s, r)
				if len(outs) > 0 && outs[0].Message != nil {
					r.Queue.Mailbox().Remove(outs[0].Message.ID)
				}
				return outs
			}),
		},
		{
			ID:    "state/announced-message-twice",
			Title: "A message with the notification flag is stored twice if the queue has no notifier.",
			Finds: []string{Violation},
			Apply: fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
				stored := next(q, m)
				if stored && m.Notify && q.Notifier() == nil && q.Mailbox().Len() < Quota {
					next(q, &relay.Message{ID: fault.Random(fault.IDSize), Time: m.Time, Notify: true, Body: bytes.Clone(m.Body)})
				}
				return stored
			}),
		},
	}
}

// storesBody changes the bodies of messages before they are stored.
func storesBody(change func(body []byte) []byte) func(*relay.Config) {
	return fault.Handles(func(s *relay.Session, r *relay.Request, c smp.SEND, next fault.Execute) []relay.Output {
		if len(c.Body) <= smp.MaxMessageLength(s.Version()) {
			c.Body = change(c.Body)
			r.Command = c
		}
		return next(s, r)
	})
}

// rearrange takes all messages out of a queue and puts back what of them is to stay.
func rearrange(q *relay.Queue, keep func([]*relay.Message) []*relay.Message) {
	b := q.Mailbox()
	var all []*relay.Message
	for m := b.Head(); m != nil; m = b.Head() {
		all = append(all, m)
		b.Remove(m.ID)
	}
	for _, m := range slices.Clip(keep(all)) {
		b.Put(m)
	}
}
