package relaycases

import (
	"bytes"
	"slices"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// SMP, "SMP Transmission and transport block structure", "Correlating responses
// with commands", "Keep-alive command".
var transmissionCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/transmission/correlation",
		Title:        "A response has the correlation id of its command",
		Requirements: []string{"SMP-TX-CORRELATION"},
		Run: func(t *T) {
			c := probe.Dial(t, probe.Unproven)
			c.RequireBlocks()
			create, q := c.NewQueueRequest()
			first, last := bare(c, smp.PING{}), bare(c, smp.PING{})
			queue := c.Transmission(nil, q.Key, create)
			refused := bare(c, smp.DEL{})
			sent := []smp.Transmission{first, queue, refused, last}
			for _, tr := range sent {
				c.Send(tr)
			}
			answers := map[string]string{}
			for range sent {
				r := c.Next("an answer to each command")
				if r.Err != nil && len(r.CorrelationID) == 0 || isBlockError(r) {
					probe.Blocked(t, "a command was answered %s", r)
				}
				if !slices.ContainsFunc(sent, func(tr smp.Transmission) bool { return bytes.Equal(tr.CorrelationID, r.CorrelationID) }) {
					t.Fail("an answer with the correlation id of its command", r.WithIDs())
				}
				if r.Response != nil {
					answers[string(r.CorrelationID)] = r.Response.Tag()
				}
			}
			for _, wrong := range []struct {
				what    string
				command smp.Transmission
				tags    []string
			}{
				{"PING", first, []string{"IDS"}},
				{"NEW", queue, []string{"PONG"}},
				{"DEL without queue", refused, []string{"IDS", "PONG", "OK"}},
				{"PING", last, []string{"IDS"}},
			} {
				if tag := answers[string(wrong.command.CorrelationID)]; slices.Contains(wrong.tags, tag) {
					t.Fail("the answer to "+wrong.what+" with its correlation id", tag)
				}
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/transmission/correlation-length",
		Title:        "A correlation id of another length than 24 is echoed or refused",
		Requirements: []string{"SMP-TX-CORRELATION-ECHO"},
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, n := range []int{1, 8, 23, 25, 64, 255} {
				ping := bare(c, smp.PING{})
				ping.CorrelationID = t.Fresh().Bytes(n)
				c.Send(ping)
				r := c.Next("an answer to PING")
				_, refused := r.Response.(smp.ERR)
				_, served := r.Response.(smp.PONG)
				if !refused && !(served && bytes.Equal(r.CorrelationID, ping.CorrelationID)) {
					t.Failf("PONG with the same correlation id, or an error", "%s with a correlation id of %d bytes for one of %d", r, len(r.CorrelationID), n)
				}
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/transmission/correlation-empty",
		Title:        "A command with an empty correlation id is executed and answered with an empty one, or refused",
		Requirements: []string{"SMP-TX-CORRELATION-EMPTY"},
		Run: func(t *T) {
			q, c := probe.Dial(t).NewQueue(), probe.Dial(t)
			body := t.Rand().Bytes(50)
			send := bare(c, smp.SEND{Body: body})
			send.EntityID, send.CorrelationID = q.SenderID, nil
			c.Send(send)
			r := c.Next("an answer to SEND")
			if isError(r) {
				q.ExpectNoMessage(q.Conn, "the SEND was refused")
				return
			}
			if _, ok := r.Response.(smp.OK); !ok || len(r.CorrelationID) > 0 {
				t.Fail("OK with an empty correlation id, or an error", r.WithIDs())
			}
			q.ExpectMessage(q.Conn, body)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/transmission/error-ids",
		Title:        "ERR SESSION has the correlation id of its command and no entity id",
		Requirements: []string{"SMP-TX-ERROR-IDS"},
		Versions:     until(6),
		Run: func(t *T) {
			q, c := probe.Dial(t).NewQueue(), probe.Dial(t)
			send := bare(c, smp.SEND{Body: []byte{1}})
			send.EntityID, send.SessionID = q.SenderID, nil
			c.Send(send)
			r := c.Next("an answer to SEND without session identifier")
			if e, ok := r.Response.(smp.ERR); !ok || !e.Err.Equal(smp.ErrSession) {
				probe.Blocked(t, "SEND without session identifier was answered %s", r)
			}
			if !bytes.Equal(r.CorrelationID, send.CorrelationID) || len(r.EntityID) > 0 {
				t.Fail("ERR SESSION with the correlation id of the command and no entity id", r.WithIDs())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/transmission/event",
		Title:        "A delivery has an empty correlation id and the recipient id of its queue",
		Requirements: []string{"SMP-TX-EVENT-CORRELATION", "SMP-TX-EVENT-ENTITY"},
		Run: func(t *T) {
			c, sender := probe.Dial(t), probe.Dial(t)
			var last []byte
			for _, q := range []*probe.Queue{c.NewQueue(), c.NewQueue()} {
				q.Fill(sender, t.Rand().Bytes(50))
				r := c.RequireNext()
				m, ok := r.Response.(smp.MSG)
				if !ok || bytes.Equal(m.ID, last) {
					probe.Blocked(t, "instead of the message came %s", r)
				}
				last = m.ID
				t.About("SMP-TX-EVENT-CORRELATION")
				if len(r.CorrelationID) != 0 {
					t.Failf("MSG with an empty correlation id", "a correlation id of %d bytes", len(r.CorrelationID))
				}
				t.About("SMP-TX-EVENT-ENTITY")
				if !bytes.Equal(r.EntityID, q.RecipientID) {
					t.Failf("MSG with the recipient id of its queue", "the entity id %x instead of %x", r.EntityID, q.RecipientID)
				}
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/transmission/entity",
		Title:        "A response has the entity id of its command, also if it is an error",
		Requirements: []string{"SMP-TX-ENTITY"},
		Run: func(t *T) {
			c := probe.Dial(t)
			q := c.NewQueue()
			commands := []smp.Transmission{
				c.Transmission(q.RecipientID, q.Key, smp.SUB{}),
				c.Transmission(q.SenderID, probe.NoKey, smp.SEND{Body: []byte{1}}),
				c.Transmission(q.RecipientID, q.Key, smp.KEY{SenderKey: q.Key.Public()}),
				c.Transmission(q.RecipientID, q.Key, smp.ACK{MsgID: t.Fresh().Bytes(24)}),
				c.Transmission(q.RecipientID, probe.NoKey, smp.OFF{}),
				c.Authorized(q.RecipientID, q.Key, []byte("KEY")),
				c.Authorized(q.SenderID, q.Key, []byte("XYZ")),
				c.Transmission(q.SenderID, probe.NoKey, smp.SEND{Body: []byte{1}}),
			}
			for _, n := range []int{1, 16, 23, 24, 25, 255} {
				commands = append(commands, c.Transmission(t.Fresh().Bytes(n), q.Key, smp.SUB{}))
			}
			for _, tr := range commands {
				a := c.AskTransmission("a command", tr)
				if a.Response == nil && a.Err == nil {
					probe.Blocked(t, "a command was answered %s", a)
				}
				if !bytes.Equal(a.EntityID, tr.EntityID) {
					t.Failf("an answer with the entity id of the command", "%s with the entity id %x for %x", a, a.EntityID, tr.EntityID)
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/transmission/response-unsigned",
		Title:        "Responses and events have no authorization",
		Requirements: []string{"SMP-TX-RESPONSE-UNSIGNED"},
		Run: func(t *T) {
			forVarious(t, probe.Dial(t), func(r probe.Received) {
				if len(r.Authorization) != 0 {
					t.Failf("no authorization", "one of %d bytes at %s", len(r.Authorization), r)
				}
			})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/transmission/session-id",
		Title:        "At version 6 responses and events carry the session identifier",
		Requirements: []string{"SMP-TX-SESSION-ID-V6"},
		Versions:     until(6),
		Run: func(t *T) {
			c := probe.Dial(t, probe.Unproven)
			forVarious(t, c, func(r probe.Received) {
				if !bytes.Equal(r.SessionID, c.SessionID()) {
					t.Failf("the session identifier of the connection", "%d other bytes at %s", len(r.SessionID), r)
				}
			})
		},
	}),
	must(conformance.Case{
		ID:           "relay/transmission/session-id-wrong",
		Title:        "At version 6 another session identifier, or none, is answered ERR SESSION",
		Requirements: []string{"SMP-TX-SESSION-WRONG"},
		Versions:     until(6),
		Run: func(t *T) {
			q := probe.Dial(t).NewQueue()
			c := probe.Dial(t)
			other := slices.Clone(c.SessionID())
			other[0] ^= 1
			for _, id := range [][]byte{other, c.SessionID()[1:], nil} {
				send := c.Transmission(q.SenderID, probe.NoKey, smp.SEND{Body: []byte{1}})
				send.SessionID = id
				c.AskTransmission("SEND with a wrong session identifier", send).ExpectError(smp.ErrSession)
			}
			q.ExpectNoMessage(q.Conn, "the SEND was refused")
		},
	}),
	must(conformance.Case{
		ID:           "relay/transmission/session-id-absent",
		Title:        "From version 7 the session identifier is neither sent nor accepted",
		Requirements: []string{"SMP-TX-SESSION-ID"},
		Versions:     from(smp.VersionAuthenticators),
		Run: func(t *T) {
			c := probe.Dial(t, probe.Unproven)
			c.RequireBlocks()
			ping := bare(c, smp.PING{})
			c.Send(ping)
			if r := c.Next("PONG"); bytes.Equal(r.CorrelationID, c.SessionID()) {
				t.Fail("the correlation id first", "the session identifier")
			}
			ping.SessionID = c.SessionID()
			old, err := ping.Encode(smp.VersionAuthenticators - 1)
			if err != nil {
				t.Broken(err)
			}
			c.SendTransmissions(old)
			if r := c.Next("an error for PING with a session identifier"); !isError(r) {
				t.Fail("PING with a session identifier → ERR", r.String())
			}
		},
	}),
	should(conformance.Case{
		ID:           "relay/transmission/order",
		Title:        "Responses to commands for one queue come in the order of the commands",
		Requirements: []string{"SMP-TX-ORDER"},
		Run: func(t *T) {
			c := probe.Dial(t)
			q := c.NewQueue()
			var sent []smp.Transmission
			for range 8 {
				sent = append(sent,
					c.Transmission(q.RecipientID, q.Key, smp.SUB{}),
					c.Transmission(q.RecipientID, q.Key, smp.ACK{MsgID: t.Fresh().Bytes(24)}))
			}
			sent = append(sent, c.Transmission(q.RecipientID, q.Key, smp.KEY{SenderKey: q.Key.Public()}))
			for _, tr := range sent {
				c.Send(tr)
			}
			for i, tr := range sent {
				r := c.Next("the answer to the next command")
				for len(r.CorrelationID) == 0 { // an event
					r = c.Next("the answer to the next command")
				}
				if !bytes.Equal(r.CorrelationID, tr.CorrelationID) {
					t.Failf("answers in the order of commands", "%s as answer %d of %d has another correlation id", r, i+1, len(sent))
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/transmission/malformed",
		Title:        "A transmission that cannot be cut into fields is answered ERR BLOCK",
		Requirements: []string{"SMP-TX-MALFORMED", "SMP-TX-EMPTY"},
		Run: func(t *T) {
			for _, defect := range []struct {
				what  string
				bytes func(ping []byte) []byte
			}{
				{"an empty transmission", func([]byte) []byte { return nil }},
				{"a transmission that ends within its authorization", func(ping []byte) []byte { return []byte{64, 1, 2} }},
				{"a transmission that ends after its authorization", func(ping []byte) []byte { return ping[:1] }},
				{"a transmission that ends within an id", func(ping []byte) []byte { return ping[:12] }},
			} {
				c := probe.Dial(t)
				c.SendTransmissions(defect.bytes(c.Encode(bare(c, smp.PING{}))))
				c.ExpectBlockRefused(defect.what)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/transmission/service-signature",
		Title:        "From version 16 an authorization is followed by 0, and by nothing else in an ordinary session",
		Requirements: []string{"SMP-TX-SERVICE-SIGNATURE"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			c := probe.Dial(t)
			q := c.NewQueue()
			key := c.Transmission(q.RecipientID, q.Key, smp.KEY{SenderKey: q.Key.Public()})
			encoded := c.Encode(key)
			option := 1 + len(key.Authorization)
			for _, b := range []byte{'2', 'F', 0} {
				encoded[option] = b
				c.SendTransmissions(encoded)
				if c.ExpectBlockRefused("an authorization that is followed by another byte than 0 or 1").Closed {
					return
				}
			}
			signed := key
			signed.ServiceSignature = t.Rand().Bytes(keys.Ed25519.SignatureSize())
			c.AskTransmission("KEY with the signature of a service", signed).ExpectRefused()
			signed.ServiceSignature = nil
			c.Ask(q.SenderID, probe.NoKey, smp.SEND{Body: []byte{1}}).Expect(smp.OK{})
			c.AskTransmission("KEY with the option 0", signed).Expect(smp.OK{})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/transmission/service-signature-empty",
		Title:        "From version 16 no option follows an empty authorization, in commands and responses",
		Requirements: []string{"SMP-TX-SERVICE-SIGNATURE-EMPTY"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			c := probe.Dial(t, probe.Unproven)
			c.Send(bare(c, smp.PING{}))
			if r := c.Next("PONG"); r.Err != nil && bytes.HasPrefix(r.Command, []byte{0, '0'}) {
				t.Fail("a correlation id after an empty authorization", "an option")
			}
			ping := bare(c, smp.PING{})
			c.SendTransmissions(slices.Insert(slices.Clone(c.Encode(ping)), 1, '0'))
			c.ExpectUnserved("an option follows an empty authorization", ping)
		},
	}),
}

// forVarious has the relay send responses of several kinds and a delivery on c,
// and calls check with each.
func forVarious(t *T, c *probe.Conn, check func(probe.Received)) {
	create, unused := c.NewQueueRequest()
	for _, tr := range []smp.Transmission{
		bare(c, smp.PING{}),
		bare(c, smp.SUB{}),
		c.Transmission(nil, unused.Key, create),
		c.Transmission(t.Fresh().Bytes(24), unused.Key, smp.SUB{}),
	} {
		c.Send(tr)
		check(c.Next("an answer"))
	}
	q := c.NewQueue()
	q.Fill(probe.Dial(t), t.Rand().Bytes(100))
	check(q.RequireMessage(c).Received)
}

func isError(r probe.Received) bool {
	_, ok := r.Response.(smp.ERR)
	return ok
}

func isBlockError(r probe.Received) bool {
	e, ok := r.Response.(smp.ERR)
	return ok && e.Err.Equal(smp.ErrBlock)
}
