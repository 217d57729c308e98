package relaycases

import (
	"bytes"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/target"
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
			if reason, unserved := t.Info().Unusable[t.Version()]; unserved && !admitsWithoutKey(t) {
				if response, err := asService(t, serviceCredentials(t)); err == nil && response.Error == "" {
					t.Fail("the relay begins a session with a client that is no service", "one with a service alone: "+reason)
				}
				requireVersion(t)
			}
			expectAdmitted(t)
		},
	}),
	must(conformance.Case{
		ID:           "relay/handshake/service-response",
		Title:        "A service gets a third message: R and its identifier, or E and an error",
		Requirements: []string{"SMP-HS-SERVICE-RESPONSE"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			requireAdmitted(t)
			if _, err := asService(t, serviceCredentials(t)); err != nil {
				t.Fail("a third message that starts with R or E", err.Error())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/handshake/service-stable",
		Title:        "A service has the same identifier in every connection",
		Requirements: []string{"SMP-HS-SERVICE-STABLE", "SMP-SERVICE-ID-UNIQUE"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			one, another := serviceCredentials(t), serviceCredentials(t)
			first, second, other := serviceID(t, one), serviceID(t, one), serviceID(t, another)
			t.About("SMP-HS-SERVICE-STABLE")
			if !bytes.Equal(first, second) {
				t.Failf("one identifier", "%x, then %x", first, second)
			}
			t.About("SMP-SERVICE-ID-UNIQUE")
			if bytes.Equal(first, other) {
				t.Failf("another identifier for another service", "%x for both", first)
			}
		},
	}),
}

// serviceCredentials makes the certificates of a service.
func serviceCredentials(t *T) keys.Credentials {
	credentials, err := keys.NewCredentials(t.Fresh(), keys.Ed25519, 2)
	if err != nil {
		t.Broken(err)
	}
	return credentials
}

// asService connects as a messaging service and returns the relay's third
// message, or says why none can be read.
func asService(t *T, credentials keys.Credentials) (transport.ServiceResponse, error) {
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
	h.Key = probe.NewKey(t, keys.X25519).Public()
	h.Service = &transport.ClientService{Role: transport.RoleMessaging, Chain: credentials.Chain, SignedKey: signed}
	c.SendHello(h)
	content, err := c.ReadContent(endTime)
	if err != nil {
		return transport.ServiceResponse{}, err
	}
	return transport.DecodeServiceResponse(content)
}

// serviceID is the identifier that the relay gives to a service. A relay that
// gives none skips the case.
func serviceID(t *T, credentials keys.Credentials) []byte {
	response, err := asService(t, credentials)
	if err != nil {
		probe.Blocked(t, "the third message cannot be read: %v", err)
	}
	if response.Error != "" {
		probe.Lack(t, target.Services, "it refuses the service: "+string(response.Error))
	}
	return response.ServiceID
}
