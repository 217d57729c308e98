package relaycases

import (
	"bytes"
	"fmt"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// SMP, "Error responses".
var errorCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/error/form",
		Title:        "Errors have the form that the grammar gives them",
		Requirements: []string{"SMP-ERR-FORM"},
		Run: func(t *T) {
			for _, p := range provocations(t) {
				if a := p.answer(); !a.OK() {
					t.Fail(p.what+" → ERR and one of the names of errors", a.String())
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/error/session-continues",
		Title:        "After a command that was refused the next one is served",
		Requirements: []string{"SMP-ERR-SESSION-CONTINUES"},
		Run: func(t *T) {
			for _, p := range provocations(t) {
				if isError(p.answer().Received) {
					p.conn.ExpectServed()
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/error/no-effect",
		Title:        "A command that was answered with an error has changed nothing",
		Requirements: []string{"SMP-ERR-NO-EFFECT"},
		Run: func(t *T) {
			c, sender := probe.Dial(t), probe.Dial(t)
			q := c.NewQueue()
			first, second := t.Rand().Bytes(30), t.Rand().Bytes(31)
			q.Fill(sender, first, second)
			d := q.RequireMessage(c)
			for _, a := range []probe.Answer{
				q.Recipient(c, smp.ACK{MsgID: t.Fresh().Bytes(len(d.MsgID))}),
				c.AskBytes("SEND with a malformed flag", q.SenderID, probe.NoKey, []byte("SEND X lost")),
				c.Ask(q.SenderID, probe.NoKey, smp.SEND{Body: make([]byte, largeAnywhere)}),
				c.Ask(q.RecipientID, probe.NewKey(t, keys.Ed25519), smp.DEL{}),
				c.Ask(q.RecipientID, probe.NoKey, smp.OFF{}),
			} {
				if !isError(a.Received) {
					probe.Blocked(t, "a command that cannot be executed was answered %s", a)
				}
			}
			again := probe.Dial(t)
			q.Subscribe(again)
			for _, body := range [][]byte{first, second} {
				q.Acknowledge(again, q.ExpectRedelivery(again, body))
			}
			q.ExpectNoMessage(again, "the messages that were refused must not be there")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/error/syntax-before-auth",
		Title:        "Malformed parameters are reported before a wrong, missing or superfluous authorization",
		Requirements: []string{"SMP-ERR-SYNTAX-BEFORE-AUTH"},
		Run: func(t *T) {
			c := probe.Dial(t)
			q := c.NewQueue()
			stranger := probe.NewKey(t, keys.Ed25519)
			c.AskBytes("KEY without its key by a stranger", q.RecipientID, stranger, []byte("KEY ")).ExpectError(smp.ErrCmdSyntax)
			c.AskBytes("KEY without its key for an unknown queue", t.Fresh().Bytes(24), stranger, []byte("KEY ")).ExpectError(smp.ErrCmdSyntax)
			c.AskBytes("ACK without its id and authorization", q.RecipientID, probe.NoKey, []byte("ACK ")).ExpectError(smp.ErrCmdSyntax)
			c.AskBytes("SEND without parameters and entity", nil, probe.NoKey, []byte("SEND")).ExpectError(smp.ErrCmdSyntax)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/error/credentials-before-auth",
		Title:        "Missing credentials are reported before an unknown queue",
		Requirements: []string{"SMP-ERR-CREDENTIALS-BEFORE-AUTH"},
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, cmd := range []smp.Command{smp.SUB{}, smp.GET{}, smp.OFF{}, smp.DEL{}} {
				c.Ask(t.Fresh().Bytes(24), probe.NoKey, cmd).ExpectError(smp.ErrCmdNoAuth)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/error/unknown-first",
		Title:        "An unknown command is reported before anything about its credentials",
		Requirements: []string{"SMP-ERR-UNKNOWN-FIRST"},
		Run: func(t *T) {
			c := probe.Dial(t)
			stranger := probe.NewKey(t, keys.Ed25519)
			for _, entity := range [][]byte{nil, t.Fresh().Bytes(24)} {
				for _, key := range []keys.PrivateKey{probe.NoKey, stranger} {
					c.AskBytes("XYZ", entity, key, []byte("XYZ")).ExpectError(smp.ErrCmdUnknown)
				}
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/error/auth-before-state",
		Title:        "What a stranger asks is refused with AUTH whatever the state of the queue is",
		Requirements: []string{"SMP-ERR-AUTH-BEFORE-STATE"},
		Run: func(t *T) {
			c := probe.Dial(t)
			q, other := c.NewQueue(), c.NewQueue(probe.OnlyCreate)
			requireGuarded(t, other, smp.GET{}, smp.OFF{}, smp.DEL{})
			other.Fill(c, t.Rand().Bytes(30))
			other.Subscribe(c)
			requireGuarded(t, other, smp.ACK{MsgID: other.RequireMessage(c).MsgID})
			stranger := probe.NewKey(t, keys.Ed25519)
			refuse := func(cmd smp.Command) { c.Ask(q.RecipientID, stranger, cmd).ExpectError(smp.ErrAuth) }
			refuse(smp.ACK{MsgID: t.Fresh().Bytes(24)}) // nothing to acknowledge
			refuse(smp.GET{})                           // the connection has subscribed
			q.Recipient(c, smp.OFF{}).Require(smp.OK{})
			refuse(smp.OFF{})
			q.Recipient(c, smp.DEL{}).Require(smp.OK{})
			refuse(smp.DEL{})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/error/large-after-auth",
		Title:        "A message that is too large is refused with AUTH if it may not be sent at all",
		Requirements: []string{"SMP-ERR-LARGE-AFTER-AUTH"},
		Run: func(t *T) {
			requireSecuring(t)
			c := probe.Dial(t)
			q := c.NewQueue()
			q.Secure()
			large := smp.SEND{Body: make([]byte, largeAnywhere)}
			c.Ask(t.Fresh().Bytes(24), probe.NoKey, large).ExpectError(smp.ErrAuth)
			c.Ask(q.SenderID, probe.NoKey, large).ExpectError(smp.ErrAuth)
			c.Ask(q.SenderID, probe.NewKey(t, keys.Ed25519), large).ExpectError(smp.ErrAuth)
			c.Ask(q.SenderID, q.SenderKey, large).Require(smp.ERR{Err: smp.ErrLargeMsg})
		},
	}),
	claim(conformance.Case{
		ID:           "relay/error/no-leak",
		Title:        "Blocks with errors hold nothing of the ids, keys and messages of others, not in their padding either",
		Requirements: []string{"SMP-ERR-NO-ID-LEAK"},
		Run: func(t *T) {
			owner := probe.Dial(t)
			q := owner.NewQueue()
			body := t.Rand().Bytes(2000)
			q.Fill(probe.Dial(t), body)
			q.RequireMessage(owner)
			secrets := map[string][]byte{
				"the recipient id": q.RecipientID, "the sender id": q.SenderID,
				"the key of the recipient": q.Key.Public().Raw(), "the message": body,
			}
			for _, p := range provocations(t) {
				p.send()
				block := p.conn.ExpectPadded()
				for name, secret := range secrets {
					if fragment := sharedFragment(block, secret); fragment >= 0 {
						t.Failf("nothing of other queues in the answer to "+p.what, "%s from byte %d on", name, fragment)
					}
				}
			}
		},
	}),
}

// largeAnywhere is a message body that is too large at every version and still fits a
// block with every authorization, in bytes.
const largeAnywhere = 16100

// provocation is a command that every relay refuses.
type provocation struct {
	what string
	conn *probe.Conn
	tr   smp.Transmission
}

func (p *provocation) send() { p.conn.Send(p.tr) }

func (p *provocation) answer() probe.Answer { return p.conn.AskTransmission(p.what, p.tr) }

// provocations are commands for errors of all kinds, on one connection. They
// concern a queue of their own, which has no message.
func provocations(t *T) []provocation {
	c := probe.Dial(t)
	q := c.NewQueue()
	stranger := probe.NewKey(t, keys.Ed25519)
	list := []provocation{
		{what: "an unknown command", tr: c.Authorized(nil, probe.NoKey, []byte("XYZ"))},
		{what: "malformed parameters", tr: c.Authorized(q.RecipientID, q.Key, []byte("KEY "))},
		{what: "a missing authorization", tr: c.Transmission(q.RecipientID, probe.NoKey, smp.SUB{})},
		{what: "a superfluous authorization", tr: c.Transmission(nil, q.Key, smp.PING{})},
		{what: "a missing entity id", tr: c.Transmission(nil, probe.NoKey, smp.SEND{Body: []byte{1}})},
		{what: "another key", tr: c.Transmission(q.RecipientID, stranger, smp.OFF{})},
		{what: "an unknown queue", tr: c.Transmission(t.Fresh().Bytes(24), stranger, smp.SUB{})},
		{what: "an acknowledgement of nothing", tr: c.Transmission(q.RecipientID, q.Key, smp.ACK{MsgID: t.Fresh().Bytes(24)})},
		{what: "a message that is too large", tr: c.Transmission(q.SenderID, probe.NoKey, smp.SEND{Body: make([]byte, largeAnywhere)})},
	}
	for i := range list {
		list[i].conn = c
		list[i].what = fmt.Sprintf("a command with %s", list[i].what)
	}
	return list
}

// sharedFragment returns where a run of 12 bytes of secret stands in block, and
// -1 if there is none.
func sharedFragment(block, secret []byte) int {
	const run = 12
	for from := 0; from+run <= len(secret); from += run {
		fragment := secret[from : from+run]
		if bytes.Count(fragment, fragment[:1]) == run {
			continue // nobody's secret
		}
		if at := bytes.Index(block, fragment); at >= 0 {
			return at
		}
	}
	return -1
}
