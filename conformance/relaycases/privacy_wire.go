package relaycases

import (
	"bytes"
	"fmt"
	"slices"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// What somebody learns who observes the network: the number and the sizes of records.
var privacyWireCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/privacy/hello-size",
		Title:        "The relay's hello is one block, whatever the client's hello is, and the answers follow it at once",
		Requirements: []string{"SMP-BLOCK-SIZE"},
		Run: func(t *T) {
			for _, opts := range [][]probe.Option{{}, {probe.WithoutKey}} {
				c := probe.Open(t)
				if _, err := probe.SplitHello(c.ExpectBlock("a hello of 16384 bytes")); err != nil {
					probe.Blocked(t, "the relay's hello cannot be read: %v", err)
				}
				c.Close()
				c = probe.Dial(t, append(opts, probe.Unproven)...)
				tr := bare(c, smp.PING{})
				c.Send(tr)
				content, err := c.OpenBlock(c.ExpectBlock("a block of 16384 bytes after the hello"))
				if err == nil && !bytes.Contains(content, tr.CorrelationID) {
					err = fmt.Errorf("%d bytes without the correlation id of PING", len(content))
				}
				if err != nil {
					t.Fail("a block that begins where the hello ends", err.Error())
				}
			}
		},
	}),
	claim(conformance.Case{
		ID:           "relay/privacy/message-records",
		Title:        "A message takes the same TLS records to its sender and its recipient, however long it is: one for each block",
		Requirements: []string{"CLAIM-TLS-RECORDS"},
		Run: func(t *T) {
			first := messageRecords(t, 1, false)
			for _, size := range []int{100, 2000, 8000, smp.MaxMessageLength(t.Version())} {
				expectSameRecords(t, fmt.Sprintf("a message of %d bytes", size), messageRecords(t, size, false), first)
			}
			expectSameRecords(t, "a message with the notification flag", messageRecords(t, 1, true), first)
			expectRecordPerBlock(t, first)
		},
	}),
	claim(conformance.Case{
		ID:           "relay/privacy/answer-records",
		Title:        "An observer of the network cannot tell the answer to one command from that to another",
		Requirements: []string{"CLAIM-TLS-SILENT-SIZES"},
		Run: func(t *T) {
			first := answerRecords(t, func(*probe.Conn, *probe.Queue) question { return question{cmd: smp.PING{}} })
			for _, a := range observedCommands {
				if t.Version() >= a.since {
					expectSameRecords(t, "the answer to "+a.name, answerRecords(t, a.make), first)
				}
			}
			expectRecordPerBlock(t, first)
		},
	}),
}

// question is a command that a client can ask.
type question struct {
	entity []byte
	key    keys.PrivateKey
	cmd    smp.Command
}

// observedCommands are commands of several kinds, with short and long answers. Each is made
// with a queue of its own, on another connection than that on which it is asked.
var observedCommands = []struct {
	name  string
	since uint16
	make  func(*probe.Conn, *probe.Queue) question
}{
	{"NEW", 0, func(c *probe.Conn, _ *probe.Queue) question {
		cmd, q := c.NewQueueRequest(probe.OnlyCreate)
		return question{nil, q.Key, cmd}
	}},
	{"NKEY", 0, func(_ *probe.Conn, q *probe.Queue) question {
		request, _ := q.NotifierRequest(keys.Ed25519)
		return question{q.RecipientID, q.Key, smp.NKEY{NotifierKeys: request}}
	}},
	{"SEND", 0, func(_ *probe.Conn, q *probe.Queue) question {
		return question{q.SenderID, probe.NoKey, smp.SEND{Body: []byte("x")}}
	}},
	{"SEND to an unknown queue", 0, func(_ *probe.Conn, q *probe.Queue) question {
		return question{q.RecipientID, probe.NoKey, smp.SEND{Body: []byte("x")}}
	}},
	{"SUB", 0, func(_ *probe.Conn, q *probe.Queue) question {
		return question{q.RecipientID, q.Key, smp.SUB{}}
	}},
	{"GET where a message waits", 0, func(c *probe.Conn, q *probe.Queue) question {
		q.Fill(c, make([]byte, 8000))
		return question{q.RecipientID, q.Key, smp.GET{}}
	}},
	{"GET where none waits", 0, func(_ *probe.Conn, q *probe.Queue) question {
		return question{q.RecipientID, q.Key, smp.GET{}}
	}},
	{"LGET", smp.VersionShortLinks, func(c *probe.Conn, _ *probe.Queue) question {
		return question{c.NewLinkedQueue(smp.Contact, probe.OnlyCreate).LinkID, probe.NoKey, smp.LGET{}}
	}},
	{"LGET for an unknown link", smp.VersionShortLinks, func(_ *probe.Conn, q *probe.Queue) question {
		return question{q.RecipientID, probe.NoKey, smp.LGET{}}
	}},
}

