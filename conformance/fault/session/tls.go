package session

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"slices"
	"strings"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/meeting"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/transport"
)

// tlsFaults are mistakes in TLS parameters and sessions.
var tlsFaults = slices.Concat(tlsVersionFaults, tlsSuiteFaults, tlsSignatureFaults, tlsResumptionFaults, tlsHelloFaults, tlsSessionFaults)

// chacha12 is ECDHE-ECDSA-CHACHA20-POLY1305, for TLS 1.2.
const chacha12 = tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256

// configured changes the configuration of both handshakes.
func configured(change func(*transport.ServerConfig)) func(*relay.Config) {
	return meeting.Steps{Config: change}.Apply
}

var tlsVersionFaults = []fault.Fault{
	{
		ID:     "tls/no-13",
		Story:  "The TLS library of the relay is configured for TLS 1.2 and nothing newer.",
		Breaks: []string{"SMP-TLS-13"},
		Cases:  []string{"relay/tls/version-13"},
		Apply:  configured(func(c *transport.ServerConfig) { c.MinTLS, c.MaxTLS = tls.VersionTLS12, tls.VersionTLS12 }),
	},
	{
		ID:     "tls/old-versions",
		Story:  "The lowest version of TLS is what the library takes by default, which is TLS 1.0.",
		Breaks: []string{"SMP-TLS-OLD-REFUSED"},
		Cases:  []string{"relay/tls/version-10-11-refused"},
		Apply: meeting.WithTLS(forClients(func(h *tls.ClientHelloInfo) bool { return slices.Max(h.SupportedVersions) < tls.VersionTLS12 },
			goTLS(func(c *tls.Config) { c.MinVersion = tls.VersionTLS10 }))),
	},
	{
		ID:     "tls/version-11",
		Story:  "TLS 1.0 is turned off, and TLS 1.1 was forgotten.",
		Breaks: []string{"SMP-TLS-OLD-REFUSED"},
		Cases:  []string{"relay/tls/version-10-11-refused"},
		Apply: meeting.WithTLS(forClients(func(h *tls.ClientHelloInfo) bool { return slices.Max(h.SupportedVersions) == tls.VersionTLS11 },
			goTLS(func(c *tls.Config) { c.MinVersion = tls.VersionTLS11 }))),
	},
	{
		ID:     "tls/version-12",
		Story:  "TLS 1.2 is left on for old clients.",
		Breaks: []string{"SMP-TLS-12-REFUSED"},
		Cases:  []string{"relay/tls/version-12-refused"},
		Apply:  configured(func(c *transport.ServerConfig) { c.MinTLS = tls.VersionTLS12 }),
	},
	{
		ID:     "tls/version-12-aes",
		Story:  "The list of cipher suites was made for TLS 1.3 alone, and TLS 1.2 takes those of the library.",
		Breaks: []string{"SMP-TLS-12-CIPHER"},
		Cases:  []string{"relay/tls/version-12-cipher"},
		Apply: meeting.Steps{
			Config: func(c *transport.ServerConfig) { c.MinTLS = tls.VersionTLS12 },
			Secure: forClients(func(h *tls.ClientHelloInfo) bool {
				return !offersModern(h) && !slices.Contains(h.CipherSuites, chacha12)
			},
				goTLS(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 })),
		}.Apply,
	},
	{
		ID:     "tls/version-12-old-master-secret",
		Story:  "The TLS library of the relay is older than the extended master secret.",
		Breaks: []string{"SMP-TLS-12-EMS"},
		Cases:  []string{"relay/tls/version-12-master-secret"},
		Apply: meeting.WithTLS(forClients(func(h *tls.ClientHelloInfo) bool { return !offersModern(h) },
			withoutExtendedMasterSecret)),
	},
}

// suites is a relay that accepts the given cipher suites of TLS 1.3.
func suites(list ...tlsprobe.CipherSuite) func(*relay.Config) {
	return meeting.WithTLS(meeting.OwnTLS(func(c *tlsprobe.ServerConfig) { c.CipherSuites = list }))
}

// groups is a relay that accepts the given groups of the key exchange.
func groups(list ...tlsprobe.Group) func(*relay.Config) {
	return meeting.WithTLS(meeting.OwnTLS(func(c *tlsprobe.ServerConfig) { c.Groups = list }))
}

