package relaycases

import (
	"fmt"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// What two connections have in common that nobody should be able to match. Each layer is
// compared that somebody may see: blocks inside TLS, and what is in them without the
// encryption of blocks. The innermost layer, which sender and recipient share, is never
// on a connection in clear. What both sides send themselves is up to clients, and is not
// compared with each other.
var privacyPartiesCases = []conformance.Case{
	claim(conformance.Case{
		ID:           "relay/privacy/parties",
		Title:        "The connections of sender and recipient have no 16 bytes in common, in any layer",
		Requirements: []string{"CLAIM-UNLINK-PARTIES"},
		Timeout:      manyTime,
		Run: func(t *T) {
			creator := probe.Dial(t)
			created := creator.Tap()
			q := creator.NewQueue(probe.OnlyCreate)
			q.Secure()
			sender, recipient := probe.Dial(t), probe.Dial(t)
			sent, received := sender.Tap(), recipient.Tap()
			q.Subscribe(recipient)
			for _, body := range bodiesOfAllSizes(t) {
				q.Fill(sender, body)
				q.Acknowledge(recipient, q.RequireMessage(recipient))
			}
			expectNothingCommon(t, between{"the sender's connection", sent, "the recipient's", received})
			if sender.Encrypted() {
				// IDS tells the recipient the id of the sender. Below version 11 it does so in clear.
				expectNothingSealedCommon(t, between{"the sender's connection", sent, "that on which the queue was made", created})
			}
		},
	}),
	claim(conformance.Case{
		ID:           "relay/privacy/parties-forwarded",
		Title:        "The connections of the sender's proxy and of the recipient have no 16 bytes in common, in any layer",
		Requirements: []string{"CLAIM-UNLINK-PARTIES"},
		Versions:     from(smp.VersionProxy),
		Timeout:      manyTime,
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue(probe.OnlyCreate)
			proxy, recipient := probe.DialAsProxy(t), probe.Dial(t)
			sent, received := proxy.Tap(), recipient.Tap()
			q.Subscribe(recipient)
			for _, body := range bodiesOfAllSizes(t) {
				proxy.Command(q.SenderID, probe.NoKey, smp.SEND{Body: body}).Require(smp.OK{})
				q.Acknowledge(recipient, q.RequireMessage(recipient))
			}
			expectNothingCommon(t, between{"the proxy's connection", sent, "the recipient's", received})
		},
	}),
	claim(conformance.Case{
		ID:           "relay/privacy/notifier",
		Title:        "The connection of a notifier has no 16 bytes in common with those of sender and recipient, in any layer",
		Requirements: []string{"CLAIM-UNLINK-NOTIFIER"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n := probe.Dial(t).NewNotified()
			q := n.Queue
			watcher, sender, recipient := probe.Dial(t), probe.Dial(t), probe.Dial(t)
			watched, sent, received := watcher.Tap(), sender.Tap(), recipient.Tap()
			n.Subscribe(watcher)
			q.Subscribe(recipient)
			for _, body := range bodiesOfAllSizes(t)[:3] {
				q.Announce(sender, body)
				n.Require(watcher)
				q.Acknowledge(recipient, q.RequireMessage(recipient))
			}
			expectNothingCommon(t, between{"the notifier's connection", watched, "the sender's", sent})
			expectNothingCommon(t, between{"the notifier's connection", watched, "the recipient's", received})
		},
	}),
	claim(conformance.Case{
		ID:           "relay/privacy/hops",
		Title:        "The connections on both sides of a proxy have no 16 bytes in common inside TLS, whatever is forwarded",
		Requirements: []string{"CLAIM-ROUTE-NO-MATCH"},
		Versions:     from(smp.VersionProxy),
		Run: func(t *T) {
			c, far := probe.Dial(t), new(probe.Tap)
			d := probe.NewDestination(t, probe.Tapped(far))
			u := c.OpenTunnel(d)
			leg := d.RequireLeg()
			near := c.Tap() // PKEY has what the hello of the destination has, for whoever asks
			key := probe.NewKey(t, keys.Ed25519)
			for _, cmd := range []smp.Command{smp.SEND{}, smp.SEND{Notify: true, Body: t.Rand().Bytes(15000)}, smp.SKEY{SenderKey: key.Public()}} {
				p := u.Pack(t.Fresh().Bytes(smp.SenderIDSize), key, cmd)
				u.Send(p)
				leg.RequireForward().Answer(t.Rand().Bytes(smp.PaddedForwarded + box.Overhead))
				probe.RequireA[smp.PRES](u.Await(p))
			}
			expectNothingCommon(t, between{"the client's connection", near, "that to the destination", far})
		},
	}),
	claim(conformance.Case{
		ID:           "relay/privacy/queues",
		Title:        "The connections on which one client uses two queues have no 16 bytes in common, in any layer",
		Requirements: []string{"CLAIM-UNLINK-WIRE"},
		Timeout:      manyTime,
		Run: func(t *T) {
			body := t.Rand().Bytes(smp.MaxMessageLength(t.Version()))
			var taps []*probe.Tap
			for range 3 {
				taps = append(taps, useQueue(t, body))
			}
			for i, tap := range taps {
				for j, other := range taps[:i] {
					names := [2]string{fmt.Sprintf("the connection of queue %d", i+1), fmt.Sprintf("that of queue %d", j+1)}
					expectNothingCommon(t, between{names[0], tap, names[1], other})
				}
			}
		},
	}),
}

