package session

import (
	"crypto/rand"
	"slices"
	"sync/atomic"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/meeting"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/transport"
)

// certificateFaults are mistakes in certificates.
var certificateFaults = slices.Concat(chainFaults, identityFaults, helloChainFaults, sessionKeyFaults)

var chainFaults = []fault.Fault{
	{
		ID:     "certificate/five",
		Story:  "The relay sends every authority that its operator has, five certificates in all.",
		Breaks: []string{"SMP-CERT-CHAIN-LENGTH"},
		Cases:  []string{"relay/certificate/chain-length"},
		Apply: meeting.WithTLS(meeting.OwnTLS(func(c *tlsprobe.ServerConfig) {
			root := c.Certificate.Chain[1]
			c.Certificate.Chain = append(slices.Clone(c.Certificate.Chain), root, root, root)
		})),
	},
	{
		ID:     "certificate/leaf-of-another",
		Story:  "The certificate for TLS was renewed with the key of another authority of the same name.",
		Breaks: []string{"SMP-CERT-CHAIN-SIGNED"},
		Cases:  []string{"relay/certificate/chain-signed"},
		Apply:  forged(func(f *forgery) { f.leafSigner = f.other }),
	},
	{
		ID:     "certificate/wrong-order",
		Story:  "The certificates after the first are sent with the root in front.",
		Breaks: []string{"SMP-CERT-CHAIN-SIGNED", "SMP-CERT-SELF-SIGNED"},
		Cases:  []string{"relay/certificate/chain-signed", "relay/certificate/self-signed"},
		Apply:  shown(3, func(c [][]byte) [][]byte { return [][]byte{c[0], c[2], c[1]} }, nil),
	},
	{
		ID:     "certificate/root-missing",
		Story:  "The authority that signed the identity certificate is left out, as it would be on the web.",
		Breaks: []string{"SMP-CERT-SELF-SIGNED"},
		Cases:  []string{"relay/certificate/self-signed"},
		Apply:  forged(func(f *forgery) { f.identitySigner = f.other }),
	},
	{
		ID:     "certificate/issuer-renamed",
		Story:  "The authority was made again with its old key and another name.",
		Breaks: []string{"SMP-CERT-ISSUER"},
		Cases:  []string{"relay/certificate/issuer"},
		Apply:  forged(func(f *forgery) { f.issuer = &keys.Template{CommonName: "SMP server", CA: true} }),
	},
	{
		ID:     "certificate/expired",
		Story:  "The certificate for TLS has expired and nobody has renewed it.",
		Breaks: []string{"SMP-CERT-VALID-NOW"},
		Cases:  []string{"relay/certificate/valid-now"},
		Apply:  forged(func(f *forgery) { f.leaf.NotAfter = time.Now().Add(-time.Minute) }),
	},
	{
		ID:     "certificate/not-yet-valid",
		Story:  "The clock of the machine on which the identity certificate was made is a day ahead.",
		Breaks: []string{"SMP-CERT-VALID-NOW"},
		Cases:  []string{"relay/certificate/valid-now"},
		Apply:  forged(func(f *forgery) { f.identity.NotBefore = time.Now().Add(24 * time.Hour) }),
	},
	{
		ID:     "certificate/leaf-is-authority",
		Story:  "Both certificates are made with the profile of an authority.",
		Breaks: []string{"SMP-CERT-USAGE"},
		Cases:  []string{"relay/certificate/usage"},
		Apply:  forged(func(f *forgery) { f.leaf.CA = true }),
	},
	{
		ID:     "certificate/identity-no-authority",
		Story:  "The identity certificate is made without the basic constraints of an authority.",
		Breaks: []string{"SMP-CERT-USAGE"},
		Cases:  []string{"relay/certificate/usage"},
		Apply:  forged(func(f *forgery) { f.identity.CA = false }),
	},
}

// forgery is what the certificates of a relay are made of.
type forgery struct {
	leaf, identity       keys.Template
	leafKey, identityKey keys.PrivateKey
	// leafSigner and identitySigner sign the two certificates: identityKey, if right.
	leafSigner, identitySigner keys.PrivateKey
	// other is a key that belongs to neither.
	other keys.PrivateKey
	// issuer is whom the leaf names, nil for the identity certificate.
	issuer *keys.Template
}

// forged changes the certificates of the relay before they are signed.
func forged(change func(*forgery)) func(*relay.Config) {
	return func(c *relay.Config) {
		f := newForgery()
		change(&f)
		identity := f.signIdentity()
		c.Credentials = keys.Credentials{Chain: [][]byte{f.signLeaf(identity), identity}, Key: f.leafKey}
	}
}

