package tlsprobe

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"io"

	"github.com/cloudflare/circl/sign/ed448"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// signatureKind is how a signature is made, its hash apart.
type signatureKind uint8

const (
	kindEd25519 signatureKind = iota + 1
	kindEd448
	kindECDSA
	kindPKCS1
	kindPSS
)

var kindNames = map[signatureKind]string{
	kindEd25519: "Ed25519", kindEd448: "Ed448", kindECDSA: "ECDSA", kindPKCS1: "RSA PKCS #1", kindPSS: "RSA-PSS",
}

// signatureAlgorithm is a way to sign. Edwards curves have no hash; curve is set
// where a TLS scheme binds ECDSA to one; salt is the length for PSS.
type signatureAlgorithm struct {
	kind  signatureKind
	hash  crypto.Hash
	curve elliptic.Curve
	salt  int
}

var schemes = map[SignatureScheme]signatureAlgorithm{
	ECDSAP256SHA256:  {kind: kindECDSA, hash: crypto.SHA256, curve: elliptic.P256()},
	ECDSAP384SHA384:  {kind: kindECDSA, hash: crypto.SHA384, curve: elliptic.P384()},
	RSAPSSRSAESHA256: {kind: kindPSS, hash: crypto.SHA256, salt: crypto.SHA256.Size()},
	RSAPSSRSAESHA384: {kind: kindPSS, hash: crypto.SHA384, salt: crypto.SHA384.Size()},
	RSAPSSRSAESHA512: {kind: kindPSS, hash: crypto.SHA512, salt: crypto.SHA512.Size()},
	Ed25519:          {kind: kindEd25519},
	Ed448:            {kind: kindEd448},
}

// certificateAlgorithms are the signatures of certificates, by object identifier
// (RFC 8410, RFC 5758, RFC 8017); RSA-PSS has its hash in the parameters.
var certificateAlgorithms = map[string]signatureAlgorithm{
	oidEd25519.String():     {kind: kindEd25519},
	oidEd448.String():       {kind: kindEd448},
	"1.2.840.10045.4.3.2":   {kind: kindECDSA, hash: crypto.SHA256},
	"1.2.840.10045.4.3.3":   {kind: kindECDSA, hash: crypto.SHA384},
	"1.2.840.10045.4.3.4":   {kind: kindECDSA, hash: crypto.SHA512},
	"1.2.840.113549.1.1.11": {kind: kindPKCS1, hash: crypto.SHA256},
	"1.2.840.113549.1.1.12": {kind: kindPKCS1, hash: crypto.SHA384},
	"1.2.840.113549.1.1.13": {kind: kindPKCS1, hash: crypto.SHA512},
}

var hashes = map[string]crypto.Hash{
	"2.16.840.1.101.3.4.2.1": crypto.SHA256,
	"2.16.840.1.101.3.4.2.2": crypto.SHA384,
	"2.16.840.1.101.3.4.2.3": crypto.SHA512,
}

func findSignatureAlgorithm(id algorithmID) (signatureAlgorithm, error) {
	if id.oid.Equal(oidRSAPSS) {
		return parsePSS(id.parameters)
	}
	a, ok := certificateAlgorithms[id.oid.String()]
	if !ok {
		return a, &CertificateError{fmt.Sprintf("signature algorithm %v is not one the probe knows", id.oid)}
	}
	return a, nil
}

