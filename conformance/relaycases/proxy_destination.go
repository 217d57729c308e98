package relaycases

import (
	"bytes"
	"fmt"

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
		ID:           "relay/proxy/rres",
		Title:        "RFWD is answered with RRES, encrypted with the reversed nonce, which has the correlation id of the client",
		Requirements: []string{"SMP-PROXY-RRES-CONTENT", "SMP-PROXY-RRES-NONCE", "SMP-PROXY-RRES-FORM"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			p := c.Tunnel.Pack(c.NewQueue().SenderID, probe.NoKey, smp.SEND{Body: []byte("x")})
			r := c.Wrap(p)
			rres := probe.ExpectA[smp.RRES](c.AskTransmission("RFWD", r.Transmission))
			t.About("SMP-PROXY-RRES-NONCE", "SMP-PROXY-RRES-CONTENT")
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
			for _, id := range [][]byte{q.SenderID, t.Rand().Bytes(24)} {
				p := c.Tunnel.Pack(id, probe.NoKey, smp.SEND{Body: []byte("x")})
				expectResponse(t, p, requireRRES(c, p))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/send",
		Title:        "SEND can be forwarded: it is delivered, and the answer comes back inside",
		Requirements: []string{"SMP-PROXY-INNER-SEND"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			recipient := probe.Dial(t)
			open, secured := recipient.NewQueue(), recipient.NewQueue()
			secured.Secure()
			for _, q := range []*probe.Queue{open, secured} {
				body := t.Rand().Bytes(100)
				c.Command(q.SenderID, q.SenderKey, smp.SEND{Notify: true, Body: body}).Expect(smp.OK{})
				q.ExpectMessage(recipient, body)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/skey",
		Title:        "SKEY can be forwarded: it secures the queue",
		Requirements: []string{"SMP-PROXY-INNER-SKEY"},
		Versions:     from(9),
		Run: func(t *T) {
			requireSecuring(t)
			q := probe.Dial(t).NewQueue(probe.SenderCanSecure)
			key := probe.NewKey(t, keys.Ed25519)
			probe.DialAsProxy(t).Command(q.SenderID, key, smp.SKEY{SenderKey: key.Public()}).Expect(smp.OK{})
			expectSecured(t, q, key)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/lkey",
		Title:        "LKEY can be forwarded: it secures the queue and gets the link data",
		Requirements: []string{"SMP-PROXY-INNER-LINKS"},
		Versions:     from(15),
		Run: func(t *T) {
			l := probe.Dial(t).NewLinkedQueue(smp.Messaging)
			c, key := probe.DialAsProxy(t), probe.NewKey(t, keys.Ed25519)
			c.Command(l.LinkID, key, smp.LKEY{SenderKey: key.Public()}).Expect(l.LNK())
			expectSecured(t, l.Queue, key)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/lget",
		Title:        "LGET can be forwarded: it gets the link data, of the largest size too",
		Requirements: []string{"SMP-PROXY-INNER-LINKS"},
		Versions:     from(15),
		Run: func(t *T) {
			l := probe.Dial(t).NewLinkedQueue(smp.Contact)
			l.RequireReadable(probe.Dial(t))
			c := probe.DialAsProxy(t)
			c.Command(l.LinkID, probe.NoKey, smp.LGET{}).Expect(l.LNK())
			c.Command(t.Rand().Bytes(24), probe.NoKey, smp.LGET{}).ExpectError(smp.ErrAuth)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/other-commands",
		Title:        "Other commands inside are refused, inside, with CMD PROHIBITED and have no effect",
		Requirements: []string{"SMP-PROXY-INNER-OTHER"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			q := probe.Dial(t).NewQueue(probe.OnlyCreate)
			body := t.Rand().Bytes(30)
			q.Fill(c.Conn, body)
			key := probe.NewKey(t, keys.Ed25519)
			create, created := c.NewQueueRequest()
			c.Command(nil, created.Key, create).ExpectError(smp.ErrCmdProhibited)
			c.Command(nil, probe.NoKey, smp.PING{}).ExpectError(smp.ErrCmdProhibited)
			commands := []smp.Command{
				smp.KEY{SenderKey: key.Public()}, smp.SUB{}, smp.GET{}, smp.ACK{MsgID: t.Rand().Bytes(24)}, smp.OFF{}, smp.DEL{}, smp.NDEL{}, smp.QUE{},
			}
			if t.Version() >= smp.VersionShortLinks {
				commands = append(commands, smp.LDEL{}, smp.LSET{LinkID: t.Rand().Bytes(24), Data: c.LinkData()}, recipientKeys([]keys.PrivateKey{key}))
			}
			for _, cmd := range commands {
				c.Command(q.RecipientID, q.Key, cmd).ExpectError(smp.ErrCmdProhibited)
			}
			q.ExpectNoMessage(c.Conn, "SUB and GET were refused")
			q.Subscribe(q.Conn)
			q.Acknowledge(q.Conn, q.ExpectRedelivery(q.Conn, body))
			expectUnsecured(t, q)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/inside-forward",
		Title:        "PRXY, PFWD and RFWD inside are refused, inside, with CMD PROHIBITED",
		Requirements: []string{"SMP-PROXY-INNER-OTHER"},
		Versions:     from(8),
		Run: func(t *T) {
			d, c := probe.NewDestination(t), probe.DialAsProxy(t)
			c.Command(nil, probe.NoKey, c.PRXY(d.Server())).ExpectError(smp.ErrCmdProhibited)
			small := smp.PFWD{Version: 8, Key: probe.NewKey(t, keys.X25519).Public(), Body: t.Rand().Bytes(100)}
			c.Command(t.Rand().Bytes(32), probe.NoKey, small).ExpectError(smp.ErrCmdProhibited)
			c.Command(nil, probe.NoKey, smp.RFWD{Body: t.Rand().Bytes(100)}).ExpectError(smp.ErrCmdProhibited)
			if d.Met() > 0 {
				t.Fail("no connection for a forwarded PRXY", "a connection")
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
			expectInside(c, c.Tunnel.Pack(t.Rand().Bytes(24), probe.NoKey, smp.SEND{}), smp.ErrAuth)
			expectInside(c, c.Tunnel.Pack(q.SenderID, probe.NoKey, smp.SEND{}), smp.ErrAuth)
			expectInside(c, c.Tunnel.Pack(nil, probe.NoKey, smp.SEND{}), smp.ErrCmdNoEntity)
			for command, want := range map[string]*smp.Error{
				"SEND X x": smp.ErrCmdSyntax, "SEND": smp.ErrCmdSyntax, "NONSENSE": smp.ErrCmdUnknown,
			} {
				tr := smp.Transmission{CorrelationID: t.Rand().Bytes(24), EntityID: q.SenderID, Command: []byte(command)}
				expectInside(c, c.Tunnel.PackTransmission(tr), want)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/inner-verified",
		Title:        "A forwarded command whose authorization is missing or wrong is refused with AUTH",
		Requirements: []string{"SMP-PROXY-INNER-VERIFIED"},
		Versions:     from(8),
		Run: func(t *T) {
			requireSecuring(t)
			c := probe.DialAsProxy(t)
			q := probe.Dial(t).NewQueue()
			q.Secure()
			for _, key := range []keys.PrivateKey{probe.NoKey, q.Key, probe.NewKey(t, keys.Ed25519), probe.NewKey(t, keys.X25519)} {
				c.Command(q.SenderID, key, smp.SEND{Body: []byte("forged")}).ExpectError(smp.ErrAuth)
			}
			c.Command(q.RecipientID, q.SenderKey, smp.SEND{Body: []byte("by another id")}).ExpectError(smp.ErrAuth)
			q.ExpectNoMessage(q.Conn, "all SEND were refused")
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/inner-session",
		Title:        "The authorization of a forwarded command is for the session of proxy and destination",
		Requirements: []string{"SMP-PROXY-INNER-SESSION"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			q := probe.Dial(t).NewQueue()
			q.Secure()
			c.Command(q.SenderID, q.SenderKey, smp.SEND{Body: []byte("for this session")}).Expect(smp.OK{})
			q.Acknowledge(q.Conn, q.RequireMessage(q.Conn))
			for _, other := range [][]byte{q.Conn.SessionID(), t.Rand().Bytes(32), nil} {
				p := c.Tunnel.Claiming(other, q.SenderID, q.SenderKey, smp.SEND{Body: []byte("for another")})
				c.Carry(p).ExpectError(smp.ErrAuth)
			}
			q.ExpectNoMessage(q.Conn, "all SEND were refused")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/inner-authenticator",
		Title:        "The authenticator of a forwarded command is made with the session key of the destination and the inner correlation id",
		Requirements: []string{"SMP-PROXY-INNER-AUTHENTICATOR"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			q := probe.Dial(t).NewQueue()
			key := probe.NewKey(t, keys.X25519)
			q.Recipient(q.Conn, smp.KEY{SenderKey: key.Public()}).Require(smp.OK{})
			tr := c.Tunnel.Transmission(q.SenderID, key, smp.SEND{Body: []byte("authenticated")})
			c.Carry(c.Tunnel.PackTransmission(tr)).Expect(smp.OK{})
			tr.CorrelationID = t.Rand().Bytes(24)
			c.Carry(c.Tunnel.PackTransmission(tr)).ExpectError(smp.ErrAuth)
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
			p := c.Tunnel.PackContent(c.Tunnel.BlockOf(tr), t.Rand().Bytes(24))
			p.Inner = tr
			expectResponse(t, p, requireRRES(c, p))
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
			c.AskTransmission("RFWD with two transmissions", c.Wrap(u.PackContent(two, t.Rand().Bytes(24))).Transmission).ExpectError(smp.ErrBlock)
			for what, content := range map[string][]byte{
				"no transmission":      {0},
				"an empty block":       {},
				"a bare transmission":  bare,
				"bytes after the last": append(u.BlockOf(one), 'x'),
			} {
				p := u.PackContent(content, t.Rand().Bytes(24))
				p.Inner = smp.Transmission{}
				expectBlockError(t, c, what, p)
			}
			q.ExpectNoMessage(q.Conn, "nothing was to be executed")
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/inner-version",
		Title:        "Command and response inside have the form of the version in RFWD, whatever that of the connection is",
		Requirements: []string{"SMP-PROXY-INNER-VERSION"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			q := probe.Dial(t).NewQueue()
			q.Secure()
			for _, version := range []uint16{8, 9, 11, 14, 15, 16, 17, 18, 20} {
				if !c.Hello.Versions.Contains(version) {
					continue
				}
				u := *c.Tunnel
				u.Version = version
				p := u.Pack(q.SenderID, q.SenderKey, smp.SEND{Body: []byte(fmt.Sprint("at version ", version))})
				if a := c.Carry(p); a.Response != (smp.OK{}) {
					t.Failf(fmt.Sprintf("SEND in the form of version %d → OK", version), "%s", a)
				}
				q.Acknowledge(q.Conn, q.RequireMessage(q.Conn))
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/inner-size",
		Title:        "The largest body of a forwarded SEND is that of the version in RFWD",
		Requirements: []string{"SMP-PROXY-INNER-SIZE"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			q := probe.Dial(t).NewQueue()
			for _, version := range []uint16{8, 10, 11, 16, 18} {
				if !c.Hello.Versions.Contains(version) {
					continue
				}
				u := *c.Tunnel
				u.Version = version
				body := t.Rand().Bytes(smp.MaxMessageLength(version) + 1)
				if a := c.Carry(u.Pack(q.SenderID, probe.NoKey, smp.SEND{Body: body[1:]})); a.Response != (smp.OK{}) {
					t.Failf(fmt.Sprintf("SEND with %d bytes at version %d → OK", len(body)-1, version), "%s", a)
				}
				q.Acknowledge(q.Conn, q.ExpectMessage(q.Conn, body[1:]))
				if a := c.Carry(u.Pack(q.SenderID, probe.NoKey, smp.SEND{Body: body})); !refusedWith(a, smp.ErrLargeMsg) {
					t.Failf(fmt.Sprintf("SEND with %d bytes at version %d → ERR LARGE_MSG", len(body), version), "%s", a)
				}
			}
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
			c.Command(q.SenderID, probe.NoKey, smp.SEND{Body: []byte("from a client")}).Expect(smp.OK{})
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
			flipped, empty, otherKey, otherNonce := *p, *p, *p, *p
			flipped.PFWD.Body = bytes.Clone(p.PFWD.Body)
			flipped.PFWD.Body[len(flipped.PFWD.Body)-1] ^= 1
			empty.PFWD.Body = nil
			otherKey.PFWD.Key = probe.NewKey(t, keys.X25519).Public()
			otherNonce.CorrelationID = t.Rand().Bytes(24)
			for what, inner := range map[string]*probe.Parcel{
				"a changed byte": &flipped, "nothing": &empty, "another key": &otherKey, "another correlation id": &otherNonce,
			} {
				c.AskTransmission("RFWD with "+what+" inside", c.Wrap(inner).Transmission).ExpectError(smp.ErrCrypto)
			}
			outer := c.Wrap(p).Transmission
			outer.CorrelationID = t.Rand().Bytes(24)
			c.AskTransmission("RFWD with another correlation id", outer).ExpectError(smp.ErrCrypto)
			changed := c.Wrap(p).Transmission
			changed.Command[len(changed.Command)-1] ^= 1
			c.AskTransmission("RFWD with a changed byte", changed).ExpectError(smp.ErrCrypto)
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
			id := append([]byte{24}, t.Rand().Bytes(24)...)
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
	must(conformance.Case{
		ID:           "relay/proxy/whole",
		Title:        "SEND, SKEY and link commands go through a relay that is proxy and destination, as direct ones do",
		Requirements: []string{"SMP-PROXY-INNER-SEND", "SMP-PROXY-INNER-SKEY", "SMP-PROXY-INNER-LINKS"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.Dial(t)
			a := c.AskOwnSession()
			if isERR(a) {
				t.Skip("the relay opens no session with itself: " + a.String())
			}
			u := c.RequireTunnel(a)
			t.About("SMP-PROXY-INNER-SEND")
			body := t.Rand().Bytes(1000)
			q := c.NewQueue()
			expectThrough(t, u, u.Pack(q.SenderID, probe.NoKey, smp.SEND{Body: body}), smp.OK{})
			q.ExpectMessage(c, body)
			expectThrough(t, u, u.Pack(t.Rand().Bytes(24), probe.NoKey, smp.SEND{Body: body}), smp.ERR{Err: smp.ErrAuth})
			key := probe.NewKey(t, keys.X25519)
			if u.Version >= smp.VersionSenderKeys && t.Version() >= smp.VersionSenderKeys {
				t.About("SMP-PROXY-INNER-SKEY")
				q := c.NewQueue(probe.SenderCanSecure)
				expectThrough(t, u, u.Pack(q.SenderID, key, smp.SKEY{SenderKey: key.Public()}), smp.OK{})
				expectThrough(t, u, u.Pack(q.SenderID, key, smp.SEND{Body: body}), smp.OK{})
				q.ExpectMessage(c, body)
			}
			if u.Version >= smp.VersionShortLinks && t.Version() >= smp.VersionShortLinks {
				t.About("SMP-PROXY-INNER-SEND")
				l := c.NewLinkedQueue(smp.Messaging)
				expectThrough(t, u, u.Pack(l.LinkID, key, smp.LKEY{SenderKey: key.Public()}), l.LNK())
			}
		},
	}),
}

// requireRRES carries a parcel and returns what PRES would have.
func requireRRES(c *probe.Courier, p *probe.Parcel) []byte {
	r := c.Wrap(p)
	rres := probe.RequireA[smp.RRES](c.AskTransmission("RFWD", r.Transmission))
	response, err := r.Unwrap(rres.Body)
	if err != nil {
		return nil
	}
	return response.Body
}

// expectResponse fails the case unless what is encrypted for the client has the
// form and the size that all responses have.
func expectResponse(t *T, p *probe.Parcel, body []byte) {
	if body == nil {
		probe.Blocked(t, "RRES cannot be decrypted")
	}
	if len(body) != smp.PaddedForwarded+box.Overhead {
		t.Failf("an encrypted response of 16242 bytes", "%d bytes", len(body))
	}
	padded, err := p.Unseal(body)
	if err != nil {
		t.Fail("a response that the client can decrypt with its correlation id reversed", err.Error())
	}
	content, err := wire.Unpad(padded)
	if err != nil {
		t.Fail("a padded response", err.Error())
	}
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
	probe.ExpectA[smp.RRES](c.AskTransmission("RFWD", c.Wrap(p).Transmission))
	c.Carry(p).ExpectError(want)
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
		if err != nil {
			t.Fail("RFWD with "+what+" → ERR BLOCK", err.Error())
		}
		a.Received = inner
	}
	if !refusedWith(a, smp.ErrBlock) {
		t.Fail("RFWD with "+what+" → ERR BLOCK", a.String())
	}
}

// expectThrough fails the case unless the command in the parcel is answered, at
// the version of the tunnel, with want.
func expectThrough(t *T, u *probe.Tunnel, p *probe.Parcel, want smp.Response) {
	a := u.Ask(p)
	encoded, err := smp.EncodeResponse(u.Version, want)
	if err != nil {
		t.Broken(err)
	}
	if !bytes.Equal(a.Command, encoded) {
		t.Fail(a.Name()+" → "+want.Tag(), a.String())
	}
}

func refusedWith(a probe.Answer, e *smp.Error) bool {
	got, ok := a.Response.(smp.ERR)
	return ok && got.Err.Equal(e)
}
