package relaycases

import (
	"bytes"
	"fmt"
	"slices"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// SMP, "Command verification", "Cryptographic algorithms", "Error responses".
var authorizationCases = slices.Concat(
	refusalCases("unauthorised", "without authorization", []string{"SMP-AUTH-NO-AUTH", "SMP-AUTH-REQUIRED"},
		func(qc *queueCommand, s *scene) {
			a := qc.ask(s, qc.entity(s), probe.NoKey)
			expectRefusedWith(s.t, a, smp.ErrCmdNoAuth, "SMP-AUTH-NO-AUTH", "SMP-AUTH-REQUIRED", qc.requirement)
		}, withoutSend),
	refusalCases("wrong-key", "with another key", []string{"SMP-AUTH-WRONG-KEY"},
		func(qc *queueCommand, s *scene) {
			for _, key := range qc.wrongKeys(s) {
				a := qc.ask(s, qc.entity(s), key)
				expectRefusedWith(s.t, a, smp.ErrAuth, "SMP-AUTH-WRONG-KEY", "SMP-AUTH-WRONG-KEY", qc.requirement)
			}
		}, queueCommands),
	refusalCases("id-kind", "with the id of the other party", []string{"SMP-AUTH-ID-KIND"},
		func(qc *queueCommand, s *scene) {
			s.t.About("SMP-AUTH-ID-KIND")
			qc.ask(s, qc.otherEntity(s), qc.key(s)).ExpectError(smp.ErrAuth)
		}, queueCommands),
	refusalCases("unknown-queue", "for an unknown queue", []string{"SMP-AUTH-UNKNOWN-QUEUE"},
		func(qc *queueCommand, s *scene) {
			s.t.About("SMP-AUTH-UNKNOWN-QUEUE")
			qc.ask(s, s.t.Fresh().Bytes(len(s.queue.RecipientID)), qc.key(s)).ExpectError(smp.ErrAuth)
		}, queueCommands),
	algorithmCases,
	credentialCases,
	coverageCases,
	inexactCases,
	elsewhereCases,
)

// withoutSend is the table without SEND, which needs no authorization as such.
var withoutSend = slices.DeleteFunc(slices.Clone(queueCommands), func(qc queueCommand) bool { return qc.tag == "SEND" })

// The ways to authorize.
var algorithmCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/authorization/ed25519",
		Title:        "Ed25519 signatures authorize recipient and sender",
		Requirements: []string{"SMP-AUTH-ED25519"},
		Run:          func(t *T) { expectAuthorizes(t, keys.Ed25519) },
	}),
	must(conformance.Case{
		ID:           "relay/authorization/x25519",
		Title:        "Authenticators of X25519 keys authorize recipient and sender",
		Requirements: []string{"SMP-AUTH-X25519"},
		Versions:     from(smp.VersionAuthenticators),
		Run:          func(t *T) { expectAuthorizes(t, keys.X25519) },
	}),
	observed(conformance.Case{
		ID:           "relay/authorization/ed448",
		Title:        "Ed448 signatures authorize recipient and sender",
		Requirements: []string{"SMP-AUTH-ED448"},
		Run:          func(t *T) { expectAuthorizes(t, keys.Ed448) },
	}),
	must(conformance.Case{
		ID:           "relay/authorization/scheme",
		Title:        "A signature for an X25519 key, and an authenticator for a signature key, are refused with AUTH",
		Requirements: []string{"SMP-AUTH-SCHEME"},
		Versions:     from(smp.VersionAuthenticators),
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, pair := range [][2]keys.Algorithm{{keys.X25519, keys.Ed25519}, {keys.Ed25519, keys.X25519}} {
				q := victim(t, c, probe.NewKey(t, pair[0]))
				c.Ask(q.RecipientID, probe.NewKey(t, pair[1]), smp.DEL{}).ExpectError(smp.ErrAuth)
				// A relay without Ed448 does not know the size of its signatures.
				c.Ask(q.RecipientID, probe.NewKey(t, keys.Ed448), smp.DEL{}).ExpectError(smp.ErrAuth, smp.ErrBlock)
				expectNotDeleted(c, q)
			}
			// The size of the authorization must not say what kind of key the bytes are.
			create, q := c.NewQueueRequest()
			agree := probe.NewKey(t, keys.X25519)
			disguised, err := keys.NewPublic(keys.Ed25519, agree.Public().Raw())
			if err != nil {
				t.Broken(err)
			}
			create.AuthKey, q.Key = disguised, agree
			c.Ask(nil, q.Key, create).ExpectRefused()
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/size",
		Title:        "An authorization of a size that no scheme has is answered ERR BLOCK",
		Requirements: []string{"SMP-AUTH-SIZE"},
		Run: func(t *T) {
			c := probe.Dial(t)
			q := victim(t, c, probe.NewKey(t, keys.Ed25519))
			for _, size := range []int{1, 32, 63, 65, 79, 81, 113, 115, 255} {
				del := c.Transmission(q.RecipientID, probe.NoKey, smp.DEL{})
				del.Authorization = t.Rand().Bytes(size)
				c.Send(del)
				if _, missing := c.AwaitBlockError(); missing != "" {
					t.Fail(fmt.Sprintf("an authorization of %d bytes → ERR BLOCK", size), missing)
				}
			}
			expectNotDeleted(c, q)
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/changed",
		Title:        "A signature or authenticator with one bit changed is refused with AUTH and has no effect",
		Requirements: []string{"SMP-AUTH-CHANGED"},
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, algorithm := range algorithms(t, c) {
				q := victim(t, c, probe.NewKey(t, algorithm))
				for _, at := range []int{0, 15, 16, 31, 32, 63, -1} {
					del := c.Transmission(q.RecipientID, q.Key, smp.DEL{})
					if at < 0 {
						at += len(del.Authorization)
					}
					del.Authorization[at] ^= 1
					c.AskTransmission("DEL with a changed authorization", del).ExpectError(smp.ErrAuth)
				}
				expectNotDeleted(c, q)
			}
		},
	}),
	must(conformance.Case{
		ID:    "relay/authorization/authenticator-keys",
		Title: "An authenticator made with another nonce or another key of the relay is refused with AUTH",
		Requirements: []string{
			"SMP-AUTH-X25519", "SMP-AUTH-CORRELATION", "SMP-AUTH-AUTHENTICATOR-SESSION",
			"SMP-AUTH-AUTHENTICATOR-NONCE", "SMP-AUTH-AUTHENTICATOR-KEYS", "SMP-AUTH-AUTHENTICATOR-HASH",
		},
		Versions: from(smp.VersionAuthenticators),
		Run: func(t *T) {
			c := probe.Dial(t)
			q := victim(t, c, probe.NewKey(t, keys.X25519))
			del := c.Transmission(q.RecipientID, probe.NoKey, smp.DEL{})
			t.About("SMP-AUTH-X25519", "SMP-AUTH-AUTHENTICATOR-SESSION")
			for _, other := range []keys.PublicKey{probe.NewKey(t, keys.X25519).Public(), otherRelayKey(t, c)} {
				del.Authorization = authenticator(t, c, del, q.Key, other, del.CorrelationID)
				c.AskTransmission("DEL authenticated for another key of the relay", del).ExpectError(smp.ErrAuth)
			}
			t.About("SMP-AUTH-CORRELATION", "SMP-AUTH-AUTHENTICATOR-NONCE")
			for _, nonce := range [][]byte{t.Fresh().Bytes(smp.CorrelationIDSize), make([]byte, smp.CorrelationIDSize)} {
				del.Authorization = authenticator(t, c, del, q.Key, c.RelayKey(), nonce)
				c.AskTransmission("DEL authenticated with another nonce", del).ExpectError(smp.ErrAuth)
			}
			expectNotDeleted(c, q)
			t.About("SMP-AUTH-X25519", "SMP-AUTH-AUTHENTICATOR-KEYS", "SMP-AUTH-AUTHENTICATOR-HASH")
			del.Authorization = authenticator(t, c, del, q.Key, c.RelayKey(), del.CorrelationID)
			c.AskTransmission("DEL", del).Expect(smp.OK{})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/authorization/nonce-length",
		Title:        "With a correlation id of another length, an authenticator with a nonce that does not come from it is refused",
		Requirements: []string{"SMP-AUTH-NONCE-LENGTH"},
		Versions:     from(smp.VersionAuthenticators),
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, n := range []int{1, 8, 23, 25, 48} {
				q := victim(t, c, probe.NewKey(t, keys.X25519))
				del := c.Transmission(q.RecipientID, probe.NoKey, smp.DEL{})
				del.CorrelationID = t.Fresh().Bytes(n)
				del.CorrelationID[0] |= 1 // so that it is not the nonce of zeros
				for _, nonce := range [][]byte{t.Fresh().Bytes(smp.CorrelationIDSize), make([]byte, smp.CorrelationIDSize)} {
					del.Authorization = authenticator(t, c, del, q.Key, c.RelayKey(), nonce)
					c.AskTransmission("DEL with a nonce that is not its correlation id", del).ExpectRefused()
					expectNotDeleted(c, q)
				}
				del.Authorization = authenticator(t, c, del, q.Key, c.RelayKey(), del.CorrelationID)
				if a := c.AskTransmission("DEL", del); !a.OK() || !isError(a.Received) && a.Response != smp.Response(smp.OK{}) {
					t.Fail("DEL with its correlation id as nonce → OK or ERR", a.String())
				}
			}
		},
	}),
}