var tlsSuiteFaults = []fault.Fault{
	{
		ID:     "tls/aes-alone",
		Story:  "The relay offers the suites that the hardware accelerates, and those are AES.",
		Breaks: []string{"SMP-TLS-CHACHA20"},
		Cases:  []string{"relay/tls/chacha20"},
		Apply:  suites(tlsprobe.AES128GCMSHA256, tlsprobe.AES256GCMSHA384),
	},
	{
		ID:     "tls/aes-preferred",
		Story:  "The relay prefers AES where the client offers it.",
		Breaks: []string{"SMP-TLS-CHACHA20-ONLY"},
		Cases:  []string{"relay/tls/chacha20-chosen", "relay/tls/aes-refused"},
		Apply:  suites(tlsprobe.AES128GCMSHA256, tlsprobe.ChaCha20Poly1305SHA256),
	},
	{
		ID:     "tls/aes-accepted",
		Story:  "The list of cipher suites is one of preference, and clients without ChaCha20 get AES.",
		Breaks: []string{"SMP-TLS-CHACHA20-ONLY"},
		Cases:  []string{"relay/tls/aes-refused"},
		Apply:  suites(tlsprobe.ChaCha20Poly1305SHA256, tlsprobe.AES256GCMSHA384),
	},
	{
		ID:     "tls/x448-alone",
		Story:  "The relay takes X448 for the stronger group and accepts no other one.",
		Breaks: []string{"SMP-TLS-X25519"},
		Cases:  []string{"relay/tls/x25519"},
		Apply:  groups(tlsprobe.X448),
	},
	{
		ID:     "tls/p256-alone",
		Story:  "The groups are those of the defaults for web servers, P-256 first and last.",
		Breaks: []string{"SMP-TLS-X25519", "SMP-TLS-GROUP-ONLY"},
		Cases:  []string{"relay/tls/x25519", "relay/tls/nist-groups-refused"},
		Apply:  groups(tlsprobe.P256),
	},
	{
		ID:     "tls/p256-accepted",
		Story:  "The relay accepts the NIST curves besides X25519.",
		Breaks: []string{"SMP-TLS-GROUP-ONLY"},
		Cases:  []string{"relay/tls/nist-groups-refused"},
		Apply:  groups(tlsprobe.X25519, tlsprobe.P256),
	},
	{
		ID:     "tls/no-retry",
		Story:  "A client whose first key share is of another group is refused in place of being asked for one.",
		Breaks: []string{"SMP-TLS-HELLO-RETRY", "SMP-TLS-X448"},
		Cases:  []string{"relay/tls/x448-first", "relay/tls/no-key-share"},
		Apply:  meeting.WithTLS(meeting.OwnTLS(func(c *tlsprobe.ServerConfig) { c.NoRetry = true })),
	},
	{
		ID:     "tls/share-reused",
		Story:  "The key of the exchange is made when the relay starts, to save time.",
		Breaks: []string{"SMP-TLS-FORWARD-SECRECY"},
		Cases:  []string{"relay/tls/forward-secrecy"},
		Apply:  meeting.WithTLS(meeting.OwnTLS(func(c *tlsprobe.ServerConfig) { c.Shares = strings.NewReader(strings.Repeat("s", 64)) })),
	},
}

var tlsSignatureFaults = []fault.Fault{
	{
		ID:     "tls/ed448",
		Story:  "The certificates of the relay are of Ed448, as before 2024.",
		Breaks: []string{"SMP-TLS-ED25519", "SMP-CERT-KEY-ALGORITHM"},
		Cases:  []string{"relay/tls/ed25519", "relay/certificate/key-algorithm"},
		Apply: func(c *relay.Config) {
			c.Credentials = newCredentials(keys.Ed448, 2)
			meeting.WithTLS(meeting.OwnTLS(func(*tlsprobe.ServerConfig) {}))(c)
		},
	},
	{
		ID:     "tls/ecdsa-alone",
		Story:  "The relay shows the certificate of its web server, which is of ECDSA.",
		Breaks: []string{"SMP-TLS-ED25519", "SMP-TLS-SIGNATURE-ONLY"},
		Cases:  []string{"relay/tls/ed25519", "relay/tls/ecdsa-rsa-refused"},
		Apply:  meeting.WithTLS(meeting.OwnTLS(showECDSA)),
	},
	{
		ID:     "tls/ecdsa-accepted",
		Story:  "For clients without Ed25519 the relay has a certificate of ECDSA.",
		Breaks: []string{"SMP-TLS-SIGNATURE-ONLY"},
		Cases:  []string{"relay/tls/ecdsa-rsa-refused"},
		Apply: meeting.WithTLS(forClients(func(h *tls.ClientHelloInfo) bool { return !slices.Contains(h.SignatureSchemes, tls.Ed25519) },
			meeting.OwnTLS(showECDSA))),
	},
}

// showECDSA puts a leaf with a key of P-256 before the identity of the relay.
func showECDSA(c *tlsprobe.ServerConfig) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	leaf, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return
	}
	c.Certificate = &tlsprobe.Certificate{Chain: slices.Concat([][]byte{leaf}, c.Certificate.Chain[1:]), Key: key}
}

var tlsResumptionFaults = []fault.Fault{
	{
		ID:     "tls/resumption",
		Story:  "Session tickets are on, as they are by default.",
		Breaks: []string{"SMP-TLS-NO-RESUMPTION"},
		Cases:  []string{"relay/tls/no-resumption"},
		Apply:  meeting.Tickets(false, 0),
	},
	{
		ID:     "tls/early-data",
		Story:  "Tickets allow early data, although none is ever taken.",
		Breaks: []string{"SMP-TLS-NO-EARLY-DATA"},
		Cases:  []string{"relay/tls/no-resumption"},
		Apply:  meeting.Tickets(true, 16384),
	},
	{
		ID:     "tls/resumption-12",
		Story:  "Session tickets are off in TLS 1.3 and forgotten in the settings for TLS 1.2.",
		Breaks: []string{"SMP-TLS-NO-RESUMPTION"},
		Cases:  []string{"relay/tls/no-resumption-12"},
		Apply: meeting.WithTLS(forClients(func(h *tls.ClientHelloInfo) bool { return !offersModern(h) }, goTLS(func(c *tls.Config) {
			c.MinVersion, c.CipherSuites = tls.VersionTLS12, []uint16{chacha12}
			c.SetSessionTicketKeys([][32]byte{{1}})
		}))),
	},
}
