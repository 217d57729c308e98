package codec

import (
	"crypto/sha512"

	//lint:ignore SA1019 HSalsa20 and the bare stream are the steps that authors get stuck at; no other package exports them
	"golang.org/x/crypto/salsa20/salsa"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

var boxes = area{
	operations: map[string]handler{
		"agree":                  operation(agree),
		"derive_box_key":         operation(deriveBoxKey),
		"seal_secret_box":        operation(sealSecretBox),
		"open_secret_box":        operation(openSecretBox),
		"seal_padded_secret_box": operation(sealPaddedSecretBox),
		"open_padded_secret_box": operation(openPaddedSecretBox),
		"seal_crypto_box":        operation(sealCryptoBox),
		"open_crypto_box":        operation(openCryptoBox),
		"seal_padded_crypto_box": operation(sealPaddedCryptoBox),
		"open_padded_crypto_box": operation(openPaddedCryptoBox),
		"make_authenticator":     operation(makeAuthenticator),
		"verify_authenticator":   operation(verifyAuthenticator),
	},
	classes: []class{
		{box.ErrOpen, "BoxClosed"},
		{box.ErrSecretSize, "SecretSize"},
		{box.ErrNonceSize, "NonceSize"},
	},
}

// keysDER are one's own private key and the public key of the other side, in DER.
type keysDER struct {
	PrivateKey vectors.Hex `json:"private_key"`
	PublicKey  vectors.Hex `json:"public_key"`
}

func (k keysDER) agree() (vectors.Hex, error) {
	private, err := keys.ParsePrivate(k.PrivateKey)
	if err != nil {
		return nil, err
	}
	public, err := keys.ParsePublic(k.PublicKey)
	if err != nil {
		return nil, err
	}
	return private.DH(public)
}

type agreedSecret struct {
	Secret vectors.Hex `json:"secret"`
}

func agree(in keysDER) (agreedSecret, error) {
	secret, err := in.agree()
	return agreedSecret{secret}, err
}

// x25519 is agree for boxes, of which the keys are X25519 keys.
func (k keysDER) x25519() (vectors.Hex, error) {
	secret, err := k.agree()
	if err == nil && len(secret) != box.KeySize {
		err = keys.ErrAlgorithm
	}
	return secret, err
}

type boxKey struct {
	BoxKey vectors.Hex `json:"box_key"`
}

func deriveBoxKey(in agreedSecret) (boxKey, error) {
	k, err := box.DeriveKey(in.Secret)
	if err != nil {
		return boxKey{}, err
	}
	return boxKey{k[:]}, nil
}

// seal is what a box is made or opened with.
type seal struct {
	key   box.Key
	nonce box.Nonce
}

func sealOf(secret, nonce vectors.Hex) (seal, error) {
	key, err := box.DeriveKey(secret)
	if err != nil {
		return seal{}, err
	}
	n, err := box.NonceFrom(nonce)
	return seal{key, n}, err
}

// subkeys returns the keys inside XSalsa20-Poly1305: that of Salsa20 and that of
// Poly1305, the first bytes of its stream.
func (s *seal) subkeys() (subkey, poly1305 []byte) {
	var k, stream [32]byte
	var block [16]byte
	salsa.HSalsa20(&k, (*[16]byte)(s.nonce[:16]), (*[32]byte)(&s.key), &salsa.Sigma)
	copy(block[:], s.nonce[16:])
	salsa.XORKeyStream(stream[:], stream[:], &block, &k)
	return k[:], stream[:]
}

func (s *seal) closed(message []byte) []byte { return box.Seal(nil, message, &s.nonce, &s.key) }

func (s *seal) open(sealed []byte) ([]byte, error) { return box.Open(nil, sealed, &s.nonce, &s.key) }

// openPadded also returns the padding.
func (s *seal) openPadded(sealed []byte) (unpadded, error) {
	padded, err := s.open(sealed)
	if err != nil {
		return unpadded{}, err
	}
	return unpadBytes(padded)
}

func unpadBytes(padded []byte) (unpadded, error) {
	m, err := wire.Unpad(padded)
	if err != nil {
		return unpadded{}, err
	}
	return unpadded{Message: m, Padding: padded[2+len(m):]}, nil
}

type plainText struct {
	Message vectors.Hex `json:"message"`
}

type secretBoxInputs struct {
	Secret  vectors.Hex `json:"secret"`
	Nonce   vectors.Hex `json:"nonce"`
	Message vectors.Hex `json:"message"`
}

type secretBoxSteps struct {
	BoxKey   vectors.Hex `json:"box_key"`
	Subkey   vectors.Hex `json:"subkey"`
	Poly1305 vectors.Hex `json:"poly1305_key"`
	Tag      vectors.Hex `json:"tag"`
	Box      vectors.Hex `json:"box"`
}

func sealSecretBox(in secretBoxInputs) (secretBoxSteps, error) {
	s, err := sealOf(in.Secret, in.Nonce)
	if err != nil {
		return secretBoxSteps{}, err
	}
	sealed := s.closed(in.Message)
	subkey, poly := s.subkeys()
	return secretBoxSteps{s.key[:], subkey, poly, sealed[:box.Overhead], sealed}, nil
}

type secretBoxToOpen struct {
	Secret vectors.Hex `json:"secret"`
	Nonce  vectors.Hex `json:"nonce"`
	Box    vectors.Hex `json:"box"`
}

func openSecretBox(in secretBoxToOpen) (plainText, error) {
	s, err := sealOf(in.Secret, in.Nonce)
	if err != nil {
		return plainText{}, err
	}
	m, err := s.open(in.Box)
	return plainText{m}, err
}

type paddedSecretBoxInputs struct {
	secretBoxInputs
	Length int `json:"length"`
}

type paddedSecretBox struct {
	BoxKey vectors.Hex `json:"box_key"`
	Padded vectors.Hex `json:"padded"`
	Box    vectors.Hex `json:"box"`
}

func sealPaddedSecretBox(in paddedSecretBoxInputs) (paddedSecretBox, error) {
	s, err := sealOf(in.Secret, in.Nonce)
	if err != nil {
		return paddedSecretBox{}, err
	}
	padded, err := wire.Pad(nil, in.Message, in.Length)
	if err != nil {
		return paddedSecretBox{}, err
	}
	return paddedSecretBox{s.key[:], padded, s.closed(padded)}, nil
}

func openPaddedSecretBox(in secretBoxToOpen) (unpadded, error) {
	s, err := sealOf(in.Secret, in.Nonce)
	if err != nil {
		return unpadded{}, err
	}
	return s.openPadded(in.Box)
}

type cryptoBoxInputs struct {
	keysDER
	Nonce   vectors.Hex `json:"nonce"`
	Message vectors.Hex `json:"message"`
}

type cryptoBoxSteps struct {
	Secret vectors.Hex `json:"secret"`
	BoxKey vectors.Hex `json:"box_key"`
	Subkey vectors.Hex `json:"subkey"`
	Tag    vectors.Hex `json:"tag"`
	Box    vectors.Hex `json:"box"`
}

func sealCryptoBox(in cryptoBoxInputs) (cryptoBoxSteps, error) {
	secret, err := in.x25519()
	if err != nil {
		return cryptoBoxSteps{}, err
	}
	s, err := sealOf(secret, in.Nonce)
	if err != nil {
		return cryptoBoxSteps{}, err
	}
	sealed := s.closed(in.Message)
	subkey, _ := s.subkeys()
	return cryptoBoxSteps{secret, s.key[:], subkey, sealed[:box.Overhead], sealed}, nil
}

type cryptoBoxToOpen struct {
	keysDER
	Nonce vectors.Hex `json:"nonce"`
	Box   vectors.Hex `json:"box"`
}

type openedCryptoBox struct {
	agreedSecret
	plainText
}

func openCryptoBox(in cryptoBoxToOpen) (openedCryptoBox, error) {
	secret, err := in.x25519()
	if err != nil {
		return openedCryptoBox{}, err
	}
	m, err := openSecretBox(secretBoxToOpen{secret, in.Nonce, in.Box})
	return openedCryptoBox{agreedSecret{secret}, m}, err
}

type paddedCryptoBoxInputs struct {
	cryptoBoxInputs
	Length int `json:"length"`
}

type paddedCryptoBox struct {
	agreedSecret
	paddedSecretBox
}

func sealPaddedCryptoBox(in paddedCryptoBoxInputs) (paddedCryptoBox, error) {
	secret, err := in.x25519()
	if err != nil {
		return paddedCryptoBox{}, err
	}
	sealed, err := sealPaddedSecretBox(paddedSecretBoxInputs{secretBoxInputs{secret, in.Nonce, in.Message}, in.Length})
	return paddedCryptoBox{agreedSecret{secret}, sealed}, err
}

type openedPaddedCryptoBox struct {
	agreedSecret
	unpadded
}

func openPaddedCryptoBox(in cryptoBoxToOpen) (openedPaddedCryptoBox, error) {
	secret, err := in.x25519()
	if err != nil {
		return openedPaddedCryptoBox{}, err
	}
	m, err := openPaddedSecretBox(secretBoxToOpen{secret, in.Nonce, in.Box})
	return openedPaddedCryptoBox{agreedSecret{secret}, m}, err
}

type authenticatorInputs struct {
	keysDER
	CorrelationID vectors.Hex `json:"correlation_id"`
	Authorized    vectors.Hex `json:"authorized"`
}

type authenticatorSteps struct {
	Secret        vectors.Hex `json:"secret"`
	BoxKey        vectors.Hex `json:"box_key"`
	Hash          vectors.Hex `json:"hash"`
	Authenticator vectors.Hex `json:"authenticator"`
}

func makeAuthenticator(in authenticatorInputs) (authenticatorSteps, error) {
	secret, err := in.x25519()
	if err != nil {
		return authenticatorSteps{}, err
	}
	s, err := sealOf(secret, nonceOfID(in.CorrelationID))
	if err != nil {
		return authenticatorSteps{}, err
	}
	hash := sha512.Sum512(in.Authorized)
	auth := box.Authenticator(in.Authorized, &s.nonce, &s.key)
	return authenticatorSteps{secret, s.key[:], hash[:], auth[:]}, nil
}

type authenticatorToVerify struct {
	authenticatorInputs
	Authenticator vectors.Hex `json:"authenticator"`
}

type authorizedHash struct {
	Hash vectors.Hex `json:"hash"`
}

func verifyAuthenticator(in authenticatorToVerify) (authorizedHash, error) {
	secret, err := in.x25519()
	if err != nil {
		return authorizedHash{}, err
	}
	s, err := sealOf(secret, nonceOfID(in.CorrelationID))
	if err != nil {
		return authorizedHash{}, err
	}
	if !box.VerifyAuthenticator(in.Authenticator, in.Authorized, &s.nonce, &s.key) {
		return authorizedHash{}, errNotAuthorized
	}
	hash := sha512.Sum512(in.Authorized)
	return authorizedHash{hash[:]}, nil
}
