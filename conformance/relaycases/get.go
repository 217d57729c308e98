package relaycases

import (
	"bytes"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/smp"
)

// SMP, "Get message command".
var getCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/get/message",
		Title:        "GET is answered with the first waiting message",
		Requirements: []string{"SMP-GET-MESSAGE"},
		Run: func(t *T) {
			q, bodies := waiting(t, 2)
			m := probe.ExpectA[smp.MSG](q.Recipient(probe.Dial(t), smp.GET{}))
			expectContent(t, q, m, bodies[0])
		},
	}),
	must(conformance.Case{
		ID:           "relay/get/no-subscription",
		Title:        "After GET no message is delivered that was not asked for",
		Requirements: []string{"SMP-GET-NO-SUBSCRIPTION"},
		Run: func(t *T) {
			q, _ := waiting(t, 1)
			probe.RequireA[smp.MSG](q.Recipient(q.Conn, smp.GET{}))
			q.Fill(probe.Dial(t), []byte("later"))
			q.ExpectNoMessage(q.Conn, "the connection has not subscribed")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/get/empty",
		Title:        "GET of a queue without messages is answered OK",
		Requirements: []string{"SMP-GET-EMPTY"},
		Run: func(t *T) {
			q, _ := waiting(t, 0)
			q.Recipient(probe.Dial(t), smp.GET{}).Expect(smp.OK{})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/get/again",
		Title:        "GET before ACK delivers the same message again",
		Requirements: []string{"SMP-GET-AGAIN"},
		Run: func(t *T) {
			q, _ := waiting(t, 2)
			first := probe.RequireA[smp.MSG](q.Recipient(q.Conn, smp.GET{}))
			again := probe.ExpectA[smp.MSG](q.Recipient(q.Conn, smp.GET{}))
			if !bytes.Equal(first.ID, again.ID) {
				t.Fail("the message that was not acknowledged", "another one")
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/get/ack",
		Title:        "ACK of a message that GET delivered is answered OK, without the next message",
		Requirements: []string{"SMP-GET-ACK"},
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q, bodies := waiting(t, 2)
			first := probe.RequireA[smp.MSG](q.Recipient(q.Conn, smp.GET{}))
			q.Recipient(q.Conn, smp.ACK{MsgID: first.ID}).Expect(smp.OK{})
			q.ExpectNoMessage(q.Conn, "GET asks for one message")
			expectContent(t, q, probe.ExpectA[smp.MSG](q.Recipient(q.Conn, smp.GET{})), bodies[1])
		},
	}),
	must(conformance.Case{
		ID:           "relay/get/after-sub",
		Title:        "GET of a queue that the connection has subscribed is refused with CMD PROHIBITED",
		Requirements: []string{"SMP-GET-AFTER-SUB"},
		Run: func(t *T) {
			requireGet(t)
			q := probe.Dial(t).NewQueue(probe.OnlyCreate)
			q.Subscribe(q.Conn)
			q.Recipient(q.Conn, smp.GET{}).ExpectError(smp.ErrCmdProhibited)
			created := q.Conn.NewQueue()
			created.Fill(q.Conn, []byte("x"))
			created.RequireMessage(q.Conn)
			created.Recipient(q.Conn, smp.GET{}).ExpectError(smp.ErrCmdProhibited)
		},
	}),
	must(conformance.Case{
		ID:           "relay/get/before-sub",
		Title:        "SUB of a queue from which the connection used GET is refused with CMD PROHIBITED",
		Requirements: []string{"SMP-SUB-AFTER-GET"},
		Run: func(t *T) {
			q, _ := waiting(t, 1)
			probe.RequireA[smp.MSG](q.Recipient(q.Conn, smp.GET{}))
			q.Recipient(q.Conn, smp.SUB{}).ExpectError(smp.ErrCmdProhibited)
		},
	}),
	must(conformance.Case{
		ID:           "relay/get/other-queue",
		Title:        "A connection may subscribe to one queue and use GET with others, each of which has its own unacknowledged message",
		Requirements: []string{"SMP-GET-MESSAGE", "SMP-SUB-LATER", "SMP-SUB-DELIVERS"},
		Run: func(t *T) {
			requireGet(t)
			c := probe.Dial(t)
			subscribed := c.NewQueue()
			first, firstBodies := waiting(t, 1)
			second, secondBodies := waiting(t, 1)
			t.About("SMP-GET-MESSAGE")
			m := probe.ExpectA[smp.MSG](first.Recipient(c, smp.GET{}))
			expectContent(t, first, m, firstBodies[0])
			other := probe.ExpectA[smp.MSG](second.Recipient(c, smp.GET{}))
			expectContent(t, second, other, secondBodies[0])
			first.Recipient(c, smp.ACK{MsgID: m.ID}).Expect(smp.OK{})
			second.Recipient(c, smp.ACK{MsgID: other.ID}).Expect(smp.OK{})
			t.About("SMP-SUB-LATER")
			body := t.Rand().Bytes(60)
			subscribed.Fill(probe.Dial(t), body)
			subscribed.ExpectMessage(c, body)
			t.About("SMP-SUB-DELIVERS")
			third, bodies := waiting(t, 1)
			if a := third.Recipient(c, smp.SUB{}); isError(a.Received) {
				t.Fail("SUB of a queue of which the connection has not used GET → OK, SOK or a message", a.String())
			} else if _, ok := a.Response.(smp.MSG); ok {
				c.PutBack(a.Received)
			}
			third.ExpectMessage(c, bodies[0])
		},
	}),
	observed(conformance.Case{
		ID:           "relay/get/no-takeover",
		Title:        "Neither GET on one connection nor the end of that one ends the subscription of another",
		Requirements: []string{"SMP-GET-NO-TAKEOVER"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			getter := probe.Dial(t)
			q.Recipient(getter, smp.GET{}).Require(smp.OK{})
			body := t.Rand().Bytes(60)
			q.Fill(probe.Dial(t), body)
			q.Acknowledge(q.Conn, q.ExpectMessage(q.Conn, body))
			getter.Close()
			// Several, since the relay may notice the end only after the first ones.
			for _, body := range q.Conn.Bodies(4) {
				q.Fill(probe.Dial(t), body)
				q.Acknowledge(q.Conn, q.ExpectMessage(q.Conn, body))
			}
		},
	}),
}

// expectContent fails the case unless m holds the body. One that cannot be read
// blocks the case.
func expectContent(t *T, q *probe.Queue, m smp.MSG, body []byte) {
	content, err := q.Open(m)
	if err != nil {
		probe.Blocked(t, "a delivered message cannot be read: %v", err)
	}
	if !bytes.Equal(content.Body, body) {
		t.Fail("the message whose turn it is", "another one")
	}
}

// waiting returns a queue that nobody is subscribed to, and the bodies of the n
// messages that it holds.
func waiting(t *T, n int) (*probe.Queue, [][]byte) {
	q := probe.Dial(t).NewQueue(probe.OnlyCreate)
	bodies := q.Conn.Bodies(n)
	q.Fill(probe.Dial(t), bodies...)
	return q, bodies
}

// requireGet blocks the case unless the relay knows GET.
func requireGet(t *T) {
	q, _ := waiting(t, 1)
	probe.RequireA[smp.MSG](q.Recipient(q.Conn, smp.GET{}))
}
