package tlsprobe

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/asn1"
	"fmt"
	"math/big"

	"github.com/cloudflare/circl/sign/ed448"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// maxRSABits bounds the work that a hostile key can cause; below minRSABits the
// standard library verifies nothing.
const (
	minRSABits = 1024
	maxRSABits = 8192
)

// Object identifiers: RFC 8410 (Edwards curves), RFC 5480 and 5758 (ECDSA),
// RFC 8017 (RSA).
var (
	oidEd25519     = asn1.ObjectIdentifier{1, 3, 101, 112}
	oidEd448       = asn1.ObjectIdentifier{1, 3, 101, 113}
	oidECPublicKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidP256        = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}
	oidP384        = asn1.ObjectIdentifier{1, 3, 132, 0, 34}
	oidRSA         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidRSAPSS      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidMGF1        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
)

// certificate is what of an X.509 certificate bears on signatures. Package
// crypto/x509 is no help: it leaves the key of Ed448 out.
type certificate struct {
	tbs       []byte
	algorithm algorithmID
	signature []byte
	key       crypto.PublicKey
}

// algorithmID is an AlgorithmIdentifier; parameters is nil where absent.
type algorithmID struct {
	oid        asn1.ObjectIdentifier
	parameters []byte
}

func unreadable(part string) error { return &CertificateError{"the " + part + " cannot be read"} }

func readAlgorithm(s *cryptobyte.String) (a algorithmID, ok bool) {
	var inner cryptobyte.String
	if !s.ReadASN1(&inner, cbasn1.SEQUENCE) || !inner.ReadASN1ObjectIdentifier(&a.oid) {
		return a, false
	}
	if inner.Empty() {
		return a, true
	}
	var parameters cryptobyte.String
	var tag cbasn1.Tag
	ok = inner.ReadAnyASN1Element(&parameters, &tag) && inner.Empty()
	a.parameters = parameters
	return a, ok
}

// parseCertificateDER reads one certificate (RFC 5280, "Basic Certificate Fields").
func parseCertificateDER(der []byte) (*certificate, error) {
	input := cryptobyte.String(der)
	var outer, tbsElement, tbs cryptobyte.String
	if !input.ReadASN1(&outer, cbasn1.SEQUENCE) || !input.Empty() {
		return nil, unreadable("outermost sequence")
	}
	if !outer.ReadASN1Element(&tbsElement, cbasn1.SEQUENCE) {
		return nil, unreadable("part to be signed")
	}
	c := &certificate{tbs: tbsElement}
	var ok bool
	if c.algorithm, ok = readAlgorithm(&outer); !ok || !outer.ReadASN1BitStringAsBytes(&c.signature) || !outer.Empty() {
		return nil, unreadable("signature")
	}

	var version, inner, spki cryptobyte.String
	var tagged bool
	var innerAlgorithm algorithmID
	if !tbsElement.ReadASN1(&tbs, cbasn1.SEQUENCE) ||
		!tbs.ReadOptionalASN1(&version, &tagged, cbasn1.Tag(0).ContextSpecific().Constructed()) ||
		!tbs.SkipASN1(cbasn1.INTEGER) {
		return nil, unreadable("serial number")
	}
	if innerAlgorithm, ok = readAlgorithm(&tbs); !ok {
		return nil, unreadable("inner signature algorithm")
	}
	for _, part := range []string{"issuer", "validity", "subject"} {
		if !tbs.ReadASN1(&inner, cbasn1.SEQUENCE) {
			return nil, unreadable(part)
		}
	}
	if !tbs.ReadASN1Element(&spki, cbasn1.SEQUENCE) {
		return nil, unreadable("public key")
	}
	if !c.algorithm.oid.Equal(innerAlgorithm.oid) || !bytes.Equal(c.algorithm.parameters, innerAlgorithm.parameters) {
		return nil, &CertificateError{"the two signature algorithms differ"}
	}
	var err error
	c.key, err = parseSPKI(spki)
	return c, err
}

