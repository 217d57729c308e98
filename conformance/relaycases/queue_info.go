package relaycases

import (
	"bytes"
	"encoding/base64"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/smp"
)

// SMP, "Get queue state": what INFO of the official relay says besides keys and counts.
var queueInfoCases = []conformance.Case{
	observed(conformance.Case{
		ID:           "relay/que/notifier",
		Title:        "INFO says whether there is a notifier",
		Requirements: []string{"SMP-QUE-FIELDS"},
		Run: func(t *T) {
			q, _ := waiting(t, 0)
			q.Notify()
			expectFields(t, q, map[string]any{"qiSnd": false, "qiNtf": true, "qiSize": 0.0})
			q.Recipient(q.Conn, smp.NDEL{}).Require(smp.OK{})
			expectFields(t, q, map[string]any{"qiSnd": false, "qiNtf": false, "qiSize": 0.0})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/que/message",
		Title:        "INFO has id, time and type of the first message, be it the quota marker, and nothing of a queue without messages",
		Requirements: []string{"SMP-QUE-MESSAGE"},
		Edges:        true,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			empty, _ := waiting(t, 0)
			if got, found := expectINFO(t, empty.Recipient(empty.Conn, smp.QUE{}))["qiMsg"]; found && got != nil {
				t.Failf("no qiMsg of a queue without messages", "%v", got)
			}
			q, d := delivered(t, 2)
			expectMessageInfo(t, q, d, "message")
			full, sender, _ := fullQueue(t)
			full.Subscribe(sender)
			d = full.RequireMessage(sender)
			for !d.Message.Quota {
				full.Acknowledge(sender, d)
				d = full.RequireMessage(sender)
			}
			expectMessageInfo(t, full, d, "quota")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/que/subscription",
		Title:        "INFO has the message that was delivered to the connection, and whether that has subscribed or used GET",
		Requirements: []string{"SMP-QUE-SUBSCRIPTION"},
		Run: func(t *T) {
			q, d := delivered(t, 1)
			expectSubscriptionInfo(t, q, q.Conn, smp.NoSubscription, d.MsgID)
			other := probe.Dial(t)
			if got := expectINFO(t, q.Recipient(other, smp.QUE{}))["qiSub"]; got != nil {
				t.Failf("no qiSub for a connection that has not subscribed", "%v", got)
			}
			m := probe.RequireA[smp.MSG](q.Recipient(other, smp.GET{}))
			expectSubscriptionInfo(t, q, other, smp.SubscriptionProhibited, m.ID)
			q.Acknowledge(q.Conn, d)
			expectSubscriptionInfo(t, q, q.Conn, smp.NoSubscription, nil)
		},
	}),
}

// expectSubscriptionInfo fails the case unless INFO describes what c has to do with the
// queue, with the message that was delivered to it, nil for none.
func expectSubscriptionInfo(t *T, q *probe.Queue, c *probe.Conn, thread smp.SubscriptionThread, deliveredID []byte) {
	subscription, _ := expectINFO(t, q.Recipient(c, smp.QUE{}))["qiSub"].(map[string]any)
	if subscription == nil {
		t.Fail("qiSub for the connection that has subscribed or used GET", "none")
	}
	if got := subscription["qSubThread"]; got != string(thread) {
		t.Failf("qSubThread "+string(thread), "%v", got)
	}
	switch got := subscription["qDelivered"]; {
	case deliveredID != nil:
		expectInfoID(t, "qDelivered", got, deliveredID)
	case got != nil:
		t.Failf("no qDelivered after ACK", "%v", got)
	}
}

// expectMessageInfo fails the case unless INFO describes a message as the first one.
func expectMessageInfo(t *T, q *probe.Queue, d probe.Delivery, kind string) {
	message, _ := expectINFO(t, q.Recipient(q.Conn, smp.QUE{}))["qiMsg"].(map[string]any)
	if message == nil {
		t.Fail("qiMsg of a queue with a message", "none")
	}
	expectInfoID(t, "msgId", message["msgId"], d.MsgID)
	if message["msgType"] != kind {
		t.Failf("msgType "+kind, "%v", message["msgType"])
	}
	text, _ := message["msgTs"].(string)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Unix() != d.Message.Timestamp {
		t.Failf("msgTs "+time.Unix(d.Message.Timestamp, 0).UTC().Format(time.RFC3339)+" as in the delivery", "%v", message["msgTs"])
	}
}

// expectInfoID fails the case unless a field of INFO is the base64 of a message id.
func expectInfoID(t *T, name string, value any, want []byte) {
	text, _ := value.(string)
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		if id, err := encoding.DecodeString(text); err == nil && bytes.Equal(id, want) {
			return
		}
	}
	t.Failf(name+" "+base64.StdEncoding.EncodeToString(want), "%v", value)
}
