package tlsprobe

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
)

// readServerCertificate reads what lies between EncryptedExtensions and Finished,
// which is nothing when the server resumed ("Authentication Messages").
func (hs *handshake) readServerCertificate() error {
	if hs.state.Resumed {
		return nil
	}
	msg, _, err := hs.next(msgCertificate, msgCertificateRequest)
	if err != nil {
		return err
	}
	if messageType(msg[0]) == msgCertificateRequest {
		if err := hs.takeRequest(msg[messageHeaderLen:]); err != nil {
			return err
		}
		if msg, _, err = hs.next(msgCertificate); err != nil {
			return err
		}
	}
	leaf, err := hs.takeChain(msg[messageHeaderLen:])
	if err != nil {
		return err
	}
	msg, before, err := hs.next(msgCertificateVerify)
	if err != nil {
		return err
	}
	return hs.checkVerify(leaf, msg[messageHeaderLen:], before)
}

func (hs *handshake) takeRequest(body []byte) error {
	req, err := parseCertificateRequest(body)
	if err != nil {
		return err
	}
	hs.note(func(s *State) { s.CertificateRequested, s.RequestedSchemes = true, req.schemes })
	if len(req.context) > 0 {
		return violation(AlertIllegalParameter, "CertificateRequest in the handshake has a context of %d bytes, expected none", len(req.context))
	}
	return nil
}

func (hs *handshake) takeChain(body []byte) (*certificate, error) {
	m, err := parseCertificate(body, hs.cfg.MaxCertificates)
	if err != nil {
		return nil, err
	}
	hs.note(func(s *State) { s.PeerCertificates, s.CertificateCount = m.chain, m.count })
	switch {
	case m.count > hs.cfg.MaxCertificates:
		return nil, fmt.Errorf("%w: a chain of %d certificates, at most %d allowed", ErrLimit, m.count, hs.cfg.MaxCertificates)
	case len(m.context) > 0:
		return nil, violation(AlertIllegalParameter, "the server's Certificate has a context of %d bytes, expected none", len(m.context))
	case m.count == 0:
		return nil, violation(AlertDecodeError, "the server's Certificate holds no certificate")
	}
	for _, ext := range m.extensions {
		if !hs.hello.offers(ext.Type) {
			return nil, violation(AlertUnsupportedExtension, "Certificate holds extension %s, which was not offered", ext.Type)
		}
	}
	return parseCertificateDER(m.chain[0])
}

// checkVerify checks that the server holds the key of its leaf.
func (hs *handshake) checkVerify(leaf *certificate, body, transcript []byte) error {
	scheme, signature, err := parseCertificateVerify(body)
	if err != nil {
		return err
	}
	hs.note(func(s *State) { s.SignatureScheme = scheme })
	if !slices.Contains(hs.cfg.SignatureSchemes, scheme) {
		return violation(AlertIllegalParameter, "CertificateVerify uses %s, which was not offered", scheme)
	}
	algorithm, ok := schemes[scheme]
	if !ok {
		return &UnsupportedError{What: "signature scheme", ID: uint16(scheme)}
	}
	err = algorithm.verify(leaf.key, verifyInput(serverVerifyContext, transcript), signature)
	var unfit *CertificateError
	switch {
	case errors.As(err, &unfit):
		return violation(AlertIllegalParameter, "CertificateVerify with %s: %s", scheme, unfit.Text)
	case err != nil:
		return fmt.Errorf("the server's CertificateVerify: %w", err)
	}
	return nil
}

// queueCertificate answers a CertificateRequest.
func (hs *handshake) queueCertificate() error {
	certificate := hs.cfg.Certificate
	if certificate == nil {
		certificate = &Certificate{}
	}
	err := hs.queueMessage(msgCertificate, certificate.marshal)
	if err != nil || len(certificate.Chain) == 0 {
		return err
	}
	scheme, err := schemeOf(certificate.Key)
	if err != nil {
		return err
	}
	signature, err := sign(certificate.Key, hs.cfg.Rand, hs.keys.sum())
	if err != nil {
		return err
	}
	return hs.queueMessage(msgCertificateVerify, func(b *cryptobyte.Builder) {
		b.AddUint16(uint16(scheme))
		addOpaque16(b, signature)
	})
}
