package relaycases

import (
	"bytes"
	"fmt"
	"slices"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/smp"
)

// quotaLimit is how many unread messages a queue may take before a case decides
// that the relay knows no capacity. The official relay's default is 128.
const quotaLimit = 2000

// SMP, "Send message" and "Deliver queue message": the capacity of a queue.
var quotaCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/quota/refused",
		Title:        "SEND to a full queue is refused with QUOTA",
		Requirements: []string{"SMP-SEND-QUOTA"},
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue(probe.OnlyCreate)
			sender := probe.Dial(t)
			_, refusal, full := q.FillUp(sender, quotaLimit)
			if !full {
				t.Fail("ERR QUOTA", fmt.Sprintf("more than %d unread messages are accepted", quotaLimit))
			}
			refusal.ExpectError(smp.ErrQuota)
			for _, size := range []int{1, 0, 16000, 40} {
				q.Sender(sender, smp.SEND{Body: t.Rand().Bytes(size)}).ExpectError(smp.ErrQuota)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/quota/until-empty",
		Title:        "A queue that was full takes no message until the recipient has received them all",
		Requirements: []string{"SMP-SEND-QUOTA-ALL"},
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q, sender, accepted := fullQueue(t)
			q.Sender(sender, smp.SEND{Body: []byte("still full")}).ExpectError(smp.ErrQuota)
			recipient := probe.Dial(t)
			q.Subscribe(recipient)
			last := len(accepted) - 2
			for i := range last + 1 {
				q.Acknowledge(recipient, q.RequireMessage(recipient))
				if i < 3 || i%16 == 0 || i == last {
					q.Sender(sender, smp.SEND{Body: []byte("not all read")}).ExpectError(smp.ErrQuota)
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/quota/marker",
		Title:        "After the messages of a full queue the recipient gets the quota marker, once",
		Requirements: []string{"SMP-SEND-QUOTA-MARKER"},
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q, sender, accepted := fullQueue(t)
			q.Sender(sender, smp.SEND{Body: []byte("refused")}).Require(smp.ERR{Err: smp.ErrQuota})
			recipient := probe.Dial(t)
			q.Subscribe(recipient)
			all := q.Drain(recipient)
			missing := slices.Clone(accepted)
			for i, d := range all[:len(all)-1] {
				// In any order: the messages were sent in batches, and the official relay
				// executes the commands of a batch from the last to the first.
				at := slices.IndexFunc(missing, func(body []byte) bool { return bytes.Equal(body, d.Message.Body) })
				if d.Message.Quota || at < 0 {
					t.Fail(fmt.Sprintf("delivery %d of %d is a message, not delivered before", i+1, len(all)), d.Describe())
				}
				missing = slices.Delete(missing, at, at+1)
			}
			if len(all) != len(accepted)+1 || !all[len(all)-1].Message.Quota {
				t.Fail(fmt.Sprintf("%d messages and the quota marker", len(accepted)),
					fmt.Sprintf("%d deliveries, the last is %s", len(all), all[len(all)-1].Describe()))
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/quota/marker-acknowledged",
		Title:        "The quota marker has an id and is delivered again until it is acknowledged",
		Requirements: []string{"SMP-MSG-QUOTA-ACK"},
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q, _, accepted := fullQueue(t)
			recipient := probe.Dial(t)
			q.Subscribe(recipient)
			var ids [][]byte
			for range accepted {
				d := q.RequireMessage(recipient)
				ids = append(ids, d.MsgID)
				q.Acknowledge(recipient, d)
			}
			marker := q.RequireMessage(recipient)
			if !marker.Message.Quota {
				probe.Blocked(t, "after the messages comes %s", marker.Describe())
			}
			if len(marker.MsgID) == 0 {
				t.Fail("a quota marker with an id", "one without")
			}
			if slices.ContainsFunc(ids, func(id []byte) bool { return bytes.Equal(id, marker.MsgID) }) {
				t.Fail("a quota marker with an id of its own", "that of a message")
			}
			again := probe.Dial(t)
			q.Subscribe(again)
			d := q.ExpectRedelivery(again, nil)
			if !d.Message.Quota || !bytes.Equal(d.MsgID, marker.MsgID) {
				t.Fail("the quota marker again, with its id", d.Describe())
			}
			q.Acknowledge(again, d)
			last := probe.Dial(t)
			q.Subscribe(last)
			q.ExpectNoMessage(last, "the marker was acknowledged")
		},
	}),
	must(conformance.Case{
		ID:           "relay/quota/again",
		Title:        "After all messages and the marker are received, SEND is accepted again",
		Requirements: []string{"SMP-SEND-QUOTA-AGAIN"},
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q, sender, _ := fullQueue(t)
			recipient := probe.Dial(t)
			q.Subscribe(recipient)
			q.Drain(recipient)
			body := t.Rand().Bytes(50)
			q.Sender(sender, smp.SEND{Body: body}).Expect(smp.OK{})
			q.ExpectMessage(recipient, body)
		},
	}),
	must(conformance.Case{
		ID:           "relay/quota/marker-again",
		Title:        "A queue that is full for the second time has a quota marker again",
		Requirements: []string{"SMP-SEND-QUOTA-MARKER"},
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q, sender, _ := fullQueue(t)
			for range 2 {
				recipient := probe.Dial(t)
				q.Subscribe(recipient)
				all := q.Drain(recipient)
				if last := all[len(all)-1]; !last.Message.Quota {
					t.Failf("the quota marker", "%d deliveries, the last is %s", len(all), last.Describe())
				}
				_, refusal, full := q.FillUp(sender, quotaLimit)
				if !full {
					probe.Blocked(t, "more than %d unread messages are accepted", quotaLimit)
				}
				refusal.Require(smp.ERR{Err: smp.ErrQuota})
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/quota/own",
		Title:        "While one queue is full, another one accepts messages",
		Requirements: []string{"SMP-SEND-QUOTA-OWN"},
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			_, sender, _ := fullQueue(t)
			other := probe.Dial(t).NewQueue()
			body := t.Rand().Bytes(50)
			other.Sender(sender, smp.SEND{Body: body}).Expect(smp.OK{})
			other.ExpectMessage(other.Conn, body)
		},
	}),
}

// fullQueue returns a queue that nobody is subscribed to and that refuses
// messages, the connection of its sender, and what it holds.
func fullQueue(t *T) (*probe.Queue, *probe.Conn, [][]byte) {
	q := probe.Dial(t).NewQueue(probe.OnlyCreate)
	q.Secure()
	sender := probe.Dial(t)
	accepted, refusal, full := q.FillUp(sender, quotaLimit)
	if !full {
		probe.Blocked(t, "more than %d unread messages are accepted", quotaLimit)
	}
	refusal.Require(smp.ERR{Err: smp.ErrQuota})
	return q, sender, accepted
}
