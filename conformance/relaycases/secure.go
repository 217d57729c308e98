package relaycases

import (
	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// SMP, "Secure queue by recipient", "Secure queue by sender" and "Set queue
// recipient keys".
var secureCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/key/secures",
		Title:        "After KEY only messages that its key authorizes are accepted",
		Requirements: []string{"SMP-KEY-SECURES", "SMP-KEY-OK"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			sender := probe.NewKey(t, keys.Ed25519)
			t.About("SMP-KEY-OK")
			q.Recipient(q.Conn, smp.KEY{SenderKey: sender.Public()}).Expect(smp.OK{})
			t.About("SMP-KEY-SECURES")
			expectSecured(t, q, sender)
		},
	}),
	must(conformance.Case{
		ID:           "relay/key/x25519",
		Title:        "KEY accepts an X25519 key, whose messages carry authenticators",
		Requirements: []string{"SMP-KEY-X25519"},
		Versions:     from(7),
		Run: func(t *T) {
			requireSecuring(t)
			q := probe.Dial(t).NewQueue()
			sender := probe.NewKey(t, keys.X25519)
			q.Recipient(q.Conn, smp.KEY{SenderKey: sender.Public()}).Expect(smp.OK{})
			expectSecured(t, q, sender)
		},
	}),
	must(conformance.Case{
		ID:           "relay/key/sender-id",
		Title:        "KEY with the sender's id is refused with AUTH and secures nothing",
		Requirements: []string{"SMP-KEY-RECIPIENT-ID"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			requireTwoIDs(t, q)
			sender := probe.NewKey(t, keys.Ed25519)
			q.Conn.Ask(q.SenderID, q.Key, smp.KEY{SenderKey: sender.Public()}).ExpectError(smp.ErrAuth)
			expectUnsecured(t, q)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/key/repeated",
		Title:        "KEY with the key that the queue has is answered OK",
		Requirements: []string{"SMP-KEY-REPEATED"},
		Run: func(t *T) {
			requireSecuring(t)
			q := probe.Dial(t).NewQueue()
			q.Secure()
			q.Recipient(q.Conn, smp.KEY{SenderKey: q.SenderKey.Public()}).Expect(smp.OK{})
			expectSecured(t, q, q.SenderKey)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/key/changed",
		Title:        "KEY with another key on a secured queue is refused with AUTH and changes nothing",
		Requirements: []string{"SMP-KEY-CHANGED"},
		Run: func(t *T) {
			requireSecuring(t)
			q := probe.Dial(t).NewQueue()
			q.Secure()
			other := probe.NewKey(t, keys.Ed25519)
			q.Recipient(q.Conn, smp.KEY{SenderKey: other.Public()}).ExpectError(smp.ErrAuth)
			probe.Dial(t).Ask(q.SenderID, other, smp.SEND{Body: []byte("x")}).ExpectError(smp.ErrAuth)
			expectSecured(t, q, q.SenderKey)
		},
	}),
	must(conformance.Case{
		ID:           "relay/key/malformed",
		Title:        "KEY whose parameter is no public key is refused with CMD SYNTAX and secures nothing",
		Requirements: []string{"SMP-KEY-MALFORMED"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			spki := probe.NewKey(t, keys.Ed25519).Public().SPKI()
			// The decoder of the official relay ends the connection when random bytes
			// happen to be one complete value in DER. These never are.
			raw := append([]byte{32, 0x30, 0x7f}, spki[14:]...)
			for _, malformed := range []struct {
				what      string
				parameter []byte
			}{
				{"no parameter", nil},
				{"an empty key", []byte{0}},
				{"32 bytes", raw},
				{"a key cut short", append([]byte{44}, spki[:43]...)},
			} {
				command := append([]byte("KEY "), malformed.parameter...)
				q.Conn.AskBytes("KEY with "+malformed.what, q.RecipientID, q.Key, command).ExpectError(smp.ErrCmdSyntax)
			}
			expectUnsecured(t, q)
		},
	}),
	must(conformance.Case{
		ID:           "relay/key/x448",
		Title:        "KEY with a key that authorizes nothing is refused with CMD SYNTAX and secures nothing",
		Requirements: []string{"SMP-KEY-OTHER"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			spki := probe.NewKey(t, keys.X448).Public().SPKI()
			command := append([]byte("KEY "), byte(len(spki)))
			q.Conn.AskBytes("KEY with an X448 key", q.RecipientID, q.Key, append(command, spki...)).ExpectError(smp.ErrCmdSyntax)
			expectUnsecured(t, q)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/key/after-skey",
		Title:        "KEY on a queue that its sender has secured is answered as a repeated KEY",
		Requirements: []string{"SMP-KEY-SENDER-SECURED"},
		Versions:     from(9),
		Run: func(t *T) {
			requireSecuring(t)
			q := probe.Dial(t).NewQueue(probe.SenderCanSecure)
			q.SecureBySender(q.Conn)
			other := probe.NewKey(t, keys.Ed25519)
			q.Recipient(q.Conn, smp.KEY{SenderKey: q.SenderKey.Public()}).Expect(smp.OK{})
			q.Recipient(q.Conn, smp.KEY{SenderKey: other.Public()}).ExpectError(smp.ErrAuth)
			expectSecured(t, q, q.SenderKey)
		},
	}),
	must(conformance.Case{
		ID:           "relay/key/keeps-messages",
		Title:        "KEY leaves the messages alone that are in the queue",
		Requirements: []string{"SMP-MSG-KEPT"},
		Run: func(t *T) {
			q, d := delivered(t, 1)
			q.Secure()
			expectKept(t, q, d)
		},
	}),
	must(conformance.Case{
		ID:           "relay/skey/keeps-messages",
		Title:        "SKEY leaves the messages alone that are in the queue",
		Requirements: []string{"SMP-MSG-KEPT"},
		Versions:     from(9),
		Run: func(t *T) {
			q, d := delivered(t, 1, probe.SenderCanSecure)
			q.SecureBySender(probe.Dial(t))
			expectKept(t, q, d)
		},
	}),
	must(conformance.Case{
		ID:           "relay/skey/secures",
		Title:        "After SKEY only messages that its key authorizes are accepted",
		Requirements: []string{"SMP-SKEY-SECURES", "SMP-SKEY-OK"},
		Versions:     from(9),
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue(probe.SenderCanSecure)
			key := probe.NewKey(t, keys.Ed25519)
			t.About("SMP-SKEY-OK")
			probe.Dial(t).Ask(q.SenderID, key, smp.SKEY{SenderKey: key.Public()}).Expect(smp.OK{})
			t.About("SMP-SKEY-SECURES")
			expectSecured(t, q, key)
		},
	}),
	must(conformance.Case{
		ID:           "relay/skey/x25519",
		Title:        "SKEY accepts an X25519 key with an authenticator by it",
		Requirements: []string{"SMP-SKEY-SECURES"},
		Versions:     from(9),
		Run: func(t *T) {
			requireSecuring(t)
			q := probe.Dial(t).NewQueue(probe.SenderCanSecure)
			key := probe.NewKey(t, keys.X25519)
			probe.Dial(t).Ask(q.SenderID, key, smp.SKEY{SenderKey: key.Public()}).Expect(smp.OK{})
			expectSecured(t, q, key)
		},
	}),
	must(conformance.Case{
		ID:           "relay/skey/recipient-id",
		Title:        "SKEY with the recipient's id is refused with AUTH and secures nothing",
		Requirements: []string{"SMP-SKEY-SENDER-ID"},
		Versions:     from(9),
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue(probe.SenderCanSecure)
			requireTwoIDs(t, q)
			key := probe.NewKey(t, keys.Ed25519)
			probe.Dial(t).Ask(q.RecipientID, key, smp.SKEY{SenderKey: key.Public()}).ExpectError(smp.ErrAuth)
			expectUnsecured(t, q)
		},
	}),
	must(conformance.Case{
		ID:           "relay/skey/other-key",
		Title:        "SKEY that another key than the one in it authorizes is refused with AUTH",
		Requirements: []string{"SMP-SKEY-AUTHORIZED"},
		Versions:     from(9),
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue(probe.SenderCanSecure)
			brought, used := probe.NewKey(t, keys.Ed25519), probe.NewKey(t, keys.Ed25519)
			sender := probe.Dial(t)
			sender.Ask(q.SenderID, used, smp.SKEY{SenderKey: brought.Public()}).ExpectError(smp.ErrAuth)
			sender.Ask(q.SenderID, q.Key, smp.SKEY{SenderKey: brought.Public()}).ExpectError(smp.ErrAuth)
			sender.Ask(q.SenderID, probe.NoKey, smp.SKEY{SenderKey: brought.Public()}).ExpectRefused()
			expectUnsecured(t, q)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/skey/not-allowed",
		Title:        "SKEY on a queue that its sender may not secure is refused with AUTH",
		Requirements: []string{"SMP-SKEY-NOT-ALLOWED"},
		Versions:     from(9),
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, mode := range []probe.QueueOption{probe.ContactQueue, probe.NoMode} {
				q := c.NewQueue(mode)
				key := probe.NewKey(t, keys.Ed25519)
				c.Ask(q.SenderID, key, smp.SKEY{SenderKey: key.Public()}).ExpectError(smp.ErrAuth)
				expectUnsecured(t, q)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/skey/before-9",
		Title:        "A queue that was created before version 9, which has no leave for it, cannot be secured by its sender",
		Requirements: []string{"SMP-SKEY-BEFORE-9"},
		Versions:     until(8),
		Run: func(t *T) {
			c := probe.Dial(t)
			key := probe.NewKey(t, keys.Ed25519)
			for _, authorized := range []keys.PrivateKey{key, probe.NoKey} {
				q := c.NewQueue()
				c.Ask(q.SenderID, authorized, smp.SKEY{SenderKey: key.Public()}).ExpectRefused()
				expectUnsecured(t, q)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/skey/repeated",
		Title:        "SKEY with the key that the queue has is answered OK",
		Requirements: []string{"SMP-SKEY-REPEATED"},
		Versions:     from(9),
		Run: func(t *T) {
			requireSecuring(t)
			q := probe.Dial(t).NewQueue(probe.SenderCanSecure)
			q.SecureBySender(q.Conn)
			q.Sender(q.Conn, smp.SKEY{SenderKey: q.SenderKey.Public()}).Expect(smp.OK{})
			expectSecured(t, q, q.SenderKey)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/skey/changed",
		Title:        "SKEY with another key on a secured queue is refused with AUTH and changes nothing",
		Requirements: []string{"SMP-SKEY-CHANGED"},
		Versions:     from(9),
		Run: func(t *T) {
			requireSecuring(t)
			q := probe.Dial(t).NewQueue(probe.SenderCanSecure)
			q.SecureBySender(q.Conn)
			other := probe.NewKey(t, keys.Ed25519)
			q.Conn.Ask(q.SenderID, other, smp.SKEY{SenderKey: other.Public()}).ExpectError(smp.ErrAuth)
			q.Conn.Ask(q.SenderID, other, smp.SEND{Body: []byte("x")}).ExpectError(smp.ErrAuth)
			expectSecured(t, q, q.SenderKey)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/skey/after-key",
		Title:        "SKEY on a queue that the recipient has secured is answered as a repeated SKEY",
		Requirements: []string{"SMP-SKEY-CHANGED", "SMP-SKEY-REPEATED"},
		Versions:     from(9),
		Run: func(t *T) {
			requireSecuring(t)
			q := probe.Dial(t).NewQueue(probe.SenderCanSecure)
			q.Secure()
			other, sender := probe.NewKey(t, keys.Ed25519), probe.Dial(t)
			t.About("SMP-SKEY-CHANGED")
			sender.Ask(q.SenderID, other, smp.SKEY{SenderKey: other.Public()}).ExpectError(smp.ErrAuth)
			sender.Ask(q.SenderID, other, smp.SEND{Body: []byte("x")}).ExpectError(smp.ErrAuth)
			t.About("SMP-SKEY-REPEATED")
			q.Sender(sender, smp.SKEY{SenderKey: q.SenderKey.Public()}).Expect(smp.OK{})
			expectSecured(t, q, q.SenderKey)
		},
	}),
	must(conformance.Case{
		ID:           "relay/rkey/adds",
		Title:        "After RKEY every key in its list authorizes the recipient's commands",
		Requirements: []string{"SMP-RKEY-REPLACES", "SMP-RKEY-OK", "SMP-RKEY-MIXED"},
		Versions:     from(15),
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue(probe.ContactQueue)
			if q.IDS.Mode != smp.Contact {
				probe.Blocked(t, "the relay says that the mode of the queue is %s", q.IDS.Mode)
			}
			requireGuarded(t, q, smp.QUE{})
			byX25519 := q.Conn.NewQueueWithKey(probe.NewKey(t, keys.X25519))
			byX25519.Recipient(q.Conn, smp.OFF{}).Require(smp.OK{})
			owners := []keys.PrivateKey{q.Key, probe.NewKey(t, keys.Ed25519), probe.NewKey(t, keys.X25519)}
			t.About("SMP-RKEY-OK", "SMP-RKEY-MIXED")
			q.Recipient(q.Conn, recipientKeys(owners)).Expect(smp.OK{})
			t.About("SMP-RKEY-REPLACES", "SMP-RKEY-MIXED")
			for _, owner := range owners {
				expectINFO(t, q.Conn.Ask(q.RecipientID, owner, smp.QUE{}))
			}
			q.Conn.Ask(q.RecipientID, probe.NewKey(t, keys.Ed25519), smp.QUE{}).ExpectError(smp.ErrAuth)
		},
	}),
	must(conformance.Case{
		ID:           "relay/rkey/many",
		Title:        "RKEY takes a list of forty keys, of which each one authorizes",
		Requirements: []string{"SMP-RKEY-REPLACES"},
		Versions:     from(15),
		Edges:        true,
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue(probe.ContactQueue)
			requireGuarded(t, q, smp.QUE{})
			owners := make([]keys.PrivateKey, 40)
			for i := range owners {
				owners[i] = probe.NewKey(t, keys.Ed25519)
			}
			q.Recipient(q.Conn, recipientKeys(owners)).Require(smp.OK{})
			for _, owner := range owners {
				expectINFO(t, q.Conn.Ask(q.RecipientID, owner, smp.QUE{}))
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/rkey/drops",
		Title:        "After RKEY a key that is not in its list is refused with AUTH",
		Requirements: []string{"SMP-RKEY-DROPS"},
		Versions:     from(15),
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue(probe.ContactQueue)
			requireGuarded(t, q, smp.QUE{})
			heir := probe.NewKey(t, keys.Ed25519)
			q.Recipient(q.Conn, recipientKeys([]keys.PrivateKey{heir})).Require(smp.OK{})
			q.Recipient(q.Conn, smp.QUE{}).ExpectError(smp.ErrAuth)
			expectINFO(t, q.Conn.Ask(q.RecipientID, heir, smp.QUE{}))
		},
	}),
	observed(conformance.Case{
		ID:           "relay/rkey/contact-only",
		Title:        "RKEY on a messaging queue is refused with AUTH and changes nothing",
		Requirements: []string{"SMP-RKEY-CONTACT-ONLY"},
		Versions:     from(15),
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue(probe.SenderCanSecure)
			requireGuarded(t, q, smp.QUE{})
			heir := probe.NewKey(t, keys.Ed25519)
			q.Recipient(q.Conn, recipientKeys([]keys.PrivateKey{heir})).ExpectError(smp.ErrAuth)
			q.Conn.Ask(q.RecipientID, heir, smp.QUE{}).ExpectError(smp.ErrAuth)
			expectINFO(t, q.Recipient(q.Conn, smp.QUE{}))
		},
	}),
	must(conformance.Case{
		ID:           "relay/rkey/empty",
		Title:        "RKEY with an empty list is refused with CMD SYNTAX",
		Requirements: []string{"SMP-RKEY-EMPTY"},
		Versions:     from(15),
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue(probe.ContactQueue)
			q.Conn.AskBytes("RKEY with no key", q.RecipientID, q.Key, []byte("RKEY \x00")).ExpectError(smp.ErrCmdSyntax)
			expectINFO(t, q.Recipient(q.Conn, smp.QUE{}))
		},
	}),
}

func recipientKeys(owners []keys.PrivateKey) smp.RKEY {
	var c smp.RKEY
	for _, k := range owners {
		c.Keys = append(c.Keys, k.Public())
	}
	return c
}

// expectSecured fails the case unless the queue accepts messages from the
// holder of the key and from nobody else.
func expectSecured(t *T, q *probe.Queue, key keys.PrivateKey) {
	c, body := probe.Dial(t), t.Rand().Bytes(40)
	c.Ask(q.SenderID, probe.NoKey, smp.SEND{Body: []byte("by nobody")}).ExpectRefused()
	c.Ask(q.SenderID, probe.NewKey(t, key.Algorithm()), smp.SEND{Body: []byte("by a stranger")}).ExpectRefused()
	c.Ask(q.SenderID, key, smp.SEND{Body: body}).Expect(smp.OK{})
	q.ExpectMessage(q.Conn, body)
}

// requireSecuring blocks the case unless a queue that KEY has secured with an
// Ed25519 key accepts messages from its holder alone.
func requireSecuring(t *T) {
	c := probe.Dial(t)
	q := c.NewQueue(probe.OnlyCreate)
	q.Secure()
	for _, key := range []keys.PrivateKey{probe.NoKey, probe.NewKey(t, keys.Ed25519)} {
		c.Ask(q.SenderID, key, smp.SEND{Body: []byte("by a stranger")}).Require(smp.ERR{Err: smp.ErrAuth})
	}
	q.Fill(c, []byte("by the sender"))
}

// expectUnsecured fails the case unless the queue accepts messages without
// authorization.
func expectUnsecured(t *T, q *probe.Queue) {
	body := t.Rand().Bytes(40)
	probe.Dial(t).Ask(q.SenderID, probe.NoKey, smp.SEND{Body: body}).Expect(smp.OK{})
	q.ExpectMessage(q.Conn, body)
}
