package relaycases

import (
	"bytes"
	"fmt"
	"slices"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/target"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// SMP, "Request proxied session": the relay under test is the proxy, the
// destination is one of the case.
var proxySessionCases = []conformance.Case{
	must(conformance.Case{
		ID:    "relay/proxy/opens",
		Title: "PRXY is answered with PKEY, which has the session of proxy and destination",
		Requirements: []string{
			"SMP-PROXY-PKEY-SESSION", "SMP-PROXY-PKEY-VERSIONS", "SMP-PROXY-PRXY-HOSTS", "SMP-PROXY-PRXY-PORT",
			"SMP-PROXY-PRXY-FINGERPRINT", "SMP-PROXY-PRXY-PASSWORD", "SMP-PROXY-PKEY-CHAIN", "SMP-PROXY-PKEY-KEY",
		},
		Versions: from(8),
		Run: func(t *T) {
			d, c := probe.NewDestination(t), probe.Dial(t)
			a := c.AskSession(d.Server())
			c.RequireForwarding(a, d)
			if t.About("SMP-PROXY-PRXY-HOSTS", "SMP-PROXY-PRXY-PORT", "SMP-PROXY-PRXY-FINGERPRINT", "SMP-PROXY-PRXY-PASSWORD"); a.Err != nil {
				t.About("SMP-PROXY-PKEY-VERSIONS", "SMP-PROXY-PKEY-CHAIN", "SMP-PROXY-PKEY-KEY")
			}
			pkey := probe.ExpectA[smp.PKEY](a)
			leg := d.RequireLeg()
			t.About("SMP-PROXY-PKEY-SESSION")
			if !bytes.Equal(pkey.SessionID, leg.Conn.SessionID()) {
				t.Failf("the session identifier of the connection to the destination", "%x, not %x", pkey.SessionID, leg.Conn.SessionID())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/key",
		Title:        "PKEY has chain and signed key of the destination unchanged, so that both verify",
		Requirements: []string{"SMP-PROXY-PKEY-UNCHANGED", "SMP-PROXY-PKEY-CHAIN", "SMP-PROXY-PKEY-KEY"},
		Versions:     from(8),
		Run: func(t *T) {
			for _, n := range []int{2, 3, 4} {
				d, c := probe.NewDestination(t, probe.WithCertificates(n)), probe.Dial(t)
				a := c.AskSession(d.Server())
				c.RequireForwarding(a, d)
				pkey := probe.RequireA[smp.PKEY](a)
				hello := d.RequireLeg().Conn.ServerHello()
				t.About("SMP-PROXY-PKEY-UNCHANGED", "SMP-PROXY-PKEY-CHAIN")
				if !slices.EqualFunc(pkey.Chain, hello.Chain, bytes.Equal) {
					t.Failf("the chain of the destination", "another chain of %d certificates in the place of one of %d", len(pkey.Chain), n)
				}
				t.About("SMP-PROXY-PKEY-UNCHANGED", "SMP-PROXY-PKEY-KEY")
				if !bytes.Equal(pkey.SignedKey, hello.SignedKey) {
					t.Fail("the signed key of the destination", "another key")
				}
				if err := keys.ValidateChain(pkey.Chain, d.Server().KeyHash); err != nil {
					t.Fail("a chain with the identity that was asked for", err.Error())
				}
				if _, err := probe.SessionKey(transport.ServerHello{Chain: pkey.Chain, SignedKey: pkey.SignedKey}); err != nil {
					t.Fail("a key that the certificate signs", err.Error())
				}
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/key-entity",
		Title:        "PKEY has an empty entity id",
		Requirements: []string{"SMP-PROXY-PKEY-ENTITY"},
		Versions:     from(8),
		Run: func(t *T) {
			d, c := probe.NewDestination(t), probe.Dial(t)
			a := c.AskSession(d.Server())
			c.RequireForwarding(a, d)
			probe.RequireA[smp.PKEY](a)
			if len(a.EntityID) != 0 {
				t.Fail("an empty entity id", a.WithIDs())
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/version-cap",
		Title:        "The versions in PKEY are those of the destination, from 8 to one fixed number",
		Requirements: []string{"SMP-PROXY-PKEY-VERSION-CAP"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.Dial(t)
			limit := sessionVersions(t, c, wire.Versions(6, 40), wire.Versions(8, 40)).Max
			for _, offered := range []wire.VersionRange{wire.Versions(6, 17), wire.Versions(14, 16), wire.Versions(15, 20), wire.Versions(6, 40)} {
				if offered.Min > t.Info().Versions.Max {
					continue // the relay is too old for such a destination
				}
				want := wire.Versions(max(8, offered.Min), min(limit, offered.Max))
				if got := sessionVersions(t, c, offered, want); got != want {
					t.Fail(fmt.Sprintf("%v for a destination with %v, as %d was the end before", want, offered, limit), got.String())
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/shared",
		Title:        "All clients that ask for one destination get the same session, over one connection",
		Requirements: []string{"SMP-PROXY-SESSION-SHARED"},
		Versions:     from(8),
		Run: func(t *T) {
			d := probe.NewDestination(t)
			first := probe.Dial(t).OpenTunnel(d)
			for range 2 {
				other := probe.RequireA[smp.PKEY](probe.Dial(t).AskSession(d.Server()))
				expectSameSession(t, first.PKEY, other)
			}
			if n := d.Met(); n != 1 {
				t.Failf("one connection to the destination", "%d", n)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/shared-at-once",
		Title:        "Clients that ask for one destination at the same time get the same session",
		Requirements: []string{"SMP-PROXY-SESSION-SHARED"},
		Versions:     from(8),
		Run: func(t *T) {
			gate := make(chan struct{})
			d := probe.NewDestination(t, probe.Gated(gate))
			clients := []*probe.Conn{probe.Dial(t), probe.Dial(t), probe.Dial(t)}
			var asked []smp.Transmission
			for _, c := range clients {
				tr := c.Transmission(nil, probe.NoKey, c.PRXY(d.Server()))
				c.Send(tr)
				c.Ping() // the relay has taken the PRXY
				asked = append(asked, tr)
			}
			close(gate)
			var first smp.PKEY
			for i, c := range clients {
				a := c.Await("PRXY", asked[i])
				c.RequireForwarding(a, d)
				pkey := probe.RequireA[smp.PKEY](a)
				if i == 0 {
					first = pkey
				}
				expectSameSession(t, first, pkey)
			}
			if n := d.Met(); n != 1 {
				t.Failf("one connection to the destination", "%d", n)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/repeated",
		Title:        "PRXY again on one connection gets the same session",
		Requirements: []string{"SMP-PROXY-SESSION-REPEATED"},
		Versions:     from(8),
		Run: func(t *T) {
			d, c := probe.NewDestination(t), probe.Dial(t)
			first := c.OpenTunnel(d)
			again := probe.ExpectA[smp.PKEY](c.AskSession(d.Server()))
			expectSameSession(t, first.PKEY, again)
			if n := d.Met(); n != 1 {
				t.Failf("one connection to the destination", "%d", n)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/apart",
		Title:        "Different destinations have different sessions, each with its own key",
		Requirements: []string{"SMP-PROXY-PKEY-SESSION", "SMP-PROXY-PFWD-ENTITY"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.Dial(t)
			near, far := probe.NewDestination(t), probe.NewDestination(t)
			one, other := c.OpenTunnel(near), c.OpenTunnel(far)
			t.About("SMP-PROXY-PKEY-SESSION")
			if bytes.Equal(one.SessionID, other.SessionID) {
				t.Fail("two sessions", "one session for two destinations")
			}
			t.About("SMP-PROXY-PFWD-ENTITY")
			for _, leg := range []struct {
				*probe.Leg
				tunnel *probe.Tunnel
			}{{far.RequireLeg(), other}, {near.RequireLeg(), one}} {
				p := packPing(t, leg.tunnel)
				leg.tunnel.Send(p)
				expectCommand(t, leg.ExpectForward(), p)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/hello-flag",
		Title:        "The hello of the proxy has the proxy flag",
		Requirements: []string{"SMP-PROXY-HELLO-FLAG"},
		Versions:     from(14),
		Run: func(t *T) {
			d := probe.NewDestination(t)
			probe.Dial(t).OpenTunnel(d)
			leg := d.RequireLeg()
			if v := leg.Conn.Version(); v < smp.VersionProxyFlag {
				probe.Blocked(t, "the proxy chose version %d, which has no flag", v)
			}
			if !leg.Conn.Proxy() {
				t.Fail("the flag T", "the flag F")
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/hello-key",
		Title:        "The hello of the proxy has a key, another one for each connection",
		Requirements: []string{"SMP-PROXY-HELLO-KEY"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.Dial(t)
			var seen []keys.PublicKey
			for range 3 {
				d := probe.NewDestination(t)
				c.OpenTunnel(d)
				key := d.RequireLeg().Conn.PeerKey()
				if key.IsZero() {
					t.Fail("an X25519 key in the hello", "none")
				}
				if slices.Contains(seen, key) {
					t.Fail("a new key for each connection", "the same key twice")
				}
				seen = append(seen, key)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/hello-old",
		Title:        "The proxy speaks version 10 at most with a destination that is older than 14",
		Requirements: []string{"SMP-PROXY-HELLO-OLD"},
		Versions:     from(8),
		Run: func(t *T) {
			for newest, want := range map[uint16]uint16{13: 10, 11: 10, 10: 10, 8: 8} {
				d, c := probe.NewDestination(t, probe.Speaking(wire.Versions(6, newest))), probe.Dial(t)
				u := c.OpenTunnel(d)
				leg := d.RequireLeg()
				if v := leg.Conn.Version(); v > want {
					t.Failf(fmt.Sprintf("at most version %d with a destination that knows %d", want, newest), "version %d", v)
				}
				p := packPing(t, u)
				u.Send(p)
				expectCommand(t, leg.ExpectForward(), p)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/no-host",
		Title:        "PRXY without a host is refused with CMD SYNTAX",
		Requirements: []string{"SMP-PROXY-PRXY-NO-HOST"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.Dial(t)
			command := append([]byte("PRXY \x00\x045223\x20"), t.Rand().Bytes(32)...)
			c.AskBytes("PRXY without a host", nil, probe.NoKey, append(command, '0')).ExpectError(smp.ErrCmdSyntax)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/unsigned",
		Title:        "PRXY with an authorization or an entity id is refused with CMD HAS_AUTH",
		Requirements: []string{"SMP-PROXY-PRXY-UNSIGNED"},
		Versions:     from(8),
		Run: func(t *T) {
			d, c := probe.NewDestination(t), probe.Dial(t)
			prxy := c.PRXY(d.Server())
			c.Ask(nil, probe.NewKey(t, keys.Ed25519), prxy).ExpectError(smp.ErrCmdHasAuth)
			c.Ask(t.Fresh().Bytes(24), probe.NoKey, prxy).ExpectError(smp.ErrCmdHasAuth)
			if d.Met() > 0 {
				t.Fail("no connection to the destination", "a connection")
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/password-wrong",
		Title:        "PRXY without the password, or with another, is refused with PROXY BASIC_AUTH and connects nowhere",
		Requirements: []string{"SMP-PROXY-PASSWORD-WRONG"},
		Versions:     from(8),
		Run: func(t *T) {
			right := requirePassword(t)
			d, c := probe.NewDestination(t), probe.Dial(t)
			for _, wrong := range []string{"", right[:len(right)-1], right + "x", "x" + right} {
				prxy := c.PRXY(d.Server())
				if prxy.Password = nil; wrong != "" {
					prxy.Password = smp.Password(wrong)
				}
				c.Ask(nil, probe.NoKey, prxy).ExpectError(smp.ErrProxyBasicAuth)
			}
			if d.Met() > 0 {
				t.Fail("no connection to the destination", "a connection")
			}
		},
	}),
	should(conformance.Case{
		ID:           "relay/proxy/password",
		Title:        "PRXY with the password of the relay opens a session",
		Requirements: []string{"SMP-PROXY-PASSWORD"},
		Versions:     from(8),
		Run: func(t *T) {
			requirePassword(t)
			d, c := probe.NewDestination(t), probe.Dial(t)
			without := c.PRXY(d.Server())
			without.Password = nil
			refused := c.Ask(nil, probe.NoKey, without)
			a := c.AskSession(d.Server())
			if _, opened := refused.Response.(smp.PKEY); opened {
				probe.ExpectA[smp.PKEY](a)
				t.Fail("sessions with the password only", "a session without it")
			}
			c.RequireForwarding(a, d)
			probe.ExpectA[smp.PKEY](a)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/disabled",
		Title:        "A relay that forwards for nobody refuses PRXY with PROXY BASIC_AUTH and PFWD with PROXY NO_SESSION",
		Requirements: []string{"SMP-PROXY-DISABLED"},
		Versions:     from(8),
		Run: func(t *T) {
			d, c := probe.NewDestination(t), probe.Dial(t)
			a := c.AskSession(d.Server())
			if e, ok := a.Response.(smp.ERR); !ok || e.Err.Proxy != nil && e.Err.Proxy.Code == smp.ProxyBroker {
				t.Skip("the relay forwards")
			}
			a.ExpectError(smp.ErrProxyBasicAuth)
			c.AskTransmission("PFWD", foreignParcel(t, c).Transmission()).ExpectError(smp.ErrProxyNoSession)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/itself",
		Title:        "A relay can be its own destination",
		Requirements: []string{"SMP-PROXY-SELF"},
		Versions:     from(8),
		Timeout:      silentTimeout,
		Run: func(t *T) {
			c := probe.Dial(t)
			a := c.AskOwnSession(silentTime)
			if e, ok := a.Response.(smp.ERR); ok {
				if e.Err.Equal(smp.ErrProxyBasicAuth) {
					probe.Lack(t, target.Forwarding, "it forwards for nobody (PROXY BASIC_AUTH)")
				}
				c.OpenTunnel(probe.NewDestination(t)) // or it may connect to no address of this machine
				if isUnreached(e.Err) {
					t.Skip("the relay does not reach itself at the address at which smpcheck reaches it: " + a.String())
				}
			}
			pkey := probe.ExpectA[smp.PKEY](a)
			if err := keys.ValidateChain(pkey.Chain, t.Server().KeyHash); err != nil {
				t.Fail("the chain of the relay itself", err.Error())
			}
			if bytes.Equal(pkey.SessionID, c.SessionID()) {
				t.Fail("a session of its own for the second connection", "that of the client's connection")
			}
		},
	}),
}

// requirePassword is the password of the relay under test; a relay without one
// skips the case.
func requirePassword(t *T) string {
	password := t.Server().Password
	if password == "" {
		t.Skip("the address of the relay has no password")
	}
	return password
}

// sessionVersions asks for a session with a new destination that offers some
// versions, and returns those in PKEY. What is expected is for the report.
func sessionVersions(t *T, c *probe.Conn, offered, expected wire.VersionRange) wire.VersionRange {
	d := probe.NewDestination(t, probe.Speaking(offered))
	a := c.AskSession(d.Server())
	c.RequireForwarding(a, d)
	pkey := probe.RequireA[smp.PKEY](a)
	if pkey.Versions.Min != expected.Min {
		t.Failf(fmt.Sprintf("versions from %d on for a destination with %v", expected.Min, offered), "%v", pkey.Versions)
	}
	return pkey.Versions
}

func expectSameSession(t *T, first, other smp.PKEY) {
	if !bytes.Equal(first.SessionID, other.SessionID) {
		t.Failf("the same session for both", "%x and %x", first.SessionID, other.SessionID)
	}
}

// packPing makes a parcel with a SEND that only its destination can read.
func packPing(t *T, u *probe.Tunnel) *probe.Parcel {
	return u.Pack(t.Fresh().Bytes(24), probe.NoKey, smp.SEND{Body: t.Rand().Bytes(200)})
}

// packSmall makes a parcel that leaves room in RFWD for what does not belong there.
func packSmall(t *T, u *probe.Tunnel) *probe.Parcel {
	p := packPing(t, u)
	p.PFWD.Body = t.Rand().Bytes(8000)
	return p
}

// expectCommand fails the case unless the destination got what the client sent.
func expectCommand(t *T, f *probe.Forward, p *probe.Parcel) {
	if expected, actual := difference(f, p); expected != "" {
		t.Fail(expected, actual)
	}
}

// difference says what the destination should have got, and what it got in its place;
// nothing if that is what the client sent.
func difference(f *probe.Forward, p *probe.Parcel) (expected, actual string) {
	switch {
	case !bytes.Equal(f.Command.CorrelationID, p.CorrelationID):
		return "the correlation id of PFWD", fmt.Sprintf("%x, not %x", f.Command.CorrelationID, p.CorrelationID)
	case f.Command.Version != p.PFWD.Version:
		return "the version of PFWD", fmt.Sprintf("%d, not %d", f.Command.Version, p.PFWD.Version)
	case f.Command.Key != p.PFWD.Key:
		return "the key of PFWD", "another key"
	case !bytes.Equal(f.Command.Body, p.PFWD.Body):
		return "the encrypted transmission of PFWD", "other bytes"
	}
	return "", ""
}