// bodiesOfAllSizes are random bodies from one byte to the largest of the version.
func bodiesOfAllSizes(t *T) [][]byte {
	var bodies [][]byte
	for _, size := range []int{1, 64, 4000, smp.MaxMessageLength(t.Version())} {
		bodies = append(bodies, t.Rand().Bytes(size))
	}
	return bodies
}

// useQueue creates a queue on a connection of its own, and does there all that a recipient
// does who gets the given body from a sender.
func useQueue(t *T, body []byte) *probe.Tap {
	c := probe.Dial(t)
	tap := c.Tap()
	q := c.NewQueue()
	q.Secure()
	request, _ := q.NotifierRequest(keys.Ed25519)
	q.Recipient(c, smp.NKEY{NotifierKeys: request}) // the answers to this and to the last two are compared, and not judged
	q.Fill(probe.Dial(t), body, body)
	for range 2 {
		q.Acknowledge(c, q.RequireMessage(c))
	}
	if t.Version() >= smp.VersionShortLinks {
		l := c.NewLinkedQueue(smp.Messaging, probe.OnlyCreate)
		l.RequireReadable(probe.Dial(t))
	}
	q.Recipient(c, smp.OFF{})
	q.Recipient(c, smp.DEL{})
	return tap
}

// between are two connections to compare.
type between struct {
	name  string
	tap   *probe.Tap
	other string
	with  *probe.Tap
}

// expectNothingCommon fails the case if 16 bytes in a row stand on both connections, where
// the relay has sent at least one of them.
func expectNothingCommon(t *T, b between) {
	expectNothingSealedCommon(t, b)
	b.expect(t, "in blocks", b.tap.Sent, b.tap.Received, b.with.Sent, b.with.Received)
}

// expectNothingSealedCommon is expectNothingCommon for blocks as they are inside TLS.
func expectNothingSealedCommon(t *T, b between) {
	b.expect(t, "inside TLS", b.tap.SealedSent, b.tap.SealedReceived, b.with.SealedSent, b.with.SealedReceived)
}

func (b between) expect(t *T, where string, sent, received, otherSent, otherReceived [][]byte) {
	for _, pair := range [][2][][]byte{{sent, otherReceived}, {received, otherSent}, {received, otherReceived}} {
		if run := probe.SharedRun(pair[0], pair[1]); run != nil {
			const shown = 32
			t.Failf("no 16 bytes in common", "%s, on %s as on %s: %x (%d bytes)", where, b.name, b.other, run[:min(shown, len(run))], len(run))
		}
	}
}
