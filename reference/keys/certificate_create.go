package keys

import (
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidCommonName       = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidOrganization     = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidSubjectKeyID     = asn1.ObjectIdentifier{2, 5, 29, 14}
	oidKeyUsage         = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidAuthorityKeyID   = asn1.ObjectIdentifier{2, 5, 29, 35}
	oidExtKeyUsage      = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidServerAuth       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
)

// Template says what a new certificate holds.
type Template struct {
	// CommonName and Organization make the subject; an empty organization is
	// left out.
	CommonName, Organization string
	// NotBefore and NotAfter limit the validity, cut to whole seconds.
	NotBefore, NotAfter time.Time
	// CA makes the certificate an authority: critical basic constraints, no key
	// usage. Otherwise it has the profile of a relay: digitalSignature,
	// nonRepudiation, keyAgreement, serverAuth, no alternative name.
	CA bool
}

// CreateCertificate makes a DER X.509 version 3 certificate of the key pub,
// signed by signer (Ed25519 or Ed448) in the name of issuer. A zero issuer
// makes a self-signed one; signer then has to be the private key of pub. The
// serial number is 20 bytes from rand.
func CreateCertificate(rand io.Reader, t Template, pub PublicKey, issuer Certificate, signer PrivateKey) ([]byte, error) {
	if !signer.Algorithm().CanSign() {
		return nil, fmt.Errorf("%w: %v cannot sign a certificate", ErrAlgorithm, signer.Algorithm())
	}
	var serial [20]byte
	if _, err := io.ReadFull(rand, serial[:]); err != nil {
		return nil, fmt.Errorf("randomness for a serial number: %w", err)
	}
	serial[0] = serial[0]&0x3f | 0x40 // positive, and 20 bytes without leading zeros
	subject, err := t.subject()
	if err != nil {
		return nil, err
	}
	issuerName, issuerKey := issuer.Subject, issuer.SPKI
	if len(issuer.Raw) == 0 {
		issuerName, issuerKey = subject, pub.SPKI()
	}

	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(tagVersion, func(b *cryptobyte.Builder) { b.AddASN1Int64(2) })
		b.AddASN1(cbasn1.INTEGER, func(b *cryptobyte.Builder) { b.AddBytes(serial[:]) })
		addAlgorithm(b, signer.Algorithm())
		b.AddBytes(issuerName)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addTime(b, t.NotBefore)
			addTime(b, t.NotAfter)
		})
		b.AddBytes(subject)
		b.AddBytes(pub.SPKI())
		b.AddASN1(tagExtensions, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { t.addExtensions(b, pub.SPKI(), issuerKey) })
		})
	})
	body, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding a certificate: %w", err)
	}
	return signObject(body, signer)
}

// signObject appends algorithm and signature to a DER object, as X.509 signs
// everything: SEQUENCE { object, AlgorithmIdentifier, BIT STRING }.
func signObject(object []byte, signer PrivateKey) ([]byte, error) {
	signature, err := signer.Sign(object)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(object)
		addAlgorithm(b, signer.Algorithm())
		b.AddASN1BitString(signature)
	})
	return b.Bytes()
}

func (t Template) subject() ([]byte, error) {
	var b cryptobyte.Builder
	attribute := func(b *cryptobyte.Builder, id asn1.ObjectIdentifier, value string) {
		b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(id)
				b.AddASN1(cbasn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(value)) })
			})
		})
	}
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		attribute(b, oidCommonName, t.CommonName)
		if t.Organization != "" {
			attribute(b, oidOrganization, t.Organization)
		}
	})
	return b.Bytes()
}

func (t Template) addExtensions(list *cryptobyte.Builder, key, issuerKey []byte) {
	add := func(id asn1.ObjectIdentifier, critical bool, value func(*cryptobyte.Builder)) {
		list.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(id)
			if critical {
				b.AddASN1Boolean(true)
			}
			b.AddASN1(cbasn1.OCTET_STRING, value)
		})
	}
	add(oidBasicConstraints, t.CA, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			if t.CA {
				b.AddASN1Boolean(true)
			}
		})
	})
	if !t.CA {
		add(oidKeyUsage, false, func(b *cryptobyte.Builder) {
			b.AddBytes([]byte{byte(cbasn1.BIT_STRING), 2, 3, 0xc8}) // bits 0, 1 and 4
		})
		add(oidExtKeyUsage, false, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidServerAuth) })
		})
	}
	add(oidSubjectKeyID, false, func(b *cryptobyte.Builder) { b.AddASN1OctetString(keyID(key)) })
	add(oidAuthorityKeyID, false, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.Tag(0).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(keyID(issuerKey)) })
		})
	})
}

// keyID is a key identifier by the first method of RFC 7093: the first 160 bits
// of the SHA-256 of the key.
func keyID(spki []byte) []byte {
	raw := spki
	if pub, err := ParsePublic(spki); err == nil {
		raw = pub.Raw()
	}
	hash := sha256.Sum256(raw)
	return hash[:20]
}

func addAlgorithm(b *cryptobyte.Builder, alg Algorithm) {
	prefix := spkiPrefix(alg)
	b.AddBytes(prefix[2:9])
}

// addTime writes UTCTime up to 2049 and GeneralizedTime after. RFC 5280,
// section 4.1.2.5.
func addTime(b *cryptobyte.Builder, t time.Time) {
	t = t.UTC().Truncate(time.Second)
	if y := t.Year(); y >= 1950 && y < 2050 {
		b.AddASN1UTCTime(t)
		return
	}
	b.AddASN1GeneralizedTime(t)
}
