package relaycases

import (
	"bytes"
	"cmp"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// SMP, "Transport handshake": the credentials of services.
var serviceHelloCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/handshake/service-absent",
		Title:        "A hello without service credentials is accepted",
		Requirements: []string{"SMP-HS-SERVICE-ABSENT"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			c := probe.Meet(t)
			c.SendHello(c.ClientHello())
			expectAnswered(c, "a session: an answer to the first command")
		},
	}),
	must(conformance.Case{
		ID:           "relay/handshake/service-response",
		Title:        "A service gets a third message: R and its identifier, or E and an error",
		Requirements: []string{"SMP-HS-SERVICE-RESPONSE"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			probe.RequireServed(t)
			c, response := asService(t, serviceCredentials(t))
			if response.Error == "" {
				c.ExpectServed()
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/handshake/service-stable",
		Title:        "A service has the same identifier in every connection",
		Requirements: []string{"SMP-HS-SERVICE-STABLE"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			credentials := serviceCredentials(t)
			_, first := asService(t, credentials)
			_, second := asService(t, credentials)
			_, other := asService(t, serviceCredentials(t))
			if refused := cmp.Or(first.Error, second.Error, other.Error); refused != "" {
				t.Skip("the relay accepts no services: " + string(refused))
			}
			if !bytes.Equal(first.ServiceID, second.ServiceID) {
				t.Failf("one identifier", "%x, then %x", first.ServiceID, second.ServiceID)
			}
			if bytes.Equal(first.ServiceID, other.ServiceID) {
				t.Failf("another identifier for another service", "%x for both", first.ServiceID)
			}
		},
	}),
}

// serviceCredentials makes the certificates of a service.
func serviceCredentials(t *T) keys.Credentials {
	credentials, err := keys.NewCredentials(t.Rand(), keys.Ed25519, 2)
	if err != nil {
		t.Broken(err)
	}
	return credentials
}

// asService connects as a messaging service, and returns the relay's third
// message. It fails the case if none comes that can be read.
func asService(t *T, credentials keys.Credentials) (*probe.Conn, transport.ServiceResponse) {
	signer, _ := credentials.Key.Ed25519()
	c, err := probe.OpenOffering(t, func(o *tlsprobe.Config) {
		o.Certificate = &tlsprobe.Certificate{Chain: credentials.Chain, Key: signer}
	})
	if err != nil {
		probe.Blocked(t, "the TLS handshake with a client certificate failed: %v", err)
	}
	if err := c.ReadHello(); err != nil {
		probe.Blocked(t, "no hello comes after a TLS handshake with a client certificate: %v", err)
	}
	signed, err := keys.SignKey(probe.NewKey(t, keys.Ed25519).Public(), credentials.Key)
	if err != nil {
		t.Broken(err)
	}
	h := c.ClientHello()
	h.Service = &transport.ClientService{Role: transport.RoleMessaging, Chain: credentials.Chain, SignedKey: signed}
	c.SendHello(h)
	const expected = "a third message that starts with R or E"
	content, err := c.OpenBlock(c.ExpectBlock(expected))
	if err != nil {
		t.Fail(expected, err.Error())
	}
	response, err := transport.DecodeServiceResponse(content)
	if err != nil {
		t.Fail(expected, err.Error())
	}
	return c, response
}
