package relaycases

import (
	"bytes"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// SMP, "Subscribe to queue" and "Subscription END notification".
var subscribeCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/sub/delivers",
		Title:        "SUB delivers the first waiting message",
		Requirements: []string{"SMP-SUB-DELIVERS"},
		Run: func(t *T) {
			q, bodies := waiting(t, 2)
			recipient := probe.Dial(t)
			recipient.Send(recipient.Transmission(q.RecipientID, q.Key, smp.SUB{}))
			q.ExpectMessage(recipient, bodies[0])
			q.ExpectNoMessage(recipient, "the first one is not acknowledged")
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/later",
		Title:        "After SUB of an empty queue a message that is sent later is delivered",
		Requirements: []string{"SMP-SUB-LATER"},
		Run: func(t *T) {
			q, _ := waiting(t, 0)
			recipient := probe.Dial(t)
			q.Subscribe(recipient)
			body := t.Rand().Bytes(70)
			q.Fill(probe.Dial(t), body)
			q.ExpectMessage(recipient, body)
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/answer-sok",
		Title:        "SUB of an empty queue is answered SOK without a service id",
		Requirements: []string{"SMP-SUB-SOK"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			q, _ := waiting(t, 0)
			q.Recipient(q.Conn, smp.SUB{}).Expect(smp.SOK{})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/sub/answer-ok",
		Title:        "SUB of an empty queue is answered OK before version 16",
		Requirements: []string{"SMP-SUB-OK"},
		Versions:     until(smp.VersionServices - 1),
		Run: func(t *T) {
			q, _ := waiting(t, 0)
			q.Recipient(q.Conn, smp.SUB{}).Expect(smp.OK{})
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/answer-message",
		Title:        "SUB of a queue with a message is answered with the message, or with the usual answer and then the message",
		Requirements: []string{"SMP-SUB-FIRST-MESSAGE"},
		Run: func(t *T) {
			q, bodies := waiting(t, 1)
			a := q.Recipient(q.Conn, smp.SUB{})
			if m, ok := a.Response.(smp.MSG); ok {
				expectContent(t, q, m, bodies[0])
				return
			}
			a.Expect(smp.OK{}, smp.SOK{})
			if d := q.ExpectMessage(q.Conn, bodies[0]); bytes.Equal(d.CorrelationID, a.CorrelationID) {
				t.Fail("one answer to SUB", "MSG as second answer")
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/many",
		Title:        "Messages of all subscribed queues are delivered, each with the id of its queue",
		Requirements: []string{"SMP-SUB-MANY"},
		Edges:        true,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			recipient, sender := probe.Dial(t), probe.Dial(t)
			bodies := sender.Bodies(10)
			queues := make([]*probe.Queue, len(bodies))
			for i := range queues {
				queues[i] = recipient.NewQueue()
			}
			for i, q := range queues {
				q.Fill(sender, bodies[i])
			}
			for range queues {
				expectOwnMessage(t, queues, bodies, recipient.Next("a message of each queue"))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/independent",
		Title:        "An unacknowledged message of one queue does not hold back those of another",
		Requirements: []string{"SMP-SUB-INDEPENDENT"},
		Run: func(t *T) {
			stuck, _ := delivered(t, 2)
			free := stuck.Conn.NewQueue()
			for _, body := range free.Conn.Bodies(3) {
				receiveOne(t, free, body)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/takeover",
		Title:        "After another connection has subscribed, messages go to that one alone",
		Requirements: []string{"SMP-SUB-TAKEOVER", "SMP-SUB-TAKEOVER-SILENT"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			later := probe.Dial(t)
			takeOver(q, later)
			bodies := later.Bodies(3)
			q.Fill(probe.Dial(t), bodies...)
			t.About("SMP-SUB-TAKEOVER")
			for _, body := range bodies {
				q.Acknowledge(later, q.ExpectMessage(later, body))
			}
			t.About("SMP-SUB-TAKEOVER-SILENT")
			q.ExpectNoMessage(q.Conn, "another connection has subscribed")
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/takeover-silent",
		Title:        "A displaced connection gets no message, not even as the answer to its late ACK",
		Requirements: []string{"SMP-SUB-TAKEOVER-SILENT"},
		Run: func(t *T) {
			q, d := delivered(t, 2)
			later := probe.Dial(t)
			takeOver(q, later)
			q.RequireMessage(later)
			a := q.Recipient(q.Conn, smp.ACK{MsgID: d.MsgID})
			if _, ok := a.Response.(smp.MSG); ok {
				t.Fail("no message on the displaced connection", a.String())
			}
			q.ExpectNoMessage(q.Conn, "another connection has subscribed")
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/takeover-back",
		Title:        "A connection that was displaced can subscribe again and gets the messages then",
		Requirements: []string{"SMP-SUB-TAKEOVER"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			later := probe.Dial(t)
			takeOver(q, later)
			takeOver(q, q.Conn)
			for _, body := range later.Bodies(2) {
				q.Fill(probe.Dial(t), body)
				q.Acknowledge(q.Conn, q.ExpectMessage(q.Conn, body))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/takeover-closed",
		Title:        "A displaced connection gets nothing after the one that displaced it has closed, until it subscribes again",
		Requirements: []string{"SMP-SUB-TAKEOVER-SILENT"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			later, sender := probe.Dial(t), probe.Dial(t)
			takeOver(q, later)
			later.Close()
			leaveTime(sender)
			body := t.Rand().Bytes(70)
			q.Fill(sender, body)
			q.ExpectNoMessage(q.Conn, "another connection has subscribed, which has closed")
			q.Subscribe(q.Conn)
			q.ExpectRedelivery(q.Conn, body)
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/end",
		Title:        "The displaced connection gets END",
		Requirements: []string{"SMP-SUB-END"},
		Timeout:      eventTimeout,
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Fill(probe.Dial(t), []byte("x"))
			q.RequireMessage(q.Conn) // else it has not subscribed
			q.Subscribe(probe.Dial(t))
			q.ExpectEvent(q.Conn, smp.END{})
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/end-subscribed",
		Title:        "A connection that subscribed with SUB gets END when it is displaced, and the new one does not",
		Requirements: []string{"SMP-SUB-END"},
		Timeout:      eventTimeout,
		Run: func(t *T) {
			q, _ := waiting(t, 0)
			earlier, later := probe.Dial(t), probe.Dial(t)
			q.Subscribe(earlier)
			q.Subscribe(later)
			q.ExpectEvent(earlier, smp.END{})
			q.ExpectNoEvent(later, smp.END{}, "its subscription is the live one")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/sub/end-once",
		Title:        "The displaced connection gets one END",
		Requirements: []string{"SMP-SUB-TAKEOVER-ONCE"},
		Timeout:      eventTimeout,
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Subscribe(probe.Dial(t))
			q.RequireEvent(q.Conn, smp.END{})
			q.ExpectNoEvent(q.Conn, smp.END{}, "it has come already")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/sub/no-end-self",
		Title:        "A connection that subscribes twice gets no END",
		Requirements: []string{"SMP-SUB-NO-END-SELF"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Subscribe(q.Conn)
			q.ExpectNoEvent(q.Conn, smp.END{}, "the same connection has subscribed again")
			body := t.Rand().Bytes(70)
			q.Fill(probe.Dial(t), body)
			q.ExpectMessage(q.Conn, body)
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/redelivery",
		Title:        "An unacknowledged message is delivered again, with its id, after the connection has closed",
		Requirements: []string{"SMP-SUB-REDELIVERY"},
		Run: func(t *T) {
			q, first := delivered(t, 2)
			q.Conn.Close()
			again := probe.Dial(t)
			q.Subscribe(again)
			second := q.ExpectMessage(again, first.Message.Body)
			if !bytes.Equal(first.MsgID, second.MsgID) {
				t.Fail("the message id of the first delivery", "another one")
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/redelivery-often",
		Title:        "An unacknowledged message is delivered again however often the recipient reconnects",
		Requirements: []string{"SMP-SUB-REDELIVERY"},
		Edges:        true,
		Run: func(t *T) {
			q, bodies := waiting(t, 1)
			for range 8 {
				c := probe.Dial(t)
				q.Subscribe(c)
				q.ExpectMessage(c, bodies[0])
				c.Close()
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/close",
		Title:        "Messages sent after the subscriber's connection has closed are kept for the next SUB",
		Requirements: []string{"SMP-SUB-CLOSE"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Conn.Close()
			bodies := q.Conn.Bodies(3)
			q.Fill(probe.Dial(t), bodies...)
			recipient := probe.Dial(t)
			q.Subscribe(recipient)
			for _, body := range bodies {
				q.Acknowledge(recipient, q.ExpectRedelivery(recipient, body))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/close-displaced",
		Title:        "The end of a displaced connection leaves the live subscription alone",
		Requirements: []string{"SMP-SUB-DISPLACED-CLOSE", "SMP-SUB-TAKEOVER"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			later := probe.Dial(t)
			takeOver(q, later)
			q.Conn.Close()
			later.Ping()
			// Several, since the relay may notice the end only after the first ones.
			for _, body := range later.Bodies(4) {
				q.Fill(probe.Dial(t), body)
				q.Acknowledge(later, q.ExpectMessage(later, body))
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/sub/repeated",
		Title:        "A second SUB on the same connection delivers the unacknowledged message again",
		Requirements: []string{"SMP-SUB-REPEATED"},
		Run: func(t *T) {
			q, d := delivered(t, 1)
			q.Subscribe(q.Conn)
			q.ExpectRedelivery(q.Conn, d.Message.Body)
		},
	}),
	should(conformance.Case{
		ID:           "relay/sub/repeated-once",
		Title:        "A connection that has subscribed several times gets a message once",
		Requirements: []string{"SMP-MSG-ONCE"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			for range 2 {
				q.Subscribe(q.Conn)
			}
			q.Fill(probe.Dial(t), t.Rand().Bytes(70))
			q.RequireMessage(q.Conn)
			if r, more := q.Another(q.Conn); more {
				t.Fail("one message", r.String()+" besides")
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/sender-id",
		Title:        "SUB with the sender's id is refused with AUTH and subscribes nothing",
		Requirements: []string{"SMP-SUB-SENDER-ID"},
		Run: func(t *T) {
			q, _ := waiting(t, 1)
			requireTwoIDs(t, q)
			c := probe.Dial(t)
			c.Ask(q.SenderID, q.Key, smp.SUB{}).ExpectError(smp.ErrAuth)
			q.ExpectNoMessage(c, "SUB was refused")
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/sender-key",
		Title:        "SUB that the sender's key authorizes is refused with AUTH and subscribes nothing",
		Requirements: []string{"SMP-SUB-AUTHORIZED"},
		Run: func(t *T) {
			q, _ := waiting(t, 1)
			q.Secure()
			c := probe.Dial(t)
			for _, key := range []keys.PrivateKey{q.SenderKey, probe.NewKey(t, keys.Ed25519)} {
				c.Ask(q.RecipientID, key, smp.SUB{}).ExpectError(smp.ErrAuth)
			}
			q.ExpectNoMessage(c, "SUB was refused")
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/deleted",
		Title:        "SUB of a deleted queue is refused with AUTH",
		Requirements: []string{"SMP-SUB-DELETED"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Recipient(q.Conn, smp.DEL{}).Require(smp.OK{})
			requireDeleted(t, q)
			q.Recipient(probe.Dial(t), smp.SUB{}).ExpectError(smp.ErrAuth)
		},
	}),
}

// expectOwnMessage fails the case unless r delivers the message of one of the queues, with
// the recipient's id of that queue.
func expectOwnMessage(t *T, queues []*probe.Queue, bodies [][]byte, r probe.Received) {
	m, ok := r.Response.(smp.MSG)
	if !ok {
		t.Fail("MSG", r.WithIDs())
	}
	for i, q := range queues {
		content, err := q.Open(m)
		switch {
		case err != nil:
			continue
		case !bytes.Equal(r.EntityID, q.RecipientID):
			t.Fail("a message with the id of its queue", r.WithIDs())
		case !bytes.Equal(content.Body, bodies[i]):
			t.Fail("the message of the queue", "another one")
		}
		return
	}
	probe.Blocked(t, "a delivered message cannot be read by the recipient of any queue: %s", r.WithIDs())
}

// takeOver subscribes c to a queue that another connection is subscribed to.
func takeOver(q *probe.Queue, c *probe.Conn) { q.Subscribe(c) }
