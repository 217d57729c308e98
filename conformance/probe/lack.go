package probe

import (
	"crypto/tls"
	"errors"
	"fmt"

	"smpcheck/conformance"
	"smpcheck/conformance/target"
	"smpcheck/conformance/tlsprobe"
)

// Lack skips the case: the relay does not have the capability that the rule is about.
// The report names it, and says what the survey found out; where it does not know of the
// lack, what the case saw.
func Lack(t *conformance.T, capability, saw string) {
	if known := t.Info().Capability(capability); known.State == target.No && known.Detail != "" {
		saw = known.Detail
	}
	t.Skip(fmt.Sprintf("the relay lacks %s: %s", capability, saw))
}

// LackTLS12 is Lack for a case whose handshake of TLS 1.2 failed with err. A relay with
// certificates of Ed448 does not lack TLS 1.2: crypto/tls lacks Ed448.
func LackTLS12(t *conformance.T, err error) {
	if choosesTLS12(t) {
		t.Skip("smpcheck cannot complete the handshake of TLS 1.2 that the relay begins: " + err.Error())
	}
	Lack(t, target.TLS12, err.Error())
}

// choosesTLS12 reports whether the relay answers a client that offers TLS 1.2 alone, with
// Ed25519 and Ed448.
func choosesTLS12(t *conformance.T) bool {
	offer := TLSConfig(t)
	offer.SupportedVersions = []tlsprobe.Version{}
	offer.CipherSuites = []tlsprobe.CipherSuite{tlsprobe.CipherSuite(tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256)}
	_, err := TLS13(t, offer)
	var chosen *tlsprobe.VersionError
	return errors.As(err, &chosen)
}
