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

// SMP, "Send command via proxy" and "Forward command to destination router": the
// relay under test is the proxy.
var proxyForwardCases = []conformance.Case{
	must(conformance.Case{
		ID:    "relay/proxy/forwards",
		Title: "PFWD reaches the destination of its session as RFWD, and its answer comes back as PRES",
		Requirements: []string{
			"SMP-PROXY-PFWD-ENTITY", "SMP-PROXY-PFWD-TAIL", "SMP-PROXY-RFWD-CONTENT", "SMP-PROXY-RFWD-UNCHANGED", "SMP-PROXY-PRES-UNCHANGED",
		},
		Versions: from(8),
		Run: func(t *T) {
			u, leg := tunnel(t)
			p := packPing(t, u)
			u.Send(p)
			t.About("SMP-PROXY-RFWD-UNCHANGED", "SMP-PROXY-RFWD-CONTENT", "SMP-PROXY-PFWD-ENTITY", "SMP-PROXY-PFWD-TAIL")
			f := leg.ExpectForward()
			t.About("SMP-PROXY-RFWD-UNCHANGED")
			expectCommand(t, f, p)
			content, err := f.OpenInner()
			if err != nil {
				t.Fail("a transmission that the destination can decrypt", err.Error())
			}
			if !bytes.Equal(content, u.BlockOf(p.Inner)) {
				t.Fail("the transmission of the client", "another one")
			}
			t.About("SMP-PROXY-PRES-UNCHANGED")
			body := t.Rand().Bytes(smp.PaddedForwarded + box.Overhead)
			f.Answer(body)
			expectPRES(t, u.Await(p), body)
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/forwards-anything",
		Title:        "The proxy passes on what it cannot read: any version, key and bytes",
		Requirements: []string{"SMP-PROXY-RFWD-UNCHANGED", "SMP-PROXY-PRES-UNCHANGED"},
		Versions:     from(8),
		Run: func(t *T) {
			u, leg := tunnel(t)
			for _, version := range []uint16{8, 17, 20, 1, 65535} {
				p := packPing(t, u)
				p.PFWD.Version = version
				p.PFWD.Body = t.Rand().Bytes(smp.PaddedForwarded + box.Overhead)
				u.Send(p)
				t.About("SMP-PROXY-RFWD-UNCHANGED")
				f := leg.ExpectForward()
				expectCommand(t, f, p)
				t.About("SMP-PROXY-PRES-UNCHANGED")
				body := t.Rand().Bytes(smp.PaddedForwarded + box.Overhead - int(version)%3)
				f.Answer(body)
				expectPRES(t, u.Await(p), body)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/rfwd-ids",
		Title:        "RFWD has neither entity id nor authorization",
		Requirements: []string{"SMP-PROXY-RFWD-ENTITY", "SMP-PROXY-RFWD-UNSIGNED"},
		Versions:     from(8),
		Run: func(t *T) {
			u, leg := tunnel(t)
			u.Send(packSmall(t, u))
			f := leg.RequireForward()
			t.About("SMP-PROXY-RFWD-ENTITY")
			if id := f.Transmission.EntityID; len(id) != 0 {
				t.Failf("RFWD without entity id", "entity id %x", id)
			}
			t.About("SMP-PROXY-RFWD-UNSIGNED")
			if n := len(f.Transmission.Authorization); n != 0 {
				t.Failf("RFWD without authorization", "an authorization of %d bytes", n)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/rfwd-correlation",
		Title:        "Every RFWD has a random correlation id of 24 bytes, which has nothing in common with that of PFWD",
		Requirements: []string{"SMP-PROXY-RFWD-NONCE", "SMP-PROXY-HOPS-CORRELATION"},
		Versions:     from(8),
		Run: func(t *T) {
			u, leg := tunnel(t)
			var outer, client, backwards [][]byte
			for range 6 {
				p := packPing(t, u)
				u.Send(p)
				f := leg.RequireForward()
				f.Answer(t.Rand().Bytes(smp.PaddedForwarded + box.Overhead))
				probe.RequireA[smp.PRES](u.Await(p))
				outer = append(outer, f.Transmission.CorrelationID)
				client = append(client, p.CorrelationID)
				backwards = append(backwards, reversed(p.CorrelationID))
			}
			t.About("SMP-PROXY-RFWD-NONCE")
			for _, id := range outer {
				if len(id) != smp.CorrelationIDSize {
					t.Failf("a correlation id of 24 bytes", "%d bytes", len(id))
				}
			}
			probe.ExpectDifferentIDs(t, "correlation ids", outer)
			probe.ExpectRandomIDs(t, "correlation ids", outer)
			t.About("SMP-PROXY-HOPS-CORRELATION")
			for _, ids := range [][][]byte{client, backwards} {
				both := slices.Concat(outer, ids)
				probe.ExpectDifferentIDs(t, "correlation ids on both hops", both)
				probe.ExpectRandomIDs(t, "correlation ids on both hops", both)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/rfwd-secret",
		Title:        "All RFWD of a session are encrypted with the secret of its two hellos",
		Requirements: []string{"SMP-PROXY-RFWD-SECRET"},
		Versions:     from(8),
		Run: func(t *T) {
			u, leg := tunnel(t)
			for range 3 {
				u.Send(packPing(t, u))
				leg.ExpectForward()
			}
			other := probe.Dial(t).OpenTunnel(leg.Destination)
			p := packPing(t, other)
			other.Send(p)
			expectCommand(t, leg.ExpectForward(), p)
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/hops",
		Title:        "The connections of client and destination have no eight bytes in common",
		Requirements: []string{"SMP-PROXY-HOPS-CIPHERTEXT", "SMP-PROXY-HOPS-CORRELATION"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.Dial(t)
			d := probe.NewDestination(t)
			u := c.OpenTunnel(d)
			leg := d.RequireLeg()
			for range 2 {
				p := packPing(t, u)
				content := c.Content(p.Transmission())
				c.SendContent(content)
				f, err := leg.ReadForward()
				t.About("SMP-PROXY-HOPS-CIPHERTEXT")
				expectHopsApart(t, leg, p.PFWD.Body)
				t.About("SMP-PROXY-HOPS-CORRELATION")
				expectHopsApart(t, leg, p.CorrelationID)
				t.About("SMP-PROXY-HOPS-CIPHERTEXT")
				expectHopsApart(t, leg, content)
				if err != nil {
					probe.Blocked(t, "the destination got no RFWD that it can decrypt: %v", err)
				}
				f.Answer(t.Rand().Bytes(smp.PaddedForwarded + box.Overhead))
				answer, err := c.ReadContent(probe.EventTime)
				if err != nil {
					probe.Blocked(t, "PFWD was not answered: %v", err)
				}
				expectHopsApart(t, leg, answer)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/hops-session",
		Title:        "The destination is not shown which client of the proxy a command is from",
		Requirements: []string{"SMP-PROXY-HOPS-SESSION"},
		Versions:     from(8),
		Run: func(t *T) {
			d := probe.NewDestination(t)
			clients := []*probe.Conn{probe.Dial(t), probe.Dial(t)}
			var leg *probe.Leg
			for _, c := range clients {
				u := c.OpenTunnel(d)
				if n := d.Met(); n != 1 {
					t.Failf("one connection for all clients", "%d", n)
				}
				if leg == nil {
					leg = d.RequireLeg()
				}
				p := packSmall(t, u)
				u.Send(p)
				f := leg.RequireForward()
				want, err := smp.ForwardedCommand{
					CorrelationID: p.CorrelationID, Version: p.PFWD.Version, Key: p.PFWD.Key, Body: p.PFWD.Body,
				}.Encode()
				if err != nil {
					t.Broken(err)
				}
				if !bytes.Equal(f.Content, want) {
					t.Failf("correlation id, version, key and encrypted transmission, and nothing more", "%d bytes instead of %d", len(f.Content), len(want))
				}
				for _, far := range leg.Received {
					expectNothingShared(t, c.SessionID(), far)
					expectNothingShared(t, u.SessionID, far)
				}
			}
			for _, far := range leg.Received {
				if len(far) != len(leg.Received[0]) {
					t.Failf("RFWD of one size for all clients", "%d and %d bytes", len(leg.Received[0]), len(far))
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/sizes",
		Title:        "Forwarded commands of all kinds have one size on both hops, and their responses have one size",
		Requirements: []string{"SMP-PROXY-RFWD-FORM", "SMP-PROXY-PRES-FORM"},
		Versions:     from(9),
		Run: func(t *T) {
			u, leg := tunnel(t)
			key, id := probe.NewKey(t, keys.Ed25519), t.Fresh().Bytes(24)
			commands := []*probe.Parcel{
				u.Pack(id, probe.NoKey, smp.SEND{}),
				u.Pack(id, key, smp.SEND{Notify: true, Body: t.Rand().Bytes(16000)}),
				u.Pack(id, key, smp.SKEY{SenderKey: key.Public()}),
			}
			for _, p := range commands {
				u.Send(p)
				f := leg.RequireForward()
				f.Answer(t.Rand().Bytes(smp.PaddedForwarded + box.Overhead))
				pres := probe.RequireA[smp.PRES](u.Await(p))
				t.About("SMP-PROXY-PRES-FORM")
				if len(pres.Body) != smp.PaddedForwarded+box.Overhead {
					t.Failf("a response of 16242 bytes", "%d bytes", len(pres.Body))
				}
				t.About("SMP-PROXY-RFWD-FORM")
				if first, now := leg.Received[0], leg.Received[len(leg.Received)-1]; len(first) != len(now) {
					t.Failf("RFWD of one size", "%d and %d bytes", len(first), len(now))
				}
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/pres-entity",
		Title:        "PRES, and an error in its place, have the session as entity id",
		Requirements: []string{"SMP-PROXY-PRES-ENTITY"},
		Versions:     from(8),
		Run: func(t *T) {
			u, leg := tunnel(t)
			for _, fails := range []bool{false, true} {
				p := packPing(t, u)
				u.Send(p)
				f := leg.RequireForward()
				if fails {
					f.AnswerError(smp.ErrCrypto)
				} else {
					f.Answer(t.Rand().Bytes(smp.PaddedForwarded + box.Overhead))
				}
				a := u.Await(p)
				if !bytes.Equal(a.EntityID, u.SessionID) {
					t.Failf("the session identifier as entity id", "%s", a.WithIDs())
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/no-session",
		Title:        "PFWD for a session that the proxy does not have is refused with PROXY NO_SESSION",
		Requirements: []string{"SMP-PROXY-PFWD-UNKNOWN-SESSION"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.Dial(t)
			d := probe.NewDestination(t)
			u := c.OpenTunnel(d)
			for _, id := range [][]byte{t.Fresh().Bytes(32), u.SessionID[:31], c.SessionID(), t.Fresh().Bytes(12)} {
				tr := packPing(t, u).Transmission()
				tr.EntityID = id
				c.AskTransmission("PFWD", tr).ExpectError(smp.ErrProxyNoSession)
			}
			p := packPing(t, u)
			u.Send(p)
			expectCommand(t, d.RequireLeg().RequireForward(), p)
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/no-entity",
		Title:        "PFWD without a session is refused with CMD NO_ENTITY",
		Requirements: []string{"SMP-PROXY-PFWD-NO-ENTITY"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.Dial(t)
			tr := foreignParcel(t, c).Transmission()
			tr.EntityID = nil
			c.AskTransmission("PFWD", tr).ExpectError(smp.ErrCmdNoEntity)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/pfwd-unsigned",
		Title:        "PFWD with an authorization is refused with CMD HAS_AUTH",
		Requirements: []string{"SMP-PROXY-PFWD-UNSIGNED"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.Dial(t)
			p := foreignParcel(t, c)
			p.PFWD.Body = t.Rand().Bytes(500)
			tr := c.Authorize(p.Transmission(), probe.NewKey(t, keys.Ed25519))
			c.AskTransmission("PFWD", tr).ExpectError(smp.ErrCmdHasAuth)
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/pfwd-malformed",
		Title:        "PFWD whose key is none, or that is cut before its end, is refused with CMD SYNTAX",
		Requirements: []string{"SMP-PROXY-PFWD-KEY", "SMP-PROXY-PFWD-VERSION"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.Dial(t)
			p := foreignParcel(t, c)
			whole := p.Transmission().Command
			other := slices.Concat(whole[:7], []byte{44}, probe.NewKey(t, keys.Ed25519).Public().SPKI(), whole[7+45:])
			for _, malformed := range []struct {
				what, about string
				command     []byte
			}{
				{"PFWD with an Ed25519 key", "SMP-PROXY-PFWD-KEY", other},
				{"PFWD cut in its key", "SMP-PROXY-PFWD-KEY", whole[:30]},
				{"PFWD cut in its version", "SMP-PROXY-PFWD-VERSION", whole[:6]},
			} {
				tr := p.Transmission()
				tr.CorrelationID, tr.Command = t.Fresh().Bytes(24), malformed.command
				t.About(malformed.about)
				c.AskTransmission(malformed.what, tr).ExpectError(smp.ErrCmdSyntax)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/prxy-malformed",
		Title:        "PRXY that is cut, has bytes after its end, or neither 0 nor 1 before the password, is refused with CMD SYNTAX",
		Requirements: []string{"SMP-PROXY-PRXY-FINGERPRINT", "SMP-PROXY-PRXY-PASSWORD"},
		Versions:     from(8),
		Run: func(t *T) {
			c, d := probe.Dial(t), probe.NewDestination(t)
			whole := c.EncodeCommand(smp.PRXY{Server: d.Server()})
			cut := whole[:len(whole)-1]
			t.About("SMP-PROXY-PRXY-FINGERPRINT")
			c.AskBytes("PRXY cut in its fingerprint", nil, probe.NoKey, whole[:len(whole)-10]).ExpectError(smp.ErrCmdSyntax)
			t.About("SMP-PROXY-PRXY-PASSWORD")
			c.AskBytes("PRXY without 0 or 1 at its end", nil, probe.NoKey, cut).ExpectError(smp.ErrCmdSyntax)
			for _, end := range []string{"F", "1", "0x", "\x00"} {
				malformed := slices.Concat(cut, []byte(end))
				c.AskBytes(fmt.Sprintf("PRXY with %q in the place of the password", end), nil, probe.NoKey, malformed).ExpectError(smp.ErrCmdSyntax)
			}
			if d.Met() > 0 {
				t.Fail("no connection to the destination", "a connection")
			}
		},
	}),
}

// tunnel opens a session with a new destination.
func tunnel(t *T) (*probe.Tunnel, *probe.Leg) {
	d := probe.NewDestination(t)
	u := probe.Dial(t).OpenTunnel(d)
	return u, d.RequireLeg()
}

// foreignParcel is a parcel for a session that the proxy does not have.
func foreignParcel(t *T, c *probe.Conn) *probe.Parcel {
	return c.TunnelTo(t.Fresh().Bytes(32), probe.NewKey(t, keys.X25519).Public()).
		Pack(t.Fresh().Bytes(24), probe.NoKey, smp.SEND{Body: t.Rand().Bytes(20)})
}

// expectForwarded fails the case unless a command gets to the destination and
// its answer back. A proxy that forwards something else blocks the case.
func expectForwarded(t *T, u *probe.Tunnel, leg *probe.Leg) {
	p := packPing(t, u)
	u.Send(p)
	f := leg.ExpectForward()
	if expected, actual := difference(f, p); expected != "" {
		probe.Blocked(t, "the destination did not get %s: %s", expected, actual)
	}
	body := t.Rand().Bytes(smp.PaddedForwarded + box.Overhead)
	f.Answer(body)
	expectPRES(t, u.Await(p), body)
}

// expectPRES fails the case unless the answer is PRES with the given body.
func expectPRES(t *T, a probe.Answer, body []byte) {
	if pres := probe.ExpectA[smp.PRES](a); !bytes.Equal(pres.Body, body) {
		t.Failf("the response as the destination sent it", "other bytes, %d in the place of %d", len(pres.Body), len(body))
	}
}

// expectHopsApart fails the case if a block on the connection of the client, or its
// bytes reversed, has something in common with one on that to the destination.
func expectHopsApart(t *T, leg *probe.Leg, near []byte) {
	for _, far := range slices.Concat(leg.Received, leg.Sent) {
		expectNothingShared(t, near, far)
		expectNothingShared(t, reversed(near), far)
	}
}

// expectNothingShared fails the case if a and b have eight bytes in common.
func expectNothingShared(t *T, a, b []byte) {
	const size = 8
	seen := make(map[string]bool, len(a))
	for i := 0; i+size <= len(a); i++ {
		seen[string(a[i:i+size])] = true
	}
	for i := 0; i+size <= len(b); i++ {
		if seen[string(b[i:i+size])] {
			t.Fail("no bytes in common", fmt.Sprintf("%x on both sides of the proxy", b[i:i+size]))
		}
	}
}

func reversed(b []byte) []byte {
	r := bytes.Clone(b)
	slices.Reverse(r)
	return r
}
