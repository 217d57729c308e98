package keys

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Errors of certificates.
var (
	// ErrCertificate: the bytes are not one DER X.509 certificate.
	ErrCertificate = errors.New("not a DER X.509 certificate")
	// ErrSignature: a certificate or a signed key is not signed by the key that
	// should have signed it, or not with Ed25519 or Ed448.
	ErrSignature = errors.New("signature does not verify")
)

// Certificate is what the SimpleX protocols look at in an X.509 version 3
// certificate. crypto/x509 is not used because it knows no Ed448.
type Certificate struct {
	// Raw is the whole DER encoding, which fingerprints are made of.
	Raw []byte
	// Issuer and Subject are the DER encodings of the two names.
	Issuer, Subject []byte
	// NotBefore and NotAfter are the limits of validity, inclusive.
	NotBefore, NotAfter time.Time
	// SPKI is the DER SubjectPublicKeyInfo; ParsePublic decodes it.
	SPKI []byte
	// CA is what the basic constraints say, false without them.
	CA bool

	signed    []byte    // the TBSCertificate, which the signature covers
	algorithm Algorithm // of the signature, 0 if it is not one of ours
	signature []byte
}

// ParseCertificate decodes one DER certificate. Bytes after it, missing fields
// and wrong structure are ErrCertificate. Keys and signatures of any algorithm
// are accepted here; PublicKey and CheckSignature are stricter.
func ParseCertificate(der []byte) (Certificate, error) {
	c := Certificate{Raw: der}
	input := cryptobyte.String(der)
	var outer, tbs, body, algorithm cryptobyte.String
	if !input.ReadASN1(&outer, cbasn1.SEQUENCE) || !input.Empty() ||
		!outer.ReadASN1Element(&tbs, cbasn1.SEQUENCE) ||
		!outer.ReadASN1Element(&algorithm, cbasn1.SEQUENCE) ||
		!outer.ReadASN1BitStringAsBytes(&c.signature) || !outer.Empty() {
		return Certificate{}, fmt.Errorf("%w: no SEQUENCE of body, algorithm and signature in %d bytes", ErrCertificate, len(der))
	}
	c.signed = tbs
	c.algorithm = algorithmOf(algorithm)
	if !tbs.ReadASN1(&body, cbasn1.SEQUENCE) {
		return Certificate{}, fmt.Errorf("%w: body is no SEQUENCE", ErrCertificate)
	}
	if err := c.parseBody(body, algorithm); err != nil {
		return Certificate{}, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	return c, nil
}

// Tags of the optional fields of a TBSCertificate.
var (
	tagVersion    = cbasn1.Tag(0).Constructed().ContextSpecific()
	tagIssuerID   = cbasn1.Tag(1).ContextSpecific()
	tagSubjectID  = cbasn1.Tag(2).ContextSpecific()
	tagExtensions = cbasn1.Tag(3).Constructed().ContextSpecific()
)

// parseBody decodes the fields of the TBSCertificate. RFC 5280, section 4.1.
func (c *Certificate) parseBody(body cryptobyte.String, algorithm []byte) error {
	var inner, issuer, validity, subject, spki cryptobyte.String
	if !body.SkipOptionalASN1(tagVersion) || !body.SkipASN1(cbasn1.INTEGER) {
		return errors.New("version or serial number malformed")
	}
	if !body.ReadASN1Element(&inner, cbasn1.SEQUENCE) || !bytes.Equal(inner, algorithm) {
		return errors.New("signature algorithms inside and outside of the body differ")
	}
	if !body.ReadASN1Element(&issuer, cbasn1.SEQUENCE) ||
		!body.ReadASN1(&validity, cbasn1.SEQUENCE) ||
		!body.ReadASN1Element(&subject, cbasn1.SEQUENCE) ||
		!body.ReadASN1Element(&spki, cbasn1.SEQUENCE) {
		return errors.New("issuer, validity, subject or key malformed")
	}
	c.Issuer, c.Subject, c.SPKI = issuer, subject, spki
	if !readTime(&validity, &c.NotBefore) || !readTime(&validity, &c.NotAfter) || !validity.Empty() {
		return errors.New("validity malformed")
	}
	if !body.SkipOptionalASN1(tagIssuerID) || !body.SkipOptionalASN1(tagSubjectID) {
		return errors.New("unique identifiers malformed")
	}
	var list cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&list, &present, tagExtensions) || !body.Empty() {
		return errors.New("extensions malformed")
	}
	if !present {
		return nil
	}
	return c.parseExtensions(list)
}

