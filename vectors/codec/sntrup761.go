package codec

import (
	"bytes"
	"crypto/sha3"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"

	"smpcheck/reference/sntrup761"
	"smpcheck/vectors"
)

var kem = area{
	operations: map[string]handler{
		"sntrup761_exchange":    operation(kemExchange),
		"sntrup761_generate":    operation(kemGenerate),
		"sntrup761_encapsulate": operation(kemEncapsulate),
		"sntrup761_decapsulate": operation(kemDecapsulate),
		"sntrup761_reject":      operation(kemReject),
		"sntrup761_key_pair":    operation(kemKeyPair),
	},
	classes: []class{
		{sntrup761.ErrPublicKeySize, "KemLength"},
		{sntrup761.ErrSecretKeySize, "KemLength"},
		{sntrup761.ErrCiphertextSize, "KemLength"},
		{errKEMKeyPair, "KemKeyPair"},
	},
}

// errKEMKeyPair says that a secret key of the KEM contradicts itself.
var errKEMKeyPair = errors.New("the parts of a secret key of sntrup761 do not belong together")

// seeded returns the stream of random bytes of a seed.
func seeded(seed []byte) io.Reader {
	h := sha3.NewSHAKE256()
	_, _ = h.Write(seed) // writing to a hash cannot fail
	return h
}

type kemSeeds struct {
	KeySeed           vectors.Hex `json:"key_seed"`
	EncapsulationSeed vectors.Hex `json:"encapsulation_seed"`
}

type kemExchanged struct {
	Public     vectors.Hex `json:"public"`
	Secret     vectors.Hex `json:"secret"`
	Ciphertext vectors.Hex `json:"ciphertext"`
	Shared     vectors.Hex `json:"shared"`
}

func kemExchange(in kemSeeds) (kemExchanged, error) {
	public, secret, err := sntrup761.GenerateKey(seeded(in.KeySeed))
	if err != nil {
		return kemExchanged{}, err
	}
	ciphertext, shared, err := sntrup761.Encapsulate(seeded(in.EncapsulationSeed), public)
	return kemExchanged{public, secret, ciphertext, shared}, err
}

type kemKeySeed struct {
	KeySeed vectors.Hex `json:"key_seed"`
}

func kemGenerate(in kemKeySeed) (kemPair, error) {
	public, secret, err := sntrup761.GenerateKey(seeded(in.KeySeed))
	return kemPair{public, secret}, err
}

type kemToEncapsulate struct {
	EncapsulationSeed vectors.Hex `json:"encapsulation_seed"`
	Public            vectors.Hex `json:"public"`
}

type kemEncapsulated struct {
	Ciphertext vectors.Hex `json:"ciphertext"`
	Shared     vectors.Hex `json:"shared"`
}

func kemEncapsulate(in kemToEncapsulate) (kemEncapsulated, error) {
	ciphertext, shared, err := sntrup761.Encapsulate(seeded(in.EncapsulationSeed), in.Public)
	return kemEncapsulated{ciphertext, shared}, err
}

type kemToDecapsulate struct {
	Secret     vectors.Hex `json:"secret"`
	Ciphertext vectors.Hex `json:"ciphertext"`
}

type kemShared struct {
	Shared vectors.Hex `json:"shared"`
}

func kemDecapsulate(in kemToDecapsulate) (kemShared, error) {
	shared, err := sntrup761.Decapsulate(in.Secret, in.Ciphertext)
	return kemShared{shared}, err
}

type kemToReject struct {
	KeySeed    vectors.Hex `json:"key_seed"`
	Ciphertext vectors.Hex `json:"ciphertext"`
}

type kemRejected struct {
	Secret vectors.Hex `json:"secret"`
	Shared vectors.Hex `json:"shared"`
}

func kemReject(in kemToReject) (kemRejected, error) {
	_, secret, err := sntrup761.GenerateKey(seeded(in.KeySeed))
	if err != nil {
		return kemRejected{}, err
	}
	shared, err := sntrup761.Decapsulate(secret, in.Ciphertext)
	return kemRejected{secret, shared}, err
}

type kemSecret struct {
	Secret vectors.Hex `json:"secret"`
}

type kemPublic struct {
	Public vectors.Hex `json:"public"`
}

// kemKeyPair finds the public key within a secret key and tries both on each other.
func kemKeyPair(in kemSecret) (kemPublic, error) {
	public, err := kemPublicOf(in.Secret)
	if err != nil {
		return kemPublic{}, err
	}
	for i, b := range in.Secret[:2*kemSmall] {
		if b&(b>>1)&0x55 != 0 || i%kemSmall == kemSmall-1 && b > 2 {
			return kemPublic{}, fmt.Errorf("%w: a coefficient that is no coefficient", errKEMKeyPair)
		}
	}
	ciphertext, shared, err := sntrup761.Encapsulate(seeded(in.Secret), public)
	if err != nil {
		return kemPublic{}, err
	}
	opened, err := sntrup761.Decapsulate(in.Secret, ciphertext)
	if err != nil {
		return kemPublic{}, err
	}
	if !bytes.Equal(shared, opened) {
		return kemPublic{}, fmt.Errorf("%w: polynomials and public key", errKEMKeyPair)
	}
	return kemPublic{public}, nil
}

// kemSmall is the length of a small polynomial: 761 coefficients of 2 bits.
const kemSmall = 191

// kemPublicOf returns the public key within a secret key, whose hash has to be at the
// end of the secret key.
func kemPublicOf(secret []byte) ([]byte, error) {
	if len(secret) != sntrup761.SecretKeySize {
		return nil, sntrup761.ErrSecretKeySize
	}
	const hash = 32 // bytes
	public := secret[2*kemSmall : 2*kemSmall+sntrup761.PublicKeySize]
	digest := sha512.Sum512(append([]byte{4}, public...))
	if !bytes.Equal(digest[:hash], secret[len(secret)-hash:]) {
		return nil, fmt.Errorf("%w: public key and its hash", errKEMKeyPair)
	}
	return public, nil
}
