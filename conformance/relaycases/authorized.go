package relaycases

import (
	"bytes"
	"slices"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// What an authorization covers.
var coverageCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/authorization/covers-correlation",
		Title:        "A transmission whose correlation id was changed, or added, after it was authorized is refused with AUTH",
		Requirements: []string{"SMP-AUTH-CORRELATION"},
		Edges:        true,
		Run: func(t *T) {
			expectCovered(t, smp.DEL{}, func(tr *smp.Transmission, _ *probe.Queue) { tr.CorrelationID[0] ^= 1 })
			expectCovered(t, smp.DEL{}, func(tr *smp.Transmission, _ *probe.Queue) { tr.CorrelationID[23] ^= 1 })
			expectCovered(t, smp.DEL{}, func(tr *smp.Transmission, twin *probe.Queue) {
				id := tr.CorrelationID
				tr.CorrelationID = nil
				authorizeFor(t, twin.Conn, tr, twin.Key, twin.Conn.SessionID())
				tr.CorrelationID = id
			})
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/covers-entity",
		Title:        "A transmission whose queue id was changed after it was authorized is refused with AUTH",
		Requirements: []string{"SMP-AUTH-ENTITY"},
		Run: func(t *T) {
			expectCovered(t, smp.DEL{}, func(tr *smp.Transmission, twin *probe.Queue) {
				if bytes.Equal(tr.EntityID, twin.RecipientID) {
					t.Skip("the relay makes one queue of two with the same key")
				}
				tr.EntityID = twin.RecipientID
			})
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/covers-command",
		Title:        "A transmission whose command was changed after it was authorized is refused with AUTH",
		Requirements: []string{"SMP-AUTH-COMMAND"},
		Edges:        true,
		Run: func(t *T) {
			del := probe.Dial(t).EncodeCommand(smp.DEL{})
			for _, authorized := range []smp.Command{smp.SUB{}, smp.OFF{}, smp.ACK{MsgID: t.Fresh().Bytes(24)}} {
				expectCovered(t, authorized, func(tr *smp.Transmission, _ *probe.Queue) { tr.Command = del })
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/covers-session",
		Title:        "An authorization that covers another session identifier, or none, is refused with AUTH",
		Requirements: []string{"SMP-AUTH-SESSION"},
		Edges:        true,
		Run: func(t *T) {
			other := probe.Dial(t).SessionID()
			changed := slices.Clone(other)
			changed[0] ^= 1
			for _, session := range [][]byte{nil, other, changed, other[:len(other)-1]} {
				c := probe.Dial(t)
				for _, algorithm := range algorithms(t, c) {
					q := victim(t, c, probe.NewKey(t, algorithm))
					del := c.Transmission(q.RecipientID, probe.NoKey, smp.DEL{})
					authorizeFor(t, c, &del, q.Key, session)
					c.AskTransmission("DEL authorized for another session", del).ExpectError(smp.ErrAuth)
					expectNotDeleted(c, q)
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/covers-session-field",
		Title:        "A signature of the transmission as it is sent from version 7, without session identifier, is refused with AUTH",
		Requirements: []string{"SMP-AUTH-SESSION"},
		Run: func(t *T) {
			c := probe.Dial(t)
			q := victim(t, c, probe.NewKey(t, keys.Ed25519))
			del := c.Transmission(q.RecipientID, probe.NoKey, smp.DEL{})
			withEmptyID, err := del.Authorized(nil)
			if err != nil {
				t.Broken(err)
			}
			if del.Authorization, err = q.Key.Sign(withEmptyID[1:]); err != nil {
				t.Broken(err)
			}
			c.AskTransmission("DEL signed without session identifier", del).ExpectError(smp.ErrAuth)
			expectNotDeleted(c, q)
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/replay",
		Title:        "A transmission that was authorized on one connection is refused on another",
		Requirements: []string{"SMP-AUTH-SESSION"},
		Run: func(t *T) {
			c, other := probe.Dial(t), probe.Dial(t)
			for _, algorithm := range algorithms(t, c) {
				q := victim(t, c, probe.NewKey(t, algorithm))
				del := c.Transmission(q.RecipientID, q.Key, smp.DEL{})
				expected := smp.ErrAuth
				if t.Version() < smp.VersionAuthenticators {
					expected = smp.ErrSession
				}
				other.AskTransmission("DEL authorized on another connection", del).ExpectError(expected)
				expectNotDeleted(c, q)
				c.AskTransmission("DEL on its own connection", del).Expect(smp.OK{})
			}
		},
	}),
}

// Ids that are nearly those of a queue.
var inexactCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/authorization/id-inexact",
		Title:        "The id of a queue with more bytes, fewer, or a changed one is the id of no queue",
		Requirements: []string{"SMP-AUTH-UNKNOWN-QUEUE"},
		Run: func(t *T) {
			c := probe.Dial(t)
			q := c.NewQueue()
			for _, id := range inexact(q.SenderID) {
				c.Ask(id, probe.NoKey, smp.SEND{Body: []byte("nearly")}).ExpectError(smp.ErrAuth)
				q.ExpectNoMessage(c, "its queue id was inexact")
			}
			for _, id := range inexact(q.RecipientID) {
				c.Ask(id, q.Key, smp.DEL{}).ExpectError(smp.ErrAuth)
				expectNotDeleted(c, q)
			}
		},
	}),
}

// inexact returns ids that are like one of a queue and not the same.
func inexact(id []byte) [][]byte {
	changed := slices.Clone(id)
	changed[len(id)-1] ^= 1
	return [][]byte{slices.Concat(id, []byte{0}), slices.Concat(id, id), id[:len(id)-1], id[1:], changed}
}

// Keys that are right somewhere else: for the other party, or for the transmission before.
var elsewhereCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/authorization/sender-key",
		Title:        "The sender's key authorizes no command of the recipient",
		Requirements: []string{"SMP-AUTH-WRONG-KEY"},
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			requireSecuring(t)
			for i := range queueCommands {
				qc := &queueCommands[i]
				if qc.sender || qc.tag == "KEY" || !qc.concerns(t.Version()) { // KEY has been used up
					continue
				}
				s := qc.set(t)
				if _, ok := qc.works(s); !ok || !qc.guarded(s) {
					continue
				}
				s.queue.Secure()
				qc.ask(s, qc.entity(s), s.queue.SenderKey).ExpectError(smp.ErrAuth)
				qc.unharmed(s)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/each-in-block",
		Title:        "Each transmission of a block is verified, whatever stands beside it",
		Requirements: []string{"SMP-AUTH-WRONG-KEY"},
		Run: func(t *T) {
			c := probe.Dial(t)
			q := victim(t, c, probe.NewKey(t, keys.Ed25519))
			right := func() smp.Transmission {
				other := c.NewQueue(probe.OnlyCreate)
				return c.Transmission(other.RecipientID, other.Key, smp.KEY{SenderKey: other.Key.Public()})
			}
			wrong := func() smp.Transmission {
				return c.Transmission(q.RecipientID, probe.NewKey(t, keys.Ed25519), smp.DEL{})
			}
			first, borrowed := right(), wrong()
			borrowed.Authorization = first.Authorization
			for _, block := range [][]smp.Transmission{{first, borrowed, wrong(), right()}, {wrong(), right()}} {
				c.Send(block...)
				for _, tr := range block {
					if bytes.Equal(tr.EntityID, q.RecipientID) {
						c.Await("DEL by a stranger in a block with KEY", tr).ExpectError(smp.ErrAuth)
					} else {
						c.Await("KEY in a block with DEL by a stranger", tr).Require(smp.OK{})
					}
				}
				expectNotDeleted(c, q)
			}
		},
	}),
}

// victim returns a queue with the given recipient key for a case to try to
// delete. A relay that deletes for everybody blocks the case: other cases are
// about that.
func victim(t *T, c *probe.Conn, key keys.PrivateKey) *probe.Queue {
	q := c.NewQueueWithKey(key, probe.OnlyCreate)
	c.Ask(q.RecipientID, probe.NewKey(t, key.Algorithm()), smp.DEL{}).Require(smp.ERR{Err: smp.ErrAuth})
	q.Fill(c, []byte("still there"))
	return q
}

// expectCovered fails the case unless DEL is refused in a transmission that was
// changed after it was authorized, and neither the queue nor twin, a queue with
// the same key, is deleted. The change makes a DEL of it if it is none.
func expectCovered(t *T, authorized smp.Command, change func(tr *smp.Transmission, twin *probe.Queue)) {
	c := probe.Dial(t)
	for _, algorithm := range algorithms(t, c) {
		key := probe.NewKey(t, algorithm)
		q, twin := victim(t, c, key), victim(t, c, key)
		tr := c.Transmission(q.RecipientID, key, authorized)
		change(&tr, twin)
		c.AskTransmission("DEL that was changed after it was authorized", tr).ExpectError(smp.ErrAuth)
		expectNotDeleted(c, q)
		expectNotDeleted(c, twin)
	}
}

// expectNotDeleted fails the case unless the queue takes a message.
func expectNotDeleted(c *probe.Conn, q *probe.Queue) {
	c.Ask(q.SenderID, probe.NoKey, smp.SEND{Body: []byte("still there")}).Expect(smp.OK{})
}

// authorizeFor authorizes tr with key as in the session with the given
// identifier.
func authorizeFor(t *T, c *probe.Conn, tr *smp.Transmission, key keys.PrivateKey, session []byte) {
	var relayKey keys.PublicKey
	if key.Algorithm().CanAgree() {
		relayKey = c.RelayKey()
	}
	authorizer, err := smp.NewAuthorizer(key, relayKey)
	if err == nil {
		err = tr.Authorize(session, authorizer)
	}
	if err != nil {
		t.Broken(err)
	}
}
