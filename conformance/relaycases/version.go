package relaycases

import (
	"fmt"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// SMP, "Transport handshake" and "ALPN to agree handshake version": what the
// agreed version means.
var versionCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/version/own-form",
		Title:        "Responses have the form of the agreed version",
		Requirements: []string{"SMP-VERSION-OWN-FORM"},
		Versions:     from(smp.VersionAuthenticators),
		Run: func(t *T) {
			for _, opts := range [][]probe.QueueOption{nil, {probe.SenderCanSecure}} {
				c := probe.Dial(t)
				cmd, q := c.NewQueueRequest(opts...)
				created := c.Ask(nil, q.Key, cmd)
				if _, refused := created.Response.(smp.ERR); refused {
					probe.Blocked(t, "NEW was answered %s", created)
				}
				q.Created(probe.ExpectA[smp.IDS](created))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/version/mixed",
		Title:        "A sender and a recipient of different versions can use one queue",
		Requirements: []string{"SMP-VERSION-MIXED"},
		Run: func(t *T) {
			q := usableQueue(t)
			for _, v := range []uint16{t.Info().Versions.Min, min(t.Info().Versions.Max, smp.MaxVersion)} {
				sender := usableQueue(t, probe.AtVersion(v)).Conn
				body := t.Rand().Bytes(100)
				sender.Ask(q.SenderID, probe.NoKey, smp.SEND{Body: body}).Expect(smp.OK{})
				q.Acknowledge(q.Conn, q.ExpectMessage(q.Conn, body))
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/version/large-by-sender",
		Title:        "The largest body follows from the version of the sender alone",
		Requirements: []string{"SMP-VERSION-LARGE-SENDER"},
		Run: func(t *T) {
			q := usableQueue(t)
			for _, v := range []uint16{t.Info().Versions.Min, min(t.Info().Versions.Max, smp.MaxVersion)} {
				own := usableQueue(t, probe.AtVersion(v))
				sender := own.Conn
				body := t.Rand().Bytes(smp.MaxMessageLength(v) + 1)
				own.Sender(sender, smp.SEND{Body: body}).Require(smp.ERR{Err: smp.ErrLargeMsg})
				own.Fill(sender, body[1:])
				sender.Ask(q.SenderID, probe.NoKey, smp.SEND{Body: body}).ExpectError(smp.ErrLargeMsg)
				sender.Ask(q.SenderID, probe.NoKey, smp.SEND{Body: body[1:]}).Expect(smp.OK{})
				q.Acknowledge(q.Conn, q.ExpectMessage(q.Conn, body[1:]))
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/version/commands",
		Title:        "Commands of later versions are known at earlier ones",
		Requirements: []string{"SMP-VERSION-COMMANDS"},
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, command := range laterCommands {
				if command.since <= t.Version() || !t.Info().Versions.Contains(command.since) {
					continue
				}
				for _, tag := range command.tags {
					a := c.AskBytes(tag, nil, probe.NoKey, []byte(tag))
					if e, ok := a.Response.(smp.ERR); ok && e.Err.Equal(smp.ErrCmdUnknown) {
						t.Fail(fmt.Sprintf("%s, of version %d, → another error than CMD UNKNOWN", tag, command.since), a.String())
					}
				}
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/version/13",
		Title:        "A client that names version 13 is served like one of version 12",
		Requirements: []string{"SMP-VERSION-13"},
		Versions:     wire.Versions(12, 12),
		Run: func(t *T) {
			if !t.Info().Versions.Contains(13) {
				t.Skip("the relay does not offer version 13")
			}
			usableQueue(t)
			c := probe.Dial(t, probe.AtVersion(13), probe.Unproven)
			c.ExpectServed()
			cmd, q := c.NewQueueRequest(probe.SenderCanSecure)
			q.Created(probe.ExpectA[smp.IDS](c.Ask(nil, q.Key, cmd)))
			key := probe.NewKey(t, keys.Ed25519)
			c.Ask(q.SenderID, key, smp.SKEY{SenderKey: key.Public()}).Expect(smp.OK{})
		},
	}),
	must(conformance.Case{
		ID:           "relay/version/6-without-alpn",
		Title:        "A client without ALPN can use queues at version 6",
		Requirements: []string{"SMP-TLS-ALPN-ABSENT"},
		Versions:     wire.Versions(6, 6),
		Run: func(t *T) {
			probe.Dial(t).NewQueue() // a relay that cannot do this with ALPN blocks the case
			c := withoutALPN(t)
			c.SendHello(c.ClientHello())
			cmd, q := c.NewQueueRequest()
			q.Conn = c
			q.Created(probe.ExpectA[smp.IDS](c.Ask(nil, q.Key, cmd)))
			c.Settle()
			body := t.Rand().Bytes(100)
			c.Ask(q.SenderID, probe.NoKey, smp.SEND{Body: body}).Expect(smp.OK{})
			q.ExpectMessage(c, body)
		},
	}),
	must(conformance.Case{
		ID:           "relay/version/7-without-alpn",
		Title:        "A client without ALPN cannot choose a version above 6",
		Requirements: []string{"SMP-HS-VERSION-REFUSED"},
		Versions:     wire.Versions(6, 6),
		Run: func(t *T) {
			for _, v := range []uint16{7, max(7, t.Info().Versions.Max)} {
				c := withoutALPN(t)
				if c.Hello.Versions.Max > 6 {
					probe.Blocked(t, "the relay offers versions %s without ALPN", c.Hello.Versions)
				}
				h := c.ClientHello()
				h.Version = v
				c.SendHello(h)
				c.ExpectRefused(fmt.Sprintf("a hello with version %d, which it does not offer", v))
			}
		},
	}),
}

// usableQueue makes a queue that has passed on a message from its own
// connection, so that version and connection are known to work.
func usableQueue(t *T, opts ...probe.Option) *probe.Queue {
	q := probe.Dial(t, opts...).NewQueue()
	q.Fill(q.Conn, t.Rand().Bytes(100))
	q.Acknowledge(q.Conn, q.RequireMessage(q.Conn))
	return q
}

// laterCommands are the commands that came after version 6. SMP, "Abstract" and
// "SMP commands". Names of version 20 are left out: relays that resolve none do
// not know the command.
var laterCommands = []struct {
	since uint16
	tags  []string
}{
	{smp.VersionProxy, []string{"PRXY", "PFWD", "RFWD"}},
	{smp.VersionSenderKeys, []string{"SKEY"}},
	{smp.VersionShortLinks, []string{"RKEY", "LSET", "LDEL", "LKEY", "LGET"}},
	{smp.VersionServices, []string{"SUBS", "NSUBS"}},
}

// withoutALPN opens a connection without ALPN and reads the relay's hello.
func withoutALPN(t *T) *probe.Conn {
	c, err := probe.OpenOffering(t, func(o *tlsprobe.Config) { o.ALPN = nil })
	if err != nil {
		probe.Blocked(t, "the TLS handshake failed: %v", err)
	}
	if err := c.ReadHello(); err != nil {
		probe.Blocked(t, "the relay's hello cannot be read: %v", err)
	}
	return c
}
