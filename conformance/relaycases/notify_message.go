package relaycases

import (
	"bytes"
	"fmt"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/box"
	"smpcheck/reference/smp"
)

// waitedTime is how long a notification waits, at time scale 1, for another second to be
// the present one.
const waitedTime = 2200 * time.Millisecond

// SMP, "Message delivery notifications" and "Deliver message notification".
var notificationCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/notify/flag",
		Title:        "Messages with the flag T are announced, also while the recipient is subscribed, those with F are not",
		Requirements: []string{"SMP-NTF-FLAG-TRUE", "SMP-NTF-FLAG-FALSE"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, watcher := watched(t)
			sender := probe.Dial(t)
			n.Queue.Fill(sender, sender.Bodies(2)...)
			n.Queue.Announce(sender, t.Rand().Bytes(60))
			n.Queue.Fill(sender, sender.Bodies(2)...)
			t.About("SMP-NTF-FLAG-TRUE")
			n.Expect(watcher)
			t.About("SMP-NTF-FLAG-FALSE")
			n.ExpectNone(watcher, "one message of five had the flag")
			n.Queue.Subscribe(n.Queue.Conn)
			n.Queue.Announce(sender, t.Rand().Bytes(60))
			t.About("SMP-NTF-FLAG-TRUE")
			n.Expect(watcher)
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/flag-waiting",
		Title:        "Messages with the flag F are not announced to a notifier that subscribes later",
		Requirements: []string{"SMP-NTF-FLAG-FALSE"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n := probe.Dial(t).NewNotified()
			n.Queue.Fill(n.Queue.Conn, n.Queue.Conn.Bodies(3)...)
			watcher := probe.Dial(t)
			n.Subscribe(watcher)
			n.ExpectNone(watcher, "no message had the flag")
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/forwarded",
		Title:        "A message that comes through a proxy is announced as its flag says",
		Requirements: []string{"SMP-PROXY-INNER-SEND", "SMP-NTF-FLAG-FALSE"},
		Versions:     from(smp.VersionProxy),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, watcher := watched(t)
			proxy := probe.DialAsProxy(t)
			for _, flag := range []bool{false, true} {
				proxy.Command(n.Queue.SenderID, probe.NoKey, smp.SEND{Notify: flag, Body: t.Rand().Bytes(60)}).Require(smp.OK{})
			}
			t.About("SMP-PROXY-INNER-SEND")
			n.Expect(watcher)
			t.About("SMP-NTF-FLAG-FALSE")
			n.ExpectNone(watcher, "one message of two had the flag")
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/event",
		Title:        "NMSG has an empty correlation id and the notifier's id",
		Requirements: []string{"SMP-NTF-NMSG-EVENT"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, watcher := watched(t)
			n.Queue.Announce(n.Queue.Conn, t.Rand().Bytes(60))
			if m := watcher.RequireNotification(); len(m.CorrelationID) > 0 || !bytes.Equal(m.EntityID, n.ID) {
				t.Fail("NMSG with an empty correlation id and the notifier's id", m.WithIDs())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/size",
		Title:        "The encrypted metadata of every notification has 144 bytes",
		Requirements: []string{"SMP-NTF-NMSG-SIZE"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			for _, m := range announcements(t, 2) {
				if want := smp.PaddedNMsgMeta + box.Overhead; len(m.NMSG.Meta) != want {
					t.Failf(fmt.Sprintf("metadata of %d bytes", want), "%d bytes", len(m.NMSG.Meta))
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/nonce",
		Title:        "Each notification has a nonce of its own, which is random and not the id of the message",
		Requirements: []string{"SMP-NTF-NMSG-NONCE"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			var nonces, with [][]byte
			for _, m := range announcements(t, 6) {
				nonces = append(nonces, m.NMSG.Nonce[:])
				with = append(with, m.NMSG.Nonce[:], m.delivered.MsgID, m.EntityID)
			}
			probe.ExpectDifferentIDs(t, "nonces of notifications", nonces)
			probe.ExpectRandomIDs(t, "nonces of notifications", nonces)
			for _, nonce := range nonces {
				for _, other := range with {
					if &nonce[0] != &other[0] && bytes.Equal(nonce, other[:min(len(other), len(nonce))]) {
						t.Failf("a random nonce", "%x, which is the id of a message or of the notifier", nonce)
					}
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/meta-key",
		Title:        "The metadata opens with the key of the last NKEY and NID, and with no other",
		Requirements: []string{"SMP-NTF-NMSG-KEY"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			for _, m := range announcements(t, 2) {
				if _, err := m.notifier.Open(m.Notification); err != nil {
					t.Fail("metadata that opens with the key of NKEY and NID", err.Error())
				}
				of := *m.notifier
				of.DHKey, of.RelayKey = m.notifier.Queue.DHKey, m.notifier.Queue.IDS.ServerDHKey
				if _, err := of.Open(m.Notification); err == nil {
					t.Fail("metadata under a key of its own", "it opens with the key of the messages")
				}
			}
			again, watcher := probe.Dial(t).NewNotified().Queue.Notify(), probe.Dial(t)
			again.Subscribe(watcher)
			again.Queue.Announce(probe.Dial(t), t.Rand().Bytes(60))
			if _, err := again.Open(again.Require(watcher)); err != nil {
				t.Fail("metadata that opens with the key of the second NKEY and NID", err.Error())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/meta",
		Title:        "The metadata are id and time of the message that the recipient receives",
		Requirements: []string{"SMP-NTF-NMSG-META-SAME", "SMP-NTF-NMSG-META"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			for _, m := range announcements(t, 3) {
				meta := m.notifier.RequireMeta(m.watcher, m.Notification)
				if !bytes.Equal(meta.MessageID, m.delivered.MsgID) {
					t.Failf("the id of the message", "%x instead of %x", meta.MessageID, m.delivered.MsgID)
				}
				if meta.Timestamp != m.delivered.Message.Timestamp {
					t.Failf("the time of the message", "%d instead of %d", meta.Timestamp, m.delivered.Message.Timestamp)
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/meta-waiting",
		Title:        "The time in the metadata is that of the message, also if the notification waited for seconds",
		Requirements: []string{"SMP-NTF-NMSG-META-SAME"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, watcher := probe.Dial(t).NewNotified(), probe.Dial(t)
			n.Queue.Announce(n.Queue.Conn, t.Rand().Bytes(60))
			n.Queue.Conn.Linger(waitedTime)
			n.Subscribe(watcher)
			meta := n.RequireMeta(watcher, n.Require(watcher))
			n.Queue.Subscribe(n.Queue.Conn)
			if d := n.Queue.RequireMessage(n.Queue.Conn); meta.Timestamp != d.Message.Timestamp {
				t.Failf("the time of the message", "%d instead of %d", meta.Timestamp, d.Message.Timestamp)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/batch",
		Title:        "Forty notifications that waited come in far fewer blocks",
		Requirements: []string{"SMP-NTF-NMSG-BATCH"},
		Edges:        true,
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			const waiting = 40
			n, watcher := probe.Dial(t).NewNotified(), probe.Dial(t)
			n.Queue.Announce(n.Queue.Conn, n.Queue.Conn.Bodies(waiting)...)
			tap := watcher.Tap()
			n.Subscribe(watcher)
			for range waiting {
				n.Require(watcher)
			}
			if blocks := len(tap.Received); blocks > waiting/2 {
				t.Failf(fmt.Sprintf("%d notifications in at most %d blocks", waiting, waiting/2), "%d blocks", blocks)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/no-content",
		Title:        "A notification holds neither the message, nor its id, nor the ids of recipient and sender",
		Requirements: []string{"SMP-NTF-NMSG-NO-CONTENT"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			for _, m := range announcements(t, 3) {
				q := m.notifier.Queue
				for name, secret := range map[string][]byte{
					"message": m.delivered.Message.Body, "id of the message": m.delivered.MsgID,
					"recipient's id": q.RecipientID, "sender's id": q.SenderID,
				} {
					if at := sharedFragment(m.Command, secret); at >= 0 {
						t.Failf("NMSG without a part of the "+name, "12 bytes of it at %d", at)
					}
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/only-notifier",
		Title:        "Nobody but the notifier gets notifications: neither recipient nor sender nor the notifier of another queue",
		Requirements: []string{"SMP-NTF-NMSG-SUBSCRIBED"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, watcher := watched(t)
			another, stranger := watched(t)
			recipient, sender := probe.Dial(t), probe.Dial(t)
			n.Queue.Subscribe(recipient)
			n.Queue.Announce(sender, t.Rand().Bytes(60))
			n.Expect(watcher)
			n.ExpectNone(stranger, "the connection is the notifier of another queue")
			another.ExpectNone(stranger, "there was no message for its queue")
			for _, c := range []*probe.Conn{recipient, sender, n.Queue.Conn} {
				c.ExpectUnannounced("the connection has not sent NSUB")
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/quota",
		Title:        "A full queue announces neither the message that it refuses nor the special one about that",
		Requirements: []string{"SMP-NTF-QUOTA-SILENT"},
		Edges:        true,
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			q, sender, accepted := fullQueue(t)
			q.Subscribe(q.Conn)
			q.Drain(q.Conn)
			n, watcher := q.Notify(), probe.Dial(t)
			n.Subscribe(watcher)
			q.Fill(sender, accepted...)
			for range 2 {
				q.Sender(sender, smp.SEND{Notify: true, Body: t.Rand().Bytes(60)}).Require(smp.ERR{Err: smp.ErrQuota})
			}
			n.ExpectNone(watcher, "the queue is full")
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/refused",
		Title:        "A message that is refused is not announced",
		Requirements: []string{"SMP-NTF-REFUSED-SILENT"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, watcher := watched(t)
			q, sender := n.Queue, probe.Dial(t)
			large := t.Rand().Bytes(smp.MaxMessageLength(t.Version()) + 1)
			q.Sender(sender, smp.SEND{Notify: true, Body: large}).RequireRefused()
			q.Secure()
			sender.Ask(q.SenderID, probe.NoKey, smp.SEND{Notify: true, Body: []byte("x")}).RequireRefused()
			sender.Ask(q.SenderID, n.Key, smp.SEND{Notify: true, Body: []byte("x")}).RequireRefused()
			q.Recipient(q.Conn, smp.OFF{}).Require(smp.OK{})
			q.Sender(sender, smp.SEND{Notify: true, Body: []byte("x")}).RequireRefused()
			n.ExpectNone(watcher, "every SEND was refused")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/received",
		Title:        "A message that was received and acknowledged before NSUB is announced all the same",
		Requirements: []string{"SMP-NTF-RECEIVED-ANNOUNCED"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n := probe.Dial(t).NewNotified()
			n.Queue.Subscribe(n.Queue.Conn)
			body := t.Rand().Bytes(60)
			n.Queue.Announce(probe.Dial(t), body)
			n.Queue.Acknowledge(n.Queue.Conn, n.Queue.RequireMessage(n.Queue.Conn))
			watcher := probe.Dial(t)
			n.Subscribe(watcher)
			n.Expect(watcher)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/once",
		Title:        "A message is announced once, also when it is delivered again and the notifier subscribes again",
		Requirements: []string{"SMP-NTF-ONCE"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, watcher := watched(t)
			n.Queue.Announce(n.Queue.Conn, t.Rand().Bytes(60))
			n.Expect(watcher)
			for range 2 {
				recipient := probe.Dial(t)
				n.Queue.Subscribe(recipient)
				n.Queue.RequireMessage(recipient)
				recipient.Close()
			}
			n.Subscribe(watcher)
			n.ExpectNone(watcher, "the message was announced")
			later := probe.Dial(t)
			n.Subscribe(later)
			n.ExpectNone(later, "the message was announced to another connection")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/order",
		Title:        "Notifications come in the order of the messages, whether they waited or not",
		Requirements: []string{"SMP-NTF-ORDER"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, watcher := probe.Dial(t).NewNotified(), probe.Dial(t)
			n.Queue.Announce(n.Queue.Conn, n.Queue.Conn.Bodies(4)...)
			n.Subscribe(watcher)
			n.Queue.Announce(n.Queue.Conn, n.Queue.Conn.Bodies(4)...)
			n.Queue.Subscribe(n.Queue.Conn)
			for i, d := range n.Queue.Drain(n.Queue.Conn) {
				meta := n.RequireMeta(watcher, n.Expect(watcher))
				if !bytes.Equal(meta.MessageID, d.MsgID) {
					t.Failf(fmt.Sprintf("the notification of message %d", i+1), "that of another one")
				}
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/suspended",
		Title:        "A suspended queue keeps its notifier: NSUB succeeds and what waited is announced",
		Requirements: []string{"SMP-NTF-SUSPENDED"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, watcher := probe.Dial(t).NewNotified(), probe.Dial(t)
			n.Queue.Announce(n.Queue.Conn, t.Rand().Bytes(60))
			n.Queue.Recipient(n.Queue.Conn, smp.OFF{}).Require(smp.OK{})
			expectSubscribed(n.Ask(watcher))
			n.Expect(watcher)
			n.ExpectNoEvent(watcher, smp.DELD{}, "the queue was not deleted")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/deleted-event",
		Title:        "The notifier learns with DELD, END below version 10, that the queue was deleted",
		Requirements: []string{"SMP-NTF-DELETED-QUEUE"},
		Timeout:      eventTimeout,
		Run: func(t *T) {
			n, watcher := watched(t)
			n.Queue.Recipient(n.Queue.Conn, smp.DEL{}).Require(smp.OK{})
			n.ExpectEvent(watcher, smp.DELD{})
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/deleted-silent",
		Title:        "After DEL the notifier's id is unknown, and what waited is not announced",
		Requirements: []string{"SMP-NTF-DELETED-SILENT"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, watcher := probe.Dial(t).NewNotified(), probe.Dial(t)
			n.Queue.Announce(n.Queue.Conn, n.Queue.Conn.Bodies(2)...)
			n.Queue.Recipient(n.Queue.Conn, smp.DEL{}).Require(smp.OK{})
			requireDeleted(t, n.Queue)
			for range 2 {
				n.Ask(watcher).ExpectError(smp.ErrAuth)
			}
			n.ExpectNone(watcher, "the queue was deleted")
		},
	}),
}

// announcement is a notification with the message that it is about.
type announcement struct {
	probe.Notification
	notifier  *probe.Notifier
	watcher   *probe.Conn
	delivered probe.Delivery
}

// announcements has n messages announced, of two queues in turn; a relay that does not,
// or does not deliver them, blocks the case.
func announcements(t *T, n int) []announcement {
	notifiers, watcher := notifiers(t, 2), probe.Dial(t)
	for _, notifier := range notifiers {
		notifier.Subscribe(watcher)
		notifier.Queue.Subscribe(notifier.Queue.Conn)
	}
	list := make([]announcement, n)
	for i := range list {
		notifier := notifiers[i%2]
		c := notifier.Queue.Conn
		notifier.Queue.Announce(probe.Dial(t), t.Rand().Bytes(100+i))
		d := notifier.Queue.RequireMessage(c)
		notifier.Queue.Acknowledge(c, d)
		list[i] = announcement{notifier.Require(watcher), notifier, watcher, d}
	}
	return list
}
