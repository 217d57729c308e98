package relaycases

import (
	"bytes"
	"fmt"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// SMP, "Create queue command".
var newCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/new/creates",
		Title:        "NEW is answered with IDS, and the queue can be used by recipient and sender",
		Requirements: []string{"SMP-NEW-CREATES", "SMP-NEW-ED25519"},
		Run: func(t *T) {
			cmd, q := probe.Dial(t).NewQueueRequest()
			q.Created(probe.ExpectA[smp.IDS](q.Conn.Ask(nil, q.Key, cmd)))
			q.Conn.Settle()
			body := t.Rand().Bytes(80)
			q.Sender(probe.Dial(t), smp.SEND{Body: body}).Expect(smp.OK{})
			d := q.ExpectSimplest(q.Conn, body)
			q.Acknowledge(q.Conn, d)
		},
	}),
	must(conformance.Case{
		ID:           "relay/new/x25519",
		Title:        "The recipient's key may be X25519, whose commands carry authenticators",
		Requirements: []string{"SMP-NEW-X25519"},
		Versions:     from(7),
		Run: func(t *T) {
			cmd, q := probe.Dial(t).NewQueueRequest(probe.OnlyCreate)
			q.Key = probe.NewKey(t, keys.X25519)
			cmd.AuthKey = q.Key.Public()
			q.Created(probe.ExpectA[smp.IDS](q.Conn.Ask(nil, q.Key, cmd)))
			c := probe.Dial(t)
			q.Recipient(c, smp.SUB{}).Expect(smp.OK{}, smp.SOK{})
			c.Settle()
			body := t.Rand().Bytes(80)
			q.Fill(probe.Dial(t), body)
			q.ExpectMessage(c, body)
		},
	}),
	must(conformance.Case{
		ID:           "relay/new/x25519-wrong",
		Title:        "NEW with an X25519 key and an authenticator that is none is refused with AUTH, as with any other key",
		Requirements: []string{"SMP-NEW-X25519", "SMP-AUTH-WRONG-KEY"},
		Versions:     from(smp.VersionAuthenticators),
		Run: func(t *T) {
			c := probe.Dial(t)
			create, _ := c.NewQueueRequest()
			create.AuthKey = probe.NewKey(t, keys.X25519).Public()
			tr := c.Transmission(nil, probe.NoKey, create)
			const size = 80 // of an authenticator
			tr.Authorization = t.Rand().Bytes(size)
			a := c.AskTransmission("NEW", tr)
			expectRefusedWith(t, a, smp.ErrAuth, "SMP-NEW-X25519", "SMP-AUTH-WRONG-KEY")
		},
	}),
	must(conformance.Case{
		ID:           "relay/new/dh-key",
		Title:        "NEW whose second key is no X25519 key is refused",
		Requirements: []string{"SMP-NEW-DH-KEY"},
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, alg := range []keys.Algorithm{keys.Ed25519, keys.X448} {
				auth, command := newCommand(c, probe.NewKey(t, alg).Public().SPKI())
				c.AskBytes("NEW with an "+alg.String()+" key to agree", nil, auth, command).ExpectRefused()
			}
			auth, command := newCommand(c, probe.NewKey(t, keys.X25519).Public().SPKI()[:43])
			c.AskBytes("NEW with a key cut short", nil, auth, command).ExpectRefused()
		},
	}),
	must(conformance.Case{
		ID:           "relay/new/key-x448",
		Title:        "NEW whose first key authorizes nothing is refused",
		Requirements: []string{"SMP-NEW-KEY-OTHER"},
		Run: func(t *T) {
			c := probe.Dial(t)
			cmd, q := c.NewQueueRequest()
			command := replaceKey(c.EncodeCommand(cmd), cmd.AuthKey, probe.NewKey(t, keys.X448).Public().SPKI())
			c.AskBytes("NEW with an X448 key to authorize", nil, q.Key, command).ExpectRefused()
		},
	}),
	must(conformance.Case{
		ID:           "relay/new/option",
		Title:        "NEW with another byte than 0 and 1 in the place of an option is refused with CMD SYNTAX",
		Requirements: []string{"SMP-NEW-OPTION-OTHER"},
		Versions:     from(9),
		Run: func(t *T) {
			c := probe.Dial(t)
			cmd, q := c.NewQueueRequest()
			cmd.Password = nil
			command, at := c.EncodeCommand(cmd), 0
			cmd.Password = smp.Password("x")
			for with := c.EncodeCommand(cmd); command[at] == with[at]; {
				at++
			}
			for _, option := range []byte("2TF\x00\x01") {
				changed := bytes.Clone(command)
				changed[at] = option
				c.AskBytes(fmt.Sprintf("NEW with 0x%02x for the password", option), nil, q.Key, changed).ExpectError(smp.ErrCmdSyntax)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/new/request-other",
		Title:        "NEW that asks for a queue of another mode than M and C is refused with CMD SYNTAX",
		Requirements: []string{"SMP-LINK-REQUEST-OTHER"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			cmd, q := c.NewQueueRequest(probe.SenderCanSecure)
			command, at := c.EncodeCommand(cmd), 0
			probe.ContactQueue(&cmd)
			for other := c.EncodeCommand(cmd); command[at] == other[at]; {
				at++
			}
			for _, mode := range []byte("mXT0") {
				changed := bytes.Clone(command)
				changed[at] = mode
				c.AskBytes(fmt.Sprintf("NEW for a queue of mode %c", mode), nil, q.Key, changed).ExpectError(smp.ErrCmdSyntax)
			}
		},
	}),
	form("relay/new/form-v6", "SMP-NEW-FORM-V6", observed, wire.Versions(6, 8)),
	form("relay/new/form-v9", "SMP-NEW-FORM-V9", observed, wire.Versions(9, 14)),
	form("relay/new/form-v15", "SMP-NEW-FORM-V15", observed, wire.Versions(15, 16)),
	form("relay/new/form-v17", "SMP-NEW-FORM-V17", must, from(17)),
	must(conformance.Case{
		ID:           "relay/new/subscribe",
		Title:        "A queue created with mode S delivers on the connection that created it",
		Requirements: []string{"SMP-NEW-SUBSCRIBE"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			bodies := q.Conn.Bodies(2)
			q.Fill(probe.Dial(t), bodies[0])
			q.Acknowledge(q.Conn, q.ExpectSimplest(q.Conn, bodies[0]))
			q.Fill(probe.Dial(t), bodies[1])
			q.ExpectMessage(q.Conn, bodies[1])
		},
	}),
	must(conformance.Case{
		ID:           "relay/new/create-only",
		Title:        "A queue created with mode C delivers nothing before SUB",
		Requirements: []string{"SMP-NEW-CREATE-ONLY"},
		Run: func(t *T) {
			q, bodies := waiting(t, 1)
			q.ExpectNoMessage(q.Conn, "the connection has not subscribed")
			q.Secure()
			q.Recipient(q.Conn, smp.QUE{}) // whatever the answer is
			q.Fill(probe.Dial(t), []byte("x"))
			q.ExpectNoMessage(q.Conn, "the connection has not subscribed")
			q.Subscribe(q.Conn)
			q.ExpectRedelivery(q.Conn, bodies[0])
		},
	}),
	must(conformance.Case{
		ID:           "relay/new/mode-unknown",
		Title:        "NEW with another subscription mode than S and C is refused with CMD SYNTAX",
		Requirements: []string{"SMP-NEW-MODE-UNKNOWN"},
		Run: func(t *T) {
			c := probe.Dial(t)
			cmd, q := c.NewQueueRequest()
			command := c.EncodeCommand(cmd)
			probe.OnlyCreate(&cmd)
			other, at := c.EncodeCommand(cmd), 0
			for command[at] == other[at] { // a password may hold an S too
				at++
			}
			for _, mode := range []byte("XsT") {
				command[at] = mode
				c.AskBytes(fmt.Sprintf("NEW with mode %c", mode), nil, q.Key, command).ExpectError(smp.ErrCmdSyntax)
			}
		},
	}),
	should(conformance.Case{
		ID:           "relay/new/password",
		Title:        "A relay with a password creates queues only for clients that send it",
		Requirements: []string{"SMP-NEW-PASSWORD"},
		Run: func(t *T) {
			c := needPassword(t)
			c.NewQueue()
			for _, password := range wrongPasswords(t) {
				cmd, q := c.NewQueueRequest()
				cmd.Password = password
				c.Ask(nil, q.Key, cmd).ExpectRefused()
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/new/password-wrong",
		Title:        "A relay with a password refuses NEW without it, or with another, with AUTH",
		Requirements: []string{"SMP-NEW-PASSWORD-WRONG"},
		Run: func(t *T) {
			c := needPassword(t)
			for _, password := range wrongPasswords(t) {
				cmd, q := c.NewQueueRequest()
				cmd.Password = password
				c.Ask(nil, q.Key, cmd).ExpectError(smp.ErrAuth)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/new/password-needless",
		Title:        "A relay without a password ignores the one in NEW",
		Requirements: []string{"SMP-NEW-PASSWORD-NEEDLESS"},
		Run: func(t *T) {
			if t.Server().Password != "" {
				t.Skip("the relay has a password")
			}
			for _, mode := range []probe.QueueOption{probe.OnlyCreate, func(*smp.NEW) {}} {
				cmd, q := probe.Dial(t).NewQueueRequest(mode)
				cmd.Password = []byte("needless")
				q.Created(probe.ExpectA[smp.IDS](q.Conn.Ask(nil, q.Key, cmd)))
				q.Conn.Settle()
				q.Fill(q.Conn, []byte("after a password"))
				if cmd.Subscribe {
					q.ExpectMessage(q.Conn, []byte("after a password"))
				} else {
					q.ExpectNoMessage(q.Conn, "the queue was created with mode C")
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/new/sender-secure",
		Title:        "A queue created with leave for it can be secured by its sender",
		Requirements: []string{"SMP-NEW-SENDER-SECURE"},
		Versions:     from(9),
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue(probe.SenderCanSecure)
			key := probe.NewKey(t, keys.Ed25519)
			probe.Dial(t).Ask(q.SenderID, key, smp.SKEY{SenderKey: key.Public()}).Expect(smp.OK{})
		},
	}),
	must(conformance.Case{
		ID:           "relay/new/contact",
		Title:        "A contact queue accepts unauthorized messages and cannot be secured by a sender",
		Requirements: []string{"SMP-NEW-CONTACT"},
		Versions:     from(15),
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue(probe.ContactQueue)
			key := probe.NewKey(t, keys.Ed25519)
			probe.Dial(t).Ask(q.SenderID, key, smp.SKEY{SenderKey: key.Public()}).ExpectRefused()
			expectUnsecured(t, q)
		},
	}),
	must(conformance.Case{
		ID:           "relay/new/link-sender-id",
		Title:        "NEW with link data is refused unless its sender id is the hash of the correlation id",
		Requirements: []string{"SMP-NEW-LINK-SENDER-ID"},
		Versions:     from(15),
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, mode := range []smp.QueueMode{smp.Messaging, smp.Contact} {
				cmd, q := c.NewQueueRequest()
				link := &smp.QueueLink{SenderID: t.Fresh().Bytes(24), Data: smp.LinkData{Fixed: t.Rand().Bytes(100), User: t.Rand().Bytes(100)}}
				if mode == smp.Contact {
					link.LinkID = t.Fresh().Bytes(24)
				}
				cmd.Request = &smp.QueueRequest{Mode: mode, Link: link}
				c.Ask(nil, q.Key, cmd).ExpectRefused()
				c.Ask(link.SenderID, probe.NoKey, smp.SEND{Body: []byte("x")}).ExpectRefused()
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/new/trailing",
		Title:        "NEW with bytes after its parameters is refused with CMD SYNTAX",
		Requirements: []string{"SMP-TX-TRAILING"},
		Run: func(t *T) {
			c := probe.Dial(t)
			cmd, q := c.NewQueueRequest()
			command := c.EncodeCommand(cmd)
			c.AskBytes("NEW with a byte more", nil, q.Key, append(command, 'x')).ExpectError(smp.ErrCmdSyntax)
		},
	}),
}

// form tests that NEW and IDS have the forms of a group of versions.
func form(id, requirement string, l level, versions wire.VersionRange) conformance.Case {
	return l(conformance.Case{
		ID:           id,
		Title:        fmt.Sprintf("NEW in the form of versions %s creates a queue, and in the forms of other versions none", versions),
		Requirements: []string{requirement},
		Versions:     versions,
		Run: func(t *T) {
			c := probe.Dial(t)
			cmd, q := c.NewQueueRequest(probe.NoMode)
			probe.ExpectA[smp.IDS](c.Ask(nil, q.Key, cmd))
			for _, other := range []uint16{6, 9, 15, 17} {
				command, err := smp.EncodeCommand(other, cmd)
				if err != nil {
					t.Broken(err)
				}
				if bytes.HasPrefix(command, c.EncodeCommand(cmd)) {
					continue // the same form, or bytes after it, which is the rule of another case
				}
				c.AskBytes(fmt.Sprintf("NEW in the form of version %d", other), nil, q.Key, command).ExpectError(smp.ErrCmdSyntax)
			}
		},
	})
}

// needPassword skips the case for a relay whose address has no password.
func needPassword(t *T) *probe.Conn {
	if t.Server().Password == "" {
		t.Skip("the address of the relay has no password")
	}
	return probe.Dial(t)
}

// wrongPasswords are none, another one, and two that are nearly that of the relay.
func wrongPasswords(t *T) [][]byte {
	right := []byte(t.Server().Password)
	wrong := [][]byte{nil, []byte("not-the-password"), append(bytes.Clone(right), 'x')}
	if len(right) > 1 {
		wrong = append(wrong, right[:len(right)-1])
	}
	return wrong
}

// newCommand returns NEW with the given bytes in the place of the key to agree,
// and the key that authorizes it.
func newCommand(c *probe.Conn, agree []byte) (keys.PrivateKey, []byte) {
	cmd, q := c.NewQueueRequest()
	return q.Key, replaceKey(c.EncodeCommand(cmd), cmd.DHKey, agree)
}

// replaceKey puts other bytes into the place of a key in a command.
func replaceKey(command []byte, key keys.PublicKey, with []byte) []byte {
	spki := key.SPKI()
	own := append([]byte{byte(len(spki))}, spki...)
	return bytes.Replace(command, own, append([]byte{byte(len(with))}, with...), 1)
}
