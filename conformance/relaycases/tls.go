package relaycases

import (
	"fmt"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/target"
	"smpcheck/conformance/tlsprobe"
)

// Offers that an SMP relay has no use for, with the numbers of the TLS registry.
var (
	aesSuites    = []tlsprobe.CipherSuite{tlsprobe.AES128GCMSHA256, tlsprobe.AES256GCMSHA384}
	nistGroups   = []tlsprobe.Group{tlsprobe.P256, 0x0018}
	otherSchemes = []tlsprobe.SignatureScheme{
		tlsprobe.ECDSAP256SHA256, tlsprobe.ECDSAP384SHA384, 0x0603,
		tlsprobe.RSAPSSRSAESHA256, tlsprobe.RSAPSSRSAESHA384, tlsprobe.RSAPSSRSAESHA512, 0x0401, 0x0501, 0x0601,
	}
	// oldSuites are ECDHE and RSA with AES and CBC, as clients of TLS 1.0 offered.
	oldSuites = []tlsprobe.CipherSuite{0xc00a, 0xc014, 0xc009, 0xc013, 0x0035, 0x002f}
	// aesSuites12 are ECDHE with AES for TLS 1.2.
	aesSuites12 = []tlsprobe.CipherSuite{0xc02b, 0xc02c, 0xc02f, 0xc030, 0xc023, 0xc009}
	// chacha12 is ECDHE-ECDSA-CHACHA20-POLY1305, for TLS 1.2.
	chacha12 tlsprobe.CipherSuite = 0xcca9
)

