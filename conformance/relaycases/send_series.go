package relaycases

import (
	"bytes"
	"fmt"
	"slices"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// SMP, "Send message": messages that come in a series, and ids that are nearly right.
var sendSeriesCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/send/near-id",
		Title:        "SEND and SUB with an id that differs from the right one in one bit, or in its length, are refused with AUTH",
		Requirements: []string{"SMP-SEND-UNKNOWN"},
		Edges:        true,
		Run: func(t *T) {
			q, sender := probe.Dial(t).NewQueue(), probe.Dial(t)
			for _, id := range nearIDs(q.SenderID) {
				sender.Ask(id, probe.NoKey, smp.SEND{Body: []byte("x")}).ExpectError(smp.ErrAuth)
			}
			for _, id := range nearIDs(q.RecipientID) {
				sender.Ask(id, q.Key, smp.SUB{}).ExpectError(smp.ErrAuth)
			}
			q.ExpectNoMessage(q.Conn, "each SEND was refused")
		},
	}),
	must(conformance.Case{
		ID:           "relay/send/order-in-block",
		Title:        "Messages of one block are delivered in their order, or from the last to the first",
		Requirements: []string{"SMP-MSG-ORDER"},
		Edges:        true,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q, sender := probe.Dial(t).NewQueue(), probe.Dial(t)
			bodies := sender.Bodies(20)
			trs := make([]smp.Transmission, len(bodies))
			for i, body := range bodies {
				trs[i] = sender.Transmission(q.SenderID, q.SenderKey, smp.SEND{Body: body})
			}
			sender.Send(trs...)
			for _, tr := range trs {
				sender.Await("SEND in a block of 20", tr).Require(smp.OK{})
			}
			all := make([]probe.Delivery, len(bodies))
			for i := range all {
				all[i] = q.RequireMessage(q.Conn)
				q.Acknowledge(q.Conn, all[i])
			}
			// The document leaves open in which order the commands of a block are executed. The
			// official relay begins with the last one.
			if bytes.Equal(all[0].Message.Body, bodies[len(bodies)-1]) {
				slices.Reverse(bodies)
			}
			expectOrder(t, all, bodies)
		},
	}),
	must(conformance.Case{
		ID:           "relay/send/recipient-gone",
		Title:        "A queue without messages outlives the connection of its recipient, which the relay learns of",
		Requirements: []string{"SMP-SUB-CLOSE"},
		Edges:        true,
		Run: func(t *T) {
			recipient, sender := probe.Dial(t), probe.Dial(t)
			unsecured, secured := recipient.NewQueue(), recipient.NewQueue()
			secured.Secure()
			recipient.Close()
			leaveTime(sender)
			for _, q := range []*probe.Queue{unsecured, secured} {
				body := t.Rand().Bytes(50)
				q.Sender(sender, smp.SEND{Body: body}).Expect(smp.OK{})
				again := probe.Dial(t)
				q.Subscribe(again)
				q.ExpectMessage(again, body)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/delivery/identical",
		Title:        "Messages with the same body, or with none, are delivered as often as they were sent",
		Requirements: []string{"SMP-MSG-KEPT"},
		Edges:        true,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q, sender := probe.Dial(t).NewQueue(), probe.Dial(t)
			same := t.Rand().Bytes(70)
			bodies := [][]byte{same, same, {}, {}, same}
			for _, body := range bodies {
				if a := q.Sender(sender, smp.SEND{Body: body}); isError(a.Received) {
					probe.Blocked(t, "SEND of %d bytes was answered %s", len(body), a)
				}
			}
			for _, body := range bodies {
				d := q.ExpectMessage(q.Conn, nil)
				if !bytes.Equal(d.Message.Body, body) {
					t.Failf(fmt.Sprintf("each of the messages, the next one with %d bytes", len(body)), "%s in its place", d.Describe())
				}
				q.Acknowledge(q.Conn, d)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/redelivery-all",
		Title:        "Messages wait in their order however often the recipient reconnects, also when the relay has learned that it went",
		Requirements: []string{"SMP-SUB-CLOSE"},
		Edges:        true,
		Run: func(t *T) {
			q, bodies := waiting(t, 6)
			for range 3 {
				c := probe.Dial(t)
				q.Subscribe(c)
				q.RequireMessage(c)
				c.Close()
				leaveTime(probe.Dial(t))
			}
			recipient := probe.Dial(t)
			q.Subscribe(recipient)
			for _, body := range bodies {
				q.Acknowledge(recipient, q.ExpectRedelivery(recipient, body))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/many-keys",
		Title:        "Each of forty queues of a connection is authorized by its own X25519 key, the first one still after the last",
		Requirements: []string{"SMP-AUTH-X25519"},
		Versions:     from(smp.VersionAuthenticators),
		Edges:        true,
		Run: func(t *T) {
			c := probe.Dial(t)
			queues := newQueues(t, c, 40, func(q *probe.Queue, cmd *smp.NEW) {
				q.Key = probe.NewKey(t, keys.X25519)
				cmd.AuthKey = q.Key.Public()
			})
			for range 2 {
				trs := make([]smp.Transmission, len(queues))
				for i, q := range queues {
					trs[i] = c.Transmission(q.RecipientID, q.Key, smp.OFF{})
				}
				c.Send(trs...)
				for _, tr := range trs {
					c.Await("OFF by the key of the queue", tr).Expect(smp.OK{})
				}
			}
			stranger := queues[len(queues)-1]
			c.Ask(queues[0].RecipientID, stranger.Key, smp.OFF{}).ExpectError(smp.ErrAuth)
		},
	}),
}

// nearIDs are ids that are nearly the given one.
func nearIDs(id []byte) [][]byte {
	var near [][]byte
	for _, at := range []int{0, len(id) / 2, len(id) - 1} {
		changed := slices.Clone(id)
		changed[at] ^= 1
		near = append(near, changed)
	}
	return append(near, id[:len(id)-1], append(slices.Clone(id), 0))
}

// leaveTime gives the relay the time of some commands to notice that another connection
// has ended.
func leaveTime(c *probe.Conn) {
	for range 5 {
		c.NewQueue(probe.OnlyCreate)
	}
}
