package relaycases

import (
	"bytes"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// SMP, "Create queue command": the answer.
var idsCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/ids/entity",
		Title:        "IDS has an empty entity id",
		Requirements: []string{"SMP-IDS-EMPTY-ENTITY"},
		Run: func(t *T) {
			cmd, q := probe.Dial(t).NewQueueRequest()
			a := q.Conn.Ask(nil, q.Key, cmd)
			probe.RequireA[smp.IDS](a)
			if len(a.EntityID) != 0 {
				t.Failf("an empty entity id", "%x", a.EntityID)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/ids/length",
		Title:        "The ids of recipient and sender have 16 to 24 bytes",
		Requirements: []string{"SMP-IDS-LENGTH"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			for _, id := range [][]byte{q.RecipientID, q.SenderID} {
				if len(id) < 16 || len(id) > 24 {
					t.Failf("ids of 16 to 24 bytes", "one of %d bytes", len(id))
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/ids/different",
		Title:        "The ids of recipient and sender are different",
		Requirements: []string{"SMP-IDS-DIFFERENT"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			if bytes.Equal(q.RecipientID, q.SenderID) {
				t.Failf("two ids", "%x for both", q.RecipientID)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/ids/random",
		Title:        "All ids are different, and none shows a pattern or derives from another",
		Requirements: []string{"SMP-IDS-UNIQUE", "SMP-IDS-RANDOM"},
		Run: func(t *T) {
			connections := []*probe.Conn{probe.Dial(t), probe.Dial(t)}
			var queues []*probe.Queue
			var ids [][]byte
			for i := range 16 {
				q := connections[i%2].NewQueue()
				queues, ids = append(queues, q), append(ids, q.RecipientID, q.SenderID)
			}
			t.About("SMP-IDS-UNIQUE")
			probe.ExpectDifferentIDs(t, "queue ids", ids)
			t.About("SMP-IDS-RANDOM")
			probe.ExpectRandomIDs(t, "queue ids", ids)
			probe.ExpectUnrelatedIDs(t, queues)
			probe.ExpectUnrelatedToKeys(t, queues)
		},
	}),
	must(conformance.Case{
		ID:           "relay/ids/deleted",
		Title:        "The ids of a deleted queue are not given to another one",
		Requirements: []string{"SMP-IDS-UNIQUE"},
		Run: func(t *T) {
			c := probe.Dial(t)
			var ids [][]byte
			for range 6 {
				q := c.NewQueue()
				ids = append(ids, q.RecipientID, q.SenderID)
				q.Recipient(c, smp.DEL{}).Require(smp.OK{})
			}
			probe.ExpectDifferentIDs(t, "queue ids", ids)
		},
	}),
	must(conformance.Case{
		ID:           "relay/ids/dh-key",
		Title:        "IDS has an X25519 key from which the recipient can open messages",
		Requirements: []string{"SMP-IDS-DH-KEY"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Fill(probe.Dial(t), []byte("x"))
			q.ExpectReadable(q.Conn)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/ids/dh-key-fresh",
		Title:        "Two queues get different keys from the relay",
		Requirements: []string{"SMP-IDS-DH-FRESH"},
		Run: func(t *T) {
			c := probe.Dial(t)
			seen := map[keys.PublicKey]bool{}
			for range 4 {
				key := c.NewQueue().IDS.ServerDHKey
				if seen[key] {
					t.Fail("another key for each queue", "the same key for two queues")
				}
				seen[key] = true
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/ids/same-keys",
		Title:        "NEW with the keys of an earlier queue creates another queue",
		Requirements: []string{"SMP-NEW-SAME-KEYS"},
		Run: func(t *T) {
			cmd, q := probe.Dial(t).NewQueueRequest()
			first := probe.RequireA[smp.IDS](q.Conn.Ask(nil, q.Key, cmd))
			second := probe.ExpectA[smp.IDS](q.Conn.Ask(nil, q.Key, cmd))
			if bytes.Equal(first.RecipientID, second.RecipientID) || bytes.Equal(first.SenderID, second.SenderID) {
				t.Fail("another queue", "the ids of the earlier one")
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/ids/sender-secure",
		Title:        "At versions 9 to 14 IDS repeats whether the sender may secure the queue",
		Requirements: []string{"SMP-IDS-FORM-V9"},
		Versions:     wire.Versions(9, 14),
		Run: func(t *T) {
			c := probe.Dial(t)
			expectMode(t, c.NewQueue(probe.SenderCanSecure), smp.Messaging)
			expectMode(t, c.NewQueue(probe.NoMode), smp.Contact)
		},
	}),
	must(conformance.Case{
		ID:           "relay/ids/queue-mode",
		Title:        "From version 15 IDS repeats the queue mode of NEW, and has none if NEW had none",
		Requirements: []string{"SMP-IDS-QUEUE-MODE"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			expectMode(t, c.NewQueue(probe.SenderCanSecure), smp.Messaging)
			expectMode(t, c.NewQueue(probe.ContactQueue), smp.Contact)
			expectMode(t, c.NewQueue(probe.NoMode), 0)
		},
	}),
	idsForm("relay/ids/form-6", "At versions 6 to 8 IDS ends after the key", "SMP-IDS-FORM-V6", until(8), probe.NoMode),
	idsForm("relay/ids/form-15", "At versions 15 and 16 IDS has mode and link id, at 16 also a service id, and nothing more",
		"SMP-IDS-FORM-V15", wire.Versions(15, 16), probe.SenderCanSecure, probe.ContactQueue, probe.NoMode),
	must(conformance.Case{
		ID:           "relay/ids/form",
		Title:        "From version 17 IDS has mode, link id, service id and notifier, each of which may be absent, and nothing more",
		Requirements: []string{"SMP-IDS-FORM-V17"},
		Versions:     from(17),
		Run: func(t *T) {
			expectForm(t, probe.SenderCanSecure, probe.ContactQueue, probe.NoMode)
		},
	}),
	must(conformance.Case{
		ID:           "relay/ids/nothing-unasked",
		Title:        "IDS has no link id, service id or notifier that the client did not ask for",
		Requirements: []string{"SMP-IDS-NO-LINK", "SMP-IDS-NO-SERVICE", "SMP-IDS-NO-NOTIFIER"},
		Versions:     from(17),
		Run: func(t *T) {
			ids := probe.Dial(t).NewQueue(probe.SenderCanSecure).IDS
			for _, field := range []struct {
				name, requirement string
				present           bool
			}{
				{"link id", "SMP-IDS-NO-LINK", ids.LinkID != nil},
				{"service id", "SMP-IDS-NO-SERVICE", ids.ServiceID != nil},
				{"notifier", "SMP-IDS-NO-NOTIFIER", ids.Notifier != nil},
			} {
				t.About(field.requirement)
				if field.present {
					t.Fail("IDS without a "+field.name, "IDS with one")
				}
			}
		},
	}),
}

// idsForm is the case of the form of IDS at versions before 17.
func idsForm(id, title, requirement string, versions wire.VersionRange, modes ...probe.QueueOption) conformance.Case {
	return observed(conformance.Case{
		ID: id, Title: title, Requirements: []string{requirement}, Versions: versions,
		Run: func(t *T) { expectForm(t, modes...) },
	})
}

// expectForm fails the case unless NEW is answered with an IDS that has the fields of the
// version and nothing more.
func expectForm(t *T, modes ...probe.QueueOption) {
	c := probe.Dial(t)
	for _, mode := range modes {
		create, q := c.NewQueueRequest(mode)
		a := c.Ask(nil, q.Key, create)
		if isError(a.Received) {
			probe.Blocked(t, "NEW was answered %s", a)
		}
		probe.ExpectA[smp.IDS](a)
	}
}

func expectMode(t *T, q *probe.Queue, mode smp.QueueMode) {
	if q.IDS.Mode != mode {
		t.Fail("mode "+mode.String(), "mode "+q.IDS.Mode.String())
	}
}
