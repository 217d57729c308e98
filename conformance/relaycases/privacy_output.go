package relaycases

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/target"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

const (
	// outputTime is how long what a relay writes may be on its way.
	outputTime = 300 * time.Millisecond
	// outputEvents is how many commands, or connections, the output is compared with.
	outputEvents = 40
	// outputMark is how many bytes of something are looked for; base64 of it has no rest.
	outputMark = 15
)

// What a relay writes for its operator. SMP, "Router security requirements". The cases run
// alone: other commands would be in the output too.
var privacyOutputCases = []conformance.Case{
	observed(conformance.Case{
		ID:           "relay/privacy/output-commands",
		Title:        "The relay writes no line for each command",
		Requirements: []string{"SMP-PRIVACY-OUTPUT"},
		Solo:         true,
		Edges:        true,
		Run: func(t *T) {
			output := outputOf(t)
			c := probe.Dial(t)
			q := c.NewQueue()
			expectQuiet(t, output, "command", func() {
				for i := range outputEvents {
					if i%2 == 0 {
						c.Ping()
						continue
					}
					q.Fill(c, t.Rand().Bytes(outputMark))
					q.Acknowledge(c, q.RequireMessage(c))
				}
			})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/privacy/output-connections",
		Title:        "The relay writes no line for each connection",
		Requirements: []string{"SMP-PRIVACY-OUTPUT"},
		Solo:         true,
		Edges:        true,
		Run: func(t *T) {
			output := outputOf(t)
			expectQuiet(t, output, "connection", func() {
				for range outputEvents {
					c := probe.Dial(t)
					c.Ping()
					c.Close()
				}
			})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/privacy/output-content",
		Title:        "What the relay writes holds no queue id, key, message or address of a client",
		Requirements: []string{"SMP-PRIVACY-OUTPUT"},
		Edges:        true,
		Run: func(t *T) {
			output := outputOf(t)
			c := probe.Dial(t)
			q := c.NewQueue()
			body, notifier := t.Rand().Bytes(100), probe.NewKey(t, keys.Ed25519)
			q.Fill(c, body)
			notify := smp.NotifierKeys{AuthKey: notifier.Public(), DHKey: probe.NewKey(t, keys.X25519).Public()}
			c.Ask(q.RecipientID, q.Key, smp.NKEY{NotifierKeys: notify})
			q.Secure()
			// What is refused is worth a line more often than what succeeds.
			c.Ask(q.SenderID, probe.NoKey, smp.SEND{Body: body})
			c.AskBytes("an unknown command", q.RecipientID, q.Key, append([]byte("HELLO "), body...))
			stranger := probe.TCP(t)
			if _, err := stranger.Write(startOfClientHello); err != nil {
				t.Broken(err)
			}
			stranger.Close()
			secrets := []secret{
				{"the recipient's id of a queue", written(q.RecipientID)},
				{"the sender's id of a queue", written(q.SenderID)},
				{"the recipient's key", written(q.Key.Public().Raw())},
				{"the sender's key", written(q.SenderKey.Public().Raw())},
				{"the notifier's key", written(notifier.Public().Raw())},
				{"the body of a message", written(body)},
				{"the address of a client whose TLS handshake failed", []string{stranger.LocalAddr().String()}},
			}
			if output.Await(t.Timeout(outputTime), func() bool { return heldOf(output, secrets) != "" }) {
				t.Fail("nothing that belongs to a client in the output", heldOf(output, secrets))
			}
		},
	}),
}

// outputOf returns what the relay writes. The case is skipped if that is not seen.
func outputOf(t *T) *target.Output {
	if heard, ok := t.Target().(interface{ Output() *target.Output }); ok {
		return heard.Output()
	}
	t.Skip("what a relay writes is seen only if smpcheck starts it: --exec")
	return nil
}

// expectQuiet fails the case if the output grows by a line for every second of the events
// that cause is.
func expectQuiet(t *T, output *target.Output, event string, cause func()) {
	cause() // what is written about the first ones may be written once
	before := output.Lines()
	cause()
	grown := func() int { return output.Lines() - before }
	if output.Await(t.Timeout(outputTime), func() bool { return grown() > outputEvents/2 }) {
		t.Failf("no line for each "+event, "%d lines for %d of them", grown(), outputEvents)
	}
}

// secret is something that an output must not hold, in the forms that it may have there.
type secret struct {
	what  string
	forms []string
}

// heldOf names the first of the secrets that the output holds; empty for none.
func heldOf(output *target.Output, secrets []secret) string {
	for _, s := range secrets {
		for _, form := range s.forms {
			if output.Holds([]byte(form)) {
				return s.what
			}
		}
	}
	return ""
}

// written are the forms in which the start of bytes may stand in an output.
func written(b []byte) []string {
	b = b[:outputMark]
	return []string{
		string(b), hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)),
		base64.StdEncoding.EncodeToString(b), base64.URLEncoding.EncodeToString(b),
	}
}
