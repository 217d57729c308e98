package relaycases

import (
	"bytes"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/smp"
)

// SMP, "Acknowledge message delivery".
var acknowledgeCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/ack/last",
		Title:        "ACK of the only message is answered OK",
		Requirements: []string{"SMP-ACK-OK"},
		Run: func(t *T) {
			q, d := delivered(t, 1)
			q.Recipient(q.Conn, smp.ACK{MsgID: d.MsgID}).Expect(smp.OK{})
			q.ExpectNoMessage(q.Conn, "there was only one")
		},
	}),
	must(conformance.Case{
		ID:           "relay/ack/next",
		Title:        "ACK brings the next message",
		Requirements: []string{"SMP-ACK-NEXT"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			bodies := q.Conn.Bodies(3)
			q.Fill(probe.Dial(t), bodies...)
			q.Acknowledge(q.Conn, q.RequireMessage(q.Conn))
			for _, body := range bodies[1:] {
				q.Acknowledge(q.Conn, q.ExpectSimplest(q.Conn, body))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/ack/later",
		Title:        "After ACK of the last message one that is sent later is delivered on the same connection, again and again",
		Requirements: []string{"SMP-SUB-CONTINUES"},
		Run: func(t *T) {
			q, sender := probe.Dial(t).NewQueue(), probe.Dial(t)
			for _, body := range sender.Bodies(4) {
				q.Fill(sender, body)
				q.Acknowledge(q.Conn, q.ExpectSimplest(q.Conn, body))
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/ack/next-response",
		Title:        "The next message comes as the answer to ACK, in the place of OK",
		Requirements: []string{"SMP-ACK-NEXT-RESPONSE"},
		Run: func(t *T) {
			q, d := delivered(t, 2)
			probe.ExpectA[smp.MSG](q.Recipient(q.Conn, smp.ACK{MsgID: d.MsgID}))
		},
	}),
	must(conformance.Case{
		ID:           "relay/ack/deletes",
		Title:        "An acknowledged message is never delivered again",
		Requirements: []string{"SMP-ACK-DELETES"},
		Run: func(t *T) {
			q, d := delivered(t, 1)
			q.Acknowledge(q.Conn, d)
			other := probe.Dial(t)
			q.Subscribe(other)
			q.ExpectNoMessage(other, "the message was acknowledged")
		},
	}),
	must(conformance.Case{
		ID:           "relay/ack/needed",
		Title:        "A message that was not acknowledged is kept",
		Requirements: []string{"SMP-SUB-REDELIVERY"},
		Run: func(t *T) {
			q, first := delivered(t, 2)
			other := probe.Dial(t)
			q.Subscribe(other)
			q.ExpectMessage(other, first.Message.Body)
		},
	}),
	should(conformance.Case{
		ID:           "relay/ack/wrong-id",
		Title:        "ACK of another message is refused with NO_MSG and deletes nothing",
		Requirements: []string{"SMP-ACK-WRONG-ID"},
		Run: func(t *T) {
			q, d := delivered(t, 1)
			for _, id := range append(nearIDs(d.MsgID), t.Fresh().Bytes(24)) {
				q.Recipient(q.Conn, smp.ACK{MsgID: id}).ExpectError(smp.ErrNoMsg)
			}
			expectKept(t, q, d)
		},
	}),
	should(conformance.Case{
		ID:           "relay/ack/nothing-delivered",
		Title:        "ACK without a delivery is refused",
		Requirements: []string{"SMP-ACK-NOT-DELIVERED"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Recipient(q.Conn, smp.ACK{MsgID: t.Fresh().Bytes(24)}).ExpectError(smp.ErrNoMsg, smp.ErrCmdProhibited)
		},
	}),
	should(conformance.Case{
		ID:           "relay/ack/twice",
		Title:        "The second ACK of a message is refused with NO_MSG and loses no other message",
		Requirements: []string{"SMP-ACK-TWICE"},
		Run: func(t *T) {
			q, first := delivered(t, 3)
			q.Acknowledge(q.Conn, first)
			second := q.RequireMessage(q.Conn)
			if bytes.Equal(first.MsgID, second.MsgID) {
				probe.Blocked(t, "the next message has the id of the one before")
			}
			q.Recipient(q.Conn, smp.ACK{MsgID: first.MsgID}).ExpectError(smp.ErrNoMsg)
			expectKept(t, q, second)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/ack/empty-id",
		Title:        "ACK with an empty id removes no message but that which was delivered last",
		Requirements: []string{"SMP-ACK-EMPTY-ID"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			bodies := q.Conn.Bodies(3)
			q.Fill(probe.Dial(t), bodies...)
			q.RequireMessage(q.Conn)
			a := q.Recipient(q.Conn, smp.ACK{})
			if !a.OK() {
				t.Fail("ACK with an empty id → OK, a message, or an error", a.String())
			}
			other := probe.Dial(t)
			q.Subscribe(other)
			first, missing := q.Await(other)
			if missing != "" {
				t.Fail("the messages that were not delivered", missing)
			}
			left := bodies
			if !isError(a.Received) && !bytes.Equal(first.Message.Body, bodies[0]) {
				left = bodies[1:]
			}
			if !bytes.Equal(first.Message.Body, left[0]) {
				t.Fail("the first message that is not acknowledged", first.Describe())
			}
			q.Acknowledge(other, first)
			for _, body := range left[1:] {
				q.Acknowledge(other, q.ExpectMessage(other, body))
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/ack/other-connection",
		Title:        "ACK on a connection to which the message was not delivered is refused with NO_MSG",
		Requirements: []string{"SMP-ACK-OTHER-CONNECTION"},
		Run: func(t *T) {
			q, d := delivered(t, 1)
			q.Recipient(probe.Dial(t), smp.ACK{MsgID: d.MsgID}).ExpectError(smp.ErrNoMsg)
			expectKept(t, q, d)
		},
	}),
	must(conformance.Case{
		ID:           "relay/ack/late-displaced",
		Title:        "The late ACK of a displaced connection loses no message that was not read",
		Requirements: []string{"SMP-MSG-KEPT"},
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q, first := delivered(t, 2)
			later := probe.Dial(t)
			takeOver(q, later)
			q.Acknowledge(later, q.RequireMessage(later))
			unread := q.RequireMessage(later)
			q.Recipient(q.Conn, smp.ACK{MsgID: first.MsgID}) // whatever the answer is
			expectKept(t, q, unread)
		},
	}),
	must(conformance.Case{
		ID:           "relay/ack/late-subscriber",
		Title:        "ACK of a message that another connection has got with GET and acknowledged loses no other message",
		Requirements: []string{"SMP-MSG-KEPT"},
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q := probe.Dial(t).NewQueue()
			bodies := q.Conn.Bodies(2)
			q.Fill(probe.Dial(t), bodies...)
			first := q.RequireMessage(q.Conn)
			getter := probe.Dial(t)
			m := probe.RequireA[smp.MSG](q.Recipient(getter, smp.GET{}))
			q.Recipient(getter, smp.ACK{MsgID: m.ID}).Require(smp.OK{})
			q.Recipient(q.Conn, smp.ACK{MsgID: first.MsgID}) // whatever the answer is
			other := probe.Dial(t)
			q.Subscribe(other)
			q.ExpectRedelivery(other, bodies[1])
		},
	}),
	must(conformance.Case{
		ID:           "relay/ack/sender-id",
		Title:        "ACK with the sender's id is refused with AUTH and deletes nothing",
		Requirements: []string{"SMP-ACK-SENDER-ID"},
		Run: func(t *T) {
			q, d := delivered(t, 1)
			requireTwoIDs(t, q)
			q.Conn.Ask(q.SenderID, q.Key, smp.ACK{MsgID: d.MsgID}).ExpectError(smp.ErrAuth)
			expectKept(t, q, d)
		},
	}),
}

// delivered returns a subscribed queue with n messages, of which the first is
// delivered and not acknowledged.
func delivered(t *T, n int, opts ...probe.QueueOption) (*probe.Queue, probe.Delivery) {
	q := probe.Dial(t).NewQueue(opts...)
	q.Fill(probe.Dial(t), q.Conn.Bodies(n)...)
	first := q.RequireMessage(q.Conn)
	if r, several := q.Another(q.Conn); several {
		probe.Blocked(t, "the relay delivers messages before the first one is acknowledged: %s", r)
	}
	return q, first
}

// expectKept fails the case unless the message is delivered to the next
// subscriber: nothing has deleted it.
func expectKept(t *T, q *probe.Queue, d probe.Delivery) {
	other := probe.Dial(t)
	q.Subscribe(other)
	q.ExpectRedelivery(other, d.Message.Body)
}
