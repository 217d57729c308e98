package relaycases

import (
	"bytes"
	"fmt"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/tlsprobe"
)

// SMP, "Transport handshake": the session identifier of handshakes that are not the
// shortest one. Official clients bring about the first of them with every relay that does
// not know X448.
var tlsBindingCases = []conformance.Case{
	observed(conformance.Case{
		ID:           "relay/tls/channel-binding-longer",
		Title:        "The session identifier is the client's Finished message after longer handshakes too",
		Requirements: []string{"SMP-TLS-CHANNEL-BINDING-CLIENT"},
		Edges:        true,
		Run: func(t *T) {
			needTLS13(t)
			probe.Meet(t).RequireBinding()
			for _, handshake := range longerHandshakes {
				c, err := probe.OpenOffering(t, func(o *tlsprobe.Config) { handshake.change(t, o) })
				if err != nil {
					probe.Blocked(t, "the TLS handshake %s failed: %v", handshake.what, err)
				}
				if err := c.ReadHello(); err != nil {
					probe.Blocked(t, "the relay's hello cannot be read: %v", err)
				}
				if id := c.Hello.SessionID; !bytes.Equal(id, c.SessionID()) {
					t.Failf(fmt.Sprintf("%x after a handshake %s", c.SessionID(), handshake.what), "%x", id)
				}
			}
		},
	}),
}

// longerHandshakes change the offer of an ordinary client so that more messages come before
// its Finished, or more records.
var longerHandshakes = []struct {
	what   string
	change func(*T, *tlsprobe.Config)
}{
	{"with two ClientHellos", func(_ *T, o *tlsprobe.Config) { o.KeyShares = []tlsprobe.Group{} }},
	{"in records of 20 bytes", func(_ *T, o *tlsprobe.Config) { o.RecordSize = 20 }},
	{"with a client certificate", func(t *T, o *tlsprobe.Config) { o.Certificate = certificateOfService(t) }},
	{"with all of these", func(t *T, o *tlsprobe.Config) {
		o.KeyShares, o.RecordSize, o.Certificate = []tlsprobe.Group{}, 20, certificateOfService(t)
	}},
}

// certificateOfService is a new certificate as services show it in TLS.
func certificateOfService(t *T) *tlsprobe.Certificate {
	credentials := serviceCredentials(t)
	key, _ := credentials.Key.Ed25519()
	return &tlsprobe.Certificate{Chain: credentials.Chain, Key: key}
}
