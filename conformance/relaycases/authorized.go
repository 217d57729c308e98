package relaycases

import (
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
		Title:        "A transmission whose correlation id was changed after it was authorized is refused with AUTH",
		Requirements: []string{"SMP-AUTH-CORRELATION"},
		Run: func(t *T) {
			expectCovered(t, func(tr *smp.Transmission, _ *probe.Queue) { tr.CorrelationID[23] ^= 1 })
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/covers-entity",
		Title:        "A transmission whose queue id was changed after it was authorized is refused with AUTH",
		Requirements: []string{"SMP-AUTH-ENTITY"},
		Run: func(t *T) {
			expectCovered(t, func(tr *smp.Transmission, twin *probe.Queue) { tr.EntityID = twin.RecipientID })
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/covers-command",
		Title:        "A transmission whose command was changed after it was authorized is refused with AUTH",
		Requirements: []string{"SMP-AUTH-COMMAND"},
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, other := range []smp.Command{smp.KEY{SenderKey: probe.NewKey(t, keys.Ed25519).Public()}, smp.OFF{}, smp.DEL{}} {
				encoded := c.EncodeCommand(other)
				expectCovered(t, func(tr *smp.Transmission, _ *probe.Queue) { tr.Command = encoded })
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/covers-session",
		Title:        "An authorization that does not cover the session identifier is refused with AUTH",
		Requirements: []string{"SMP-AUTH-SESSION"},
		Run: func(t *T) {
			other := probe.Dial(t).SessionID()
			changed := slices.Clone(other)
			changed[0] ^= 1
			for _, session := range [][]byte{nil, other, changed, other[:len(other)-1]} {
				c := probe.Dial(t)
				for _, algorithm := range algorithms(t) {
					q := c.NewQueueWithKey(probe.NewKey(t, algorithm))
					key := c.Transmission(q.RecipientID, probe.NoKey, smp.KEY{SenderKey: q.Key.Public()})
					authorizeFor(t, c, &key, q.Key, session)
					c.AskTransmission("KEY authorized for another session", key).ExpectError(smp.ErrAuth)
					expectTakesAnyMessage(c, q)
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/covers-session-alone",
		Title:        "A signature of everything but the session identifier is refused with AUTH",
		Requirements: []string{"SMP-AUTH-SESSION"},
		Run: func(t *T) {
			c := probe.Dial(t)
			q := c.NewQueue()
			key := c.Transmission(q.RecipientID, probe.NoKey, smp.KEY{SenderKey: q.Key.Public()})
			authorized, err := key.Authorized(nil)
			if err != nil {
				t.Broken(err)
			}
			// Without the length of the session identifier too.
			if key.Authorization, err = q.Key.Sign(authorized[1:]); err != nil {
				t.Broken(err)
			}
			c.AskTransmission("KEY signed without session identifier", key).ExpectError(smp.ErrAuth)
			expectTakesAnyMessage(c, q)
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/replay",
		Title:        "A transmission that was authorized on one connection is refused on another",
		Requirements: []string{"SMP-AUTH-SESSION"},
		Run: func(t *T) {
			c, other := probe.Dial(t), probe.Dial(t)
			q := c.NewQueue()
			key := c.Transmission(q.RecipientID, q.Key, smp.KEY{SenderKey: q.Key.Public()})
			other.Send(key)
			a := other.Await("KEY authorized on another connection", key)
			if t.Version() < smp.VersionAuthenticators {
				a.ExpectError(smp.ErrSession)
			} else {
				a.ExpectError(smp.ErrAuth)
			}
			expectTakesAnyMessage(c, q)
			c.AskTransmission("KEY on its own connection", key).Expect(smp.OK{})
		},
	}),
}

// expectCovered fails the case unless a KEY that was changed after it was
// authorized is refused and secures neither its queue nor twin, a queue with the
// same key.
func expectCovered(t *T, change func(tr *smp.Transmission, twin *probe.Queue)) {
	c := probe.Dial(t)
	for _, algorithm := range algorithms(t) {
		recipient := probe.NewKey(t, algorithm)
		q, twin := c.NewQueueWithKey(recipient), c.NewQueueWithKey(recipient)
		key := c.Transmission(q.RecipientID, recipient, smp.KEY{SenderKey: probe.NewKey(t, keys.Ed25519).Public()})
		change(&key, twin)
		c.AskTransmission("KEY that was changed after it was authorized", key).ExpectError(smp.ErrAuth)
		expectTakesAnyMessage(c, q)
		expectTakesAnyMessage(c, twin)
	}
}

// expectTakesAnyMessage fails the case unless the queue takes an unauthorized message.
func expectTakesAnyMessage(c *probe.Conn, q *probe.Queue) {
	c.Ask(q.SenderID, probe.NoKey, smp.SEND{Body: []byte("unsecured")}).Expect(smp.OK{})
}

// authorizeFor authorizes tr with key as in the session with the given
// identifier.
func authorizeFor(t *T, c *probe.Conn, tr *smp.Transmission, key keys.PrivateKey, session []byte) {
	authorizer, err := smp.NewAuthorizer(key, c.RelayKey())
	if err == nil {
		err = tr.Authorize(session, authorizer)
	}
	if err != nil {
		t.Broken(err)
	}
}
