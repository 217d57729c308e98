package relaycases

import (
	"net"
	"slices"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// SMP, "Error responses": what a client is told about a destination with which
// the proxy gets no session.
var proxyUnreachedCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/proxy/unreachable",
		Title:        "PRXY for a relay at whose address nobody listens is refused with PROXY BROKER NETWORK",
		Requirements: []string{"SMP-PROXY-DESTINATION-GONE"},
		Versions:     from(8),
		Run: func(t *T) {
			c := requireProxy(t)
			server := probe.NewDestination(t).At(probe.FreeAddress(t))
			expectBroker(t, c.AskSession(server), smp.BrokerError{Code: smp.BrokerNetwork})
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/identity",
		Title:        "PRXY whose fingerprint is not that of the relay at the address is refused, and opens no session",
		Requirements: []string{"SMP-PROXY-DESTINATION-IDENTITY"},
		Versions:     from(8),
		Run: func(t *T) {
			d, c := probe.NewDestination(t), requireProxy(t)
			wrong := d.Server()
			wrong.KeyHash = t.Fresh().Bytes(32)
			expectBroker(t, c.AskSession(wrong), smp.BrokerError{Code: smp.BrokerNetwork}, smp.BrokerError{
				Code: smp.BrokerTransport, Transport: smp.TransportHandshakeIdentity,
			})
			right := probe.RequireA[smp.PKEY](c.AskSession(d.Server()))
			expectBroker(t, c.AskSession(wrong), smp.BrokerError{Code: smp.BrokerNetwork}, smp.BrokerError{
				Code: smp.BrokerTransport, Transport: smp.TransportHandshakeIdentity,
			})
			expectSameSession(t, right, probe.ExpectA[smp.PKEY](c.AskSession(d.Server())))
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/identity-stolen",
		Title:        "PRXY for a relay that shows the identity certificate of another one, and a leaf that this has not signed, is refused",
		Requirements: []string{"SMP-PROXY-DESTINATION-SIGNED"},
		Versions:     from(8),
		Run: func(t *T) {
			c := requireProxy(t)
			d := probe.NewDestination(t, probe.Stolen)
			for range 2 {
				expectBroker(t, c.AskSession(d.Server()), smp.BrokerError{Code: smp.BrokerNetwork})
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/chain-length",
		Title:        "PRXY for a relay with one certificate, or with five, is refused, whichever the fingerprint is of",
		Requirements: []string{"SMP-PROXY-DESTINATION-CHAIN"},
		Versions:     from(8),
		Run: func(t *T) {
			c := requireProxy(t)
			for _, n := range []int{1, 5} {
				d := probe.NewDestination(t, probe.WithCertificates(n))
				for _, certificate := range d.Chain() {
					server, fingerprint := d.Server(), keys.FingerprintOf(certificate)
					server.KeyHash = fingerprint[:]
					expectBroker(t, c.AskSession(server), smp.BrokerError{Code: smp.BrokerNetwork})
				}
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/validity",
		Title:        "PRXY for a relay whose certificate has expired, or is not valid yet, is refused, and opens no session",
		Requirements: []string{"SMP-PROXY-DESTINATION-VALIDITY"},
		Versions:     from(8),
		Run: func(t *T) {
			c := requireProxy(t)
			const day = 24 * time.Hour
			for _, leaf := range []probe.DestinationOption{probe.LeafValid(-60*day, -30*day), probe.LeafValid(30*day, 60*day)} {
				d := probe.NewDestination(t, leaf)
				for range 2 {
					expectBroker(t, c.AskSession(d.Server()), smp.BrokerError{Code: smp.BrokerNetwork})
				}
			}
			control := probe.NewDestination(t, probe.LeafValid(-30*day, 30*day))
			probe.ExpectA[smp.PKEY](c.AskSession(control.Server()))
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/host",
		Title:        "PRXY with hosts that the proxy cannot use is refused with PROXY BROKER HOST, or like one for a relay that is gone",
		Requirements: []string{"SMP-PROXY-DESTINATION-HOST"},
		Versions:     from(8),
		Edges:        true,
		Timeout:      silentTimeout,
		Run: func(t *T) {
			c, d := requireProxy(t), probe.NewDestination(t)
			onion := d.Server()
			onion.Hosts = []string{"beccx4yfxxbvyhqypaavemqurytl6hozr47wfc7uuecacjqdvwpw2xid.onion"}
			asked := c.Transmission(nil, probe.NoKey, c.PRXY(onion))
			c.Send(asked)
			// Unless it is told otherwise the official proxy asks DNS for the host.
			expectBroker(t, c.AwaitWithin("PRXY", asked, silentTime),
				smp.BrokerError{Code: smp.BrokerHost}, smp.BrokerError{Code: smp.BrokerNetwork}, smp.BrokerError{Code: smp.BrokerTimeout})
			for _, hosts := range [][]string{slices.Concat(onion.Hosts, d.Server().Hosts), slices.Concat(d.Server().Hosts, onion.Hosts)} {
				other := probe.NewDestination(t)
				both := other.Server()
				both.Hosts = hosts
				if a := c.AskSession(both); other.Met() == 0 {
					t.Failf("a connection to the host that can be used", "%s", a)
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/old",
		Title:        "PRXY for a relay that is older than version 8 is refused with PROXY BROKER TRANSPORT VERSION",
		Requirements: []string{"SMP-PROXY-DESTINATION-OLD", "SMP-PROXY-ERR-TRANSPORT"},
		Versions:     from(8),
		Run: func(t *T) {
			c := requireProxy(t)
			d := probe.NewDestination(t, probe.Speaking(wire.Versions(6, 7)))
			expectBroker(t, c.AskSession(d.Server()), transportBroker(smp.TransportVersion))
		},
	}),
	greeted("relay/proxy/hello-garbage", "a hello that cannot be read", smp.TransportHandshakeParse,
		func(*transport.Secure) []byte { return []byte{0, 6} }),
	greeted("relay/proxy/hello-other-session", "a hello with another session identifier", smp.TransportSession,
		func(*transport.Secure) []byte { return plainHello(make([]byte, 32)) }),
	greeted("relay/proxy/hello-without-key", "a hello without session key", smp.TransportNoAuth,
		func(s *transport.Secure) []byte { return plainHello(s.Binding().SessionID) }),
	must(conformance.Case{
		ID:           "relay/proxy/hello-other-signature",
		Title:        "PRXY for a relay whose session key somebody else has signed is refused with PROXY BROKER TRANSPORT HANDSHAKE BAD_AUTH",
		Requirements: []string{"SMP-PROXY-DESTINATION-GONE", "SMP-PROXY-ERR-HANDSHAKE"},
		Versions:     from(8),
		Run: func(t *T) {
			c := requireProxy(t)
			signer, key := probe.NewKey(t, keys.Ed25519), probe.NewKey(t, keys.X25519)
			d := probe.NewDestination(t, probe.SignedBy(signer, key.Public()))
			expectBroker(t, c.AskSession(d.Server()), transportBroker(smp.TransportHandshakeBadAuth))
		},
	}),
	met("relay/proxy/ends-at-once", "a relay that ends the connection at once", func(c net.Conn) { c.Close() }),
	met("relay/proxy/no-tls", "something that speaks no TLS", func(c net.Conn) {
		c.Write([]byte("220 relay.example ESMTP\r\n"))
	}),
	must(conformance.Case{
		ID:           "relay/proxy/silent-hello",
		Title:        "PRXY for a relay that is silent gets an error in the end, and no other client waits for it",
		Requirements: []string{"SMP-PROXY-DESTINATION-GONE"},
		Versions:     from(8),
		Edges:        true,
		Timeout:      silentTimeout,
		Run: func(t *T) {
			c := requireProxy(t)
			silent := probe.NewDestination(t, probe.Meeting(func(net.Conn) {}))
			d := probe.NewDestination(t)
			asked := c.Transmission(nil, probe.NoKey, c.PRXY(silent.Server()))
			c.Send(asked)
			a := c.AskSession(d.Server())
			probe.ExpectA[smp.PKEY](a)
			expectForwarded(t, c.RequireTunnel(a), d.RequireLeg())
			probe.ExpectA[smp.PKEY](probe.Dial(t).AskSession(d.Server()))
			expectBroker(t, c.AwaitWithin("PRXY", asked, silentTime),
				smp.BrokerError{Code: smp.BrokerTimeout}, smp.BrokerError{Code: smp.BrokerNetwork})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/retried",
		Title:        "A relay that could not be reached is connected to when it can be",
		Requirements: []string{"SMP-PROXY-DESTINATION-RETRY"},
		Versions:     from(8),
		Edges:        true,
		Timeout:      silentTimeout,
		Run: func(t *T) {
			c := requireProxy(t)
			gate := make(chan struct{})
			d := probe.NewDestination(t, probe.RefusingUntil(gate))
			c.AskSession(d.Server()).RequireRefused()
			close(gate)
			// The official proxy remembers a failure for 30 seconds.
			for range 60 {
				if _, ok := c.AskSession(d.Server()).Response.(smp.PKEY); ok {
					expectForwarded(t, c.OpenTunnel(d), d.RequireLeg())
					return
				}
				d.AwaitAccepted(time.Second)
			}
			t.Fail("a session with a relay that can be reached now", "an error as before, for a minute")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/client-gone",
		Title:        "A client that leaves before PKEY does not keep others from the destination",
		Requirements: []string{"SMP-PROXY-SENDER-GONE"},
		Versions:     from(8),
		Timeout:      20 * time.Second,
		Run: func(t *T) {
			c, gone := requireProxy(t), probe.Dial(t)
			gate := make(chan struct{})
			d := probe.NewDestination(t, probe.Gated(gate))
			gone.Send(gone.Transmission(nil, probe.NoKey, gone.PRXY(d.Server())))
			if !d.AwaitAccepted(probe.EventTime) {
				probe.Blocked(t, "the relay has not connected to the destination")
			}
			gone.Reset()
			asked := c.Transmission(nil, probe.NoKey, c.PRXY(d.Server()))
			c.Send(asked)
			c.Ping()
			close(gate)
			a := c.Await("PRXY", asked)
			if _, opened := a.Response.(smp.PKEY); !opened {
				// Who asked before the proxy noticed may have waited for an attempt that ended
				// with the client: in the official proxy until TIMEOUT, after 45 seconds.
				a = probe.Dial(t).AskSession(d.Server())
			}
			if _, opened := a.Response.(smp.PKEY); !opened && t.Info().Versions.Max < smp.VersionNames {
				t.Skip("such a destination stays unreachable, as it did for the official relay before it spoke version 20: " + a.String())
			}
			probe.ExpectA[smp.PKEY](a)
		},
	}),
}

// greeted is the case of a destination that begins with another hello.
func greeted(id, what string, want smp.TransportError, hello func(*transport.Secure) []byte) conformance.Case {
	return must(conformance.Case{
		ID:           id,
		Title:        "PRXY for a relay with " + what + " is refused with PROXY BROKER TRANSPORT " + string(want),
		Requirements: []string{"SMP-PROXY-DESTINATION-GONE", "SMP-PROXY-ERR-TRANSPORT"},
		Versions:     from(8),
		Run: func(t *T) {
			c := requireProxy(t)
			d := probe.NewDestination(t, probe.Greeting(hello))
			expectBroker(t, c.AskSession(d.Server()), transportBroker(want))
		},
	})
}

// plainHello is a hello without key.
func plainHello(sessionID []byte) []byte {
	content, err := transport.ServerHello{Versions: wire.Versions(6, 17), SessionID: sessionID}.Encode()
	if err != nil {
		return nil // a session identifier of TLS is never too long
	}
	return content
}

// met is the case of a destination that does no handshake.
func met(id, what string, meet func(net.Conn)) conformance.Case {
	return must(conformance.Case{
		ID:           id,
		Title:        "PRXY for " + what + " gets an error at once",
		Requirements: []string{"SMP-PROXY-DESTINATION-GONE"},
		Versions:     from(8),
		Run: func(t *T) {
			c := requireProxy(t)
			d := probe.NewDestination(t, probe.Meeting(meet))
			expectBroker(t, c.AskSession(d.Server()), smp.BrokerError{Code: smp.BrokerNetwork})
		},
	})
}