// parsePSS reads RSASSA-PSS-params (RFC 8017, "RSASSA-PSS"). The defaults of the
// hash are SHA-1, so that a hash must be there.
func parsePSS(parameters []byte) (signatureAlgorithm, error) {
	a := signatureAlgorithm{kind: kindPSS}
	input := cryptobyte.String(parameters)
	var s, hashField, maskField cryptobyte.String
	var salt, trailer int
	if !input.ReadASN1(&s, cbasn1.SEQUENCE) || !input.Empty() ||
		!s.ReadASN1(&hashField, explicit(0)) || !s.ReadASN1(&maskField, explicit(1)) ||
		!s.ReadOptionalASN1Integer(&salt, explicit(2), 20) ||
		!s.ReadOptionalASN1Integer(&trailer, explicit(3), 1) || !s.Empty() {
		return a, unreadable("RSA-PSS parameters")
	}
	hashID, okHash := readAlgorithm(&hashField)
	maskID, okMask := readAlgorithm(&maskField)
	if !okHash || !okMask || !maskID.oid.Equal(oidMGF1) {
		return a, unreadable("RSA-PSS hash")
	}
	mask := cryptobyte.String(maskID.parameters)
	maskHash, ok := readAlgorithm(&mask)
	a.hash = hashes[hashID.oid.String()]
	if !ok || a.hash == 0 || hashes[maskHash.oid.String()] != a.hash || trailer != 1 || salt < 0 || salt > a.hash.Size() {
		return a, &CertificateError{"the RSA-PSS parameters are not ones the probe knows"}
	}
	a.salt = salt
	return a, nil
}

func explicit(n uint8) cbasn1.Tag { return cbasn1.Tag(n).ContextSpecific().Constructed() }

// verify checks a signature. A key of another kind is a *CertificateError.
func (a signatureAlgorithm) verify(key crypto.PublicKey, message, signature []byte) error {
	digest := message
	if a.hash != 0 {
		h := a.hash.New()
		h.Write(message)
		digest = h.Sum(nil)
	}
	valid, fits := false, false
	switch k := key.(type) {
	case ed25519.PublicKey:
		fits = a.kind == kindEd25519
		valid = fits && ed25519.Verify(k, message, signature)
	case ed448.PublicKey:
		fits = a.kind == kindEd448
		valid = fits && ed448.Verify(k, message, signature, "")
	case *ecdsa.PublicKey:
		fits = a.kind == kindECDSA && (a.curve == nil || a.curve == k.Curve)
		valid = fits && ecdsa.VerifyASN1(k, digest, signature)
	case *rsa.PublicKey:
		switch a.kind {
		case kindPKCS1:
			fits = true
			valid = rsa.VerifyPKCS1v15(k, a.hash, digest, signature) == nil
		case kindPSS:
			fits = true
			valid = rsa.VerifyPSS(k, a.hash, digest, signature, &rsa.PSSOptions{SaltLength: a.salt}) == nil
		}
	}
	switch {
	case !fits:
		return &CertificateError{fmt.Sprintf("a signature of %s does not fit a key of type %T", name(kindNames, a.kind), key)}
	case !valid:
		return fmt.Errorf("%w (%s, %d bytes)", ErrBadSignature, name(kindNames, a.kind), len(signature))
	}
	return nil
}

// Contexts of CertificateVerify ("Certificate Verify").
const (
	serverVerifyContext = "TLS 1.3, server CertificateVerify"
	clientVerifyContext = "TLS 1.3, client CertificateVerify"
)

// verifyInput is what a CertificateVerify signs.
func verifyInput(context string, transcript []byte) []byte {
	const spaces = "                                                                "
	return append([]byte(spaces+context+"\x00"), transcript...)
}

// schemeOf gives the scheme that a client key signs with.
func schemeOf(key crypto.Signer) (SignatureScheme, error) {
	if key != nil {
		switch key.Public().(type) {
		case ed25519.PublicKey:
			return Ed25519, nil
		case ed448.PublicKey:
			return Ed448, nil
		}
	}
	return 0, fmt.Errorf("%w: a client key of type %T, expected Ed25519 or Ed448", ErrConfig, key)
}

// sign makes the signature of a client's CertificateVerify.
func sign(key crypto.Signer, rand io.Reader, transcript []byte) ([]byte, error) {
	signature, err := key.Sign(rand, verifyInput(clientVerifyContext, transcript), crypto.Hash(0))
	if err != nil {
		return nil, fmt.Errorf("signing with the client key: %w", err)
	}
	return signature, nil
}
