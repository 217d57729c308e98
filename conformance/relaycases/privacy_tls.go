package relaycases

import (
	"bytes"
	"slices"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/tlsprobe"
)

// What a relay could know a client again by, or an observer of the network.
var privacyTLSCases = []conformance.Case{
	claim(conformance.Case{
		ID:           "relay/privacy/tickets",
		Title:        "A client that comes again is not known by a ticket or session of TLS",
		Requirements: []string{"CLAIM-UNLINK-TLS"},
		Edges:        true,
		Run: func(t *T) {
			if t.Info().TLS != "1.3" {
				expectNoSession12(t)
				return
			}
			for _, ticket := range tickets(t) { // the official relay gives one, and takes none back
				c, err := probe.OpenOffering(t, func(o *tlsprobe.Config) { o.Ticket = ticket })
				if err != nil {
					t.Fail("a full handshake for a client that offers a ticket", err.Error())
				}
				if state, _ := c.TLSState(); state.Resumed {
					t.Fail("a full handshake for a client that offers a ticket", "the relay resumes the session of an earlier connection")
				}
			}
		},
	}),
	claim(conformance.Case{
		ID:           "relay/privacy/server-hello",
		Title:        "The same ClientHello gets the same answer, in clear and in size, but for the random and the key",
		Requirements: []string{"CLAIM-UNLINK-TLS"},
		Edges:        true,
		Run: func(t *T) {
			seed := t.Fresh().Bytes(1024)
			first := probe.ObserveEncounter(t, bytes.NewReader(seed))
			if first.State.HelloRetryRequest {
				probe.Blocked(t, "the relay asks for another ClientHello")
			}
			randoms := [][]byte{first.Hello.Random}
			for range encounters - 1 {
				next := probe.ObserveEncounter(t, bytes.NewReader(seed))
				randoms = append(randoms, next.Hello.Random)
				expectSameEncounter(t, first, next)
			}
			probe.ExpectApart(t, "randoms of the ServerHello", randoms)
			probe.ExpectNoFixedBytes(t, "randoms of the ServerHello", randoms)
		},
	}),
}

// encounters is how many handshakes are compared: so many that a byte which is the same in
// all of them is no chance.
const encounters = 8

// expectNoSession12 fails the case if a relay of TLS 1.2 resumes a session.
func expectNoSession12(t *T) {
	resumed, err := probe.ResumeTLS12(t)
	if err != nil {
		probe.Blocked(t, "the TLS handshake failed: %v", err)
	}
	if resumed {
		t.Fail("a full handshake", "the relay resumes the session of an earlier connection")
	}
}

// expectSameEncounter fails the case if two answers to the same ClientHello differ in what
// an observer sees and TLS does not demand to be fresh. At TLS 1.2 the ClientHello and the
// session id are different each time, and the certificate is in clear.
func expectSameEncounter(t *T, first, next probe.Encounter) {
	const same = "the same answer as in the first connection"
	if what := next.Hello.Differs(first.Hello); what != "" {
		t.Fail(same, what)
	}
	if t.Info().TLS != "1.3" {
		return
	}
	if !bytes.Equal(next.ClientHello, first.ClientHello) {
		probe.Blocked(t, "the probe has not sent the same ClientHello again")
	}
	if !bytes.Contains(next.ClientHello, next.Hello.SessionID) {
		t.Failf("the session id of the client in the ServerHello", "%x", next.Hello.SessionID)
	}
	expectSameAnswer(t, first.State, next.State)
	constant := []tlsprobe.SignatureScheme{tlsprobe.Ed25519, tlsprobe.Ed448} // signatures of others have no fixed size
	if slices.Contains(constant, next.State.SignatureScheme) && !slices.Equal(next.Records, first.Records) {
		t.Failf("the same records as in the first connection", "%v, not %v", next.Records, first.Records)
	}
}
