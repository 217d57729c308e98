package relaycases

import (
	"bytes"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// SMP, "Set short link" and "Delete short link".
var linkSetCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/link/lset",
		Title:        "LSET gives a contact queue without a link one",
		Requirements: []string{"SMP-LINK-LSET-SETS", "SMP-LINK-LSET-OK"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := &probe.Linked{Queue: c.NewQueue(probe.ContactQueue), LinkID: t.Fresh().Bytes(24), Data: c.LinkData()}
			c.Read(l.LinkID).Require(smp.ERR{Err: smp.ErrAuth})
			t.About("SMP-LINK-LSET-OK")
			l.Recipient(c, smp.LSET{LinkID: l.LinkID, Data: l.Data}).Expect(smp.OK{})
			t.About("SMP-LINK-LSET-SETS")
			probe.Dial(t).Read(l.LinkID).Expect(l.LNK())
			body := t.Rand().Bytes(20)
			l.Sender(c, smp.SEND{Body: body}).Expect(smp.OK{})
			l.ExpectMessage(c, body)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/lset-updates",
		Title:        "LSET with the same link id and fixed data replaces the user data, as often as one wants",
		Requirements: []string{"SMP-LINK-LSET-UPDATES"},
		Versions:     from(15),
		Run: func(t *T) {
			c, reader := probe.Dial(t), probe.Dial(t)
			l := readable(t, c)
			for _, size := range []int{probe.UserDataSize, 1, 0, 500, 500} {
				l.Data.User = t.Rand().Bytes(size)
				l.Recipient(c, smp.LSET{LinkID: l.LinkID, Data: l.Data}).Expect(smp.OK{})
				reader.Read(l.LinkID).Expect(l.LNK())
			}
			l.Recipient(c, smp.LSET{LinkID: l.LinkID, Data: l.Data}).Expect(smp.OK{}) // unchanged
			reader.Read(l.LinkID).Expect(l.LNK())
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/lset-other-id",
		Title:        "LSET with another link id than the queue has is refused with AUTH and changes nothing",
		Requirements: []string{"SMP-LINK-LSET-OTHER-ID"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := readable(t, c)
			other := t.Fresh().Bytes(24)
			l.Recipient(c, smp.LSET{LinkID: other, Data: l.Data}).ExpectError(smp.ErrAuth)
			c.Read(other).ExpectError(smp.ErrAuth)
			c.Read(l.LinkID).Expect(l.LNK())
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/lset-other-fixed",
		Title:        "LSET with other fixed data is refused with AUTH and changes nothing",
		Requirements: []string{"SMP-LINK-LSET-OTHER-FIXED"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := readable(t, c)
			flipped := append([]byte(nil), l.Data.Fixed...)
			flipped[len(flipped)-1] ^= 1
			for _, fixed := range [][]byte{flipped, l.Data.Fixed[:100], {}, append(append([]byte(nil), l.Data.Fixed...), 0)} {
				data := smp.LinkData{Fixed: fixed, User: []byte("other user data")}
				l.Recipient(c, smp.LSET{LinkID: l.LinkID, Data: data}).ExpectError(smp.ErrAuth)
				c.Read(l.LinkID).Expect(l.LNK())
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/lset-foreign",
		Title:        "LSET with the link id of another queue is refused with AUTH, and that link keeps its data",
		Requirements: []string{"SMP-LINK-LSET-FOREIGN"},
		Versions:     from(15),
		Run: func(t *T) {
			c, thief := probe.Dial(t), probe.Dial(t)
			l := readable(t, c)
			q := thief.NewQueue(probe.ContactQueue)
			for _, data := range []smp.LinkData{thief.LinkData(), l.Data} {
				a := q.Recipient(thief, smp.LSET{LinkID: l.LinkID, Data: data})
				thief.Read(l.LinkID).Expect(l.LNK())
				a.ExpectError(smp.ErrAuth)
			}
			q.Recipient(thief, smp.LDEL{}).Require(smp.OK{})
			q.Recipient(thief, smp.DEL{}).Require(smp.OK{})
			thief.Read(l.LinkID).Expect(l.LNK())
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/lset-messaging",
		Title:        "LSET on a messaging queue sets its link until the queue is secured, and is then refused with AUTH",
		Requirements: []string{"SMP-LINK-LSET-MESSAGING"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := &probe.Linked{Queue: c.NewQueue(probe.SenderCanSecure), LinkID: t.Fresh().Bytes(24), Data: c.LinkData()}
			l.Recipient(c, smp.LSET{LinkID: l.LinkID, Data: l.Data}).Expect(smp.OK{})
			key := probe.NewKey(t, keys.Ed25519)
			c.Take(l.LinkID, key).Expect(l.LNK())
			changed := smp.LinkData{Fixed: l.Data.Fixed, User: []byte("after the joiner")}
			l.Recipient(c, smp.LSET{LinkID: l.LinkID, Data: changed}).ExpectError(smp.ErrAuth)
			c.Take(l.LinkID, key).Expect(l.LNK())

			secured := c.NewQueue(probe.SenderCanSecure)
			secured.SecureBySender(c)
			secured.Recipient(c, smp.LSET{LinkID: t.Fresh().Bytes(24), Data: l.Data}).ExpectError(smp.ErrAuth)
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/lset-authorised",
		Title:        "LSET without the authorization of the recipient is refused and changes nothing",
		Requirements: []string{"SMP-LINK-LSET-AUTHORIZED"},
		Versions:     from(15),
		Run: func(t *T) {
			c, stranger := probe.Dial(t), probe.Dial(t)
			l := readable(t, c)
			free := c.NewQueue(probe.ContactQueue)
			data := smp.LinkData{Fixed: l.Data.Fixed, User: []byte("by a stranger")}
			for _, key := range []keys.PrivateKey{probe.NoKey, probe.NewKey(t, keys.Ed25519), free.Key} {
				stranger.Ask(l.RecipientID, key, smp.LSET{LinkID: l.LinkID, Data: data}).ExpectRefused()
			}
			id := t.Fresh().Bytes(24)
			stranger.Ask(free.RecipientID, l.Key, smp.LSET{LinkID: id, Data: data}).ExpectRefused()
			stranger.Read(id).ExpectError(smp.ErrAuth)
			stranger.Read(l.LinkID).Expect(l.LNK())
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/lset-entity",
		Title:        "LSET and LDEL with the sender id or the link id as entity id are refused with AUTH",
		Requirements: []string{"SMP-LINK-LSET-SENDER-ID"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := readable(t, c)
			for _, id := range [][]byte{l.SenderID, l.LinkID, t.Fresh().Bytes(24)} {
				data := smp.LinkData{Fixed: l.Data.Fixed, User: []byte("by another id")}
				c.Ask(id, l.Key, smp.LSET{LinkID: l.LinkID, Data: data}).ExpectError(smp.ErrAuth)
				c.Ask(id, l.Key, smp.LDEL{}).ExpectError(smp.ErrAuth)
			}
			c.Read(l.LinkID).Expect(l.LNK())
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/lset-cut",
		Title:        "LSET that is cut, or longer than its fields, is refused with CMD SYNTAX and changes nothing",
		Requirements: []string{"SMP-LINK-LSET-FORM", "SMP-LINK-DATA-LENGTHS", "SMP-LINK-LDEL-FORM"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := readable(t, c)
			whole := c.EncodeCommand(smp.LSET{LinkID: l.LinkID, Data: smp.LinkData{Fixed: l.Data.Fixed, User: []byte("other")}})
			for _, wrong := range []struct {
				rule, what string
				command    []byte
			}{
				{"SMP-LINK-DATA-LENGTHS", "LSET cut in the user data", whole[:len(whole)-1]},
				{"SMP-LINK-DATA-LENGTHS", "LSET cut in the fixed data", whole[:100]},
				{"SMP-LINK-LSET-FORM", "LSET cut in the link id", whole[:10]},
				{"SMP-LINK-LSET-FORM", "LSET with a byte after it", append(bytes.Clone(whole), 0)},
				{"SMP-LINK-LSET-FORM", "LSET without anything", []byte("LSET")},
				{"SMP-LINK-LDEL-FORM", "LDEL with a byte after it", []byte("LDEL x")},
			} {
				t.About(wrong.rule)
				c.AskBytes(wrong.what, l.RecipientID, l.Key, wrong.command).ExpectError(smp.ErrCmdSyntax)
				c.Read(l.LinkID).Expect(l.LNK())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/ldel",
		Title:        "LDEL removes the link, for LGET and LKEY, and keeps the queue",
		Requirements: []string{"SMP-LINK-LDEL-OK", "SMP-LINK-LDEL-REMOVES", "SMP-LINK-LDEL-KEEPS-QUEUE"},
		Versions:     from(15),
		Run: func(t *T) {
			c, other := probe.Dial(t), probe.Dial(t)
			for _, mode := range []smp.QueueMode{smp.Contact, smp.Messaging} {
				l := c.NewLinkedQueue(mode)
				if mode == smp.Contact {
					l.RequireReadable(other)
				}
				t.About("SMP-LINK-LDEL-OK")
				l.Recipient(c, smp.LDEL{}).Expect(smp.OK{})
				t.About("SMP-LINK-LDEL-REMOVES")
				other.Read(l.LinkID).ExpectError(smp.ErrAuth)
				other.Take(l.LinkID, probe.NewKey(t, keys.Ed25519)).ExpectError(smp.ErrAuth)
				t.About("SMP-LINK-LDEL-KEEPS-QUEUE")
				body := t.Rand().Bytes(40)
				l.Sender(other, smp.SEND{Body: body}).Expect(smp.OK{})
				l.ExpectMessage(c, body)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/ldel-repeated",
		Title:        "LDEL for a queue that has no link, or none any more, is answered with OK",
		Requirements: []string{"SMP-LINK-LDEL-REPEATED"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := readable(t, c)
			l.Recipient(c, smp.LDEL{}).Expect(smp.OK{})
			l.Recipient(c, smp.LDEL{}).Expect(smp.OK{})
			for _, mode := range []probe.QueueOption{probe.NoMode, probe.SenderCanSecure} {
				c.NewQueue(mode).Recipient(c, smp.LDEL{}).Expect(smp.OK{})
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/ldel-taken",
		Title:        "LDEL removes the link of an invitation that was taken",
		Requirements: []string{"SMP-LINK-LDEL-TAKEN"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := c.NewLinkedQueue(smp.Messaging)
			key := l.RequireReadable(c)
			l.Recipient(c, smp.LDEL{}).Expect(smp.OK{})
			c.Take(l.LinkID, key).ExpectError(smp.ErrAuth)
			expectSecured(t, l.Queue, key)
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/ldel-authorised",
		Title:        "LDEL without the authorization of the recipient is refused and removes nothing",
		Requirements: []string{"SMP-LINK-LDEL-AUTHORIZED"},
		Versions:     from(15),
		Run: func(t *T) {
			c, stranger := probe.Dial(t), probe.Dial(t)
			l := readable(t, c)
			own := stranger.NewQueue(probe.ContactQueue)
			for _, key := range []keys.PrivateKey{probe.NoKey, probe.NewKey(t, keys.Ed25519), probe.NewKey(t, keys.X25519), own.Key} {
				stranger.Ask(l.RecipientID, key, smp.LDEL{}).ExpectRefused()
			}
			stranger.Read(l.LinkID).Expect(l.LNK())
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/ldel-again",
		Title:        "After LDEL the queue can have another link with other fixed data, and another queue the link id",
		Requirements: []string{"SMP-LINK-LDEL-AGAIN"},
		Versions:     from(15),
		Run: func(t *T) {
			c, other := probe.Dial(t), probe.Dial(t)
			l := readable(t, c)
			old := l.LinkID
			l.Recipient(c, smp.LDEL{}).Require(smp.OK{})
			l.LinkID, l.Data = t.Fresh().Bytes(24), c.LinkData()
			l.Recipient(c, smp.LSET{LinkID: l.LinkID, Data: l.Data}).Expect(smp.OK{})
			other.Read(l.LinkID).Expect(l.LNK())
			other.Read(old).ExpectError(smp.ErrAuth)
			heir := &probe.Linked{Queue: other.NewQueue(probe.ContactQueue), LinkID: old, Data: other.LinkData()}
			heir.Recipient(other, smp.LSET{LinkID: old, Data: heir.Data}).Expect(smp.OK{})
			c.Read(old).Expect(heir.LNK())
			c.Read(l.LinkID).Expect(l.LNK())
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/queue-deleted",
		Title:        "After DEL the link of the queue is unknown, as one that never was",
		Requirements: []string{"SMP-LINK-QUEUE-DELETED", "SMP-LINK-GONE-SAME"},
		Versions:     from(15),
		Run: func(t *T) {
			c, other := probe.Dial(t), probe.Dial(t)
			for _, mode := range []smp.QueueMode{smp.Contact, smp.Messaging} {
				l := c.NewLinkedQueue(mode)
				key := l.RequireReadable(other)
				if mode == smp.Contact {
					key = probe.NewKey(t, keys.Ed25519)
				}
				l.Recipient(c, smp.DEL{}).Require(smp.OK{})
				t.About("SMP-LINK-QUEUE-DELETED")
				read, taken := other.Read(l.LinkID).ExpectRefused(), other.Take(l.LinkID, key).ExpectRefused()
				t.About("SMP-LINK-GONE-SAME")
				never := t.Fresh().Bytes(24)
				if got, want := read.String(), other.Read(never).String(); got != want {
					t.Fail("LGET → "+want+" as for a link that never was", got)
				}
				if got, want := taken.String(), other.Take(never, probe.NewKey(t, keys.Ed25519)).String(); got != want {
					t.Fail("LKEY → "+want+" as for a link that never was", got)
				}
				again := &probe.Linked{Queue: c.NewQueue(probe.ContactQueue), LinkID: l.LinkID, Data: c.LinkData()}
				t.About("SMP-LINK-QUEUE-DELETED")
				set := again.Recipient(c, smp.LSET{LinkID: l.LinkID, Data: again.Data}).Expect(smp.OK{}, smp.ERR{Err: smp.ErrAuth})
				if _, refused := set.Response.(smp.ERR); refused {
					other.Read(l.LinkID).ExpectError(smp.ErrAuth) // the relay does not give the id to another queue
					continue
				}
				other.Read(l.LinkID).Expect(again.LNK())
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/owners",
		Title:        "Each key of RKEY may change and remove the link of a contact queue, and none that it leaves out",
		Requirements: []string{"SMP-RKEY-REPLACES", "SMP-LINK-LSET-UPDATES"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := readable(t, c)
			owners := []keys.PrivateKey{probe.NewKey(t, keys.Ed25519), probe.NewKey(t, keys.X25519)}
			l.Recipient(c, recipientKeys(owners)).Require(smp.OK{})
			for _, owner := range owners {
				l.Data.User = t.Rand().Bytes(100)
				c.Ask(l.RecipientID, owner, smp.LSET{LinkID: l.LinkID, Data: l.Data}).Expect(smp.OK{})
				c.Read(l.LinkID).Expect(l.LNK())
			}
			l.Recipient(c, smp.LDEL{}).ExpectError(smp.ErrAuth)
			c.Read(l.LinkID).Expect(l.LNK())
			c.Ask(l.RecipientID, owners[1], smp.LDEL{}).Expect(smp.OK{})
			c.Read(l.LinkID).ExpectError(smp.ErrAuth)
		},
	}),
}

// readable is a contact queue whose link was read.
func readable(t *T, c *probe.Conn) *probe.Linked {
	l := c.NewLinkedQueue(smp.Contact)
	l.RequireReadable(probe.Dial(t))
	return l
}