// newForgery makes keys and templates that are right.
func newForgery() forgery {
	from, until := time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)
	identityKey := newKey()
	return forgery{
		leaf:    keys.Template{CommonName: "localhost", NotBefore: from, NotAfter: until},
		leafKey: newKey(), leafSigner: identityKey,
		identity:    keys.Template{CommonName: "SMP server CA", Organization: "SimpleX", NotBefore: from, NotAfter: until, CA: true},
		identityKey: identityKey, identitySigner: identityKey,
		other: newKey(),
	}
}

func newKey() keys.PrivateKey { return fault.NewKey(keys.Ed25519) }

func (f *forgery) signIdentity() []byte {
	return certify(f.identity, f.identityKey, keys.Certificate{}, f.identitySigner)
}

func (f *forgery) signLeaf(identity []byte) []byte {
	if f.issuer != nil {
		identity = certify(*f.issuer, f.identityKey, keys.Certificate{}, f.identityKey)
	}
	issuer, err := keys.ParseCertificate(identity)
	if err != nil {
		panic(err)
	}
	return certify(f.leaf, f.leafKey, issuer, f.leafSigner)
}

// certify makes a certificate of a template of this file, which no error can come from.
func certify(t keys.Template, key keys.PrivateKey, issuer keys.Certificate, signer keys.PrivateKey) []byte {
	der, err := keys.CreateCertificate(rand.Reader, t, key.Public(), issuer, signer)
	if err != nil {
		panic(err)
	}
	return der
}

// newCredentials makes a chain as official relays have it.
func newCredentials(alg keys.Algorithm, n int) keys.Credentials {
	credentials, err := keys.NewCredentials(rand.Reader, alg, n)
	if err != nil {
		panic(err)
	}
	return credentials
}

var identityFaults = []fault.Fault{
	{
		ID:     "certificate/address-names-leaf",
		Story:  "The fingerprint in the address is that of the first certificate, which the operator renews.",
		Breaks: []string{"SMP-CERT-IDENTITY", "SMP-CERT-IDENTITY-SECOND"},
		Cases:  []string{"relay/certificate/identity", "relay/certificate/identity-second"},
		Apply:  shown(2, nil, func(c [][]byte) [][]byte { return [][]byte{c[1], c[0]} }),
	},
	{
		ID:     "certificate/address-names-root",
		Story:  "The fingerprint in the address is that of the last certificate, whatever its number.",
		Breaks: []string{"SMP-CERT-IDENTITY-SECOND"},
		Cases:  []string{"relay/certificate/identity-second"},
		Apply:  shown(3, nil, func(c [][]byte) [][]byte { return [][]byte{c[0], c[2], c[1]} }),
	},
	{
		ID:     "certificate/two-identities",
		Story:  "Two processes share the port, and each has made an identity of its own.",
		Breaks: []string{"SMP-CERT-STABLE"},
		Cases:  []string{"relay/certificate/stable"},
		Apply: func(c *relay.Config) {
			second := newCredentials(keys.Ed25519, 2)
			var connections atomic.Int64
			configured(func(c *transport.ServerConfig) {
				if connections.Add(1)%2 == 0 {
					c.Credentials = second
				}
			})(c)
		},
	},
	{
		ID:     "certificate/leaf-for-each-client",
		Story:  "Each connection gets a certificate of its own, so that logs can tell clients apart.",
		Breaks: []string{"SMP-TLS-SAME-ANSWER"},
		Cases:  []string{"relay/tls/same-answer"},
		Apply:  leafForEach,
	},
}

// leafForEach is a relay that signs a new certificate for every connection.
func leafForEach(c *relay.Config) {
	f := newForgery()
	identity := f.signIdentity()
	c.Credentials = keys.Credentials{Chain: [][]byte{f.signLeaf(identity), identity}, Key: f.leafKey}
	configured(func(c *transport.ServerConfig) { c.Credentials.Chain = [][]byte{f.signLeaf(identity), identity} })(c)
}

// shown is a relay with a chain of n certificates in the order that show makes, which its
// address is made of in the order that name makes; nil leaves an order as it is.
func shown(n int, show, name func([][]byte) [][]byte) func(*relay.Config) {
	return func(c *relay.Config) {
		credentials := newCredentials(keys.Ed25519, n)
		visible := credentials.Chain
		if show != nil {
			visible = show(visible)
		}
		if name != nil {
			credentials.Chain = name(credentials.Chain)
		}
		c.Credentials = credentials
		meeting.Steps{
			Secure: meeting.OwnTLS(func(c *tlsprobe.ServerConfig) { c.Certificate.Chain = visible }),
			Hello:  meeting.RelayHello(func(h *transport.ServerHello) { h.Chain = visible }),
		}.Apply(c)
	}
}
