package relaycases

import (
	"bytes"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// SMP, "Service roles" and "Service certificates": whom the relay takes for which
// service. That there is an answer at all is in handshake_service.go.
var serviceIdentityCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/service/ordinary-gets-no-answer",
		Title:        "A client without service credentials gets nothing after the hellos but the answers to its commands",
		Requirements: []string{"SMP-SERVICE-ANSWER-ONLY"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			c := probe.Meet(t)
			c.SendHello(c.ClientHello())
			ping := c.Transmission(nil, probe.NoKey, smp.PING{})
			c.Send(ping)
			first := c.Next("the answer to the first command")
			if !bytes.Equal(first.CorrelationID, ping.CorrelationID) {
				t.Fail("the answer to the first command", first.WithIDs())
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/one-role",
		Title:        "A certificate that was accepted with one role is refused with another",
		Requirements: []string{"SMP-SERVICE-ID-ROLE"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			credentials := probe.NewService(t)
			probe.DialService(t, transport.RoleMessaging, credentials)
			expectOfferRefused(t, probe.HonestOffer(transport.RoleNotifier, credentials), "another role")
			probe.DialService(t, transport.RoleMessaging, credentials)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/unknown-role",
		Title:        "The relay ends the connection of a service whose role is none of the three",
		Requirements: []string{"SMP-SERVICE-ROLE-OTHER"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			credentials := probe.NewService(t)
			probe.DialService(t, transport.RoleMessaging, credentials)
			expectOfferRefused(t, probe.HonestOffer('X', credentials), "a role X")
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/key-signed-by-another",
		Title:        "A service whose session key another key than that of its certificate has signed gets no service id",
		Requirements: []string{"SMP-SERVICE-KEY-SIGNATURE"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			credentials := probe.NewService(t)
			probe.DialService(t, transport.RoleMessaging, credentials)
			offer := probe.HonestOffer(transport.RoleMessaging, credentials)
			offer.Signer = probe.NewKey(t, keys.Ed25519)
			expectOfferRefused(t, offer, "a key that its certificate has not signed")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/chain-of-another",
		Title:        "A service that shows another chain in its hello than in the TLS handshake is refused",
		Requirements: []string{"SMP-SERVICE-CHAIN-TLS"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			honest, thief := probe.NewService(t), probe.NewService(t)
			probe.DialService(t, transport.RoleMessaging, honest)
			offer := probe.HonestOffer(transport.RoleMessaging, thief)
			offer.Chain = [][]byte{thief.Chain[0], honest.Chain[1]} // whose leaf has signed the session key
			expectOfferRefused(t, offer, "the identity certificate of another service")
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/identity-of-another",
		Title:        "Nobody gets the id of a service with the identity certificate of the service and a leaf of his own",
		Requirements: []string{"SMP-SERVICE-ID-UNIQUE"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			honest, thief := probe.NewService(t), probe.NewService(t)
			s := probe.DialService(t, transport.RoleMessaging, honest)
			thief.Chain = [][]byte{thief.Chain[0], honest.Chain[1]}
			_, response, err := probe.OfferService(t, probe.HonestOffer(transport.RoleMessaging, thief))
			if err == nil && response.Error == "" && bytes.Equal(response.ServiceID, s.ID) {
				t.Fail("no service id for certificates that do not belong together", "the id of the other service")
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/one-certificate",
		Title:        "A service may show a single certificate that is signed by itself",
		Requirements: []string{"SMP-SERVICE-CHAIN-SELF"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			probe.DialService(t, transport.RoleMessaging, probe.NewService(t))
			single, err := keys.NewCredentials(t.Fresh(), keys.Ed25519, 1)
			if err != nil {
				t.Broken(err)
			}
			_, response, err := probe.OfferService(t, probe.HonestOffer(transport.RoleMessaging, single))
			switch {
			case err != nil:
				t.Fail("a service id", err.Error())
			case response.Error != "":
				t.Fail("a service id", string(response.Error))
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/renewed-leaf",
		Title:        "A service that has renewed its first certificate keeps its id: the second one is the identity",
		Requirements: []string{"SMP-SERVICE-ID-IDENTITY"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			identity := probe.NewServiceIdentity(t)
			before := probe.DialService(t, transport.RoleMessaging, identity.Leaf())
			after := probe.DialService(t, transport.RoleMessaging, identity.Leaf())
			if !bytes.Equal(before.ID, after.ID) {
				t.Failf("the same service id", "%x, then %x", before.ID, after.ID)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/validity",
		Title:        "A service is refused if its certificate has expired or is not valid yet",
		Requirements: []string{"SMP-SERVICE-CHAIN-VALIDITY"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			const day = 24 * time.Hour
			identity := probe.NewServiceIdentity(t)
			probe.DialService(t, transport.RoleMessaging, identity.Leaf())
			expired, early := identity.LeafValid(-9*day, -2*day), identity.LeafValid(2*day, 9*day)
			expectOfferRefused(t, probe.HonestOffer(transport.RoleMessaging, expired), "a certificate that has expired")
			expectOfferRefused(t, probe.HonestOffer(transport.RoleMessaging, early), "a certificate that is not valid yet")
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/refusal-told",
		Title:        "A service that is refused is told an error",
		Requirements: []string{"SMP-SERVICE-ANSWER-ERROR"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			probe.DialService(t, transport.RoleMessaging, probe.NewService(t))
			offer := probe.HonestOffer(transport.RoleMessaging, probe.NewService(t))
			offer.Signer = probe.NewKey(t, keys.Ed25519)
			_, response, err := probe.OfferService(t, offer)
			if err != nil {
				t.Fail("an error in the third message", err.Error())
			}
			if response.Error == "" {
				probe.Blocked(t, "a service whose session key another key has signed is accepted")
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/role-of-service-commands",
		Title:        "SUBS is for messaging services and NSUBS for notification services",
		Requirements: []string{"SMP-SERVICE-ROLE-COMMANDS"},
		Versions:     from(smp.VersionServiceCounts),
		Run: func(t *T) {
			for _, role := range []transport.Role{transport.RoleMessaging, transport.RoleNotifier, transport.RoleProxy} {
				s := probe.DialService(t, role, probe.NewService(t))
				if role != transport.RoleMessaging {
					s.Command(smp.SUBS{}).ExpectRefused()
				}
				if role != transport.RoleNotifier {
					s.Command(smp.NSUBS{}).ExpectRefused()
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/ping",
		Title:        "PING of a service is answered PONG, whatever its role",
		Requirements: []string{"SMP-PING-PONG"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			for _, role := range []transport.Role{transport.RoleMessaging, transport.RoleNotifier, transport.RoleProxy} {
				probe.DialService(t, role, probe.NewService(t)).ExpectServed()
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/role-of-queue-commands",
		Title:        "Commands for queues are refused to a notification service, and NSUB to a messaging service",
		Requirements: []string{"SMP-SERVICE-ROLE-QUEUES"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			n := probe.Dial(t).NewServiceNotifier()
			notifier := probe.DialService(t, transport.RoleNotifier, probe.NewService(t))
			create, q := notifier.NewQueueRequest()
			notifier.Ask(nil, q.Key, create).ExpectError(smp.ErrCmdProhibited)
			n.Queue.Recipient(notifier.Conn, smp.SUB{}).ExpectError(smp.ErrCmdProhibited)
			n.Queue.Recipient(notifier.Conn, smp.QUE{}).ExpectError(smp.ErrCmdProhibited)
			n.Queue.Sender(notifier.Conn, smp.SEND{Body: []byte("x")}).ExpectError(smp.ErrCmdProhibited)
			messaging := probe.DialService(t, transport.RoleMessaging, probe.NewService(t))
			messaging.Ask(n.ID, n.Key, smp.NSUB{}).ExpectError(smp.ErrCmdProhibited)
			messaging.Ask(nil, probe.NoKey, smp.RFWD{Body: t.Rand().Bytes(100)}).ExpectError(smp.ErrCmdProhibited)
			notifier.Ping()
		},
	}),
}

// expectOfferRefused fails the case if a service is accepted with the offer; what
// names what is wrong with it.
func expectOfferRefused(t *T, offer probe.ServiceOffer, what string) {
	_, response, err := probe.OfferService(t, offer)
	if err == nil && response.Error == "" {
		t.Failf("a service with "+what+" is refused", "it gets the service id %x", response.ServiceID)
	}
}
