package relaycases

import (
	"bytes"
	"fmt"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// SMP, "Forward command to destination router": what is executed when it comes
// through a proxy, which the case plays.
var proxyInnerCases = []conformance.Case{
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
				if d := q.ExpectMessage(recipient, body); !d.Message.Notify {
					t.Fail("MSG with the flag of SEND", "MSG without it")
				}
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
			c.Command(t.Fresh().Bytes(24), probe.NoKey, smp.LGET{}).ExpectError(smp.ErrAuth)
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
			inside(c, nil, created.Key, create).ExpectError(smp.ErrCmdProhibited)
			inside(c, nil, probe.NoKey, smp.PING{}).ExpectError(smp.ErrCmdProhibited)
			commands := []smp.Command{
				smp.KEY{SenderKey: key.Public()}, smp.SUB{}, smp.GET{}, smp.ACK{MsgID: t.Fresh().Bytes(24)}, smp.OFF{}, smp.DEL{}, smp.NDEL{}, smp.QUE{},
			}
			if t.Version() >= smp.VersionShortLinks {
				commands = append(commands, smp.LDEL{}, smp.LSET{LinkID: t.Fresh().Bytes(24), Data: c.LinkData()}, recipientKeys([]keys.PrivateKey{key}))
			}
			for _, cmd := range commands {
				inside(c, q.RecipientID, q.Key, cmd).ExpectError(smp.ErrCmdProhibited)
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
			inside(c, nil, probe.NoKey, c.PRXY(d.Server())).ExpectError(smp.ErrCmdProhibited)
			small := smp.PFWD{Version: 8, Key: probe.NewKey(t, keys.X25519).Public(), Body: t.Rand().Bytes(100)}
			inside(c, t.Fresh().Bytes(32), probe.NoKey, small).ExpectError(smp.ErrCmdProhibited)
			inside(c, nil, probe.NoKey, smp.RFWD{Body: t.Rand().Bytes(100)}).ExpectError(smp.ErrCmdProhibited)
			if d.Met() > 0 {
				t.Fail("no connection for a forwarded PRXY", "a connection")
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
			for _, other := range [][]byte{q.Conn.SessionID(), t.Fresh().Bytes(32), nil} {
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
			tr.CorrelationID = t.Fresh().Bytes(24)
			c.Carry(c.Tunnel.PackTransmission(tr)).ExpectError(smp.ErrAuth)
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/inner-version",
		Title:        "Command and response inside have the form of the version in RFWD, whatever that of the connection is",
		Requirements: []string{"SMP-PROXY-INNER-VERSION"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.DialAsProxy(t)
			c.Command(c.NewQueue().SenderID, probe.NoKey, smp.SEND{}).Require(smp.OK{})
			q := probe.Dial(t).NewQueue()
			q.Secure()
			for _, version := range []uint16{8, 9, 11, 14, 15, 16, 17, 18, 20} {
				if !c.Hello.Versions.Contains(version) {
					continue
				}
				u := *c.Tunnel
				u.Version = version
				p := u.Pack(q.SenderID, q.SenderKey, smp.SEND{Body: []byte(fmt.Sprint("at version ", version))})
				r, err := p.Open(requireRRES(t, c, p))
				if err != nil || r.Response != (smp.OK{}) {
					t.Failf(fmt.Sprintf("SEND in the form of version %d → OK", version), "%v %v", r, err)
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
		ID:           "relay/proxy/whole",
		Title:        "SEND, SKEY and link commands go through a relay that is proxy and destination, as direct ones do",
		Requirements: []string{"SMP-PROXY-INNER-SEND", "SMP-PROXY-INNER-SKEY", "SMP-PROXY-INNER-LINKS"},
		Versions:     from(8),
		Timeout:      silentTimeout,
		Run: func(t *T) {
			c := probe.Dial(t)
			a := c.AskOwnSession(silentTime)
			if isERR(a) {
				t.Skip("the relay opens no session with itself: " + a.String())
			}
			u := c.RequireTunnel(a)
			t.About("SMP-PROXY-INNER-SEND")
			body := t.Rand().Bytes(1000)
			q := c.NewQueue()
			expectThrough(t, u, u.Pack(q.SenderID, probe.NoKey, smp.SEND{Body: body}), smp.OK{})
			q.ExpectMessage(c, body)
			expectThrough(t, u, u.Pack(t.Fresh().Bytes(24), probe.NoKey, smp.SEND{Body: body}), smp.ERR{Err: smp.ErrAuth})
			key := probe.NewKey(t, keys.X25519)
			if u.Version >= smp.VersionSenderKeys && t.Version() >= smp.VersionSenderKeys {
				t.About("SMP-PROXY-INNER-SKEY")
				q := c.NewQueue(probe.SenderCanSecure)
				expectThrough(t, u, u.Pack(q.SenderID, key, smp.SKEY{SenderKey: key.Public()}), smp.OK{})
				expectThrough(t, u, u.Pack(q.SenderID, key, smp.SEND{Body: body}), smp.OK{})
				q.ExpectMessage(c, body)
			}
			if u.Version >= smp.VersionShortLinks && t.Version() >= smp.VersionShortLinks {
				t.About("SMP-PROXY-INNER-LINKS")
				l := c.NewLinkedQueue(smp.Messaging)
				if a := u.Ask(u.Pack(l.LinkID, key, smp.LKEY{SenderKey: key.Public()})); isERR(a) {
					t.Nonstrict("forwarded LKEY → LNK", a.String()) // the document does not name it
				}
			}
		},
	}),
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
