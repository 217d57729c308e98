// Package channel makes the TLS connection of an ordinary client to a relay under test:
// with TLS 1.3 by tlsprobe, which meets certificates that crypto/tls cannot, and with
// TLS 1.2 by crypto/tls where the relay offers nothing newer.
package channel

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"

	"smpcheck/conformance/target"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/keys"
)

// ALPN is the protocol name that clients offer. SMP, "ALPN to agree handshake
// version".
const ALPN = "smp/1"

// Conn is an established TLS connection: its bytes and what the handshake showed.
type Conn struct {
	net.Conn
	// Raw is the connection below.
	Raw net.Conn
	// SessionID is the channel binding: the verify_data of the client's Finished.
	SessionID []byte
	// Chain holds the relay's certificates as sent, leaf first, in DER.
	Chain [][]byte
	// ALPN is the protocol name that the relay selected, empty for none.
	ALPN string
	// TLS is "1.3" or "1.2".
	TLS string
}

// Establish performs the TLS handshake of an ordinary client on raw, at the given version
// of TLS: 1.3, or 1.2 with a relay that offers nothing newer. At TLS 1.2 only the ALPN
// and the time limit of cfg count. It returns the errors of tlsprobe.Client or of
// crypto/tls, and leaves raw open for the caller to close.
func Establish(ctx context.Context, raw net.Conn, version string, cfg *tlsprobe.Config) (*Conn, error) {
	if version == "1.2" {
		return establish12(ctx, raw, cfg)
	}
	conn, err := tlsprobe.Client(ctx, raw, cfg)
	if err != nil {
		return nil, err
	}
	return Of(conn, raw), nil
}

// Of is the channel of a TLS 1.3 connection over raw.
func Of(conn *tlsprobe.Conn, raw net.Conn) *Conn {
	s := conn.State()
	return &Conn{Conn: conn, Raw: raw, SessionID: s.ClientFinished, Chain: s.PeerCertificates, ALPN: s.ALPN, TLS: "1.3"}
}

func establish12(ctx context.Context, raw net.Conn, cfg *tlsprobe.Config) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.HandshakeTimeout)
	defer cancel()
	conn := tls.Client(raw, Config12(cfg.ALPN))
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	state := conn.ConnectionState()
	c := &Conn{Conn: conn, Raw: raw, SessionID: state.TLSUnique, ALPN: state.NegotiatedProtocol, TLS: "1.2"}
	for _, certificate := range state.PeerCertificates {
		c.Chain = append(c.Chain, certificate.Raw)
	}
	return c, nil
}

// Config12 is what a client of TLS 1.2 offers.
func Config12(alpn []string) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS12,
		MaxVersion:             tls.VersionTLS12,
		CipherSuites:           []uint16{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256},
		CurvePreferences:       []tls.CurveID{tls.X25519},
		NextProtos:             alpn,
		SessionTicketsDisabled: true,
		// The identity of a relay is the fingerprint in its address, not a name.
		InsecureSkipVerify:          true,
		DynamicRecordSizingDisabled: true,
	}
}

// WantsOlder reports whether a TLS 1.3 handshake failed because the relay wants an older
// version.
func WantsOlder(err error) bool {
	var alert *tlsprobe.AlertError
	var version *tlsprobe.VersionError
	return errors.As(err, &version) || errors.As(err, &alert) && alert.Description == tlsprobe.AlertProtocolVersion
}

// CheckIdentity looks for the fingerprint of an address in the chain that a relay has
// shown; the error is a *target.IdentityError, or says that there was no certificate.
// Which certificate has to have it, and how many there have to be, is not judged.
func CheckIdentity(chain [][]byte, keyHash []byte) error {
	if len(chain) == 0 {
		return errors.New("the relay showed no certificate")
	}
	for _, der := range chain {
		if f := keys.FingerprintOf(der); bytes.Equal(f[:], keyHash) {
			return nil
		}
	}
	identity, err := keys.Identity(chain)
	if err != nil {
		identity = chain[len(chain)-1]
	}
	actual := keys.FingerprintOf(identity)
	return &target.IdentityError{Expected: keyHash, Actual: actual[:]}
}
