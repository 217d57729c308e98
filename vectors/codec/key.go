package codec

import (
	"errors"

	"smpcheck/reference/keys"
	"smpcheck/vectors"
)

var key = area{
	operations: map[string]handler{
		"key_pair":          operation(keyPair),
		"private_key":       operation(privateKeyOf),
		"public_key":        operation(publicKeyOf),
		"decode_public_key": operation(decodePublicKey),
		"decode_x25519_key": operation(decodeX25519Key),
		"sign":              operation(signMessage),
		"verify_signature":  operation(verifySignature),
	},
	classes: []class{
		{keys.ErrEncoding, "MalformedKey"},
		{keys.ErrSize, "MalformedKey"},
		{keys.ErrAlgorithm, "WrongKeyType"},
		{keys.ErrLowOrder, "MalformedKey"},
		{errNotAuthorized, "NotAuthorized"},
	},
}

// errNotAuthorized is the answer to an authorization that does not verify.
var errNotAuthorized = errors.New("authorization does not verify")

// algorithms are the names of keys in the vectors.
var algorithms = map[string]keys.Algorithm{
	keys.X25519.String(): keys.X25519, keys.X448.String(): keys.X448,
	keys.Ed25519.String(): keys.Ed25519, keys.Ed448.String(): keys.Ed448,
}

func algorithmOf(name string) (keys.Algorithm, error) {
	if a, ok := algorithms[name]; ok {
		return a, nil
	}
	return 0, badRequest("%q is no algorithm", name)
}

type privateDER struct {
	PrivateDER vectors.Hex `json:"private_der"`
}

type keyPairParts struct {
	Algorithm  string      `json:"algorithm"`
	PrivateRaw vectors.Hex `json:"private_raw"`
	PublicDER  vectors.Hex `json:"public_der"`
	PublicRaw  vectors.Hex `json:"public_raw"`
}

func keyPair(in privateDER) (keyPairParts, error) {
	k, err := keys.ParsePrivate(in.PrivateDER)
	if err != nil {
		return keyPairParts{}, err
	}
	return keyPairParts{k.Algorithm().String(), k.Raw(), k.Public().SPKI(), k.Public().Raw()}, nil
}

type rawPrivate struct {
	Algorithm  string      `json:"algorithm"`
	PrivateRaw vectors.Hex `json:"private_raw"`
}

type keyPairDER struct {
	PrivateDER vectors.Hex `json:"private_der"`
	PublicDER  vectors.Hex `json:"public_der"`
	PublicRaw  vectors.Hex `json:"public_raw"`
}

func privateKeyOf(in rawPrivate) (keyPairDER, error) {
	a, err := algorithmOf(in.Algorithm)
	if err != nil {
		return keyPairDER{}, err
	}
	k, err := keys.NewPrivate(a, in.PrivateRaw)
	if err != nil {
		return keyPairDER{}, err
	}
	return keyPairDER{k.PKCS8(), k.Public().SPKI(), k.Public().Raw()}, nil
}

type rawPublic struct {
	Algorithm string      `json:"algorithm"`
	PublicRaw vectors.Hex `json:"public_raw"`
}

type publicDER struct {
	PublicDER vectors.Hex `json:"public_der"`
}

func publicKeyOf(in rawPublic) (publicDER, error) {
	a, err := algorithmOf(in.Algorithm)
	if err != nil {
		return publicDER{}, err
	}
	k, err := keys.NewPublic(a, in.PublicRaw)
	return publicDER{k.SPKI()}, err
}

func decodePublicKey(in publicDER) (rawPublic, error) {
	k, err := keys.ParsePublic(in.PublicDER)
	if err != nil {
		return rawPublic{}, err
	}
	return rawPublic{k.Algorithm().String(), k.Raw()}, nil
}

type x25519Raw struct {
	PublicRaw vectors.Hex `json:"public_raw"`
}

func decodeX25519Key(in publicDER) (x25519Raw, error) {
	k, err := keys.ParsePublic(in.PublicDER)
	if err == nil && k.Algorithm() != keys.X25519 {
		err = keys.ErrAlgorithm
	}
	if err != nil {
		return x25519Raw{}, err
	}
	return x25519Raw{k.Raw()}, nil
}

type toSign struct {
	PrivateDER vectors.Hex `json:"private_der"`
	Message    vectors.Hex `json:"message"`
}

type signedMessage struct {
	Signature vectors.Hex `json:"signature"`
	PublicDER vectors.Hex `json:"public_der"`
}

func signMessage(in toSign) (signedMessage, error) {
	k, err := keys.ParsePrivate(in.PrivateDER)
	if err != nil {
		return signedMessage{}, err
	}
	signature, err := k.Sign(in.Message)
	return signedMessage{signature, k.Public().SPKI()}, err
}

type toVerify struct {
	PublicDER vectors.Hex `json:"public_der"`
	Message   vectors.Hex `json:"message"`
	Signature vectors.Hex `json:"signature"`
}

type algorithmName struct {
	Algorithm string `json:"algorithm"`
}

func verifySignature(in toVerify) (algorithmName, error) {
	k, err := keys.ParsePublic(in.PublicDER)
	switch {
	case err != nil:
		return algorithmName{}, err
	case !k.Algorithm().CanSign():
		return algorithmName{}, keys.ErrAlgorithm
	case !keys.Verify(k, in.Message, in.Signature):
		return algorithmName{}, errNotAuthorized
	}
	return algorithmName{k.Algorithm().String()}, nil
}