// messageRecords sends a message of the given size over connections of its own, and returns
// the records that the relay sends to sender and recipient meanwhile.
func messageRecords(t *T, size int, notify bool) []tapped {
	var toSender, toRecipient probe.Wire
	sender, recipient := probe.Dial(t, probe.Over(&toSender)), probe.Dial(t, probe.Over(&toRecipient))
	q := recipient.NewQueue()
	sender.Ping()
	toSender.Restart()
	toRecipient.Restart()
	sender.Ask(q.SenderID, probe.NoKey, smp.SEND{Notify: notify, Body: t.Rand().Bytes(size)}).Require(smp.OK{})
	q.Acknowledge(recipient, q.RequireMessage(recipient))
	sender.Ping()
	recipient.Ping()
	return []tapped{recordsOf(t, "the sender", &toSender, 2), recordsOf(t, "the recipient", &toRecipient, 3)}
}

// answerRecords has one command answered over a connection of its own, and returns the
// records that the relay sends meanwhile.
func answerRecords(t *T, make func(*probe.Conn, *probe.Queue) question) []tapped {
	other := probe.Dial(t)
	ask := make(other, other.NewQueue(probe.OnlyCreate))
	var wire probe.Wire
	c := probe.Dial(t, probe.Over(&wire))
	c.Ping()
	wire.Restart()
	if a := c.Ask(ask.entity, ask.key, ask.cmd); len(a.CorrelationID) == 0 {
		probe.Blocked(t, "%s was answered %s", ask.cmd.Tag(), a)
	}
	c.Ping()
	return []tapped{recordsOf(t, "the client", &wire, 2)}
}

// tapped are the records that the relay has sent to one client, in that many blocks.
type tapped struct {
	to      string
	records []probe.Record
	blocks  int
}

func recordsOf(t *T, to string, w *probe.Wire, blocks int) tapped {
	records, err := probe.Records(w.Received())
	if err != nil {
		probe.Blocked(t, "what the relay sends to %s is cut in another place than between blocks: %v", to, err)
	}
	return tapped{to: to, records: records, blocks: blocks}
}

func (r tapped) String() string {
	return fmt.Sprintf("%d records to %s: %v", len(r.records), r.to, r.records)
}

// expectSameRecords fails the case unless the records are those that came for something
// else, first.
func expectSameRecords(t *T, what string, got, first []tapped) {
	for i := range got {
		if !slices.Equal(got[i].records, first[i].records) {
			t.Fail("the same records for "+what+" as for any other: "+first[i].String(), got[i].String())
		}
	}
}

// expectRecordPerBlock says of a relay whose blocks are not one record each, all of one
// size, that it is not as others are: an observer learns nothing from it.
func expectRecordPerBlock(t *T, all []tapped) {
	for _, r := range all {
		differs := func(other probe.Record) bool { return other != r.records[0] }
		if len(r.records) != r.blocks || slices.ContainsFunc(r.records, differs) ||
			r.records[0].Type != tlsprobe.ContentApplicationData || r.records[0].Size < transport.BlockSize {
			t.Nonstrict(fmt.Sprintf("one record for each of %d blocks, all of one size", r.blocks), r.String())
		}
	}
}
