package relaycases

import (
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// notifyTimeout is the deadline of a case that waits for several notifications, which
// the official relay sends every 1.5 seconds, or for several deliveries.
const notifyTimeout = 30 * time.Second

// SMP, "Enable notifications command" and "Disable notifications command", and the keys
// of notifiers in "Create queue command".
var notifierKeyCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/notify/nkey-nid",
		Title:        "NKEY is answered with NID under the recipient's id",
		Requirements: []string{"SMP-NTF-NID-ANSWER", "SMP-NTF-NID-ENTITY"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			request, _ := q.NotifierRequest(keys.Ed25519)
			a := q.Recipient(q.Conn, smp.NKEY{NotifierKeys: request})
			t.About("SMP-NTF-NID-ANSWER")
			probe.ExpectA[smp.NID](a)
			t.About("SMP-NTF-NID-ENTITY")
			if string(a.EntityID) != string(q.RecipientID) {
				t.Fail("NID under the recipient's id", a.WithIDs())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/nkey-enables",
		Title:        "After NKEY the notifier can subscribe with the id of NID and its own key, whatever kind of key that is",
		Requirements: []string{"SMP-NTF-NKEY-ENABLES", "SMP-NTF-NKEY-AUTH-KEY"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			for i, alg := range algorithms(t, q.Conn) {
				if i > 0 {
					t.About("SMP-NTF-NKEY-AUTH-KEY")
				}
				request, n := q.NotifierRequest(alg)
				a := q.Recipient(q.Conn, smp.NKEY{NotifierKeys: request})
				if i == 0 {
					n.Created(probe.RequireA[smp.NID](a).NotifierCredentials)
					t.About("SMP-NTF-NKEY-ENABLES")
				} else {
					n.Created(probe.ExpectA[smp.NID](a).NotifierCredentials)
				}
				expectSubscribed(n.Ask(probe.Dial(t)))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/id-length",
		Title:        "Notifier ids have 16 to 24 bytes",
		Requirements: []string{"SMP-NTF-ID-LENGTH"},
		Run: func(t *T) {
			for _, n := range notifiers(t, 3) {
				if l := len(n.ID); l < 16 || l > 24 {
					t.Failf("a notifier id of 16 to 24 bytes", "%d bytes", l)
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/id-separate",
		Title:        "Notifier ids are random and have nothing to do with the ids of recipients and senders",
		Requirements: []string{"SMP-NTF-ID-SEPARATE"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			list := notifiers(t, 12)
			var own, ids [][]byte
			for _, n := range list {
				own = append(own, n.ID)
				ids = append(ids, n.ID, n.Queue.RecipientID, n.Queue.SenderID)
			}
			probe.ExpectDifferentIDs(t, "ids of notifiers, recipients and senders", ids)
			probe.ExpectRandomIDs(t, "ids of notifiers, recipients and senders", ids)
			probe.ExpectNoFixedBytes(t, "ids of notifiers", own)
			probe.ExpectUnrelatedNotifierIDs(t, list)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/dh-fresh",
		Title:        "The relay's key in NID is another one for each NKEY, and not the one in IDS",
		Requirements: []string{"SMP-NTF-DH-FRESH"},
		Run: func(t *T) {
			seen := map[keys.PublicKey]bool{}
			list := notifiers(t, 3)
			list = append(list, list[0].Queue.Notify())
			for _, n := range list {
				if seen[n.RelayKey] || n.RelayKey == n.Queue.IDS.ServerDHKey {
					t.Fail("a new key in NID", "one that the relay has shown before")
				}
				seen[n.RelayKey] = true
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/nkey-dh-key",
		Title:        "NKEY whose second key is no X25519 key is refused and leaves the notifier as it is",
		Requirements: []string{"SMP-NTF-NKEY-DH-KEY"},
		Run: func(t *T) {
			n := probe.Dial(t).NewNotified()
			request, _ := n.Queue.NotifierRequest(keys.Ed25519)
			command := n.Queue.Conn.EncodeCommand(smp.NKEY{NotifierKeys: request})
			for _, alg := range []keys.Algorithm{keys.Ed25519, keys.X448} {
				changed := replaceKey(command, request.DHKey, probe.NewKey(t, alg).Public().SPKI())
				a := n.Queue.Conn.AskBytes("NKEY with an "+alg.String()+" key to agree", n.Queue.RecipientID, n.Queue.Key, changed)
				a.ExpectRefused()
			}
			expectNotifies(t, n)
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/nkey-authorised",
		Title:        "NKEY without the recipient's authorization is refused and leaves the notifier as it is",
		Requirements: []string{"SMP-NTF-NKEY-AUTHORIZED"},
		Run: func(t *T) {
			n := probe.Dial(t).NewNotified()
			n.Queue.Secure()
			request, _ := n.Queue.NotifierRequest(keys.Ed25519)
			expectRefusedToOthers(t, n, smp.NKEY{NotifierKeys: request})
			expectNotifies(t, n)
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/nkey-sender-id",
		Title:        "NKEY with the id of the sender, or of the notifier, is refused with AUTH",
		Requirements: []string{"SMP-NTF-NKEY-SENDER-ID"},
		Run: func(t *T) {
			n := probe.Dial(t).NewNotified()
			requireTwoIDs(t, n.Queue)
			n.Queue.Secure()
			request, _ := n.Queue.NotifierRequest(keys.Ed25519)
			for _, id := range [][]byte{n.Queue.SenderID, n.ID} {
				for _, key := range []keys.PrivateKey{n.Queue.Key, n.Queue.SenderKey, n.Key} {
					probe.Dial(t).Ask(id, key, smp.NKEY{NotifierKeys: request}).ExpectError(smp.ErrAuth)
				}
			}
			expectNotifies(t, n)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/nkey-again",
		Title:        "A second NKEY is answered with another id, and ends that of the first",
		Requirements: []string{"SMP-NTF-NKEY-REPEATED"},
		Run: func(t *T) {
			first := probe.Dial(t).NewNotified()
			first.Subscribe(probe.Dial(t))
			request, second := first.Queue.NotifierRequest(keys.Ed25519)
			nid := probe.ExpectA[smp.NID](first.Queue.Recipient(first.Queue.Conn, smp.NKEY{NotifierKeys: request}))
			second.Created(nid.NotifierCredentials)
			probe.ExpectDifferentIDs(t, "notifier ids", [][]byte{first.ID, second.ID})
			c := probe.Dial(t)
			first.Ask(c).ExpectError(smp.ErrAuth)
			c.Ask(second.ID, first.Key, smp.NSUB{}).ExpectError(smp.ErrAuth)
			c.Ask(first.ID, second.Key, smp.NSUB{}).ExpectError(smp.ErrAuth)
			expectSubscribed(second.Ask(c))
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/nkey-again-event",
		Title:        "A subscribed notifier learns with DELD, END below version 10, that NKEY has replaced it",
		Requirements: []string{"SMP-NTF-NKEY-REPLACED-EVENT"},
		Timeout:      eventTimeout,
		Run: func(t *T) {
			n, watcher := watched(t)
			n.Queue.Notify()
			n.ExpectEvent(watcher, smp.DELD{})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/nkey-again-silent",
		Title:        "A notifier that was replaced is not told of later messages, under whichever id",
		Requirements: []string{"SMP-NTF-NKEY-REPEATED"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, watcher := watched(t)
			n.Queue.Notify()
			n.Queue.Announce(probe.Dial(t), t.Rand().Bytes(60))
			watcher.ExpectUnannounced("NKEY has replaced the notifier")
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/new-ids",
		Title:        "NEW with the keys of a notifier is answered with its id and a key of the relay",
		Requirements: []string{"SMP-NEW-NOTIFIER"},
		Versions:     from(smp.VersionNotifierKeys),
		Run: func(t *T) {
			cmd, q := probe.Dial(t).NewQueueRequest()
			request, n := q.NotifierRequest(keys.Ed25519)
			cmd.Notifier = &request
			ids := probe.RequireA[smp.IDS](q.Conn.Ask(nil, q.Key, cmd))
			if ids.Notifier == nil {
				t.Fail("IDS with a notifier", "IDS without")
			}
			q.Created(ids)
			n.Created(*ids.Notifier)
			probe.ExpectDifferentIDs(t, "ids of recipient, sender and notifier", [][]byte{q.RecipientID, q.SenderID, n.ID})
			if n.RelayKey == ids.ServerDHKey {
				t.Fail("a key of the relay for the notifier", "the one for messages")
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/new-works",
		Title:        "A notifier from NEW can subscribe, and its notifications open with the keys of NEW and IDS",
		Requirements: []string{"SMP-NTF-NEW-WORKS"},
		Versions:     from(smp.VersionNotifierKeys),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			for _, mode := range []probe.QueueOption{probe.NoMode, probe.SenderCanSecure, probe.ContactQueue} {
				n := newWithNotifier(t, mode)
				watcher := probe.Dial(t)
				expectSubscribed(n.Ask(watcher))
				n.Queue.Announce(probe.Dial(t), t.Rand().Bytes(60))
				if _, err := n.Open(n.Expect(watcher)); err != nil {
					t.Fail("NMSG that opens with the keys of NEW and IDS", err.Error())
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/new-linked",
		Title:        "A NEW with link data and the keys of a notifier makes both",
		Requirements: []string{"SMP-NEW-NOTIFIER", "SMP-NTF-NEW-WORKS"},
		Versions:     from(smp.VersionNotifierKeys),
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			for _, mode := range []smp.QueueMode{smp.Messaging, smp.Contact} {
				c, watcher := probe.Dial(t), probe.Dial(t)
				c.NewLinkedQueue(mode)
				cmd, id, q := c.LinkRequest(mode, probe.OnlyCreate)
				request, n := q.NotifierRequest(keys.Ed25519)
				cmd.Notifier = &request
				t.About("SMP-NEW-NOTIFIER")
				ids := probe.ExpectA[smp.IDS](c.AskAs(id, nil, q.Key, cmd))
				if ids.Notifier == nil {
					t.Fail("IDS with a notifier", "IDS without")
				}
				q.Created(ids)
				n.Created(*ids.Notifier)
				linked := &probe.Linked{Queue: q, LinkID: ids.LinkID, Data: cmd.Request.Link.Data}
				q.SenderKey = linked.RequireReadable(c)
				t.About("SMP-NTF-NEW-WORKS")
				expectSubscribed(n.Ask(watcher))
				watcher.Ping()
				q.Announce(c, t.Rand().Bytes(60))
				if _, err := n.Open(n.Expect(watcher)); err != nil {
					t.Fail("NMSG that opens with the keys of NEW and IDS", err.Error())
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/new-dh-key",
		Title:        "NEW whose DH key for notifications is no X25519 key is refused",
		Requirements: []string{"SMP-NTF-NEW-DH-KEY"},
		Versions:     from(smp.VersionNotifierKeys),
		Run: func(t *T) {
			c := probe.Dial(t)
			cmd, q := c.NewQueueRequest()
			request, _ := q.NotifierRequest(keys.Ed25519)
			cmd.Notifier = &request
			command := c.EncodeCommand(cmd)
			for _, alg := range []keys.Algorithm{keys.Ed25519, keys.X448} {
				changed := replaceKey(command, request.DHKey, probe.NewKey(t, alg).Public().SPKI())
				c.AskBytes("NEW with an "+alg.String()+" key for notifications", nil, q.Key, changed).ExpectRefused()
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/ndel-stops",
		Title:        "NDEL is answered OK, and no notification comes after it",
		Requirements: []string{"SMP-NTF-NDEL-OK", "SMP-NTF-NDEL-STOPS"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n, watcher := watched(t)
			n.Queue.Announce(n.Queue.Conn, t.Rand().Bytes(60))
			n.Require(watcher)
			t.About("SMP-NTF-NDEL-OK")
			n.Queue.Recipient(n.Queue.Conn, smp.NDEL{}).Expect(smp.OK{})
			t.About("SMP-NTF-NDEL-STOPS")
			n.Queue.Announce(n.Queue.Conn, n.Queue.Conn.Bodies(3)...)
			n.ExpectNone(watcher, "the notifier was removed")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/ndel-waiting",
		Title:        "A later notifier does not get what NDEL left of an earlier one",
		Requirements: []string{"SMP-NTF-NSUB-BEFORE-NKEY"},
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			n := probe.Dial(t).NewNotified()
			n.Queue.Announce(n.Queue.Conn, n.Queue.Conn.Bodies(2)...)
			n.Queue.Recipient(n.Queue.Conn, smp.NDEL{}).Require(smp.OK{})
			later, watcher := n.Queue.Notify(), probe.Dial(t)
			later.Subscribe(watcher)
			later.ExpectNone(watcher, "the message came before this notifier")
			n.ExpectNone(watcher, "the notifier was removed")
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/ndel-id",
		Title:        "After NDEL the notifier id is unknown",
		Requirements: []string{"SMP-NTF-NDEL-ID-GONE"},
		Run: func(t *T) {
			n, watcher := watched(t)
			n.Queue.Recipient(n.Queue.Conn, smp.NDEL{}).Require(smp.OK{})
			for _, c := range []*probe.Conn{watcher, probe.Dial(t)} {
				n.Ask(c).ExpectError(smp.ErrAuth)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/ndel-authorised",
		Title:        "NDEL without the recipient's authorization is refused and removes nothing",
		Requirements: []string{"SMP-NTF-NDEL-AUTHORIZED"},
		Run: func(t *T) {
			n := probe.Dial(t).NewNotified()
			n.Queue.Secure()
			expectRefusedToOthers(t, n, smp.NDEL{})
			c := probe.Dial(t)
			for _, key := range []keys.PrivateKey{n.Key, n.Queue.Key} {
				c.Ask(n.ID, key, smp.NDEL{}).ExpectError(smp.ErrAuth)
			}
			expectNotifies(t, n)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/ndel-none",
		Title:        "NDEL of a queue without a notifier is answered OK",
		Requirements: []string{"SMP-NTF-NDEL-NONE"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			for range 2 {
				q.Recipient(q.Conn, smp.NDEL{}).Expect(smp.OK{})
			}
			n := q.Notify()
			q.Recipient(q.Conn, smp.NDEL{}).Require(smp.OK{})
			n.Queue.Recipient(probe.Dial(t), smp.NDEL{}).Expect(smp.OK{})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/ndel-event",
		Title:        "A subscribed notifier learns with DELD, END below version 10, that NDEL has removed it",
		Requirements: []string{"SMP-NTF-NDEL-EVENT"},
		Timeout:      eventTimeout,
		Run: func(t *T) {
			n, watcher := watched(t)
			n.Queue.Recipient(n.Queue.Conn, smp.NDEL{}).Require(smp.OK{})
			n.ExpectEvent(watcher, smp.DELD{})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/notify/que",
		Title:        "INFO says whether the queue has a notifier",
		Requirements: []string{"SMP-QUE-FIELDS"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			state := func(notifier bool) map[string]any {
				return map[string]any{"qiSnd": false, "qiNtf": notifier, "qiSize": 0.0}
			}
			q.Notify()
			expectFields(t, q, state(true))
			q.Notify()
			expectFields(t, q, state(true))
			q.Recipient(q.Conn, smp.NDEL{}).Require(smp.OK{})
			expectFields(t, q, state(false))
		},
	}),
}

// notifiers makes queues with a notifier each, on two connections.
func notifiers(t *T, n int) []*probe.Notifier {
	connections := []*probe.Conn{probe.Dial(t), probe.Dial(t)}
	list := make([]*probe.Notifier, n)
	for i := range list {
		list[i] = connections[i%2].NewNotified()
	}
	return list
}

// watched is a queue with a notifier, and the connection that is subscribed to its
// notifications.
func watched(t *T) (*probe.Notifier, *probe.Conn) {
	n, watcher := probe.Dial(t).NewNotified(), probe.Dial(t)
	n.Subscribe(watcher)
	return n, watcher
}

// newWithNotifier creates a queue with the keys of a notifier in NEW; a relay that
// refuses, or makes none, blocks the case.
func newWithNotifier(t *T, mode probe.QueueOption) *probe.Notifier {
	cmd, q := probe.Dial(t).NewQueueRequest(mode, probe.OnlyCreate)
	request, n := q.NotifierRequest(keys.Ed25519)
	cmd.Notifier = &request
	ids := probe.RequireA[smp.IDS](q.Conn.Ask(nil, q.Key, cmd))
	if ids.Notifier == nil {
		probe.Blocked(t, "NEW with the keys of a notifier was answered without one")
	}
	q.Created(ids)
	n.Created(*ids.Notifier)
	return n
}

// expectNotifies fails the case unless the notifier can subscribe.
func expectNotifies(t *T, n *probe.Notifier) {
	expectSubscribed(n.Ask(probe.Dial(t)))
}

// expectRefusedToOthers fails the case unless a command for the recipient's id is
// refused without authorization and with that of everybody else.
func expectRefusedToOthers(t *T, n *probe.Notifier, cmd smp.Command) {
	c := probe.Dial(t)
	c.Ask(n.Queue.RecipientID, probe.NoKey, cmd).ExpectRefused()
	for _, key := range []keys.PrivateKey{n.Key, n.Queue.SenderKey, probe.NewKey(t, keys.Ed25519)} {
		c.Ask(n.Queue.RecipientID, key, cmd).ExpectError(smp.ErrAuth)
	}
}

// expectSubscribed fails the case unless NSUB was executed, in whichever of the two
// ways that versions know.
func expectSubscribed(a probe.Answer) { a.Expect(smp.OK{}, smp.SOK{}) }
