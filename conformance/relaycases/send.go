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

// SMP, "Send message".
var sendCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/send/unsecured",
		Title:        "SEND without authorization to an unsecured queue is accepted and delivered",
		Requirements: []string{"SMP-SEND-UNSECURED"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			body := t.Rand().Bytes(100)
			q.Sender(probe.Dial(t), smp.SEND{Body: body}).Expect(smp.OK{})
			q.ExpectMessage(q.Conn, body)
		},
	}),
	should(conformance.Case{
		ID:           "relay/send/unsecured-many",
		Title:        "An unsecured queue accepts more than one unauthorized message",
		Requirements: []string{"SMP-SEND-UNSECURED-MANY"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			sender := probe.Dial(t)
			for _, body := range sender.Bodies(3) {
				q.Sender(sender, smp.SEND{Body: body}).Expect(smp.OK{})
				q.Acknowledge(q.Conn, q.ExpectMessage(q.Conn, body))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/send/unsecured-authorised",
		Title:        "SEND with authorization to an unsecured queue is refused with AUTH",
		Requirements: []string{"SMP-SEND-UNSECURED-AUTHORIZED"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.SenderKey = probe.NewKey(t, keys.Ed25519)
			expectSendRefused(t, q, q.SenderID, q.SenderKey)
		},
	}),
	must(conformance.Case{
		ID:           "relay/send/secured",
		Title:        "SEND that the sender's key authorizes is accepted and delivered",
		Requirements: []string{"SMP-SEND-SECURED"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Secure()
			body := t.Rand().Bytes(100)
			q.Sender(probe.Dial(t), smp.SEND{Body: body}).Expect(smp.OK{})
			q.ExpectMessage(q.Conn, body)
		},
	}),
	must(conformance.Case{
		ID:           "relay/send/secured-unauthorised",
		Title:        "SEND without authorization to a secured queue is refused with AUTH",
		Requirements: []string{"SMP-SEND-SECURED-UNAUTHORIZED"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Secure()
			expectSendRefused(t, q, q.SenderID, probe.NoKey)
		},
	}),
	must(conformance.Case{
		ID:           "relay/send/secured-wrong-key",
		Title:        "SEND that another key authorizes is refused with AUTH",
		Requirements: []string{"SMP-SEND-SECURED-WRONG-KEY"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Secure()
			expectSendRefused(t, q, q.SenderID, probe.NewKey(t, keys.Ed25519))
		},
	}),
	must(conformance.Case{
		ID:           "relay/send/secured-recipient-key",
		Title:        "SEND that the recipient's key authorizes is refused with AUTH",
		Requirements: []string{"SMP-SEND-SECURED-WRONG-KEY"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Secure()
			expectSendRefused(t, q, q.SenderID, q.Key)
		},
	}),
	must(conformance.Case{
		ID:           "relay/send/recipient-id",
		Title:        "SEND with the recipient's id is refused with AUTH",
		Requirements: []string{"SMP-SEND-RECIPIENT-ID"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			requireTwoIDs(t, q)
			expectSendRefused(t, q, q.RecipientID, probe.NoKey)
		},
	}),
	must(conformance.Case{
		ID:           "relay/send/unknown-queue",
		Title:        "SEND to a queue that does not exist is refused with AUTH",
		Requirements: []string{"SMP-SEND-UNKNOWN"},
		Run: func(t *T) {
			c := probe.Dial(t)
			c.Ask(t.Fresh().Bytes(24), probe.NoKey, smp.SEND{Body: []byte("x")}).ExpectError(smp.ErrAuth)
			c.Ask(t.Fresh().Bytes(24), probe.NewKey(t, keys.Ed25519), smp.SEND{Body: []byte("x")}).ExpectError(smp.ErrAuth)
		},
	}),
	must(conformance.Case{
		ID:           "relay/send/suspended",
		Title:        "SEND to a suspended queue is refused with AUTH",
		Requirements: []string{"SMP-SEND-SUSPENDED"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Secure()
			q.Recipient(q.Conn, smp.OFF{}).Require(smp.OK{})
			expectSendRefused(t, q, q.SenderID, q.SenderKey)
		},
	}),
	must(conformance.Case{
		ID:           "relay/send/deleted",
		Title:        "SEND to a deleted queue is refused with AUTH",
		Requirements: []string{"SMP-SEND-DELETED"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Secure()
			q.Recipient(q.Conn, smp.DEL{}).Require(smp.OK{})
			requireDeleted(t, q)
			expectSendRefused(t, q, q.SenderID, q.SenderKey)
		},
	}),
	must(conformance.Case{
		ID:           "relay/send/any-bytes",
		Title:        "A body of any bytes arrives as it was sent",
		Requirements: []string{"SMP-SEND-BYTES"},
		Run: func(t *T) {
			recipient, sender := probe.Dial(t), probe.Dial(t)
			requireText(t, recipient.NewQueue(), sender)
			every := make([]byte, 256)
			for i := range every {
				every[i] = byte(i)
			}
			bodies := [][]byte{every, {0}, []byte(" "), []byte("#"), []byte("QUOTA "), bytes.Repeat([]byte("#"), 500), t.Rand().Bytes(16000)}
			for _, body := range bodies {
				q := recipient.NewQueue()
				q.Sender(sender, smp.SEND{Body: body}).Expect(smp.OK{})
				q.ExpectSimplest(recipient, body)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/send/empty-body",
		Title:        "An empty body is accepted and delivered",
		Requirements: []string{"SMP-SEND-EMPTY"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			q.Sender(probe.Dial(t), smp.SEND{}).Expect(smp.OK{})
			q.ExpectMessage(q.Conn, []byte{})
		},
	}),
	must(conformance.Case{
		ID:           "relay/send/flags",
		Title:        "SEND takes the notification flag T and F",
		Requirements: []string{"SMP-SEND-FLAGS"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			sender := probe.Dial(t)
			for _, notify := range []bool{true, false} {
				q.Sender(sender, smp.SEND{Notify: notify, Body: []byte("x")}).Expect(smp.OK{})
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/send/flags-invalid",
		Title:        "SEND with another flag is refused with CMD SYNTAX",
		Requirements: []string{"SMP-SEND-FLAGS-INVALID"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			sender := probe.Dial(t)
			for _, command := range []string{"SEND X body", "SEND t body", "SEND 1 body"} {
				sender.AskBytes(command, q.SenderID, probe.NoKey, []byte(command)).ExpectError(smp.ErrCmdSyntax)
			}
			q.ExpectNoMessage(q.Conn, "the SENDs were refused")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/send/flags-extension",
		Title:        "Bytes between the notification flag and the space are passed over",
		Requirements: []string{"SMP-SEND-FLAGS-EXTENSION"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			probe.Dial(t).AskBytes("SEND TFT", q.SenderID, probe.NoKey, []byte("SEND TFT body")).Expect(smp.OK{})
			q.ExpectMessage(q.Conn, []byte("body"))
		},
	}),
	must(conformance.Case{
		ID:           "relay/send/no-space",
		Title:        "SEND without a space after the flags is refused with CMD SYNTAX",
		Requirements: []string{"SMP-SEND-NO-SPACE"},
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			sender := probe.Dial(t)
			for _, command := range []string{"SEND T", "SEND F", "SEND ", "SEND"} {
				sender.AskBytes(fmt.Sprintf("%q", command), q.SenderID, probe.NoKey, []byte(command)).ExpectError(smp.ErrCmdSyntax)
			}
			q.ExpectNoMessage(q.Conn, "the SENDs were refused")
		},
	}),
	largest(observed, "relay/send/largest-v6", "SMP-SEND-LARGE-V6", wire.Versions(6, 7)),
	largest(observed, "relay/send/largest-v8", "SMP-SEND-LARGE-V8", wire.Versions(8, 10)),
	largest(must, "relay/send/largest-v11", "SMP-SEND-LARGE-V11", from(11)),
	tooLarge(observed, "relay/send/too-large-old", "SMP-SEND-TOO-LARGE-OLD", until(10)),
	tooLarge(must, "relay/send/too-large", "SMP-SEND-TOO-LARGE", from(11)),
	claim(conformance.Case{
		ID:           "relay/send/recipient-unseen",
		Title:        "The answer to SEND is the same whether the recipient is subscribed or not",
		Requirements: []string{"SMP-SEND-PROHIBITED-RECEIVER"},
		Run: func(t *T) {
			recipient, sender := probe.Dial(t), probe.Dial(t)
			subscribed, idle := recipient.NewQueue(), recipient.NewQueue(probe.OnlyCreate)
			first := subscribed.Sender(sender, smp.SEND{Body: []byte("x")})
			second := idle.Sender(sender, smp.SEND{Body: []byte("x")})
			if !bytes.Equal(first.Command, second.Command) {
				t.Fail("the same answer for both", fmt.Sprintf("%s with a subscribed recipient, %s without", first, second))
			}
		},
	}),
}

// expectSendRefused sends a message with the given id and key and fails the
// case unless the relay answers AUTH and delivers nothing.
func expectSendRefused(t *T, q *probe.Queue, id []byte, key keys.PrivateKey) {
	c := probe.Dial(t)
	c.Ask(id, key, smp.SEND{Body: t.Rand().Bytes(100)}).ExpectError(smp.ErrAuth)
	q.ExpectNoMessage(q.Conn, "the SEND was refused")
}

// requireText blocks the case unless the relay delivers a message that is text.
func requireText(t *T, q *probe.Queue, sender *probe.Conn) {
	text := []byte("text")
	q.Fill(sender, text)
	if d := q.RequireMessage(q.Conn); !bytes.Equal(d.Message.Body, text) {
		probe.Blocked(t, "the relay delivers %s in the place of a text", d.Describe())
	}
}

type level func(conformance.Case) conformance.Case

func largest(l level, id, requirement string, versions wire.VersionRange) conformance.Case {
	return l(conformance.Case{
		ID:           id,
		Title:        fmt.Sprintf("A body of %d bytes is accepted at versions %s", smp.MaxMessageLength(versions.Min), versions),
		Requirements: []string{requirement},
		Versions:     versions,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q := probe.Dial(t).NewQueue()
			body := t.Rand().Bytes(smp.MaxMessageLength(t.Version()))
			q.Sender(probe.Dial(t), smp.SEND{Body: body}).Expect(smp.OK{})
			q.ExpectSimplest(q.Conn, body)
		},
	})
}

func tooLarge(l level, id, requirement string, versions wire.VersionRange) conformance.Case {
	return l(conformance.Case{
		ID:           id,
		Title:        "A body one byte longer than the largest is refused with LARGE_MSG",
		Requirements: []string{requirement},
		Versions:     versions,
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			sender := probe.Dial(t)
			body := t.Rand().Bytes(smp.MaxMessageLength(t.Version()) + 1)
			q.Sender(sender, smp.SEND{Body: body}).ExpectError(smp.ErrLargeMsg)
			q.ExpectNoMessage(q.Conn, "the SEND was refused")
			q.Sender(sender, smp.SEND{Body: body[1:]}).Require(smp.OK{})
		},
	})
}
