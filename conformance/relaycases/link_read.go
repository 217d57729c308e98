package relaycases

import (
	"bytes"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// SMP, "Set link key", "Get link data" and "Link response".
var linkReadCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/link/lget",
		Title:        "LGET is answered with LNK: the sender id and the data byte for byte, every time and on every connection",
		Requirements: []string{"SMP-LINK-LGET-LNK", "SMP-LINK-LGET-MANY", "SMP-LINK-LNK-UNCHANGED"},
		Versions:     from(15),
		Run: func(t *T) {
			owner := probe.Dial(t)
			l := owner.NewLinkedQueue(smp.Contact)
			for _, c := range []*probe.Conn{owner, probe.Dial(t), probe.Dial(t)} {
				for range 2 {
					t.About("SMP-LINK-LGET-LNK", "SMP-LINK-LGET-MANY")
					lnk := probe.ExpectA[smp.LNK](c.Read(l.LinkID))
					t.About("SMP-LINK-LNK-UNCHANGED", "SMP-LINK-LGET-LNK")
					expectLNK(t, l, lnk)
				}
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/lnk-entity",
		Title:        "LNK has the link id of its command as entity id",
		Requirements: []string{"SMP-LINK-LNK-ENTITY"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, mode := range []smp.QueueMode{smp.Contact, smp.Messaging} {
				l := c.NewLinkedQueue(mode)
				a := c.Read(l.LinkID)
				if mode == smp.Messaging {
					a = c.Take(l.LinkID, probe.NewKey(t, keys.Ed25519))
				}
				probe.RequireA[smp.LNK](a)
				if !bytes.Equal(a.EntityID, l.LinkID) {
					t.Fail("the link id as entity id", a.WithIDs())
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/lget-reads",
		Title:        "LGET secures and consumes nothing: others can read the link and send",
		Requirements: []string{"SMP-LINK-LGET-READS", "SMP-LINK-LGET-MANY"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := readable(t, c)
			bodies := c.Bodies(2)
			for _, body := range bodies {
				l.Sender(probe.Dial(t), smp.SEND{Body: body}).Expect(smp.OK{})
				l.Acknowledge(c, l.ExpectMessage(c, body))
				probe.Dial(t).Read(l.LinkID).Expect(l.LNK())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/lget-messaging",
		Title:        "LGET for the link of a messaging queue is refused with AUTH, before and after LKEY",
		Requirements: []string{"SMP-LINK-LGET-MESSAGING"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := c.NewLinkedQueue(smp.Messaging)
			c.Read(l.LinkID).ExpectError(smp.ErrAuth)
			l.RequireReadable(c)
			c.Read(l.LinkID).ExpectError(smp.ErrAuth)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/no-mode",
		Title:        "The link of a queue without mode is set and read with LGET until the queue is secured, and never with LKEY",
		Requirements: []string{"SMP-LINK-NO-MODE"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := &probe.Linked{Queue: c.NewQueue(probe.NoMode), LinkID: t.Fresh().Bytes(24), Data: c.LinkData()}
			l.Recipient(c, smp.LSET{LinkID: l.LinkID, Data: l.Data}).Expect(smp.OK{})
			c.Read(l.LinkID).Expect(l.LNK())
			c.Take(l.LinkID, probe.NewKey(t, keys.Ed25519)).ExpectError(smp.ErrAuth)
			l.Secure()
			c.Read(l.LinkID).ExpectError(smp.ErrAuth)
			c.Take(l.LinkID, l.SenderKey).ExpectError(smp.ErrAuth)
			l.Recipient(c, smp.LSET{LinkID: l.LinkID, Data: l.Data}).ExpectError(smp.ErrAuth)
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/lget-ids",
		Title:        "LGET with an id of the queue, or with an unknown one, is refused with AUTH",
		Requirements: []string{"SMP-LINK-LGET-UNKNOWN", "SMP-LINK-LGET-QUEUE-ID"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := readable(t, c)
			t.About("SMP-LINK-LGET-UNKNOWN")
			for _, id := range [][]byte{t.Fresh().Bytes(24), l.LinkID[:23], append(bytes.Clone(l.LinkID), 0), {1}} {
				c.Read(id).ExpectError(smp.ErrAuth)
			}
			t.About("SMP-LINK-LGET-QUEUE-ID")
			c.Read(l.SenderID).ExpectError(smp.ErrAuth)
			c.Read(l.RecipientID).ExpectError(smp.ErrAuth)
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/id-alone",
		Title:        "The link id reads the link, and neither sends messages nor receives them",
		Requirements: []string{"SMP-SEND-UNKNOWN", "SMP-LINK-LGET-READS"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, mode := range []smp.QueueMode{smp.Contact, smp.Messaging} {
				l := c.NewLinkedQueue(mode)
				key := probe.NewKey(t, keys.Ed25519)
				c.Ask(l.LinkID, probe.NoKey, smp.SEND{Body: []byte("x")}).ExpectError(smp.ErrAuth)
				c.Ask(l.LinkID, key, smp.SKEY{SenderKey: key.Public()}).ExpectError(smp.ErrAuth)
				for _, cmd := range []smp.Command{smp.SUB{}, smp.GET{}, smp.DEL{}, smp.QUE{}, smp.OFF{}} {
					c.Ask(l.LinkID, l.Key, cmd).ExpectError(smp.ErrAuth)
				}
				l.ExpectNoMessage(c, "SEND was refused")
				expectUnsecured(t, l.Queue)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/lget-no-entity",
		Title:        "LGET without a link id is refused with CMD NO_ENTITY",
		Requirements: []string{"SMP-LINK-LGET-NO-ENTITY"},
		Versions:     from(15),
		Run: func(t *T) {
			probe.Dial(t).Read(nil).ExpectError(smp.ErrCmdNoEntity)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/lget-signed",
		Title:        "LGET with an authorization is refused with CMD HAS_AUTH",
		Requirements: []string{"SMP-LINK-LGET-UNSIGNED"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := readable(t, c)
			c.Ask(l.LinkID, probe.NewKey(t, keys.Ed25519), smp.LGET{}).ExpectError(smp.ErrCmdHasAuth)
			c.Ask(l.LinkID, l.Key, smp.LGET{}).ExpectError(smp.ErrCmdHasAuth)
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/lkey",
		Title:        "LKEY is answered with LNK and secures the queue",
		Requirements: []string{"SMP-LINK-LKEY-LNK", "SMP-LINK-LKEY-SECURES", "SMP-LINK-LNK-UNCHANGED"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, alg := range []keys.Algorithm{keys.Ed25519, keys.X25519} {
				l := c.NewLinkedQueue(smp.Messaging)
				key := probe.NewKey(t, alg)
				t.About("SMP-LINK-LKEY-LNK", "SMP-LINK-LNK-UNCHANGED")
				expectLNK(t, l, probe.ExpectA[smp.LNK](probe.Dial(t).Take(l.LinkID, key)))
				t.About("SMP-LINK-LKEY-SECURES")
				expectSecured(t, l.Queue, key)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/lkey-repeated",
		Title:        "LKEY again with the same key is answered with LNK again, on another connection too",
		Requirements: []string{"SMP-LINK-LKEY-REPEATED"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := c.NewLinkedQueue(smp.Messaging)
			key := l.RequireReadable(c)
			c.Take(l.LinkID, key).Expect(l.LNK())
			probe.Dial(t).Take(l.LinkID, key).Expect(l.LNK())
			expectSecured(t, l.Queue, key)
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/lkey-changed",
		Title:        "LKEY with another key on a secured queue is refused, shows no data and changes nothing",
		Requirements: []string{"SMP-LINK-LKEY-CHANGED"},
		Versions:     from(15),
		Run: func(t *T) {
			c, late := probe.Dial(t), probe.Dial(t)
			l := c.NewLinkedQueue(smp.Messaging)
			key := l.RequireReadable(c)
			other := probe.NewKey(t, keys.Ed25519)
			late.Take(l.LinkID, other).ExpectError(smp.ErrAuth)
			late.Ask(l.LinkID, other, smp.LKEY{SenderKey: key.Public()}).ExpectError(smp.ErrAuth)
			c.Take(l.LinkID, key).Expect(l.LNK())
			expectSecured(t, l.Queue, key)
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/lkey-race",
		Title:        "Of several who send LKEY at the same time exactly one gets the data, and the queue",
		Requirements: []string{"SMP-LINK-LKEY-CHANGED", "SMP-LINK-LKEY-SECURES"},
		Versions:     from(15),
		Run: func(t *T) {
			owner := probe.Dial(t)
			joiners := []*probe.Conn{probe.Dial(t), probe.Dial(t), probe.Dial(t)}
			for range 5 {
				l := owner.NewLinkedQueue(smp.Messaging)
				asked := make([]smp.Transmission, len(joiners))
				private := make([]keys.PrivateKey, len(joiners))
				for i, c := range joiners {
					private[i] = probe.NewKey(t, keys.Ed25519)
					asked[i] = c.Transmission(l.LinkID, private[i], smp.LKEY{SenderKey: private[i].Public()})
				}
				for i, c := range joiners {
					c.Send(asked[i])
				}
				winner := -1
				for i, c := range joiners {
					a := c.Await("LKEY", asked[i])
					if _, ok := a.Response.(smp.LNK); !ok {
						a.ExpectError(smp.ErrAuth)
						continue
					}
					if winner >= 0 {
						t.Fail("LNK for one of them", "LNK for two")
					}
					winner = i
				}
				if winner < 0 {
					t.Fail("LNK for one of them", "ERR AUTH for all")
				}
				expectSecured(t, l.Queue, private[winner])
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/lkey-authorised",
		Title:        "LKEY is authorized by the key in it: without one it is refused with CMD NO_AUTH, with another with AUTH",
		Requirements: []string{"SMP-LINK-LKEY-AUTHORIZED"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := c.NewLinkedQueue(smp.Messaging)
			key := probe.NewKey(t, keys.Ed25519)
			lkey := smp.LKEY{SenderKey: key.Public()}
			c.Ask(l.LinkID, probe.NoKey, lkey).ExpectError(smp.ErrCmdNoAuth)
			c.Ask(l.LinkID, probe.NewKey(t, keys.Ed25519), lkey).ExpectError(smp.ErrAuth)
			c.Ask(l.LinkID, l.Key, lkey).ExpectError(smp.ErrAuth)
			expectUnsecured(t, l.Queue)
			c.Take(l.LinkID, probe.NewKey(t, keys.Ed25519)).Expect(l.LNK())
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/lkey-after-skey",
		Title:        "LKEY with the key that SKEY or KEY set is answered with LNK, with another it is refused with AUTH",
		Requirements: []string{"SMP-LINK-LKEY-AFTER-SKEY"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, secure := range []func(*probe.Linked){
				func(l *probe.Linked) { l.Secure() },
				func(l *probe.Linked) { l.SecureBySender(c) },
			} {
				l := c.NewLinkedQueue(smp.Messaging)
				secure(l)
				c.Take(l.LinkID, probe.NewKey(t, keys.Ed25519)).ExpectError(smp.ErrAuth)
				c.Take(l.LinkID, l.SenderKey).Expect(l.LNK())
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/skey-after-lkey",
		Title:        "After LKEY the same key is accepted by SKEY and KEY, and another is refused with AUTH",
		Requirements: []string{"SMP-LINK-LKEY-AFTER-SKEY"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := c.NewLinkedQueue(smp.Messaging)
			key, other := l.RequireReadable(c), probe.NewKey(t, keys.Ed25519)
			c.Ask(l.SenderID, other, smp.SKEY{SenderKey: other.Public()}).ExpectError(smp.ErrAuth)
			l.Recipient(c, smp.KEY{SenderKey: other.Public()}).ExpectError(smp.ErrAuth)
			c.Ask(l.SenderID, key, smp.SKEY{SenderKey: key.Public()}).Expect(smp.OK{})
			l.Recipient(c, smp.KEY{SenderKey: key.Public()}).Expect(smp.OK{})
			expectSecured(t, l.Queue, key)
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/lkey-contact",
		Title:        "LKEY for the link of a contact queue is refused and secures nothing",
		Requirements: []string{"SMP-LINK-LKEY-CONTACT"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := readable(t, c)
			c.Take(l.LinkID, probe.NewKey(t, keys.Ed25519)).ExpectError(smp.ErrAuth)
			expectUnsecured(t, l.Queue)
			c.Read(l.LinkID).Expect(l.LNK())
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/lkey-ids",
		Title:        "LKEY with an id of the queue, or with an unknown one, is refused with AUTH and secures nothing",
		Requirements: []string{"SMP-LINK-LKEY-UNKNOWN", "SMP-LINK-LKEY-QUEUE-ID"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := c.NewLinkedQueue(smp.Messaging)
			key := probe.NewKey(t, keys.Ed25519)
			t.About("SMP-LINK-LKEY-UNKNOWN")
			c.Take(t.Fresh().Bytes(24), key).ExpectError(smp.ErrAuth)
			t.About("SMP-LINK-LKEY-QUEUE-ID")
			c.Take(l.SenderID, key).ExpectError(smp.ErrAuth)
			c.Take(l.RecipientID, key).ExpectError(smp.ErrAuth)
			expectUnsecured(t, l.Queue)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/data-dropped",
		Title:        "The first message of the one who took an invitation drops its data, and an earlier one of a stranger does not",
		Requirements: []string{"SMP-LINK-DATA-DROPPED"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := c.NewLinkedQueue(smp.Messaging)
			bodies := c.Bodies(3)
			l.Sender(c, smp.SEND{Body: bodies[0]}).Expect(smp.OK{})
			l.Acknowledge(c, l.ExpectMessage(c, bodies[0]))
			key := probe.NewKey(t, keys.Ed25519)
			c.Take(l.LinkID, key).Expect(l.LNK())
			c.Ask(l.SenderID, probe.NoKey, smp.SEND{Body: []byte("refused")}).ExpectError(smp.ErrAuth)
			c.Take(l.LinkID, key).Expect(l.LNK())
			l.SenderKey = key
			for _, body := range bodies[1:] {
				l.Sender(c, smp.SEND{Body: body}).Expect(smp.OK{})
				l.Acknowledge(c, l.ExpectMessage(c, body))
				c.Take(l.LinkID, key).ExpectError(smp.ErrAuth)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/contact-kept",
		Title:        "Messages to a contact queue do not touch its link",
		Requirements: []string{"SMP-LINK-LGET-MANY"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := readable(t, c)
			for _, body := range c.Bodies(2) {
				l.Sender(c, smp.SEND{Body: body}).Expect(smp.OK{})
				l.Acknowledge(c, l.ExpectMessage(c, body))
			}
			c.Read(l.LinkID).Expect(l.LNK())
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/suspended",
		Title:        "OFF does not touch the link of a queue: it is read, taken, changed and removed as before",
		Requirements: []string{"SMP-LINK-SUSPENDED"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l, invitation := readable(t, c), c.NewLinkedQueue(smp.Messaging)
			for _, q := range []*probe.Linked{l, invitation} {
				q.Recipient(c, smp.OFF{}).Require(smp.OK{})
			}
			c.Take(invitation.LinkID, probe.NewKey(t, keys.Ed25519)).Expect(invitation.LNK())
			c.Read(l.LinkID).Expect(l.LNK())
			l.Data.User = t.Rand().Bytes(50)
			l.Recipient(c, smp.LSET{LinkID: l.LinkID, Data: l.Data}).Expect(smp.OK{})
			c.Read(l.LinkID).Expect(l.LNK())
			l.Recipient(c, smp.LDEL{}).Expect(smp.OK{})
			c.Read(l.LinkID).ExpectError(smp.ErrAuth)
		},
	}),
	must(conformance.Case{
		ID:           "relay/link/every-version",
		Title:        "A link is read at every version that has links, with the same data",
		Requirements: []string{"SMP-LINK-LGET-MANY", "SMP-LINK-LNK-FORM"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			l := c.NewLinkedQueue(smp.Contact)
			for _, version := range []uint16{15, 16, 17, 18, 19, 20} {
				if !t.Info().Versions.Contains(version) {
					continue
				}
				lnk := probe.ExpectA[smp.LNK](probe.Dial(t, probe.AtVersion(version)).Read(l.LinkID))
				expectLNK(t, l, lnk)
			}
		},
	}),
}

// expectLNK fails the case unless LNK has the sender id and the data of the link.
func expectLNK(t *T, l *probe.Linked, lnk smp.LNK) {
	switch {
	case !bytes.Equal(lnk.SenderID, l.SenderID):
		t.Failf("the sender id of the queue", "%x, not %x", lnk.SenderID, l.SenderID)
	case !bytes.Equal(lnk.Data.Fixed, l.Data.Fixed):
		t.Failf("the fixed data as it was stored", "other bytes, %d in the place of %d", len(lnk.Data.Fixed), len(l.Data.Fixed))
	case !bytes.Equal(lnk.Data.User, l.Data.User):
		t.Failf("the user data as it was stored", "other bytes, %d in the place of %d", len(lnk.Data.User), len(l.Data.User))
	}
}
