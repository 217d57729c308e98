package relaycases

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// eventTimeout is the deadline of a case that waits for an event which the
// official relay sends from a periodic task.
const eventTimeout = 40 * time.Second

// SMP, "Suspend queue", "Delete queue" and "Get queue state".
var manageCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/off/suspends",
		Title:        "After OFF the queue refuses messages, whether it is secured or not",
		Requirements: []string{"SMP-OFF-OK", "SMP-OFF-SEND"},
		Run: func(t *T) {
			unsecured, secured := probe.Dial(t).NewQueue(), probe.Dial(t).NewQueue()
			secured.Secure()
			for _, q := range []*probe.Queue{unsecured, secured} {
				t.About("SMP-OFF-OK")
				q.Recipient(q.Conn, smp.OFF{}).Expect(smp.OK{})
				t.About("SMP-OFF-SEND")
				expectSendRefused(t, q, q.SenderID, q.SenderKey)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/off/recipient",
		Title:        "After OFF the messages in the queue can still be received and acknowledged",
		Requirements: []string{"SMP-OFF-RECIPIENT"},
		Run: func(t *T) {
			q, bodies := waiting(t, 2)
			q.Subscribe(probe.Dial(t))
			q.Recipient(q.Conn, smp.OFF{}).Require(smp.OK{})
			if a := q.Recipient(probe.Dial(t), smp.SUB{}); isError(a.Received) {
				t.Fail("OFF, SUB → SOK or a message", a.String())
			}
			recipient := probe.Dial(t)
			q.Subscribe(recipient)
			for _, body := range bodies {
				q.Acknowledge(recipient, q.ExpectRedelivery(recipient, body))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/off/get",
		Title:        "After OFF the messages in the queue can still be fetched with GET",
		Requirements: []string{"SMP-OFF-RECIPIENT"},
		Edges:        true,
		Run: func(t *T) {
			requireGet(t)
			q, bodies := waiting(t, 2)
			q.Recipient(q.Conn, smp.OFF{}).Require(smp.OK{})
			for _, body := range bodies {
				m := probe.ExpectA[smp.MSG](q.Recipient(q.Conn, smp.GET{}))
				expectContent(t, q, m, body)
				q.Recipient(q.Conn, smp.ACK{MsgID: m.ID}).Require(smp.OK{})
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/off/subscriber",
		Title:        "OFF leaves the subscription alone: ACK brings the next message",
		Requirements: []string{"SMP-OFF-RECIPIENT"},
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q := probe.Dial(t).NewQueue()
			bodies := q.Conn.Bodies(2)
			q.Fill(probe.Dial(t), bodies...)
			d := q.RequireMessage(q.Conn)
			q.Recipient(q.Conn, smp.OFF{}).Require(smp.OK{})
			a := q.Recipient(q.Conn, smp.ACK{MsgID: d.MsgID})
			if m, ok := a.Response.(smp.MSG); ok {
				expectContent(t, q, m, bodies[1])
				return
			}
			a.Expect(smp.OK{})
			q.ExpectSimplest(q.Conn, bodies[1])
		},
	}),
	should(conformance.Case{
		ID:           "relay/off/repeated",
		Title:        "OFF of a suspended queue is answered OK",
		Requirements: []string{"SMP-OFF-REPEATED"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Recipient(q.Conn, smp.OFF{}).Require(smp.OK{})
			q.Recipient(q.Conn, smp.OFF{}).Expect(smp.OK{})
			q.Recipient(probe.Dial(t), smp.OFF{}).Expect(smp.OK{})
		},
	}),
	must(conformance.Case{
		ID:           "relay/off/final",
		Title:        "No later command of recipient or sender makes a suspended queue accept messages again",
		Requirements: []string{"SMP-OFF-FINAL"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Recipient(q.Conn, smp.OFF{}).Require(smp.OK{})
			sender := probe.NewKey(t, keys.Ed25519)
			for _, key := range []keys.PrivateKey{probe.NoKey, sender} {
				q.Conn.Ask(q.SenderID, key, smp.SEND{Body: []byte("x")}).Require(smp.ERR{Err: smp.ErrAuth})
			}
			other := probe.Dial(t)
			for _, command := range []smp.Command{
				smp.SUB{}, smp.GET{}, smp.ACK{MsgID: t.Fresh().Bytes(24)}, smp.QUE{}, smp.OFF{},
				smp.KEY{SenderKey: sender.Public()}, smp.NDEL{},
			} {
				q.Recipient(other, command)
				expectStillSuspended(t, q, sender, command)
			}
			if t.Version() >= smp.VersionSenderKeys {
				command := smp.SKEY{SenderKey: sender.Public()}
				other.Ask(q.SenderID, sender, command)
				expectStillSuspended(t, q, sender, command)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/del/gone",
		Title:        "After DEL every command for the queue is refused with AUTH",
		Requirements: []string{"SMP-DEL-OK", "SMP-DEL-GONE"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Secure()
			t.About("SMP-DEL-OK")
			q.Recipient(q.Conn, smp.DEL{}).Expect(smp.OK{})
			t.About("SMP-DEL-GONE")
			c := probe.Dial(t)
			for _, cmd := range []smp.Command{
				smp.SUB{}, smp.GET{}, smp.ACK{MsgID: t.Fresh().Bytes(24)}, smp.OFF{}, smp.QUE{},
				smp.KEY{SenderKey: probe.NewKey(t, keys.Ed25519).Public()},
			} {
				q.Recipient(c, cmd).ExpectError(smp.ErrAuth)
			}
			q.Sender(c, smp.SEND{Body: []byte("x")}).ExpectError(smp.ErrAuth)
		},
	}),
	must(conformance.Case{
		ID:           "relay/del/messages",
		Title:        "After DEL no message of the queue is delivered",
		Requirements: []string{"SMP-DEL-MESSAGES"},
		Run: func(t *T) {
			q, d := delivered(t, 3)
			q.Recipient(q.Conn, smp.DEL{}).Require(smp.OK{})
			requireDeleted(t, q)
			a := q.Recipient(q.Conn, smp.ACK{MsgID: d.MsgID})
			if _, ok := a.Response.(smp.MSG); ok {
				t.Fail("no message: the queue was deleted", a.String())
			}
			q.ExpectNoMessage(q.Conn, "the queue was deleted")
		},
	}),
	must(conformance.Case{
		ID:           "relay/del/suspended",
		Title:        "DEL of a suspended queue is answered OK",
		Requirements: []string{"SMP-DEL-SUSPENDED"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Recipient(q.Conn, smp.OFF{}).Require(smp.OK{})
			q.Recipient(q.Conn, smp.DEL{}).Expect(smp.OK{})
			q.Recipient(q.Conn, smp.QUE{}).ExpectRefused()
		},
	}),
	must(conformance.Case{
		ID:           "relay/del/repeated",
		Title:        "DEL of a deleted queue is refused with AUTH",
		Requirements: []string{"SMP-DEL-REPEATED"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Recipient(q.Conn, smp.DEL{}).Require(smp.OK{})
			requireDeleted(t, q)
			q.Recipient(q.Conn, smp.DEL{}).ExpectError(smp.ErrAuth)
		},
	}),
	must(conformance.Case{
		ID:           "relay/del/other-queue",
		Title:        "DEL of one queue leaves another one of the same connection alone",
		Requirements: []string{"SMP-DEL-OK"},
		Run: func(t *T) {
			c := probe.Dial(t)
			gone, kept := c.NewQueue(), c.NewQueue()
			gone.Recipient(c, smp.DEL{}).Require(smp.OK{})
			body := t.Rand().Bytes(60)
			kept.Sender(probe.Dial(t), smp.SEND{Body: body}).Expect(smp.OK{})
			kept.ExpectMessage(c, body)
		},
	}),
	must(conformance.Case{
		ID:           "relay/del/event",
		Title:        "A subscriber learns with DELD that another connection deleted the queue",
		Requirements: []string{"SMP-DELD-SENT"},
		Versions:     from(10),
		Timeout:      eventTimeout,
		Run:          func(t *T) { expectDeletionEvent(t, smp.DELD{}) },
	}),
	observed(conformance.Case{
		ID:           "relay/del/event-old",
		Title:        "Below version 10 a subscriber learns with END that the queue was deleted",
		Requirements: []string{"SMP-DELD-OLD"},
		Versions:     until(9),
		Timeout:      eventTimeout,
		Run:          func(t *T) { expectDeletionEvent(t, smp.END{}) },
	}),
	observed(conformance.Case{
		ID:           "relay/del/event-self",
		Title:        "The connection that deletes its queue gets neither DELD nor END",
		Requirements: []string{"SMP-DELD-NOT-SELF"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Recipient(q.Conn, smp.DEL{}).Require(smp.OK{})
			q.ExpectNoEvent(q.Conn, smp.DELD{}, "the connection has deleted the queue itself")
			q.ExpectNoEvent(q.Conn, smp.END{}, "the connection has deleted the queue itself")
		},
	}),
	must(conformance.Case{
		ID:           "relay/que/info",
		Title:        "QUE is answered with INFO and a JSON object",
		Requirements: []string{"SMP-QUE-INFO"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			expectINFO(t, q.Recipient(q.Conn, smp.QUE{}))
		},
	}),
	observed(conformance.Case{
		ID:           "relay/que/fields",
		Title:        "INFO says whether there is a sender key, and how many messages wait until they are acknowledged",
		Requirements: []string{"SMP-QUE-FIELDS"},
		Run: func(t *T) {
			q, _ := waiting(t, 2)
			expectFields(t, q, map[string]any{"qiSnd": false, "qiNtf": false, "qiSize": 2.0})
			q.Secure()
			q.Conn.Ask(q.SenderID, probe.NoKey, smp.SEND{Body: []byte("x")}).Require(smp.ERR{Err: smp.ErrAuth})
			expectFields(t, q, map[string]any{"qiSnd": true, "qiNtf": false, "qiSize": 2.0})
			q.Subscribe(q.Conn)
			q.Acknowledge(q.Conn, q.RequireMessage(q.Conn))
			expectFields(t, q, map[string]any{"qiSnd": true, "qiNtf": false, "qiSize": 1.0})
		},
	}),
}

// expectStillSuspended fails the case if the queue takes a message, with or without the
// authorization of the sender, after a command.
func expectStillSuspended(t *T, q *probe.Queue, sender keys.PrivateKey, after smp.Command) {
	for _, key := range []keys.PrivateKey{probe.NoKey, sender} {
		a := q.Conn.Ask(q.SenderID, key, smp.SEND{Body: t.Rand().Bytes(40)})
		if !isError(a.Received) {
			t.Fail("OFF, "+after.Tag()+", SEND → ERR AUTH", a.String())
		}
	}
}

// requireDeleted blocks the case if the relay still tells the state of the queue.
func requireDeleted(t *T, q *probe.Queue) {
	if a := q.Recipient(probe.Dial(t), smp.QUE{}); !isError(a.Received) {
		probe.Blocked(t, "after DEL, QUE was answered %s", a)
	}
}

func expectDeletionEvent(t *T, event smp.Response) {
	q := probe.Dial(t).NewQueue(probe.OnlyCreate)
	q.Subscribe(q.Conn)
	q.Recipient(probe.Dial(t), smp.DEL{}).Require(smp.OK{})
	requireDeleted(t, q)
	q.ExpectEvent(q.Conn, event)
}

// expectINFO fails the case unless QUE was answered with INFO and a JSON object,
// whose fields are the relay's own, and returns it.
func expectINFO(t *T, a probe.Answer) map[string]any {
	var fields map[string]any
	text, found := bytes.CutPrefix(a.Command, []byte("INFO "))
	if !found || json.Unmarshal(text, &fields) != nil {
		t.Fail("QUE → INFO with a JSON object", a.String())
	}
	return fields
}

func expectFields(t *T, q *probe.Queue, want map[string]any) {
	got := expectINFO(t, q.Recipient(q.Conn, smp.QUE{}))
	for _, name := range []string{"qiSnd", "qiNtf", "qiSize"} {
		if got[name] != want[name] {
			t.Failf(fmt.Sprintf("%s %v", name, want[name]), "%v", got[name])
		}
	}
}
