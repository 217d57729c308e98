package queue

import (
	"math"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
)

// stalledTime is how long a write takes to a connection that is slow.
const stalledTime = 100 * time.Millisecond

// deferredFaults are mistakes with messages for a connection that does not read.
var deferredFaults = []fault.Fault{
	{
		ID:     "delivery/deferred-belongs-to-connection",
		Story:  "A message for a slow connection is handed to the thread that waits for the connection, and is lost with it.",
		Breaks: []string{"SMP-MSG-DEFERRED"},
		Cases:  []string{"relay/delivery/deferred"},
		Apply: toSlow(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
			q.Mailbox().Remove(out.Message.ID)
			next(to, q, out)
		}),
	},
	{
		ID:     "delivery/dead-subscriber",
		Story:  "The subscription of a connection that was reset stays, and a message that was given to it counts as delivered.",
		Breaks: []string{"SMP-SUB-RESET"},
		Cases:  []string{"relay/sub/reset"},
		Apply:  toTheDead,
	},
	{
		ID:     "delivery/slow-discarded",
		Story:  "A message that cannot be written is dropped, as the network drops packets.",
		Breaks: []string{"SMP-MSG-DEFERRED"},
		Cases:  []string{"relay/delivery/deferred"},
		Apply: toSlow(func(_ *relay.Session, q *relay.Queue, out relay.Output, _ fault.Push) {
			q.Mailbox().Remove(out.Message.ID)
		}),
	},
	{
		ID:     "delivery/slow-asks-again",
		Story:  "A message for which a connection has no room is left in the queue, where the next SUB or ACK finds it.",
		Breaks: []string{"SMP-SUB-LATER"},
		Cases:  []string{"relay/delivery/resumed"},
		Apply:  toSlow(func(*relay.Session, *relay.Queue, relay.Output, fault.Push) {}),
	},
	{
		ID:     "get/freed-by-ack",
		Story:  "ACK gives the memory of a message back, also when answers with the message wait to be written.",
		Breaks: []string{"SMP-GET-MESSAGE"},
		Cases:  []string{"relay/get/unread"},
		Apply: fault.Remembering(func(freed *fault.Notes[string, bool]) func(*relay.Config) {
			return fault.Together(
				fault.Stages(func(st *relay.Stages) {
					next := st.Remove
					st.Remove = func(q *relay.Queue, id []byte) bool {
						freed.Set(string(id), true)
						return next(q, id)
					}
				}),
				delivers(func(_ *relay.Session, _ *relay.Queue, m *relay.Message) {
					if gone, _ := freed.Get(string(m.ID)); gone {
						m.Body = make([]byte, len(m.Body))
					}
				}),
			)
		}),
	},
}

// toTheDead is a relay that does not end the subscription of a connection that is gone, and
// takes what it gives to that for delivered.
func toTheDead(c *relay.Config) {
	fault.Remembering(func(gone *fault.Notes[*relay.Session, bool]) func(*relay.Config) {
		return fault.Together(
			fault.Stages(func(st *relay.Stages) {
				st.Leave = func(s *relay.Session, _ *relay.Queue) { gone.Set(s, true) }
			}),
			fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
				if dead, _ := gone.Get(to); dead && out.Message != nil {
					q.Mailbox().Remove(out.Message.ID)
					return
				}
				next(to, q, out)
			}),
		)
	})(c)
}

// toSlow replaces what is done with messages for connections to which a write has not
// ended for some time.
func toSlow(f func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push)) func(*relay.Config) {
	return fault.Remembering(func(writing *fault.Notes[*relay.Session, time.Time]) func(*relay.Config) {
		return fault.Together(
			func(c *relay.Config) { c.MaxOutput = math.MaxInt }, // all is pushed at once
			fault.Stages(func(st *relay.Stages) {
				next := st.Write
				st.Write = func(s *relay.Session, contents [][]byte) error {
					writing.Set(s, time.Now())
					defer writing.Take(s)
					return next(s, contents)
				}
			}),
			fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
				if since, is := writing.Get(to); is && out.Message != nil && time.Since(since) > stalledTime {
					f(to, q, out, next)
					return
				}
				next(to, q, out)
			}),
		)
	})
}