// parseExtensions walks through the extensions for the basic constraints.
func (c *Certificate) parseExtensions(explicit cryptobyte.String) error {
	var list cryptobyte.String
	if !explicit.ReadASN1(&list, cbasn1.SEQUENCE) || !explicit.Empty() {
		return errors.New("extensions are no SEQUENCE")
	}
	for !list.Empty() {
		var extension, value cryptobyte.String
		var id asn1.ObjectIdentifier
		if !list.ReadASN1(&extension, cbasn1.SEQUENCE) ||
			!extension.ReadASN1ObjectIdentifier(&id) ||
			!extension.SkipOptionalASN1(cbasn1.BOOLEAN) ||
			!extension.ReadASN1(&value, cbasn1.OCTET_STRING) || !extension.Empty() {
			return errors.New("extension malformed")
		}
		if !id.Equal(oidBasicConstraints) {
			continue
		}
		var constraints cryptobyte.String
		if !value.ReadASN1(&constraints, cbasn1.SEQUENCE) ||
			constraints.PeekASN1Tag(cbasn1.BOOLEAN) && !constraints.ReadASN1Boolean(&c.CA) {
			return errors.New("basic constraints malformed")
		}
	}
	return nil
}

func readTime(s *cryptobyte.String, t *time.Time) bool {
	if s.PeekASN1Tag(cbasn1.UTCTime) {
		return s.ReadASN1UTCTime(t)
	}
	return s.ReadASN1GeneralizedTime(t)
}

// algorithmOf decodes an AlgorithmIdentifier element without parameters; 0 for
// an algorithm that is not of this package.
func algorithmOf(element []byte) Algorithm {
	for a := X25519; a <= Ed448; a++ {
		prefix := spkiPrefix(a)
		if bytes.Equal(element, prefix[2:9]) {
			return a
		}
	}
	return 0
}

// PublicKey decodes the key of the certificate; another algorithm than the
// four of this package is ErrEncoding.
func (c Certificate) PublicKey() (PublicKey, error) { return ParsePublic(c.SPKI) }

// CheckSignature returns ErrSignature unless parent's key signed c with
// Ed25519 or Ed448.
func (c Certificate) CheckSignature(parent Certificate) error {
	key, err := parent.PublicKey()
	if err != nil {
		return fmt.Errorf("%w: key of the issuer: %w", ErrSignature, err)
	}
	return checkSigned(key, c.algorithm, c.signed, c.signature)
}

// checkSigned verifies an X.509 signature whose AlgorithmIdentifier says alg.
func checkSigned(key PublicKey, alg Algorithm, signed, signature []byte) error {
	if !alg.CanSign() || alg != key.Algorithm() {
		return fmt.Errorf("%w: signature algorithm is not that of the %v key", ErrSignature, key.Algorithm())
	}
	if !Verify(key, signed, signature) {
		return fmt.Errorf("%w: %v signature of %d bytes", ErrSignature, alg, len(signed))
	}
	return nil
}

// CheckSignature returns nil if the DER certificate child is signed by the key
// in the DER certificate parent, with Ed25519 or Ed448. Otherwise it returns
// ErrSignature, or ErrCertificate for what is no certificate.
func CheckSignature(child, parent []byte) error {
	c, err := ParseCertificate(child)
	if err != nil {
		return err
	}
	p, err := ParseCertificate(parent)
	if err != nil {
		return fmt.Errorf("issuer: %w", err)
	}
	return c.CheckSignature(p)
}

// CertificatePublicKey returns the public key in a DER certificate:
// ErrCertificate or ErrEncoding if there is none of ours.
func CertificatePublicKey(der []byte) (PublicKey, error) {
	c, err := ParseCertificate(der)
	if err != nil {
		return PublicKey{}, err
	}
	return c.PublicKey()
}
