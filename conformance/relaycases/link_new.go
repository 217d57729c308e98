package relaycases

import (
	"bytes"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// SMP, "Create queue command": queues that are created with their short link.
var linkNewCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/link/new-contact",
		Title:        "NEW with link data of a contact queue makes a link, under the link id and the sender id of the client",
		Requirements: []string{"SMP-LINK-CREATES", "SMP-LINK-ID-CONTACT", "SMP-LINK-SENDER-ID-KEPT"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			cmd, id, q := c.LinkRequest(smp.Contact)
			ids := probe.ExpectA[smp.IDS](c.AskAs(id, nil, q.Key, cmd))
			t.About("SMP-LINK-ID-CONTACT")
			if !bytes.Equal(ids.LinkID, cmd.Request.Link.LinkID) {
				t.Failf("the link id of NEW in IDS", "%x, not %x", ids.LinkID, cmd.Request.Link.LinkID)
			}
			expectSenderID(t, q, ids, id)
			t.About("SMP-LINK-CREATES")
			probe.Dial(t).Read(ids.LinkID).Expect(smp.LNK{SenderID: ids.SenderID, Data: cmd.Request.Link.Data})
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/new-messaging",
		Title:        "NEW with link data of a messaging queue makes a link, under an id of the relay and the sender id of the client",
		Requirements: []string{"SMP-LINK-CREATES", "SMP-LINK-ID-MESSAGING", "SMP-LINK-SENDER-ID-KEPT"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			cmd, id, q := c.LinkRequest(smp.Messaging)
			ids := probe.ExpectA[smp.IDS](c.AskAs(id, nil, q.Key, cmd))
			t.About("SMP-LINK-ID-MESSAGING")
			if len(ids.LinkID) == 0 {
				t.Fail("a link id in IDS", "none")
			}
			expectSenderID(t, q, ids, id)
			t.About("SMP-LINK-CREATES")
			key := probe.NewKey(t, keys.Ed25519)
			probe.Dial(t).Take(ids.LinkID, key).Expect(smp.LNK{SenderID: ids.SenderID, Data: cmd.Request.Link.Data})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/new-ids",
		Title:        "Link ids that the relay makes are random, different, and follow from no other id",
		Requirements: []string{"SMP-LINK-ID-FRESH"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			var ids [][]byte
			for range 4 {
				l := c.NewLinkedQueue(smp.Messaging, probe.OnlyCreate)
				if n := len(l.LinkID); n < 16 || n > 24 {
					t.Failf("a link id of 16 to 24 bytes", "%d bytes", n)
				}
				ids = append(ids, l.LinkID, l.RecipientID, l.SenderID)
				probe.ExpectUnrelatedIDs(t, []*probe.Queue{
					{RecipientID: l.LinkID, SenderID: l.SenderID}, {RecipientID: l.LinkID, SenderID: l.RecipientID},
				})
			}
			probe.ExpectDifferentIDs(t, "ids", ids)
			probe.ExpectRandomIDs(t, "ids", ids)
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/new-sender-id-foreign",
		Title:        "NEW with a sender id that does not follow from its correlation id is refused and creates nothing",
		Requirements: []string{"SMP-NEW-LINK-SENDER-ID"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			victim := c.NewQueue(probe.OnlyCreate)
			for _, mode := range []smp.QueueMode{smp.Contact, smp.Messaging} {
				cmd, id, q := c.LinkRequest(mode)
				for _, senderID := range append(nearIDs(cmd.Request.Link.SenderID), victim.SenderID, t.Fresh().Bytes(24), nil) {
					cmd.Request.Link.SenderID = senderID
					c.AskAs(id, nil, q.Key, cmd).ExpectRefused()
					if mode == smp.Contact {
						c.Read(cmd.Request.Link.LinkID).ExpectError(smp.ErrAuth)
					}
				}
			}
			body := t.Rand().Bytes(20)
			victim.Fill(c, body)
			victim.Subscribe(c)
			victim.ExpectRedelivery(c, body)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/new-link-id-taken",
		Title:        "NEW with the link id of another queue is refused with AUTH and changes nothing",
		Requirements: []string{"SMP-LINK-ID-TAKEN"},
		Versions:     from(15),
		Run: func(t *T) {
			owner, c := probe.Dial(t), probe.Dial(t)
			l := owner.NewLinkedQueue(smp.Contact)
			l.RequireReadable(c)
			cmd, id, q := c.LinkRequest(smp.Contact)
			cmd.Request.Link.LinkID = l.LinkID
			c.AskAs(id, nil, q.Key, cmd).ExpectError(smp.ErrAuth)
			c.Read(l.LinkID).Expect(l.LNK())
			c.Ask(smp.SenderID(id), probe.NoKey, smp.SEND{Body: []byte("to nobody")}).ExpectError(smp.ErrAuth)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/new-sender-id-taken",
		Title:        "NEW with the correlation id of an earlier one, so with its sender id, is refused with AUTH and changes nothing",
		Requirements: []string{"SMP-LINK-SENDER-ID-TAKEN"},
		Versions:     from(15),
		Run: func(t *T) {
			owner, c := probe.Dial(t), probe.Dial(t)
			cmd, id, q := owner.LinkRequest(smp.Contact)
			q.Created(probe.RequireA[smp.IDS](owner.AskAs(id, nil, q.Key, cmd)))
			owner.Settle()
			other, _, thief := c.LinkRequest(smp.Contact)
			other.Request.Link.SenderID = q.SenderID
			c.AskAs(id, nil, thief.Key, other).ExpectError(smp.ErrAuth)
			c.Read(other.Request.Link.LinkID).ExpectError(smp.ErrAuth)
			body := t.Rand().Bytes(20)
			q.Sender(c, smp.SEND{Body: body}).Expect(smp.OK{})
			q.ExpectMessage(owner, body)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/sizes",
		Title:        "Link data of the usual sizes and of others is kept as it is",
		Requirements: []string{"SMP-LINK-SIZES", "SMP-LINK-SIZE-UNCHECKED"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, size := range []struct{ fixed, user int }{
				{probe.FixedDataSize, probe.UserDataSize}, {0, 0}, {1, 0}, {0, 1}, {probe.UserDataSize, 2000}, {255, 256}, {300, 15600},
			} {
				cmd, id, q := c.LinkRequest(smp.Contact)
				link := cmd.Request.Link
				link.Data = smp.LinkData{Fixed: t.Rand().Bytes(size.fixed), User: t.Rand().Bytes(size.user)}
				ids := probe.ExpectA[smp.IDS](c.AskAs(id, nil, q.Key, cmd))
				c.Read(link.LinkID).Expect(smp.LNK{SenderID: ids.SenderID, Data: link.Data})
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/new-without",
		Title:        "A queue without link data has no link id, and none of its ids reads a link",
		Requirements: []string{"SMP-LINK-LGET-QUEUE-ID", "SMP-LINK-MESSAGING-FIELDS", "SMP-LINK-CONTACT-FIELDS"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, mode := range []probe.QueueOption{probe.ContactQueue, probe.SenderCanSecure, probe.NoMode} {
				q := c.NewQueue(mode, probe.OnlyCreate)
				if len(q.IDS.LinkID) > 0 {
					t.Failf("IDS without a link id", "%x", q.IDS.LinkID)
				}
				c.Read(q.RecipientID).ExpectError(smp.ErrAuth)
				c.Read(q.SenderID).ExpectError(smp.ErrAuth)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/messages",
		Title:        "A queue with a link is a queue as others: messages arrive, the recipient can secure, suspend and delete it",
		Requirements: []string{"SMP-LINK-SENDER-ID-KEPT", "SMP-OFF-SEND", "SMP-DEL-GONE"},
		Versions:     from(15),
		Run: func(t *T) {
			for _, mode := range []smp.QueueMode{smp.Messaging, smp.Contact} {
				c := probe.Dial(t)
				l := c.NewLinkedQueue(mode)
				body := t.Rand().Bytes(70)
				t.About("SMP-LINK-SENDER-ID-KEPT")
				l.Sender(probe.Dial(t), smp.SEND{Body: body}).Expect(smp.OK{})
				l.Acknowledge(c, l.ExpectMessage(c, body))
				t.About("SMP-OFF-SEND")
				l.Recipient(c, smp.OFF{}).Require(smp.OK{})
				l.Sender(c, smp.SEND{Body: body}).ExpectError(smp.ErrAuth)
				t.About("SMP-DEL-GONE")
				l.Recipient(c, smp.DEL{}).Require(smp.OK{})
				l.Sender(c, smp.SEND{Body: body}).ExpectError(smp.ErrAuth)
				l.Recipient(c, smp.SUB{}).ExpectError(smp.ErrAuth)
			}
		},
	}),
}

// expectSenderID fails the case unless IDS has the sender id that follows from
// the correlation id of NEW, and a message under it arrives.
func expectSenderID(t *T, q *probe.Queue, ids smp.IDS, correlationID []byte) {
	t.About("SMP-LINK-SENDER-ID-KEPT")
	if want := smp.SenderID(correlationID); !bytes.Equal(ids.SenderID, want) {
		t.Failf("the sender id of NEW in IDS", "%x, not %x", ids.SenderID, want)
	}
	q.Created(ids)
	q.Conn.Settle()
	body := t.Rand().Bytes(60)
	q.Sender(probe.Dial(t), smp.SEND{Body: body}).Expect(smp.OK{})
	q.ExpectMessage(q.Conn, body)
}
