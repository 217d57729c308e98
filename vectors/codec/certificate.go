package codec

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/vectors"
)

var certificates = area{
	operations: map[string]handler{
		"certificate":          operation(parseCertificate),
		"verify_chain":         operation(verifyChain),
		"verify_service_chain": operation(verifyServiceChain),
		"credentials":          operation(checkCredentialsOf),
		"sign_key":             operation(signKey),
		"verify_signed_key":    operation(verifySignedKey),
	},
	classes: []class{
		{keys.ErrCertificate, "MalformedCertificate"},
		{keys.ErrSignedKey, "MalformedSignedKey"},
		{keys.ErrChainLength, "ChainLength"},
		{keys.ErrIssuer, "OtherIssuer"},
		{keys.ErrValidity, "OutsideValidity"},
		{keys.ErrFingerprint, "OtherIdentity"},
		{keys.ErrSignature, "BadSignature"},
		{errOtherKey, "OtherKey"},
	},
}

var errOtherKey = errors.New("private key is not that of the leaf certificate")

type certificateInput struct {
	Certificate vectors.Hex `json:"certificate"`
}

type certificateParts struct {
	Fingerprint     vectors.Hex `json:"fingerprint"`
	FingerprintText string      `json:"fingerprint_text"`
	Issuer          vectors.Hex `json:"issuer"`
	Subject         vectors.Hex `json:"subject"`
	NotBefore       string      `json:"not_before"`
	NotAfter        string      `json:"not_after"`
	PublicDER       vectors.Hex `json:"public_der"`
	Authority       bool        `json:"authority"`
}

func parseCertificate(in certificateInput) (certificateParts, error) {
	c, err := keys.ParseCertificate(in.Certificate)
	if err != nil {
		return certificateParts{}, err
	}
	key, err := c.PublicKey()
	if err != nil {
		return certificateParts{}, err
	}
	fingerprint := keys.FingerprintOf(in.Certificate)
	return certificateParts{
		Fingerprint: fingerprint[:], FingerprintText: fingerprint.String(), Issuer: c.Issuer, Subject: c.Subject,
		NotBefore: seconds(c.NotBefore), NotAfter: seconds(c.NotAfter), PublicDER: key.SPKI(), Authority: c.CA,
	}, nil
}

func seconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func timeOf(text string) (time.Time, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, badRequest("%q is no number of seconds", text)
	}
	return time.Unix(n, 0), nil
}

type relayChain struct {
	Chain   []vectors.Hex `json:"chain"`
	KeyHash vectors.Hex   `json:"key_hash"`
	Time    string        `json:"time"`
}

type verifiedLeaf struct {
	PublicDER   vectors.Hex `json:"leaf_public_der"`
	Fingerprint vectors.Hex `json:"leaf_fingerprint"`
}

func verifyChain(in relayChain) (verifiedLeaf, error) {
	at, err := timeOf(in.Time)
	if err != nil {
		return verifiedLeaf{}, err
	}
	chain := byteSlices(in.Chain)
	if err := keys.ValidateChainAt(chain, in.KeyHash, at); err != nil {
		return verifiedLeaf{}, err
	}
	key, err := keys.CertificatePublicKey(chain[0])
	fingerprint := keys.FingerprintOf(chain[0])
	return verifiedLeaf{key.SPKI(), fingerprint[:]}, err
}

type serviceChain struct {
	Chain []vectors.Hex `json:"chain"`
	Time  string        `json:"time"`
}

type identified struct {
	Fingerprint vectors.Hex `json:"identity_fingerprint"`
	PublicDER   vectors.Hex `json:"leaf_public_der"`
}

func verifyServiceChain(in serviceChain) (identified, error) {
	at, err := timeOf(in.Time)
	if err != nil {
		return identified{}, err
	}
	chain := byteSlices(in.Chain)
	if err := keys.ValidateServiceChainAt(chain, at); err != nil {
		return identified{}, err
	}
	identity, err := keys.Identity(chain)
	if err != nil {
		return identified{}, err
	}
	key, err := keys.CertificatePublicKey(chain[0])
	fingerprint := keys.FingerprintOf(identity)
	return identified{fingerprint[:], key.SPKI()}, err
}

type ownChain struct {
	Chain          []vectors.Hex `json:"chain"`
	LeafPrivateDER vectors.Hex   `json:"leaf_private_der"`
	Time           string        `json:"time"`
}

func checkCredentialsOf(in ownChain) (identified, error) {
	found, err := verifyServiceChain(serviceChain{in.Chain, in.Time})
	if err != nil {
		return identified{}, err
	}
	private, err := keys.ParsePrivate(in.LeafPrivateDER)
	if err == nil && string(private.Public().SPKI()) != string(found.PublicDER) {
		err = errOtherKey
	}
	return found, err
}

type keyToSign struct {
	SessionPublicDER vectors.Hex `json:"session_public_der"`
	LeafPrivateDER   vectors.Hex `json:"leaf_private_der"`
}

type signedKeyParts struct {
	SignedPart    vectors.Hex `json:"signed_part"`
	Signature     vectors.Hex `json:"signature"`
	SignedKey     vectors.Hex `json:"signed_key"`
	LeafPublicDER vectors.Hex `json:"leaf_public_der"`
}

func signKey(in keyToSign) (signedKeyParts, error) {
	session, err := keys.ParsePublic(in.SessionPublicDER)
	if err != nil {
		return signedKeyParts{}, err
	}
	private, err := keys.ParsePrivate(in.LeafPrivateDER)
	if err != nil {
		return signedKeyParts{}, err
	}
	der, err := keys.SignKey(session, private)
	if err != nil {
		return signedKeyParts{}, err
	}
	signed, err := keys.ParseSignedKey(der)
	return signedKeyParts{signed.Signed(), signed.Signature(), der, private.Public().SPKI()}, err
}

type signedKeyInput struct {
	SignedKey        vectors.Hex `json:"signed_key"`
	LeafPublicDER    vectors.Hex `json:"leaf_public_der"`
	SessionAlgorithm string      `json:"session_algorithm"`
}

type sessionKey struct {
	PublicDER vectors.Hex `json:"session_public_der"`
}

func verifySignedKey(in signedKeyInput) (sessionKey, error) {
	wanted, err := algorithmOf(in.SessionAlgorithm)
	if err != nil {
		return sessionKey{}, err
	}
	signer, err := keys.ParsePublic(in.LeafPublicDER)
	if err != nil {
		return sessionKey{}, err
	}
	signed, err := keys.ParseSignedKey(in.SignedKey)
	if err != nil {
		return sessionKey{}, err
	}
	if err := signed.Verify(signer); err != nil {
		return sessionKey{}, err
	}
	key, err := signed.PublicKey()
	if err != nil {
		return sessionKey{}, err
	}
	if key.Algorithm() != wanted {
		return sessionKey{}, fmt.Errorf("%w: %v, expected %v", keys.ErrAlgorithm, key.Algorithm(), wanted)
	}
	return sessionKey{key.SPKI()}, nil
}

// byteSlices returns the list with another type.
func byteSlices(list []vectors.Hex) [][]byte {
	slices := make([][]byte, len(list))
	for i, b := range list {
		slices[i] = b
	}
	return slices
}

// hexes returns the list with another type, nil for nil.
func hexes(list [][]byte) []vectors.Hex {
	if list == nil {
		return nil
	}
	all := make([]vectors.Hex, len(list))
	for i, b := range list {
		all[i] = b
	}
	return all
}
