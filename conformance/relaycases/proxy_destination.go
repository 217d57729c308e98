package relaycases

import (
	"bytes"
	"errors"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// SMP, "Forward command to destination router": the relay under test is the
// destination, the case plays client and proxy.
var proxyDestinationCases = []conformance.Case{
	must(conformance.Case{
		ID:    "relay/proxy/rres",
		Title: "RFWD is answered with RRES, encrypted with the reversed nonce, which has the correlation id of the client",
		Requirements: []string{
			"SMP-PROXY-RRES-CONTENT", "SMP-PROXY-RRES-NONCE", "SMP-PROXY-RRES-FORM", "SMP-PROXY-RFWD-CONTENT", "SMP-PROXY-PFWD-SECRET",
		},
		Versions: from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			p := c.Tunnel.Pack(c.NewQueue().SenderID, probe.NoKey, smp.SEND{Body: []byte("x")})
			r := c.Wrap(p)
			t.About("SMP-PROXY-RFWD-CONTENT", "SMP-PROXY-PFWD-SECRET", "SMP-PROXY-RRES-FORM")
			rres := probe.ExpectA[smp.RRES](c.AskTransmission("RFWD", r.Transmission))
			t.About("SMP-PROXY-RRES-NONCE", "SMP-PROXY-RRES-CONTENT", "SMP-PROXY-RRES-FORM")
			response, err := r.Unwrap(rres.Body)
			if err != nil {
				t.Fail("RRES that the proxy can decrypt with the correlation id of RFWD reversed", err.Error())
			}
			t.About("SMP-PROXY-RRES-CONTENT")
			if !bytes.Equal(response.CorrelationID, p.CorrelationID) {
				t.Failf("the correlation id of the forwarded command", "%x, not %x", response.CorrelationID, p.CorrelationID)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/rres-entity",
		Title:        "RRES has an empty entity id",
		Requirements: []string{"SMP-PROXY-RRES-ENTITY"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			a := c.AskTransmission("RFWD", c.Wrap(packPing(t, c.Tunnel)).Transmission)
			probe.RequireA[smp.RRES](a)
			if len(a.EntityID) != 0 {
				t.Fail("an empty entity id", a.WithIDs())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/pres",
		Title:        "The response is a block of one transmission, padded to 16226 bytes, encrypted with the reversed nonce of the client",
		Requirements: []string{"SMP-PROXY-PRES-PADDED", "SMP-PROXY-PRES-NONCE", "SMP-PROXY-PRES-BATCH"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			q := c.NewQueue()
			for _, id := range [][]byte{q.SenderID, t.Fresh().Bytes(24)} {
				p := c.Tunnel.Pack(id, probe.NoKey, smp.SEND{Body: []byte("x")})
				expectResponse(t, p, requireRRES(t, c, p))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/inner-error",
		Title:        "An error of the forwarded command comes back inside, so that the proxy does not see it",
		Requirements: []string{"SMP-PROXY-INNER-ERROR"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			q := c.NewQueue()
			q.Recipient(c.Conn, smp.OFF{}).Require(smp.OK{})
			expectInside(c, c.Tunnel.Pack(t.Fresh().Bytes(24), probe.NoKey, smp.SEND{}), smp.ErrAuth)
			expectInside(c, c.Tunnel.Pack(q.SenderID, probe.NoKey, smp.SEND{}), smp.ErrAuth)
			expectInside(c, c.Tunnel.Pack(nil, probe.NoKey, smp.SEND{}), smp.ErrCmdNoEntity)
			for command, want := range map[string]*smp.Error{
				"SEND X x": smp.ErrCmdSyntax, "SEND": smp.ErrCmdSyntax, "NONSENSE": smp.ErrCmdUnknown,
			} {
				tr := smp.Transmission{CorrelationID: t.Fresh().Bytes(24), EntityID: q.SenderID, Command: []byte(command)}
				expectInside(c, c.Tunnel.PackTransmission(tr), want)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/inner-correlation",
		Title:        "The response inside has the correlation id of the command inside, also if PFWD has another one",
		Requirements: []string{"SMP-PROXY-PRES-BATCH"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			q := c.NewQueue()
			tr := c.Tunnel.Transmission(q.SenderID, probe.NoKey, smp.SEND{Body: []byte("x")})
			p := c.Tunnel.PackContent(c.Tunnel.BlockOf(tr), t.Fresh().Bytes(24))
			p.Inner = tr
			switch _, err := p.Open(requireRRES(t, c, p)); {
			case errors.Is(err, probe.ErrResponseIDs):
				t.Fail("a response with the ids of the forwarded command", err.Error())
			case err != nil:
				probe.Blocked(t, "the response in RRES cannot be read: %v", err)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/inner-single",
		Title:        "What is forwarded has to be one transmission: for more or less the proxy is answered BLOCK and nothing is executed",
		Requirements: []string{"SMP-PROXY-INNER-SINGLE", "SMP-PROXY-INNER-BATCH"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			q := probe.Dial(t).NewQueue()
			u := c.Tunnel
			one := u.Transmission(q.SenderID, probe.NoKey, smp.SEND{Body: []byte("one of two")})
			bare, err := one.Encode(u.Version)
			if err != nil {
				t.Broken(err)
			}
			two := u.BlockOf(one, u.Transmission(q.SenderID, probe.NoKey, smp.SEND{Body: []byte("two")}))
			c.AskTransmission("RFWD with two transmissions", c.Wrap(u.PackContent(two, t.Fresh().Bytes(24))).Transmission).ExpectError(smp.ErrBlock)
			for what, content := range map[string][]byte{
				"no transmission":      {0},
				"an empty block":       {},
				"a bare transmission":  bare,
				"bytes after the last": append(u.BlockOf(one), 'x'),
			} {
				p := u.PackContent(content, t.Fresh().Bytes(24))
				p.Inner = smp.Transmission{}
				expectBlockError(t, c, what, p)
			}
			q.ExpectNoMessage(q.Conn, "nothing was to be executed")
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/rfwd-with-entity",
		Title:        "RFWD with an entity id is refused",
		Requirements: []string{"SMP-PROXY-RFWD-ENTITY"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			q := probe.Dial(t).NewQueue()
			tr := c.Tunnel.Transmission(q.SenderID, probe.NoKey, smp.SEND{Body: []byte("x")})
			r := c.Wrap(c.Tunnel.PackPadded(c.Tunnel.BlockOf(tr), tr.CorrelationID, 1000))
			r.EntityID = c.SessionID()
			c.AskTransmission("RFWD with an entity id", r.Transmission).ExpectRefused()
			q.ExpectNoMessage(q.Conn, "the RFWD was refused")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/rfwd-signed",
		Title:        "RFWD with an authorization is refused with CMD HAS_AUTH",
		Requirements: []string{"SMP-PROXY-RFWD-UNSIGNED"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			tr := c.Authorize(c.WrapContent(t.Rand().Bytes(300)).Transmission, probe.NewKey(t, keys.Ed25519))
			c.AskTransmission("RFWD with an authorization", tr).ExpectError(smp.ErrCmdHasAuth)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/rfwd-no-key",
		Title:        "RFWD on a connection whose hello had no key is refused with PROXY BROKER TRANSPORT NO_AUTH",
		Requirements: []string{"SMP-PROXY-RFWD-NO-KEY"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.Dial(t, probe.WithoutKey)
			want := smp.ProxyBrokerError(transportBroker(smp.TransportNoAuth))
			c.Ask(nil, probe.NoKey, smp.RFWD{Body: t.Rand().Bytes(16000)}).ExpectError(want)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/rfwd-anyone",
		Title:        "RFWD is served on a connection without the proxy flag too",
		Requirements: []string{"SMP-PROXY-RFWD-ANYONE"},
		Versions:     from(14),
		Run: func(t *T) {
			c := probe.NewCourier(probe.Dial(t))
			q := probe.Dial(t).NewQueue()
			inside(c, q.SenderID, probe.NoKey, smp.SEND{Body: []byte("from a client")}).Expect(smp.OK{})
			q.ExpectMessage(q.Conn, []byte("from a client"))
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/rfwd-undecryptable",
		Title:        "RFWD of which one of the two encryptions does not open is refused with CRYPTO",
		Requirements: []string{"SMP-PROXY-RFWD-CIPHERTEXT"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			q := probe.Dial(t).NewQueue()
			p := c.Tunnel.Pack(q.SenderID, probe.NoKey, smp.SEND{Body: []byte("x")})
			flipped, tag, empty, otherKey, otherNonce := *p, *p, *p, *p, *p
			flipped.PFWD.Body = bytes.Clone(p.PFWD.Body)
			flipped.PFWD.Body[len(flipped.PFWD.Body)-1] ^= 1
			tag.PFWD.Body = bytes.Clone(p.PFWD.Body)
			tag.PFWD.Body[0] ^= 1
			empty.PFWD.Body = nil
			otherKey.PFWD.Key = probe.NewKey(t, keys.X25519).Public()
			otherNonce.CorrelationID = t.Fresh().Bytes(24)
			for what, inner := range map[string]*probe.Parcel{
				"a changed byte": &flipped, "a changed tag": &tag, "nothing": &empty, "another key": &otherKey, "another correlation id": &otherNonce,
			} {
				c.AskTransmission("RFWD with "+what+" inside", c.Wrap(inner).Transmission).ExpectError(smp.ErrCrypto)
			}
			outer := c.Wrap(p).Transmission
			outer.CorrelationID = t.Fresh().Bytes(24)
			c.AskTransmission("RFWD with another correlation id", outer).ExpectError(smp.ErrCrypto)
			for what, at := range map[string]int{"a changed tag": len("RFWD "), "a changed byte": len(outer.Command) - 1} {
				changed := c.Wrap(p).Transmission
				changed.Command[at] ^= 1
				c.AskTransmission("RFWD with "+what, changed).ExpectError(smp.ErrCrypto)
			}
			c.Ask(nil, probe.NoKey, smp.RFWD{Body: t.Rand().Bytes(box.Overhead - 1)}).ExpectError(smp.ErrCrypto)
			q.ExpectNoMessage(q.Conn, "every RFWD was refused")
			c.Carry(p).Expect(smp.OK{})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/rfwd-malformed",
		Title:        "RFWD whose content cannot be cut into its fields is refused with CMD SYNTAX",
		Requirements: []string{"SMP-PROXY-RFWD-SYNTAX"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			ed := probe.NewKey(t, keys.Ed25519).Public().SPKI()
			id := append([]byte{24}, t.Fresh().Bytes(24)...)
			for what, content := range map[string][]byte{
				"nothing":               {},
				"a cut correlation id":  id[:20],
				"no version":            id,
				"no key":                append(bytes.Clone(id), 0, 8),
				"a key that agrees not": append(append(append(bytes.Clone(id), 0, 8, byte(len(ed))), ed...), t.Rand().Bytes(100)...),
			} {
				c.AskTransmission("RFWD with "+what, c.WrapContent(content).Transmission).ExpectError(smp.ErrCmdSyntax)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/rfwd-replay",
		Title:        "A forwarded command that comes again is executed again, or refused",
		Requirements: []string{"SMP-PROXY-RFWD-REPLAY"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			q := probe.Dial(t).NewQueue()
			p := c.Tunnel.Pack(q.SenderID, probe.NoKey, smp.SEND{Body: []byte("again")})
			c.Carry(p).Expect(smp.OK{})
			q.Acknowledge(q.Conn, q.ExpectMessage(q.Conn, []byte("again")))
			a := c.AskTransmission("RFWD again", c.Wrap(p).Transmission)
			if isERR(a) {
				q.ExpectNoMessage(q.Conn, "the second RFWD was refused")
				return
			}
			probe.ExpectA[smp.RRES](a)
		},
	}),
}

// inside forwards one command; an answer that is not inside of RRES fails the case.
func inside(c *probe.Courier, entity []byte, key keys.PrivateKey, cmd smp.Command) probe.Answer {
	return c.CarryInside(c.Tunnel.Pack(entity, key, cmd))
}

// requireRRES carries a parcel and returns what PRES would have.
func requireRRES(t *T, c *probe.Courier, p *probe.Parcel) []byte {
	r := c.Wrap(p)
	rres := probe.RequireA[smp.RRES](c.AskTransmission("RFWD", r.Transmission))
	response, err := r.Unwrap(rres.Body)
	if err != nil {
		probe.Blocked(t, "RRES cannot be decrypted: %v", err)
	}
	return response.Body
}

// expectResponse fails the case unless what is encrypted for the client has the
// form and the size that all responses have.
func expectResponse(t *T, p *probe.Parcel, body []byte) {
	t.About("SMP-PROXY-PRES-PADDED")
	if len(body) != smp.PaddedForwarded+box.Overhead {
		t.Failf("an encrypted response of 16242 bytes", "%d bytes", len(body))
	}
	t.About("SMP-PROXY-PRES-NONCE")
	padded, err := p.Unseal(body)
	if err != nil {
		t.Fail("a response that the client can decrypt with its correlation id reversed", err.Error())
	}
	t.About("SMP-PROXY-PRES-PADDED", "SMP-PROXY-PRES-BATCH")
	content, err := wire.Unpad(padded)
	if err != nil {
		t.Fail("a padded response", err.Error())
	}
	t.About("SMP-PROXY-PRES-BATCH")
	if encoded, err := smp.DecodeBlock(content); err != nil || len(encoded) != 1 {
		t.Failf("a block with one transmission", "%d transmissions, %v", len(encoded), err)
	}
	if _, err := p.Open(body); err != nil {
		t.Fail("a response with the ids of the forwarded command", err.Error())
	}
}

// expectInside fails the case unless the command in the parcel is refused inside
// of RRES.
func expectInside(c *probe.Courier, p *probe.Parcel, want *smp.Error) {
	c.CarryInside(p).ExpectError(want)
}

// expectBlockError fails the case unless a parcel that holds no block is refused
// with BLOCK, to the proxy or inside, where the response has no ids.
func expectBlockError(t *T, c *probe.Courier, what string, p *probe.Parcel) {
	r := c.Wrap(p)
	a := c.AskTransmission("RFWD with "+what, r.Transmission)
	if rres, ok := a.Response.(smp.RRES); ok {
		response, err := r.Unwrap(rres.Body)
		if err != nil {
			probe.Blocked(t, "RRES cannot be read: %v", err)
		}
		inner, err := p.Open(response.Body)
		if errors.Is(err, probe.ErrResponseIDs) {
			t.Fail("RFWD with "+what+" → ERR BLOCK", "an answer to a command inside")
		}
		if err != nil {
			probe.Blocked(t, "the response in RRES cannot be read: %v", err)
		}
		a.Received = inner
	}
	if !refusedWith(a, smp.ErrBlock) {
		t.Fail("RFWD with "+what+" → ERR BLOCK", a.String())
	}
}

func refusedWith(a probe.Answer, e *smp.Error) bool {
	got, ok := a.Response.(smp.ERR)
	return ok && got.Err.Equal(e)
}
