package relaycases

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// SMP, "TLS transport encryption" and "Router certificate".
var certificateCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/certificate/chain-length",
		Title:        "The chain has 2, 3 or 4 certificates",
		Requirements: []string{"SMP-CERT-CHAIN-LENGTH"},
		Edges:        true,
		Run: func(t *T) {
			if n := len(probe.Open(t).Chain()); n < 2 || n > 4 {
				t.Fail("2, 3 or 4 certificates", fmt.Sprint(n))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/certificate/chain-signed",
		Title:        "Each certificate is signed by the next",
		Requirements: []string{"SMP-CERT-CHAIN-SIGNED"},
		Edges:        true,
		Run: func(t *T) {
			chain := relayChain(t)
			for i, der := range chain[:len(chain)-1] {
				if err := tlsprobe.VerifyCertificate(der, chain[i+1]); err != nil {
					t.Failf(fmt.Sprintf("certificate %d is signed by certificate %d", i+1, i+2), "%v", err)
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/certificate/self-signed",
		Title:        "The last certificate is signed by itself",
		Requirements: []string{"SMP-CERT-SELF-SIGNED"},
		Edges:        true,
		Run: func(t *T) {
			chain := relayChain(t)
			root := chain[len(chain)-1]
			if err := tlsprobe.VerifyCertificate(root, root); err != nil {
				t.Fail("a self-signed certificate at the end of the chain", err.Error())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/certificate/identity",
		Title:        "The address names a certificate of the chain, and not that of the TLS session",
		Requirements: []string{"SMP-CERT-IDENTITY"},
		Edges:        true,
		Run: func(t *T) {
			chain := relayChain(t)
			if i := slices.IndexFunc(chain, named(t)); i < 1 {
				t.Fail("the fingerprint of a certificate after the first", "that of "+position(i))
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/certificate/identity-second",
		Title:        "The address has the SHA-256 of the second certificate",
		Requirements: []string{"SMP-CERT-IDENTITY-SECOND", "SMP-CERT-FINGERPRINT-DER"},
		Edges:        true,
		Run: func(t *T) {
			chain := relayChain(t)
			if i := slices.IndexFunc(chain, named(t)); i != 1 {
				t.Fail("the fingerprint of certificate 2", "that of "+position(i))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/certificate/key-algorithm",
		Title:        "The certificate of the TLS session has an Ed25519 key",
		Requirements: []string{"SMP-CERT-KEY-ALGORITHM"},
		Edges:        true,
		Run: func(t *T) {
			const expected = "an Ed25519 key"
			key, err := keys.CertificatePublicKey(relayChain(t)[0])
			switch {
			case err != nil:
				t.Fail(expected, err.Error())
			case key.Algorithm() == keys.Ed448:
				t.Nonstrict(expected, "an Ed448 key, as relays made before 2024 have")
			case key.Algorithm() != keys.Ed25519:
				t.Fail(expected, key.Algorithm().String())
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/certificate/valid-now",
		Title:        "All certificates are valid now",
		Requirements: []string{"SMP-CERT-VALID-NOW"},
		Edges:        true,
		Run: func(t *T) {
			now := time.Now()
			for i, c := range parsedChain(t) {
				if now.Before(c.NotBefore) || now.After(c.NotAfter) {
					t.Failf("certificates that are valid now", "%s is valid from %s to %s", position(i),
						c.NotBefore.Format(time.RFC3339), c.NotAfter.Format(time.RFC3339))
				}
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/certificate/issuer",
		Title:        "Each certificate names the next as its issuer",
		Requirements: []string{"SMP-CERT-ISSUER"},
		Edges:        true,
		Run: func(t *T) {
			chain := parsedChain(t)
			for i, c := range chain {
				next := min(i+1, len(chain)-1)
				if !bytes.Equal(c.RawIssuer, chain[next].RawSubject) {
					t.Failf(fmt.Sprintf("%s names the subject of %s as its issuer", position(i), position(next)),
						"%s in place of %s", c.Issuer, chain[next].Subject)
				}
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/certificate/usage",
		Title:        "The certificates name their use",
		Requirements: []string{"SMP-CERT-USAGE"},
		Edges:        true,
		Run: func(t *T) {
			chain := parsedChain(t)
			if len(chain) < 2 {
				probe.Blocked(t, "the chain has %d certificates", len(chain))
			}
			leaf, identity := chain[0], chain[1]
			if !identity.IsCA {
				t.Fail("the identity certificate is a certificate authority", "it is none")
			}
			if leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
				t.Fail("the certificate of the session allows digital signatures", "it does not")
			}
			if !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth) {
				t.Fail("the certificate of the session allows server authentication", "it does not")
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/certificate/stable",
		Title:        "All connections show the same identity certificate",
		Requirements: []string{"SMP-CERT-STABLE"},
		Edges:        true,
		Run: func(t *T) {
			for range 3 {
				if chain := relayChain(t); !slices.ContainsFunc(chain, named(t)) {
					t.Fail("the certificate that the address names", "a chain without it")
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/certificate/hello-chain",
		Title:        "The hello of the relay holds 2, 3 or 4 certificates",
		Requirements: []string{"SMP-HS-CHAIN", "SMP-HS-CHAIN-COUNT"},
		Edges:        true,
		Versions:     from(smp.VersionAuthenticators),
		Run: func(t *T) {
			h := probe.Open(t).RequireHelloParts()
			t.About("SMP-HS-CHAIN")
			if h.ChainErr != nil {
				t.Fail("a count and that many certificates, each with its length", h.ChainErr.Error())
			}
			for i, der := range h.Chain {
				if _, err := x509.ParseCertificate(der); err != nil {
					t.Failf("one DER certificate in each place", "%s: %v", position(i), err)
				}
			}
			t.About("SMP-HS-CHAIN-COUNT")
			if n := len(h.Chain); n < 2 || n > 4 {
				t.Fail("2, 3 or 4 certificates", fmt.Sprint(n))
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/certificate/hello-chain-same",
		Title:        "The hello of the relay holds the certificates of the TLS session",
		Requirements: []string{"SMP-HS-CHAIN-SAME"},
		Edges:        true,
		Versions:     from(smp.VersionAuthenticators),
		Run: func(t *T) {
			c := probe.Open(t)
			h := requireChain(t, c)
			if !slices.EqualFunc(h.Chain, c.Chain(), bytes.Equal) {
				t.Failf("the chain of the TLS handshake", "another one, of %d certificates", len(h.Chain))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/certificate/session-key",
		Title:        "The hello of the relay holds a signed X25519 key",
		Requirements: []string{"SMP-HS-SIGNED-KEY"},
		Edges:        true,
		Versions:     from(smp.VersionAuthenticators),
		Run: func(t *T) {
			h := requireChain(t, probe.Open(t))
			if h.KeyErr != nil {
				t.Fail("a signed key with its length", h.KeyErr.Error())
			}
			if len(x25519Keys(h.SignedKey)) == 0 {
				t.Failf("a DER structure that holds an X25519 key", "%d bytes without one", len(h.SignedKey))
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/certificate/session-key-form",
		Title:        "The signed key is an X.509 signed object around the key in a sequence of its own",
		Requirements: []string{"SMP-HS-SIGNED-KEY-FORM"},
		Edges:        true,
		Versions:     from(smp.VersionAuthenticators),
		Run: func(t *T) {
			h := probe.Open(t).RequireHelloParts()
			if h.ChainErr != nil { // then the key may be anywhere
				if !holdsSignedKey(h.AfterID) {
					t.Failf("a signed object around an X25519 key", "none in the %d bytes after the session identifier", len(h.AfterID))
				}
				return
			}
			if h.KeyErr != nil {
				probe.Blocked(t, "the signed key in the hello cannot be read: %v", h.KeyErr)
			}
			signed, err := keys.ParseSignedKey(h.SignedKey)
			if err != nil {
				t.Fail("SEQUENCE { SEQUENCE { SubjectPublicKeyInfo }, algorithm, signature } in DER", err.Error())
			}
			key, err := signed.PublicKey()
			if err != nil {
				t.Fail("SubjectPublicKeyInfo of an X25519 key", err.Error())
			}
			if key.Algorithm() != keys.X25519 {
				t.Fail("SubjectPublicKeyInfo of an X25519 key", key.Algorithm().String())
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/certificate/session-key-signer",
		Title:        "The key of the TLS session signs the session key",
		Requirements: []string{"SMP-HS-SIGNED-KEY-SIGNER"},
		Edges:        true,
		Versions:     from(smp.VersionAuthenticators),
		Run: func(t *T) {
			c := probe.Open(t)
			h := requireChain(t, c)
			signed, err := keys.ParseSignedKey(h.SignedKey)
			if err != nil {
				probe.Blocked(t, "the signed key cannot be read: %v", err)
			}
			signer, err := keys.CertificatePublicKey(c.Chain()[0])
			if err != nil {
				probe.Blocked(t, "the key of the session's certificate cannot be read: %v", err)
			}
			if err := signed.Verify(signer); err != nil {
				t.Fail("a signature with the key of the session's certificate", err.Error())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/certificate/session-key-fresh",
		Title:        "The session key differs between connections",
		Requirements: []string{"SMP-HS-SIGNED-KEY-FRESH"},
		Edges:        true,
		Versions:     from(smp.VersionAuthenticators),
		Run: func(t *T) {
			seen := map[string]bool{}
			for range connections {
				found := x25519Keys(requireSignedKey(t))
				if len(found) == 0 {
					probe.Blocked(t, "the hello holds no X25519 key")
				}
				if seen[string(found[0])] {
					t.Failf("another session key for each connection", "%x twice", found[0])
				}
				seen[string(found[0])] = true
			}
		},
	}),
}

// relayChain returns the certificates that the relay shows in TLS, at least one.
func relayChain(t *T) [][]byte {
	chain := probe.Open(t).Chain()
	if len(chain) == 0 {
		probe.Blocked(t, "the relay shows no certificate")
	}
	return chain
}

// parsedChain is relayChain for rules about what certificates say.
func parsedChain(t *T) []*x509.Certificate {
	var chain []*x509.Certificate
	for i, der := range relayChain(t) {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			probe.Blocked(t, "%s cannot be read: %v", position(i), err)
		}
		chain = append(chain, c)
	}
	return chain
}

// named reports of a certificate whether the address has its fingerprint.
func named(t *T) func(der []byte) bool {
	return func(der []byte) bool {
		f := keys.FingerprintOf(der)
		return bytes.Equal(f[:], t.Server().KeyHash)
	}
}

// position names a place in a chain.
func position(i int) string {
	if i < 0 {
		return "no certificate"
	}
	return fmt.Sprintf("certificate %d", i+1)
}

// requireChain reads the hello of the relay and blocks the case if its chain
// cannot be read: no later field can be found then.
func requireChain(t *T, c *probe.Conn) probe.HelloParts {
	h := c.RequireHelloParts()
	if h.ChainErr != nil {
		probe.Blocked(t, "the certificates in the hello cannot be read: %v", h.ChainErr)
	}
	return h
}

// requireSignedKey returns the signed key of a new connection.
func requireSignedKey(t *T) []byte {
	h := requireChain(t, probe.Open(t))
	if h.KeyErr != nil {
		probe.Blocked(t, "the signed key in the hello cannot be read: %v", h.KeyErr)
	}
	return h.SignedKey
}

// holdsSignedKey reports whether a signed object around an X25519 key is anywhere in b.
func holdsSignedKey(b []byte) bool {
	for i := range b {
		var object cryptobyte.String
		rest := cryptobyte.String(b[i:])
		if !rest.ReadASN1Element(&object, cbasn1.SEQUENCE) {
			continue
		}
		if signed, err := keys.ParseSignedKey(object); err == nil {
			if key, err := signed.PublicKey(); err == nil && key.Algorithm() == keys.X25519 {
				return true
			}
		}
	}
	return false
}

// x25519Prefix starts the SubjectPublicKeyInfo of every X25519 key (RFC 8410).
var x25519Prefix = []byte{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00}

// x25519Keys finds the raw X25519 keys in a DER structure of whatever form.
func x25519Keys(der []byte) [][]byte {
	const size = 32
	var found [][]byte
	for {
		_, after, ok := bytes.Cut(der, x25519Prefix)
		if !ok || len(after) < size {
			return found
		}
		found = append(found, after[:size])
		der = after[size:]
	}
}
