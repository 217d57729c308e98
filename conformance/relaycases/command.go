package relaycases

import (
	"fmt"
	"slices"
	"strings"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/smp"
)

// SMP, "SMP commands" and "Error responses".
var commandCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/transmission/unknown-command",
		Title:        "An unknown command is answered ERR CMD UNKNOWN",
		Requirements: []string{"SMP-TX-UNKNOWN"},
		Run: func(t *T) {
			expectUnknown(t, "HELLO", "XYZ 123", "\x00\x01\x02")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/transmission/unknown-suffix",
		Title:        "A known name with more letters is answered ERR CMD UNKNOWN",
		Requirements: []string{"SMP-TX-UNKNOWN-SUFFIX"},
		Run: func(t *T) {
			expectUnknown(t, "PINGX", "SENDX", "DELX", "KEYS", "SUBSCRIBE", "SUB\x00", "PING\n", " PING", "")
		},
	}),
	must(conformance.Case{
		ID:           "relay/transmission/lower-case",
		Title:        "A command in lower case is unknown",
		Requirements: []string{"SMP-TX-CASE"},
		Run: func(t *T) {
			// The relay's answer to what is no command at all is another case's business.
			c := probe.Dial(t)
			unknown := c.AskBytes("the command HELLO", nil, probe.NoKey, []byte("HELLO")).RequireRefused()
			for _, command := range []string{"ping", "Ping", "sub", "dEL"} {
				what := fmt.Sprintf("the command %q", command)
				c.AskBytes(what, nil, probe.NoKey, []byte(command)).Expect(unknown)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/transmission/relay-name",
		Title:        "The name of a response is no command",
		Requirements: []string{"SMP-TX-RELAY-NAME"},
		Run: func(t *T) {
			expectUnknown(t, "OK", "PONG", "END", "DELD", "ERR AUTH", "MSG 123")
		},
	}),
	must(conformance.Case{
		ID:           "relay/transmission/syntax",
		Title:        "A command with parameters that are missing or cut is answered ERR CMD SYNTAX and does nothing",
		Requirements: []string{"SMP-TX-SYNTAX"},
		Run: func(t *T) {
			c := probe.Dial(t)
			q := c.NewQueue()
			all := refusals{t: t, expected: "commands with parameters that are missing or cut → ERR CMD SYNTAX"}
			for _, cmd := range []smp.Command{smp.KEY{SenderKey: q.Key.Public()}, smp.ACK{MsgID: t.Fresh().Bytes(24)}} {
				encoded := c.EncodeCommand(cmd)
				for _, cut := range [][]byte{encoded[:3], encoded[:4], encoded[:len(encoded)/2], encoded[:len(encoded)-1]} {
					all.add(c.AskBytes(fmt.Sprintf("%s of %d bytes", cmd.Tag(), len(cut)), q.RecipientID, q.Key, cut), smp.ErrCmdSyntax)
				}
			}
			create, unused := c.NewQueueRequest()
			encoded := c.EncodeCommand(create)
			oneKey := len("NEW ") + 1 + len(create.AuthKey.SPKI())
			for _, cut := range [][]byte{encoded[:3], encoded[:oneKey/2], encoded[:oneKey], encoded[:oneKey+1], encoded[:len(encoded)-1]} {
				all.add(c.AskBytes(fmt.Sprintf("NEW of %d bytes", len(cut)), nil, unused.Key, cut), smp.ErrCmdSyntax)
			}
			all.add(c.AskBytes("SEND without parameters", q.SenderID, probe.NoKey, []byte("SEND")), smp.ErrCmdSyntax)
			all.expectNone()
			q.ExpectNoMessage(c, "SEND had no parameters")
			c.Ask(q.SenderID, probe.NoKey, smp.SEND{Body: []byte{1}}).Expect(smp.OK{})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/transmission/trailing",
		Title:        "A command with bytes after its last parameter is answered ERR CMD SYNTAX and does nothing",
		Requirements: []string{"SMP-TX-TRAILING"},
		Run: func(t *T) {
			c := probe.Dial(t)
			q := c.NewQueue()
			create, unused := c.NewQueueRequest()
			all := refusals{t: t, expected: "commands with bytes after their last parameter → ERR CMD SYNTAX"}
			for _, extra := range []string{"\x00", " ", "1234"} {
				key := append(c.EncodeCommand(smp.KEY{SenderKey: q.Key.Public()}), extra...)
				all.add(c.AskBytes("KEY with more bytes", q.RecipientID, q.Key, key), smp.ErrCmdSyntax)
				ack := append(c.EncodeCommand(smp.ACK{MsgID: t.Fresh().Bytes(24)}), extra...)
				all.add(c.AskBytes("ACK with more bytes", q.RecipientID, q.Key, ack), smp.ErrCmdSyntax)
				all.add(c.AskBytes("NEW with more bytes", nil, unused.Key, append(c.EncodeCommand(create), extra...)), smp.ErrCmdSyntax)
				all.add(c.AskBytes("NSUB with a parameter", t.Fresh().Bytes(24), q.Key, []byte("NSUB "+extra)), smp.ErrCmdSyntax)
			}
			for _, tag := range []string{"SUB", "GET", "QUE", "NDEL", "OFF", "DEL"} {
				for _, extra := range []string{"\x00", " ", "1234"} {
					all.add(c.AskBytes(tag+" with a parameter", q.RecipientID, q.Key, []byte(tag+" "+extra)), smp.ErrCmdSyntax)
				}
			}
			all.expectNone()
			c.Ask(q.SenderID, probe.NoKey, smp.SEND{Body: []byte{1}}).Expect(smp.OK{})
		},
	}),
	must(conformance.Case{
		ID:           "relay/ping/pong",
		Title:        "PING is answered with PONG, without an entity id",
		Requirements: []string{"SMP-PING-PONG"},
		Run: func(t *T) {
			a := probe.Dial(t, probe.Unproven).Ask(nil, probe.NoKey, smp.PING{}).Expect(smp.PONG{})
			if len(a.EntityID) != 0 {
				t.Failf("PONG without an entity id", "one of %d bytes", len(a.EntityID))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/ping/credentials",
		Title:        "PING with an authorization or an entity id is answered ERR CMD HAS_AUTH",
		Requirements: []string{"SMP-PING-UNSIGNED", "SMP-AUTH-HAS-AUTH"},
		Run: func(t *T) {
			c := probe.Dial(t)
			q := c.NewQueue()
			for _, a := range []probe.Answer{
				c.Ask(q.RecipientID, probe.NoKey, smp.PING{}),
				c.Ask(t.Fresh().Bytes(24), probe.NoKey, smp.PING{}),
				c.Ask(nil, q.Key, smp.PING{}),
				c.Ask(q.RecipientID, q.Key, smp.PING{}),
			} {
				expectRefusedWith(t, a, smp.ErrCmdHasAuth, "SMP-AUTH-HAS-AUTH", "SMP-PING-UNSIGNED", "SMP-AUTH-HAS-AUTH")
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/ping/parameters",
		Title:        "PING with parameters is an error",
		Requirements: []string{"SMP-PING-PARAMETERS"},
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, command := range []string{"PING ", "PING 1", "PING PING"} {
				c.AskBytes("PING with a parameter", nil, probe.NoKey, []byte(command)).ExpectError(smp.ErrCmdSyntax, smp.ErrCmdUnknown)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/ping/many",
		Title:        "Each of many PINGs is answered once",
		Requirements: []string{"SMP-PING-MANY"},
		Run: func(t *T) {
			c := probe.Dial(t)
			two := []smp.Transmission{bare(c, smp.PING{}), bare(c, smp.PING{})}
			c.Send(two...)
			for _, ping := range two {
				c.Await("one of two PINGs in a block", ping).Require(smp.PONG{})
			}
			var pings []smp.Transmission
			for range 10 {
				block := make([]smp.Transmission, 20)
				for i := range block {
					block[i] = bare(c, smp.PING{})
				}
				c.Send(block...)
				pings = append(pings, block...)
			}
			for _, ping := range pings {
				c.Await("one of 200 PINGs", ping).Expect(smp.PONG{})
			}
			c.ExpectServed()
			if rest := c.Waiting(); len(rest) > 0 {
				t.Failf("200 answers to 200 PINGs", "%d more", len(rest))
			}
		},
	}),
}

// expectUnknown sends commands, without credentials and with those of a queue,
// and fails the case unless each is answered ERR CMD UNKNOWN.
func expectUnknown(t *T, commands ...string) {
	c := probe.Dial(t)
	q := c.NewQueue()
	all := refusals{t: t, expected: "each of these commands → ERR CMD UNKNOWN"}
	for _, command := range commands {
		what := fmt.Sprintf("%q", command)
		all.add(c.AskBytes(what, nil, probe.NoKey, []byte(command)), smp.ErrCmdUnknown)
		all.add(c.AskBytes(what+" with credentials", q.RecipientID, q.Key, []byte(command)), smp.ErrCmdUnknown)
	}
	all.expectNone()
}

// refusals collects answers that are not the error that they have to be, so that a report
// has all of them.
type refusals struct {
	t        *T
	expected string
	wrong    []string
}

// add notes an answer that is not the error. A command that is not answered ends the case.
func (r *refusals) add(a probe.Answer, want *smp.Error) {
	if a.IsError(want) {
		return
	}
	if wrong := a.Asked() + " → " + a.String(); !slices.Contains(r.wrong, wrong) {
		r.wrong = append(r.wrong, wrong)
	}
	if a.Response == nil && a.Err == nil {
		r.expectNone()
	}
}

// expectNone fails the case if an answer was wrong.
func (r *refusals) expectNone() {
	if len(r.wrong) > 0 {
		r.t.Fail(r.expected, strings.Join(r.wrong, "; "))
	}
}
