package relaycases

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/box"
	"smpcheck/reference/smp"
)

// clockSkew is how far the clocks of the relay and of the suite may be apart.
const clockSkew = 10 * time.Minute

// someTime is how long a message waits in a case about waiting.
const someTime = 3 * time.Second

// SMP, "Deliver queue message".
var deliveryCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/delivery/form",
		Title:        "MSG holds a 24-byte id and a body that the recipient's key opens",
		Requirements: []string{"SMP-MSG-FORM", "SMP-MSG-ENCRYPTED", "SMP-MSG-ID-LENGTH", "SMP-MSG-CONTENT"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			body := t.Rand().Bytes(500)
			q.Fill(probe.Dial(t), body)
			t.About("SMP-MSG-FORM", "SMP-MSG-ENCRYPTED", "SMP-MSG-CONTENT")
			d := q.ExpectReadable(q.Conn)
			if !bytes.Equal(d.Message.Body, body) {
				t.Fail("the message that was sent", d.Describe())
			}
			t.About("SMP-MSG-ID-LENGTH")
			if len(d.MsgID) != box.NonceSize {
				t.Failf("a message id of 24 bytes", "%d bytes", len(d.MsgID))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/delivery/event",
		Title:        "A delivery that no command asked for has an empty correlation id and the recipient's id",
		Requirements: []string{"SMP-MSG-EVENT"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Fill(probe.Dial(t), []byte("x"))
			r := q.Conn.RequireNext()
			if _, ok := r.Response.(smp.MSG); !ok || len(r.CorrelationID) != 0 || !bytes.Equal(r.EntityID, q.RecipientID) {
				t.Fail("MSG with an empty correlation id and the recipient's id", r.WithIDs())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/delivery/one-size",
		Title:        "The encrypted body has one size whatever the size of the message",
		Requirements: []string{"SMP-MSG-SIZE"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			sizes := map[int]bool{}
			for _, n := range []int{1, 100, 5000, smp.MaxMessageLength(t.Version())} {
				sizes[len(receiveOne(t, q, t.Rand().Bytes(n)).Response.(smp.MSG).Body)] = true
			}
			if len(sizes) != 1 {
				t.Failf("one size", "sizes %v", sizes)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/delivery/size-16122",
		Title:        "The encrypted body has 16122 bytes",
		Requirements: []string{"SMP-MSG-SIZE-16122"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			m := receiveOne(t, q, []byte("x")).Response.(smp.MSG)
			if len(m.Body) != smp.PaddedRcvMessage+box.Overhead {
				t.Failf("16122 bytes", "%d bytes", len(m.Body))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/delivery/timestamp",
		Title:        "The timestamp is the relay's time in seconds since 1970",
		Requirements: []string{"SMP-MSG-TIMESTAMP"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			sent := time.Now()
			got := time.Unix(receiveOne(t, q, []byte("x")).Message.Timestamp, 0)
			if difference := got.Sub(sent); difference < -clockSkew || difference > clockSkew {
				t.Failf(fmt.Sprintf("about %d, within %v", sent.Unix(), clockSkew), "%d", got.Unix())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/delivery/waiting",
		Title:        "A message that nobody takes for some seconds is kept, and keeps the time when it came",
		Requirements: []string{"SMP-MSG-KEPT", "SMP-MSG-TIMESTAMP"},
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			body := t.Rand().Bytes(60)
			begin := time.Now()
			q.Fill(probe.Dial(t), body)
			first := q.RequireMessage(q.Conn)
			q.Conn.Linger(someTime)
			t.About("SMP-MSG-KEPT")
			again := probe.Dial(t)
			if a := q.Sender(again, smp.SEND{Body: []byte("x")}); isError(a.Received) {
				t.Fail("SEND to a queue that holds a message → OK", a.String())
			}
			passed := time.Since(begin)
			q.Subscribe(again)
			d := q.ExpectRedelivery(again, body)
			t.About("SMP-MSG-TIMESTAMP")
			if d.Message.Timestamp != first.Message.Timestamp {
				t.Failf(fmt.Sprintf("%d as in the first delivery", first.Message.Timestamp), "%d", d.Message.Timestamp)
			}
			q.Acknowledge(again, d)
			later := q.RequireMessage(again).Message.Timestamp - first.Message.Timestamp
			if least, most := t.Timeout(someTime)-time.Second, passed+time.Second; time.Duration(later)*time.Second < least || time.Duration(later)*time.Second > most {
				t.Failf(fmt.Sprintf("timestamps that are %v to %v apart", least, most), "%d seconds", later)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/delivery/flags",
		Title:        "The notification flag of each SEND reaches the recipient, also when messages wait",
		Requirements: []string{"SMP-MSG-FLAGS"},
		Run: func(t *T) {
			sender := probe.Dial(t)
			for _, flags := range [][]bool{{true}, {false}, {true, false, false, true}} {
				q := probe.Dial(t).NewQueue()
				for _, notify := range flags {
					q.Sender(sender, smp.SEND{Notify: notify, Body: []byte("x")}).Require(smp.OK{})
				}
				for i, notify := range flags {
					d := q.ExpectMessage(q.Conn, nil)
					if d.Message.Notify != notify {
						t.Failf(fmt.Sprintf("flag %t of message %d of %d", notify, i+1, len(flags)), "flag %t", d.Message.Notify)
					}
					q.Acknowledge(q.Conn, d)
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/delivery/ids-unique",
		Title:        "No two messages have the same id",
		Requirements: []string{"SMP-MSG-ID-UNIQUE"},
		Edges:        true,
		Run:          func(t *T) { probe.ExpectDifferentIDs(t, "message ids", messageIDs(t)) },
	}),
	must(conformance.Case{
		ID:           "relay/delivery/ids-random",
		Title:        "Message ids show no clock, counter or other pattern",
		Requirements: []string{"SMP-MSG-ID-RANDOM"},
		Edges:        true,
		Run:          func(t *T) { probe.ExpectRandomIDs(t, "message ids", messageIDs(t)) },
	}),
	must(conformance.Case{
		ID:           "relay/delivery/complete",
		Title:        "Every message that was accepted is delivered",
		Requirements: []string{"SMP-MSG-KEPT"},
		Edges:        true,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q := probe.Dial(t).NewQueue()
			bodies := q.Conn.Bodies(12)
			q.Fill(probe.Dial(t), bodies...)
			var all []probe.Delivery
			for range bodies {
				d := q.ExpectSimplest(q.Conn, nil)
				q.Acknowledge(q.Conn, d)
				all = append(all, d)
			}
			for i, body := range bodies { // in any order: another case is about that
				if !slices.ContainsFunc(all, func(d probe.Delivery) bool { return bytes.Equal(d.Message.Body, body) }) {
					t.Failf("all 12 messages", "%d deliveries, without message %d", len(all), i+1)
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/delivery/order",
		Title:        "Messages are delivered in the order in which they were accepted",
		Requirements: []string{"SMP-MSG-ORDER"},
		Edges:        true,
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			bodies := q.Conn.Bodies(12)
			q.Fill(probe.Dial(t), bodies...)
			expectOrder(t, q.Drain(q.Conn), bodies)
		},
	}),
	must(conformance.Case{
		ID:           "relay/delivery/order-two-senders",
		Title:        "Messages of two connections are delivered in the order in which they were accepted",
		Requirements: []string{"SMP-MSG-ORDER"},
		Edges:        true,
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			senders := []*probe.Conn{probe.Dial(t), probe.Dial(t)}
			bodies := q.Conn.Bodies(8)
			for i, body := range bodies {
				q.Fill(senders[i%2], body)
			}
			expectOrder(t, q.Drain(q.Conn), bodies)
		},
	}),
	must(conformance.Case{
		ID:           "relay/delivery/large",
		Title:        "Large messages that wait together are delivered with the bodies that were sent",
		Requirements: []string{"SMP-MSG-KEPT"},
		Edges:        true,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q := probe.Dial(t).NewQueue()
			senders := []*probe.Conn{probe.Dial(t), probe.Dial(t)}
			bodies := make([][]byte, 6)
			for i := range bodies {
				bodies[i] = t.Rand().Bytes(smp.MaxMessageLength(t.Version()) - i)
				q.Fill(senders[i%2], bodies[i])
			}
			left := slices.Clone(bodies)
			for range bodies { // in any order: another case is about that
				d, missing := q.Await(q.Conn)
				at := slices.IndexFunc(left, func(body []byte) bool { return bytes.Equal(body, d.Message.Body) })
				if missing != "" || at < 0 {
					t.Failf(fmt.Sprintf("one of %d large messages as it was sent", len(left)), "%s", cmp.Or(missing, d.Describe()))
				}
				left = slices.Delete(left, at, at+1)
				q.Acknowledge(q.Conn, d)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/delivery/to-sender",
		Title:        "A message that a connection sends to a queue to which it has subscribed itself is delivered to it",
		Requirements: []string{"SMP-SUB-LATER"},
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q := probe.Dial(t).NewQueue()
			for _, body := range q.Conn.Bodies(2) {
				q.Fill(q.Conn, body)
				q.Acknowledge(q.Conn, q.ExpectMessage(q.Conn, body))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/delivery/one-at-a-time",
		Title:        "Until a message is acknowledged no other one of the queue is delivered",
		Requirements: []string{"SMP-MSG-ONE"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Fill(probe.Dial(t), q.Conn.Bodies(3)...)
			q.RequireMessage(q.Conn)
			q.ExpectNoMessage(q.Conn, "the first one is not acknowledged")
		},
	}),
	should(conformance.Case{
		ID:           "relay/delivery/once",
		Title:        "A message is delivered once on one connection",
		Requirements: []string{"SMP-MSG-ONCE"},
		Edges:        true,
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			sender := probe.Dial(t)
			seen := map[string]bool{}
			for _, body := range sender.Bodies(5) {
				q.Fill(sender, body)
				d := q.RequireMessage(q.Conn)
				if seen[string(d.MsgID)] {
					t.Fail("a new message", "the id of a message that was delivered before")
				}
				seen[string(d.MsgID)] = true
				q.Acknowledge(q.Conn, d)
			}
			if r, more := q.Another(q.Conn); more {
				t.Fail("no message: all were acknowledged", r.String())
			}
			q.Fill(sender, sender.Bodies(3)...)
			d := q.RequireMessage(q.Conn)
			if r, more := q.Another(q.Conn); more && bytes.Equal(r.Response.(smp.MSG).ID, d.MsgID) {
				t.Fail("a message once, although others came behind it", r.String()+" twice")
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/delivery/quota-form",
		Title:        "The quota marker is QUOTA and a timestamp in a body of the usual size",
		Requirements: []string{"SMP-MSG-QUOTA"},
		Edges:        true,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q, _, _ := fullQueue(t)
			recipient := probe.Dial(t)
			q.Subscribe(recipient)
			all := q.Drain(recipient)
			last := all[len(all)-1]
			if !last.Message.Quota {
				probe.Blocked(t, "no quota marker was delivered")
			}
			first, second := all[0], all[1]
			if len(first.Response.(smp.MSG).Body) != len(second.Response.(smp.MSG).Body) {
				probe.Blocked(t, "messages have no usual size")
			}
			if difference := time.Since(time.Unix(first.Message.Timestamp, 0)); difference < -clockSkew || difference > clockSkew {
				probe.Blocked(t, "messages do not have the relay's time")
			}
			if usual, size := len(all[0].Response.(smp.MSG).Body), len(last.Response.(smp.MSG).Body); size != usual {
				t.Failf(fmt.Sprintf("%d bytes as for a message", usual), "%d bytes", size)
			}
			got := time.Unix(last.Message.Timestamp, 0)
			if difference := time.Since(got); difference < -clockSkew || difference > clockSkew {
				t.Failf("the relay's time", "%d", got.Unix())
			}
		},
	}),
	claim(conformance.Case{
		ID:           "relay/delivery/no-shared-ciphertext",
		Title:        "Nothing of a message body is on the recipient's connection as it was on the sender's",
		Requirements: []string{"SMP-MSG-NO-SHARED-CIPHERTEXT"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			body := t.Rand().Bytes(4000)
			q.Fill(probe.Dial(t), body)
			r, missing := q.AwaitMessage(q.Conn, probe.AnswerTime)
			if missing != "" {
				probe.Blocked(t, "no message was delivered: %s", missing)
			}
			const window = 8
			for i := 0; i+window <= len(body); i++ {
				if at := bytes.Index(r.Command, body[i:i+window]); at >= 0 {
					t.Failf("no common bytes", "the 8 bytes at %d of the sent body are at %d of the delivered MSG", i, at)
				}
			}
		},
	}),
}

// receiveOne sends a message to an unsecured, subscribed queue, receives and
// acknowledges it.
func receiveOne(t *T, q *probe.Queue, body []byte) probe.Delivery {
	q.Fill(probe.Dial(t), body)
	d := q.ExpectMessage(q.Conn, body)
	q.Acknowledge(q.Conn, d)
	return d
}

// expectOrder fails the case if messages were delivered in another order than
// that of bodies. That some are missing is the business of another case.
func expectOrder(t *T, all []probe.Delivery, bodies [][]byte) {
	place := -1
	for _, d := range all {
		at := slices.IndexFunc(bodies, func(b []byte) bool { return bytes.Equal(b, d.Message.Body) })
		if at < place {
			t.Failf(fmt.Sprintf("message %d or a later one", place+2), "message %d", at+1)
		}
		place = at
	}
}

// messageIDs returns the ids of messages of several queues. The same bodies are sent to
// all of them, since an id must not come from the body.
func messageIDs(t *T) [][]byte {
	c, sender := probe.Dial(t), probe.Dial(t)
	bodies := sender.Bodies(4)
	var ids [][]byte
	for range 4 {
		q := c.NewQueue()
		q.Fill(sender, bodies...)
		for _, d := range q.Drain(c) {
			ids = append(ids, d.MsgID)
		}
	}
	return ids
}