// parseSPKI reads a SubjectPublicKeyInfo of the key types that the probe verifies.
func parseSPKI(der []byte) (crypto.PublicKey, error) {
	input := cryptobyte.String(der)
	var s cryptobyte.String
	var key []byte
	if !input.ReadASN1(&s, cbasn1.SEQUENCE) || !input.Empty() {
		return nil, unreadable("public key")
	}
	algorithm, ok := readAlgorithm(&s)
	if !ok || !s.ReadASN1BitStringAsBytes(&key) || !s.Empty() {
		return nil, unreadable("public key")
	}
	switch {
	case algorithm.oid.Equal(oidEd25519):
		return edwardsKey[ed25519.PublicKey](algorithm, key, ed25519.PublicKeySize)
	case algorithm.oid.Equal(oidEd448):
		return edwardsKey[ed448.PublicKey](algorithm, key, ed448.PublicKeySize)
	case algorithm.oid.Equal(oidECPublicKey):
		return parseECKey(algorithm, key)
	case algorithm.oid.Equal(oidRSA):
		return parseRSAKey(key)
	}
	return nil, &CertificateError{fmt.Sprintf("public key algorithm %v is not one the probe knows", algorithm.oid)}
}

func edwardsKey[K ~[]byte](algorithm algorithmID, key []byte, size int) (crypto.PublicKey, error) {
	if algorithm.parameters != nil || len(key) != size {
		return nil, &CertificateError{fmt.Sprintf("a key of %d bytes, expected %d and no parameters", len(key), size)}
	}
	return K(key), nil
}

func parseECKey(algorithm algorithmID, key []byte) (crypto.PublicKey, error) {
	var curve asn1.ObjectIdentifier
	parameters := cryptobyte.String(algorithm.parameters)
	if !parameters.ReadASN1ObjectIdentifier(&curve) {
		return nil, unreadable("curve of the public key")
	}
	curves := map[string]elliptic.Curve{oidP256.String(): elliptic.P256(), oidP384.String(): elliptic.P384()}
	known, ok := curves[curve.String()]
	if !ok {
		return nil, &CertificateError{fmt.Sprintf("curve %v is not one the probe knows", curve)}
	}
	public, err := ecdsa.ParseUncompressedPublicKey(known, key)
	if err != nil {
		return nil, &CertificateError{"the public key is no point of its curve"}
	}
	return public, nil
}

func parseRSAKey(der []byte) (crypto.PublicKey, error) {
	input := cryptobyte.String(der)
	var s cryptobyte.String
	public := &rsa.PublicKey{N: new(big.Int)}
	if !input.ReadASN1(&s, cbasn1.SEQUENCE) || !input.Empty() ||
		!s.ReadASN1Integer(public.N) || !s.ReadASN1Integer(&public.E) || !s.Empty() {
		return nil, unreadable("RSA key")
	}
	if bits := public.N.BitLen(); public.N.Sign() <= 0 || public.E <= 0 || bits < minRSABits || bits > maxRSABits {
		return nil, &CertificateError{fmt.Sprintf("an RSA modulus of %d bits, expected %d to %d", bits, minRSABits, maxRSABits)}
	}
	return public, nil
}

// VerifyCertificate checks that the certificate child (DER) is signed by the key
// of the certificate parent (DER). Keys may be Ed25519, Ed448, ECDSA (P-256,
// P-384) and RSA; signatures RSA PKCS #1 v1.5 and PSS. It checks nothing else: no
// names, dates or uses. The error is a *CertificateError where something cannot
// be read or does not fit, and wraps ErrBadSignature where the signature is wrong.
func VerifyCertificate(child, parent []byte) error {
	c, err := parseCertificateDER(child)
	if err != nil {
		return fmt.Errorf("the signed certificate: %w", err)
	}
	p, err := parseCertificateDER(parent)
	if err != nil {
		return fmt.Errorf("the signing certificate: %w", err)
	}
	algorithm, err := findSignatureAlgorithm(c.algorithm)
	if err != nil {
		return fmt.Errorf("the signed certificate: %w", err)
	}
	return algorithm.verify(p.key, c.tbs, c.signature)
}
