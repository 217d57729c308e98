package relaycases

import (
	"bytes"
	"errors"
	"slices"

	"smpcheck/conformance/probe"
	"smpcheck/conformance/tlsprobe"
)

// offer performs a TLS handshake with the offer of an ordinary client, changed
// by change.
func offer(t *T, change func(*tlsprobe.Config)) (*tlsprobe.Conn, error) {
	o := probe.TLSConfig(t)
	change(o)
	return probe.TLS13(t, o)
}

// offerAlone is offer for a case about the change alone: a relay that refuses it may want
// something else that ordinary clients do not offer, and gets everything else then. If it
// refuses even an offer without the change, the case is blocked.
func offerAlone(t *T, change func(*tlsprobe.Config)) (*tlsprobe.Conn, error) {
	conn, err := offer(t, change)
	if err == nil {
		return conn, nil
	}
	everything := func(o *tlsprobe.Config) { *o = probe.Everything(*o, t.Server().Address()) }
	if conn, other := offer(t, func(o *tlsprobe.Config) { everything(o); change(o) }); other == nil {
		return conn, nil
	}
	if _, other := offer(t, everything); other != nil {
		probe.Blocked(t, "the TLS handshake fails whatever the client offers: %v", other)
	}
	return nil, err
}

// expectAccepted fails the case unless the handshake with the changed offer
// completes.
func expectAccepted(t *T, what string, change func(*tlsprobe.Config)) tlsprobe.State {
	conn, err := offerAlone(t, change)
	if err != nil {
		t.Fail("the relay accepts "+what, err.Error())
	}
	return conn.State()
}

// requireAccepted is expectAccepted for a handshake that the case builds on.
func requireAccepted(t *T, change func(*tlsprobe.Config)) tlsprobe.State {
	conn, err := offer(t, change)
	if err != nil {
		probe.Blocked(t, "the TLS handshake failed: %v", err)
	}
	return conn.State()
}

// expectAnsweredLike fails the case if the relay answers no command of a client with one
// offer, what, in TLS, and those of a client with another one. It blocks the case if it
// answers neither.
func expectAnsweredLike(t *T, what string, offer, other func(*tlsprobe.Config)) {
	reason := answersOffer(t, offer)
	if reason == nil {
		return
	}
	if answersOffer(t, other) != nil {
		probe.Blocked(t, "the relay serves nobody: %v", reason)
	}
	t.Fail("the relay serves "+what, reason.Error())
}

// answersOffer returns why a client with the offer gets no answer to its first command.
func answersOffer(t *T, offer func(*tlsprobe.Config)) error {
	c, err := probe.OpenOffering(t, offer)
	if err != nil {
		return err
	}
	if err := c.ReadHello(); err != nil {
		return err
	}
	c.SendHello(c.ClientHello())
	if !c.Answers() {
		return errors.New("no answer to the first command")
	}
	return nil
}

// expectSameAnswer fails the case if two answers differ in what TLS does not demand to be
// fresh.
func expectSameAnswer(t *T, a, b tlsprobe.State) {
	differ := func(what string) { t.Fail("the same "+what+" as in the first connection", "another") }
	switch {
	case a.Version != b.Version || a.CipherSuite != b.CipherSuite || a.SignatureScheme != b.SignatureScheme:
		differ("TLS version, cipher suite and signature scheme")
	case a.Group != b.Group || a.HelloRetryRequest != b.HelloRetryRequest:
		differ("key exchange")
	case a.ALPN != b.ALPN:
		differ("application protocol")
	case a.CertificateRequested != b.CertificateRequested || !slices.Equal(a.RequestedSchemes, b.RequestedSchemes):
		differ("request for a certificate")
	case !slices.EqualFunc(a.PeerCertificates, b.PeerCertificates, bytes.Equal):
		differ("certificates")
	}
}