// SMP, "TLS transport encryption".
var tlsCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/tls/version-13",
		Title:        "TLS 1.3 is accepted",
		Requirements: []string{"SMP-TLS-13"},
		Edges:        true,
		Run: func(t *T) {
			_, err := offer(t, func(o *tlsprobe.Config) {
				o.CipherSuites = append([]tlsprobe.CipherSuite{tlsprobe.ChaCha20Poly1305SHA256}, aesSuites...)
				o.SignatureSchemes = append([]tlsprobe.SignatureScheme{tlsprobe.Ed25519, tlsprobe.Ed448}, otherSchemes...)
			})
			if err == nil {
				return
			}
			_, err = offer(t, func(o *tlsprobe.Config) { *o = probe.Everything(*o, t.Server().Address()) })
			if err != nil {
				t.Fail("the relay accepts TLS 1.3", err.Error())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/tls/version-10-11-refused",
		Title:        "TLS 1.0 and TLS 1.1 are refused",
		Requirements: []string{"SMP-TLS-OLD-REFUSED"},
		Edges:        true,
		Run: func(t *T) {
			for _, version := range []tlsprobe.Version{tlsprobe.TLS10, tlsprobe.TLS11} {
				expectRefused(t, version.String(), oldTLS(version, append(oldSuites, chacha12)...))
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/tls/version-12-refused",
		Title:        "TLS 1.2 is refused",
		Requirements: []string{"SMP-TLS-12-REFUSED"},
		Edges:        true,
		Run: func(t *T) {
			expectRefused(t, "TLS 1.2", oldTLS(tlsprobe.TLS12, chacha12))
		},
	}),
	observed(conformance.Case{
		ID:           "relay/tls/version-12-cipher",
		Title:        "A relay that accepts TLS 1.2 does so with ChaCha20-Poly1305 alone",
		Requirements: []string{"SMP-TLS-12-CIPHER"},
		Edges:        true,
		Run: func(t *T) {
			if _, err := offer(t, oldTLS(tlsprobe.TLS12, chacha12)); probe.RefusedTLS(err) {
				probe.Lack(t, target.TLS12, "it refuses the handshake")
			}
			expectRefused(t, "TLS 1.2 with AES alone", oldTLS(tlsprobe.TLS12, aesSuites12...))
		},
	}),
	observed(conformance.Case{
		ID:           "relay/tls/version-12-master-secret",
		Title:        "A relay that accepts TLS 1.2 agrees on the extended master secret",
		Requirements: []string{"SMP-TLS-12-EMS"},
		Edges:        true,
		Run: func(t *T) {
			c, err := probe.OpenTLS12(t)
			if err != nil {
				probe.LackTLS12(t, err)
			}
			if !c.ExtendedMasterSecret() {
				t.Fail("the extended master secret", "the relay does not answer the extension")
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/tls/chacha20",
		Title:        "TLS_CHACHA20_POLY1305_SHA256 alone is accepted",
		Requirements: []string{"SMP-TLS-CHACHA20"},
		Edges:        true,
		Run: func(t *T) {
			needTLS13(t)
			expectAccepted(t, "TLS_CHACHA20_POLY1305_SHA256 alone", func(o *tlsprobe.Config) {
				o.CipherSuites = []tlsprobe.CipherSuite{tlsprobe.ChaCha20Poly1305SHA256}
			})
		},
	}),
	must(conformance.Case{
		ID:           "relay/tls/chacha20-chosen",
		Title:        "ChaCha20-Poly1305 is chosen also where AES is offered first",
		Requirements: []string{"SMP-TLS-CHACHA20-ONLY"},
		Edges:        true,
		Run: func(t *T) {
			needTLS13(t)
			state := requireAccepted(t, func(o *tlsprobe.Config) {
				o.CipherSuites = append(aesSuites[:2:2], tlsprobe.ChaCha20Poly1305SHA256)
			})
			if state.CipherSuite != tlsprobe.ChaCha20Poly1305SHA256 {
				t.Fail(tlsprobe.ChaCha20Poly1305SHA256.String(), state.CipherSuite.String())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/tls/aes-refused",
		Title:        "A client that offers AES suites alone is refused",
		Requirements: []string{"SMP-TLS-CHACHA20-ONLY"},
		Edges:        true,
		Run: func(t *T) {
			needTLS13(t)
			expectRefused(t, "AES suites alone", func(o *tlsprobe.Config) { o.CipherSuites = aesSuites })
		},
	}),
	must(conformance.Case{
		ID:           "relay/tls/x25519",
		Title:        "X25519 alone is accepted",
		Requirements: []string{"SMP-TLS-X25519"},
		Edges:        true,
		Run: func(t *T) {
			needTLS13(t)
			expectAccepted(t, "the group X25519 alone", func(o *tlsprobe.Config) {
				o.Groups, o.KeyShares = []tlsprobe.Group{tlsprobe.X25519}, nil
			})
		},
	}),
	must(conformance.Case{
		ID:           "relay/tls/nist-groups-refused",
		Title:        "A client that offers NIST curves alone is refused",
		Requirements: []string{"SMP-TLS-GROUP-ONLY"},
		Edges:        true,
		Run: func(t *T) {
			needTLS13(t)
			expectRefused(t, "NIST curves alone", func(o *tlsprobe.Config) { o.Groups = nistGroups })
		},
	}),
	observed(conformance.Case{
		ID:           "relay/tls/x448-first",
		Title:        "A client that sends a key share of X448 alone gets through",
		Requirements: []string{"SMP-TLS-X448", "SMP-TLS-HELLO-RETRY"},
		Edges:        true,
		Run: func(t *T) {
			needTLS13(t)
			requireAccepted(t, func(o *tlsprobe.Config) { o.Groups = []tlsprobe.Group{tlsprobe.X25519} })
			expectAccepted(t, "a key share of X448, and X25519 as second group", func(o *tlsprobe.Config) {
				o.Groups, o.KeyShares = []tlsprobe.Group{tlsprobe.X448, tlsprobe.X25519}, nil
			})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/tls/no-key-share",
		Title:        "A client without a key share is asked for one",
		Requirements: []string{"SMP-TLS-HELLO-RETRY"},
		Edges:        true,
		Run: func(t *T) {
			needTLS13(t)
			state := expectAccepted(t, "no key share", func(o *tlsprobe.Config) { o.KeyShares = []tlsprobe.Group{} })
			if !state.HelloRetryRequest {
				t.Fail("a HelloRetryRequest", "none, and yet the handshake ended")
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/tls/ed25519",
		Title:        "The relay signs the handshake with Ed25519",
		Requirements: []string{"SMP-TLS-ED25519", "SMP-TLS-ED448"},
		Edges:        true,
		Run: func(t *T) {
			needTLS13(t)
			t.About("SMP-TLS-ED25519")
			_, err := offerAlone(t, signatures(tlsprobe.Ed25519))
			if err == nil {
				return
			}
			if _, other := offerAlone(t, signatures(tlsprobe.Ed448)); other == nil {
				t.Nonstrict("an Ed25519 signature", "an Ed448 signature, as by relays made before 2024")
			}
			t.Fail("the relay accepts Ed25519 alone", err.Error())
		},
	}),
	must(conformance.Case{
		ID:           "relay/tls/ecdsa-rsa-refused",
		Title:        "A client that offers ECDSA and RSA signatures alone is refused",
		Requirements: []string{"SMP-TLS-SIGNATURE-ONLY"},
		Edges:        true,
		Run: func(t *T) {
			needTLS13(t)
			expectRefused(t, "ECDSA and RSA signatures alone", signatures(otherSchemes...))
		},
	}),
	should(conformance.Case{
		ID:           "relay/tls/no-resumption",
		Title:        "A client that offers an earlier ticket gets a full handshake",
		Requirements: []string{"SMP-TLS-NO-RESUMPTION", "SMP-TLS-NO-EARLY-DATA"},
		Edges:        true,
		Run: func(t *T) {
			all := tickets(t)
			t.About("SMP-TLS-NO-EARLY-DATA")
			for _, ticket := range all {
				if ticket.EarlyData > 0 {
					t.Failf("a ticket without early data, if any", "one that allows %d bytes of it", ticket.EarlyData)
				}
			}
			t.About("SMP-TLS-NO-RESUMPTION")
			for _, ticket := range all {
				c, err := probe.OpenOffering(t, func(o *tlsprobe.Config) { o.Ticket = ticket })
				if err != nil {
					t.Fail("a full handshake", err.Error())
				}
				if state, _ := c.TLSState(); state.Resumed {
					t.Fail("a full handshake", "the relay resumes the session")
				}
			}
		},
	}),
	should(conformance.Case{
		ID:           "relay/tls/no-resumption-12",
		Title:        "A relay that accepts TLS 1.2 resumes no session of it",
		Requirements: []string{"SMP-TLS-NO-RESUMPTION"},
		Edges:        true,
		Run: func(t *T) {
			resumed, err := probe.ResumeTLS12(t)
			if err != nil {
				probe.LackTLS12(t, err)
			}
			if resumed {
				t.Fail("a full handshake", "the relay resumes the session")
			}
		},
	}),
}

// expectRefused fails the case unless the relay refuses the changed offer.
func expectRefused(t *T, what string, change func(*tlsprobe.Config)) {
	conn, err := offer(t, change)
	if probe.RefusedTLS(err) {
		return
	}
	actual := "the relay accepts it"
	if err != nil {
		actual = err.Error()
	} else if s := conn.State(); s.Complete {
		actual = fmt.Sprintf("the relay accepts it and chooses %s, %s, %s, %s", s.Version, s.CipherSuite, s.Group, s.SignatureScheme)
	}
	t.Fail("the relay refuses "+what, actual)
}

// needTLS13 blocks a case about TLS 1.3 where the relay does not speak it.
func needTLS13(t *T) {
	if t.Info().TLS != "1.3" {
		probe.Blocked(t, "the relay does not speak TLS 1.3")
	}
}

// oldTLS is the offer of a client that knows no TLS 1.3.
func oldTLS(version tlsprobe.Version, suites ...tlsprobe.CipherSuite) func(*tlsprobe.Config) {
	return func(o *tlsprobe.Config) {
		o.LegacyVersion, o.SupportedVersions = version, []tlsprobe.Version{}
		o.CipherSuites = suites
		o.Groups = append([]tlsprobe.Group{tlsprobe.X25519, tlsprobe.X448}, nistGroups...)
		o.SignatureSchemes = append([]tlsprobe.SignatureScheme{tlsprobe.Ed25519, tlsprobe.Ed448}, otherSchemes...)
	}
}

// signatures offers the given schemes alone.
func signatures(schemes ...tlsprobe.SignatureScheme) func(*tlsprobe.Config) {
	return func(o *tlsprobe.Config) { o.SignatureSchemes = schemes }
}

// tickets returns what a relay that is asked for tickets has sent until its
// hello.
func tickets(t *T) []*tlsprobe.Ticket {
	needTLS13(t)
	c, err := probe.OpenOffering(t, func(o *tlsprobe.Config) { o.PSKModes = true })
	if err != nil {
		probe.Blocked(t, "the TLS handshake failed: %v", err)
	}
	if err := c.ReadHello(); err != nil {
		probe.Blocked(t, "the relay's hello cannot be read: %v", err)
	}
	state, _ := c.TLSState()
	return state.Tickets
}