// Credentials that are missing or superfluous, and what AUTH tells.
var credentialCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/authorization/unauthorised-new",
		Title:        "NEW without authorization is answered ERR CMD NO_AUTH",
		Requirements: []string{"SMP-AUTH-NO-AUTH", "SMP-NEW-AUTHORIZED"},
		Run: func(t *T) {
			c := probe.Dial(t)
			create, _ := c.NewQueueRequest()
			expectRefusedWith(t, c.Ask(nil, probe.NoKey, create), smp.ErrCmdNoAuth, "SMP-AUTH-NO-AUTH", "SMP-NEW-AUTHORIZED")
			t.About("SMP-AUTH-NO-AUTH")
			c.Ask(t.Fresh().Bytes(24), probe.NoKey, create).ExpectError(smp.ErrCmdNoAuth, smp.ErrCmdHasAuth)
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/wrong-key-new",
		Title:        "NEW signed with another key than the one it brings is refused with AUTH",
		Requirements: []string{"SMP-AUTH-WRONG-KEY", "SMP-NEW-AUTHORIZED"},
		Run: func(t *T) {
			c := probe.Dial(t)
			create, _ := c.NewQueueRequest()
			a := c.Ask(nil, probe.NewKey(t, keys.Ed25519), create)
			expectRefusedWith(t, a, smp.ErrAuth, "SMP-AUTH-WRONG-KEY", "SMP-AUTH-WRONG-KEY", "SMP-NEW-AUTHORIZED")
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/entity-new",
		Title:        "NEW with an entity id is answered ERR CMD HAS_AUTH",
		Requirements: []string{"SMP-AUTH-HAS-AUTH", "SMP-NEW-NO-ENTITY"},
		Run: func(t *T) {
			c := probe.Dial(t)
			existing := c.NewQueue()
			for _, id := range [][]byte{t.Fresh().Bytes(24), existing.RecipientID, existing.SenderID} {
				create, q := c.NewQueueRequest()
				expectRefusedWith(t, c.Ask(id, q.Key, create), smp.ErrCmdHasAuth, "SMP-AUTH-HAS-AUTH", "SMP-NEW-NO-ENTITY")
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/no-entity",
		Title:        "A signed command without the id of its queue is answered ERR CMD NO_AUTH",
		Requirements: []string{"SMP-AUTH-NO-AUTH"},
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			for i := range queueCommands {
				qc := &queueCommands[i]
				if qc.tag == "SEND" || !qc.concerns(t.Version()) {
					continue
				}
				s := qc.set(t)
				if _, ok := qc.works(s); !ok {
					continue
				}
				for _, key := range []keys.PrivateKey{qc.key(s), probe.NoKey} {
					qc.ask(s, nil, key).ExpectError(smp.ErrCmdNoAuth, smp.ErrCmdNoEntity)
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/no-entity-send",
		Title:        "SEND without the id of a queue is answered ERR CMD NO_ENTITY",
		Requirements: []string{"SMP-AUTH-NO-ENTITY"},
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, key := range []keys.PrivateKey{probe.NoKey, probe.NewKey(t, keys.Ed25519)} {
				a := c.Ask(nil, key, smp.SEND{Body: []byte{1}}).ExpectError(smp.ErrCmdNoEntity, smp.ErrCmdNoAuth)
				if e := a.Response.(smp.ERR); e.Err.Equal(smp.ErrCmdNoAuth) {
					t.Nonstrict("SEND without the id of a queue → ERR CMD NO_ENTITY", a.String())
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/authorization/same-error",
		Title:        "Unknown queue, another key and the id of the other party give the same answer",
		Requirements: []string{"SMP-AUTH-SAME-ERROR"},
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			for i := range queueCommands {
				qc := &queueCommands[i]
				if !qc.concerns(t.Version()) {
					continue
				}
				s := qc.set(t)
				if _, ok := qc.works(s); !ok {
					continue
				}
				first := qc.ask(s, t.Fresh().Bytes(24), qc.key(s))
				if !isRefusal(first) {
					continue
				}
				for _, a := range []probe.Answer{
					qc.ask(s, t.Fresh().Bytes(16), qc.key(s)),
					qc.ask(s, qc.otherEntity(s), qc.key(s)),
					qc.ask(s, qc.entity(s), qc.wrongKeys(s)[0]),
				} {
					if isRefusal(a) && !bytes.Equal(a.Command, first.Command) {
						t.Failf("the same answer to every "+qc.tag+" that is not authorized", "%s and %s", first, a)
					}
				}
			}
		},
	}),
}

// isRefusal reports whether an answer is an error, also one whose name no version has.
func isRefusal(a probe.Answer) bool { return bytes.HasPrefix(a.Command, []byte("ERR ")) }

// expectRefusedWith fails the case unless a command was refused with the error
// want. That it was executed breaks the rules forbidden, and so does an effect that
// shows later; another answer breaks the rule form.
func expectRefusedWith(t *T, a probe.Answer, want *smp.Error, form string, forbidden ...string) {
	t.About(form)
	if a.OK() && !isError(a.Received) {
		t.About(forbidden...)
	}
	a.ExpectError(want)
	t.About(forbidden...)
}

// algorithms are those that the relay at the other end of c must accept: X25519
// from version 7, if its hello has the key for it.
func algorithms(t *T, c *probe.Conn) []keys.Algorithm {
	if t.Version() < smp.VersionAuthenticators || c.HelloErr != nil {
		return []keys.Algorithm{keys.Ed25519}
	}
	return []keys.Algorithm{keys.Ed25519, keys.X25519}
}

// expectAuthorizes fails the case unless keys of the algorithm are good for all
// that a recipient and a sender do, and another key of it is not.
func expectAuthorizes(t *T, algorithm keys.Algorithm) {
	c, sender := probe.Dial(t), probe.Dial(t)
	create, q := c.NewQueueRequest()
	q.Key = probe.NewKey(t, algorithm)
	create.AuthKey = q.Key.Public()
	q.Created(probe.ExpectA[smp.IDS](c.Ask(nil, q.Key, create)))
	key := probe.NewKey(t, algorithm)
	q.Recipient(c, smp.KEY{SenderKey: key.Public()}).Expect(smp.OK{})
	requireSecuring(t)
	q.SenderKey = key
	body := t.Rand().Bytes(100)
	q.Sender(sender, smp.SEND{Body: body}).Expect(smp.OK{})
	d := q.ExpectMessage(c, body)
	q.Acknowledge(c, d)
	if algorithm != keys.Ed25519 { // for Ed25519 other cases do
		requireGuarded(t, c.NewQueue(), smp.SUB{})
		c.Ask(q.RecipientID, probe.NewKey(t, algorithm), smp.SUB{}).ExpectError(smp.ErrAuth)
	}
	q.Recipient(c, smp.DEL{}).Expect(smp.OK{})
}

// requireGuarded blocks the case unless the commands are refused to a stranger with
// an Ed25519 key.
func requireGuarded(t *T, q *probe.Queue, commands ...smp.Command) {
	for _, cmd := range commands {
		q.Conn.Ask(q.RecipientID, probe.NewKey(t, keys.Ed25519), cmd).Require(smp.ERR{Err: smp.ErrAuth})
	}
}

// otherRelayKey is the key of the relay on another connection, or a new one if the relay
// has one key for both; other cases are about that.
func otherRelayKey(t *T, c *probe.Conn) keys.PublicKey {
	if other := probe.Dial(t).RelayKey(); other != c.RelayKey() {
		return other
	}
	return probe.NewKey(t, keys.X25519).Public()
}

// authenticator returns the authenticator of tr by key for a relay key, with the
// given nonce.
func authenticator(t *T, c *probe.Conn, tr smp.Transmission, key keys.PrivateKey, relay keys.PublicKey, nonce []byte) []byte {
	authorized, err := tr.Authorized(c.SessionID())
	if err != nil {
		t.Broken(err)
	}
	agreed, err := box.Agree(key, relay)
	if err != nil {
		t.Broken(err)
	}
	n := smp.CorrelationNonce(nonce)
	b := box.Authenticator(authorized, &n, &agreed)
	return b[:]
}
