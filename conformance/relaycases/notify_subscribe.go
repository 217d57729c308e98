package relaycases

import (
	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// SMP, "Subscribe to queue notifications".
var notifierSubscribeCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/notify/nsub-sok",
		Title:        "NSUB is answered SOK without a service id",
		Requirements: []string{"SMP-NTF-NSUB-SOK"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			probe.Dial(t).NewNotified().Ask(probe.Dial(t)).Expect(smp.SOK{})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/nsub-ok",
		Title:        "NSUB is answered OK before version 16",
		Requirements: []string{"SMP-NTF-NSUB-OK"},
		Versions:     until(smp.VersionServices - 1),
		Run: func(t *T) {
			probe.Dial(t).NewNotified().Ask(probe.Dial(t)).Expect(smp.OK{})
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/nsub-authorised",
		Title:        "NSUB without authorization, or with that of a stranger, is refused and subscribes nothing",
		Requirements: []string{"SMP-NTF-NSUB-AUTHORIZED"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, stranger := probe.Dial(t).NewNotified(), probe.Dial(t)
			stranger.Ask(n.ID, probe.NoKey, smp.NSUB{}).ExpectRefused()
			for _, key := range append([]keys.PrivateKey{probe.Dial(t).NewNotified().Key}, strangers(t, stranger)...) {
				stranger.Ask(n.ID, key, smp.NSUB{}).ExpectError(smp.ErrAuth)
			}
			n.Queue.Announce(n.Queue.Conn, t.Rand().Bytes(60))
			n.ExpectNone(stranger, "NSUB was refused")
			expectNotifies(t, n)
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/nsub-authorised-displaces",
		Title:        "NSUB that is refused does not end the subscription of the notifier",
		Requirements: []string{"SMP-NTF-NSUB-AUTHORIZED"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, watcher := watched(t)
			stranger := probe.Dial(t)
			stranger.Ask(n.ID, probe.NewKey(t, keys.Ed25519), smp.NSUB{}).ExpectRefused()
			stranger.Ask(n.ID, probe.NoKey, smp.NSUB{}).ExpectRefused()
			n.Queue.Announce(n.Queue.Conn, t.Rand().Bytes(60))
			n.Expect(watcher)
			n.ExpectNoEvent(watcher, smp.END{}, "NSUB of the other connection was refused")
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/nsub-other-keys",
		Title:        "NSUB that the recipient's or the sender's key authorizes is refused with AUTH",
		Requirements: []string{"SMP-NTF-NSUB-OTHER-KEYS"},
		Run: func(t *T) {
			n := probe.Dial(t).NewNotified()
			n.Queue.Secure()
			c := probe.Dial(t)
			for _, key := range []keys.PrivateKey{n.Queue.Key, n.Queue.SenderKey} {
				c.Ask(n.ID, key, smp.NSUB{}).ExpectError(smp.ErrAuth)
			}
			expectNotifies(t, n)
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/nsub-other-ids",
		Title:        "NSUB with the id of the recipient or of the sender is refused with AUTH, whoever authorizes it",
		Requirements: []string{"SMP-NTF-NSUB-OTHER-IDS"},
		Run: func(t *T) {
			n := probe.Dial(t).NewNotified()
			n.Queue.Secure()
			c := probe.Dial(t)
			for _, id := range [][]byte{n.Queue.RecipientID, n.Queue.SenderID} {
				for _, key := range []keys.PrivateKey{n.Key, n.Queue.Key, n.Queue.SenderKey} {
					c.Ask(id, key, smp.NSUB{}).ExpectError(smp.ErrAuth)
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/nsub-unknown",
		Title:        "NSUB with an id that no queue has is refused with AUTH",
		Requirements: []string{"SMP-NTF-NSUB-UNKNOWN"},
		Run: func(t *T) {
			n, c := probe.Dial(t).NewNotified(), probe.Dial(t)
			for _, key := range append([]keys.PrivateKey{n.Key}, strangers(t, c)...) {
				c.Ask(t.Fresh().Bytes(len(n.ID)), key, smp.NSUB{}).ExpectError(smp.ErrAuth)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/nsub-later",
		Title:        "After NSUB a message with the flag is announced on the connection",
		Requirements: []string{"SMP-NTF-NSUB-LATER"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, watcher := watched(t)
			sender := probe.Dial(t)
			for _, body := range sender.Bodies(2) {
				n.Queue.Announce(sender, body)
				n.ExpectSimplest(watcher)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/nsub-earlier",
		Title:        "Messages that came after NKEY and before NSUB are announced after NSUB, each of them",
		Requirements: []string{"SMP-NTF-NSUB-EARLIER"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, sender := probe.Dial(t).NewNotified(), probe.Dial(t)
			bodies := sender.Bodies(3)
			n.Queue.Announce(sender, bodies...)
			watcher := probe.Dial(t)
			n.Subscribe(watcher)
			for range bodies {
				n.Expect(watcher)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/nsub-before-nkey",
		Title:        "A message that came before NKEY is not announced",
		Requirements: []string{"SMP-NTF-NSUB-BEFORE-NKEY"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue(probe.OnlyCreate)
			q.Announce(q.Conn, q.Conn.Bodies(2)...)
			q.Notify()
			q.Announce(q.Conn, q.Conn.Bodies(2)...)
			n, watcher := q.Notify(), probe.Dial(t)
			n.Subscribe(watcher)
			n.ExpectNone(watcher, "the messages came before NKEY, the last ones for another notifier")
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/nsub-many",
		Title:        "Messages of all queues of a notifier are announced, each with its own notifier id",
		Requirements: []string{"SMP-NTF-NSUB-MANY"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			list, watcher := notifiers(t, 8), probe.Dial(t)
			sender := probe.Dial(t)
			for _, n := range list {
				n.Subscribe(watcher)
			}
			for _, n := range list {
				n.Queue.Announce(sender, t.Rand().Bytes(60))
			}
			for _, n := range list {
				n.Expect(watcher)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/nsub-batch",
		Title:        "NSUBs that share a block are answered each for itself, and subscribe, also next to refused ones",
		Requirements: []string{"SMP-BLOCK-BATCH", "SMP-NTF-NSUB-AUTHORIZED", "SMP-NTF-NSUB-UNKNOWN", "SMP-NTF-NSUB-MANY"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			list, watcher := notifiers(t, 8), probe.Dial(t)
			unknown := watcher.Transmission(t.Fresh().Bytes(len(list[0].ID)), list[0].Key, smp.NSUB{})
			foreign := watcher.Transmission(list[0].ID, list[1].Key, smp.NSUB{})
			block := []smp.Transmission{unknown, foreign}
			for _, n := range list[1:] {
				block = append(block, watcher.Transmission(n.ID, n.Key, smp.NSUB{}))
			}
			watcher.Send(block...)
			t.About("SMP-BLOCK-BATCH")
			for _, tr := range block[2:] {
				expectSubscribed(watcher.Await("NSUB in a block of several", tr))
			}
			t.About("SMP-NTF-NSUB-UNKNOWN")
			watcher.Await("NSUB with an unknown id in a block of several", unknown).ExpectError(smp.ErrAuth)
			t.About("SMP-NTF-NSUB-AUTHORIZED")
			watcher.Await("NSUB with the key of another notifier in a block of several", foreign).ExpectError(smp.ErrAuth)
			watcher.Ping()
			for _, n := range list {
				n.Queue.Announce(n.Queue.Conn, t.Rand().Bytes(60))
			}
			t.About("SMP-NTF-NSUB-MANY")
			for _, n := range list[1:] {
				n.Expect(watcher)
			}
			t.About("SMP-NTF-NSUB-AUTHORIZED")
			list[0].ExpectNone(watcher, "NSUB was refused")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/nsub-repeated",
		Title:        "A second NSUB on the same connection succeeds and ends nothing",
		Requirements: []string{"SMP-NTF-NSUB-REPEATED"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, watcher := watched(t)
			expectSubscribed(n.Ask(watcher))
			n.Queue.Announce(n.Queue.Conn, t.Rand().Bytes(60))
			n.Expect(watcher)
			n.ExpectNoEvent(watcher, smp.END{}, "the same connection has subscribed again")
			n.ExpectNone(watcher, "there was one message")
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/close",
		Title:        "After the notifier's connection has closed, another one is sent what comes from then on",
		Requirements: []string{"SMP-NTF-NSUB-CLOSE"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, watcher := watched(t)
			watcher.Close()
			again := probe.Dial(t)
			expectSubscribed(n.Ask(again))
			again.Ping()
			n.Queue.Announce(n.Queue.Conn, t.Rand().Bytes(60))
			n.Expect(again)
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/nsub-close-waits",
		Title:        "A message that came when the notifier's connection had closed is announced to the next one",
		Requirements: []string{"SMP-NTF-NSUB-EARLIER"},
		Timeout:      notifyTimeout,
		Edges:        true,
		Run: func(t *T) {
			probe.RequireNotifying(t)
			const queues = 12
			list, watcher, sender := notifiers(t, queues), probe.Dial(t), probe.Dial(t)
			for i, n := range list {
				n.Subscribe(watcher)
				if i%2 > 0 { // it was the recipient too, and that is over
					n.Queue.Subscribe(watcher)
					n.Queue.Subscribe(n.Queue.Conn)
				}
			}
			watcher.Close()
			sender.Linger(someTime) // until the relay has learned of the end
			next := make([]*probe.Conn, queues)
			for i, n := range list {
				n.Queue.Announce(sender, t.Rand().Bytes(60))
				next[i] = probe.Dial(t)
				n.Subscribe(next[i])
			}
			for i, n := range list {
				n.Expect(next[i])
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/any-body",
		Title:        "Messages of all sizes are announced",
		Requirements: []string{"SMP-NTF-NSUB-LATER"},
		Timeout:      notifyTimeout,
		Edges:        true,
		Run: func(t *T) {
			n, watcher := watched(t)
			for _, size := range []int{1, 0, smp.MaxMessageLength(t.Version())} {
				body := t.Rand().Bytes(size)
				if a := n.Queue.Sender(n.Queue.Conn, smp.SEND{Notify: true, Body: body}); isError(a.Received) {
					probe.Blocked(t, "SEND of %d bytes was answered %s", size, a)
				}
				n.Expect(watcher)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/id-prohibited",
		Title:        "The notifier's id is good for NSUB alone: SEND with it, and SUB, QUE and DEL by the recipient, are refused with AUTH",
		Requirements: []string{"SMP-NTF-ID-NSUB-ONLY"},
		Edges:        true,
		Run: func(t *T) {
			n, c := probe.Dial(t).NewNotified(), probe.Dial(t)
			c.Ask(n.ID, probe.NoKey, smp.SEND{Body: []byte("x")}).ExpectError(smp.ErrAuth)
			for _, cmd := range []smp.Command{smp.SUB{}, smp.QUE{}, smp.DEL{}} {
				for _, key := range []keys.PrivateKey{n.Queue.Key, n.Key} {
					c.Ask(n.ID, key, cmd).ExpectError(smp.ErrAuth)
				}
			}
			expectNotifies(t, n)
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/close-displaced",
		Title:        "The end of a displaced connection leaves the live notifier alone",
		Requirements: []string{"SMP-NTF-TAKEOVER"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, earlier := watched(t)
			later := probe.Dial(t)
			n.Subscribe(later)
			earlier.Close()
			for range 3 { // the relay learns of the end at some time meanwhile
				later.Ping()
				n.Queue.Announce(n.Queue.Conn, t.Rand().Bytes(60))
				n.Expect(later)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/takeover",
		Title:        "After NSUB of another connection notifications go to that one alone",
		Requirements: []string{"SMP-NTF-TAKEOVER"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, earlier := watched(t)
			n.Queue.Announce(n.Queue.Conn, t.Rand().Bytes(60))
			n.Require(earlier)
			later := probe.Dial(t)
			n.Subscribe(later)
			n.Queue.Announce(n.Queue.Conn, n.Queue.Conn.Bodies(2)...)
			for range 2 {
				n.Expect(later)
			}
			n.ExpectNone(earlier, "another connection has subscribed")
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/takeover-end",
		Title:        "The displaced notifier gets END under the notifier's id, the new one does not",
		Requirements: []string{"SMP-NTF-TAKEOVER-END"},
		Timeout:      eventTimeout,
		Run: func(t *T) {
			n, earlier := watched(t)
			later := probe.Dial(t)
			n.Subscribe(later)
			n.ExpectEvent(earlier, smp.END{})
			n.ExpectNoEvent(later, smp.END{}, "its subscription is the live one")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/independent",
		Title:        "NSUB ends no subscription of the recipient, SUB none of the notifier, also on one connection",
		Requirements: []string{"SMP-NTF-SUB-INDEPENDENT"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, both := watched(t)
			n.Queue.Subscribe(both)
			expectBoth := func(recipient, notifier *probe.Conn) {
				body := t.Rand().Bytes(60)
				n.Queue.Announce(n.Queue.Conn, body)
				n.Queue.Acknowledge(recipient, n.Queue.ExpectMessage(recipient, body))
				n.Expect(notifier)
			}
			expectBoth(both, both)
			recipient := probe.Dial(t)
			n.Queue.Subscribe(recipient)
			expectBoth(recipient, both)
			notifier := probe.Dial(t)
			n.Subscribe(notifier)
			expectBoth(recipient, notifier)
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/no-messages",
		Title:        "SUB, GET and ACK with the notifier's id are refused with AUTH, whoever authorizes them",
		Requirements: []string{"SMP-NTF-NO-MESSAGES"},
		Run: func(t *T) {
			n, c := probe.Dial(t).NewNotified(), probe.Dial(t)
			n.Queue.Secure()
			n.Queue.Fill(n.Queue.Conn, t.Rand().Bytes(60))
			for _, key := range []keys.PrivateKey{n.Key, n.Queue.Key, n.Queue.SenderKey} {
				for _, cmd := range []smp.Command{smp.SUB{}, smp.GET{}, smp.ACK{MsgID: t.Fresh().Bytes(24)}} {
					c.Ask(n.ID, key, cmd).ExpectError(smp.ErrAuth)
				}
			}
			n.Queue.ExpectNoMessage(c, "SUB was refused")
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/no-control",
		Title:        "The notifier's key authorizes no command of the recipient",
		Requirements: []string{"SMP-AUTH-WRONG-KEY", "SMP-NTF-NO-MESSAGES"},
		Run: func(t *T) {
			n, c := probe.Dial(t).NewNotified(), probe.Dial(t)
			body := t.Rand().Bytes(60)
			n.Queue.Fill(n.Queue.Conn, body)
			for _, id := range [][]byte{n.Queue.RecipientID, n.ID} {
				for _, cmd := range []smp.Command{
					smp.SUB{}, smp.GET{}, smp.QUE{}, smp.NDEL{}, smp.OFF{}, smp.DEL{}, smp.KEY{SenderKey: n.Key.Public()},
				} {
					c.Ask(id, n.Key, cmd).ExpectError(smp.ErrAuth)
				}
			}
			n.Queue.ExpectNoMessage(c, "the notifier's key is no key of the recipient")
			n.Queue.Subscribe(c)
			n.Queue.ExpectMessage(c, body)
			n.Queue.Sender(n.Queue.Conn, smp.SEND{Body: []byte("x")}).Expect(smp.OK{})
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/no-sending",
		Title:        "SEND with the notifier's id is refused with AUTH, and so is that of its key",
		Requirements: []string{"SMP-NTF-NO-SENDING"},
		Run: func(t *T) {
			n := probe.Dial(t).NewNotified()
			n.Queue.Subscribe(n.Queue.Conn)
			for _, key := range []keys.PrivateKey{probe.NoKey, n.Key} {
				expectSendRefused(t, n.Queue, n.ID, key)
			}
			n.Queue.Secure()
			for _, key := range []keys.PrivateKey{n.Queue.SenderKey, n.Key} {
				expectSendRefused(t, n.Queue, n.ID, key)
			}
			expectSendRefused(t, n.Queue, n.Queue.SenderID, n.Key)
		},
	}),
}

// strangers are keys that no queue knows, of all kinds that authorize.
func strangers(t *T, c *probe.Conn) []keys.PrivateKey {
	var list []keys.PrivateKey
	for _, alg := range algorithms(t, c) {
		list = append(list, probe.NewKey(t, alg))
	}
	return list
}
