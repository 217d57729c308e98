package codec

import (
	"crypto/hkdf"
	"crypto/sha512"
	"errors"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
	"smpcheck/vectors"
)

// Labels of the derivations, and the salt of those that have none or one of zeros.
const (
	x3dhInfo  = "SimpleXX3DH"
	rootInfo  = "SimpleXRootRatchet"
	chainInfo = "SimpleXChainRatchet"
)

// errDerivation says that the steps of a derivation do not lead to what the reference
// implementation derives at once.
var errDerivation = errors.New("the steps of HKDF do not give the derived keys")

// derivation are the steps of HKDF-SHA512.
type derivation struct {
	Input vectors.Hex `json:"kdf_input"`
	Salt  vectors.Hex `json:"kdf_salt"`
	Info  string      `json:"kdf_info"`
	PRK   vectors.Hex `json:"kdf_prk"`
	OKM   vectors.Hex `json:"kdf_output"`
}

// derive does HKDF-SHA512 step by step; the output has to be that of the reference
// implementation.
func derive(input, salt []byte, info string, want ...[]byte) (derivation, error) {
	prk, err := hkdf.Extract(sha512.New, input, salt)
	if err != nil {
		return derivation{}, err
	}
	okm, err := hkdf.Expand(sha512.New, prk, info, 96)
	if err != nil {
		return derivation{}, err
	}
	all := []byte{}
	for _, part := range want {
		all = append(all, part...)
	}
	if string(all) != string(okm) {
		return derivation{}, errDerivation
	}
	return derivation{input, salt, info, prk, okm}, nil
}

type x448Pair struct {
	Private vectors.Hex `json:"private"`
	Public  vectors.Hex `json:"public"`
}

type agreedDH struct {
	DH vectors.Hex `json:"dh"`
}

func x448Agree(in x448Pair) (agreedDH, error) {
	private, err := keys.NewPrivate(keys.X448, in.Private)
	if err != nil {
		return agreedDH{}, err
	}
	public, err := keys.NewPublic(keys.X448, in.Public)
	if err != nil {
		return agreedDH{}, err
	}
	dh, err := private.DH(public)
	return agreedDH{dh}, err
}

// dhResult returns a result of X448.
func dhResult(b []byte) (ratchet.Secret, error) {
	if want := keys.X448.PublicSize(); len(b) != want {
		return nil, fmt.Errorf("%w: a DH result of %d bytes, expected %d", errRatchetLength, len(b), want)
	}
	return ratchet.Secret(b), nil
}

type x3dhKDFInput struct {
	DH1    vectors.Hex  `json:"dh1"`
	DH2    vectors.Hex  `json:"dh2"`
	DH3    vectors.Hex  `json:"dh3"`
	Shared *vectors.Hex `json:"kem_shared"`
}

type x3dhKeys struct {
	derivation
	HeaderKey     vectors.Hex `json:"header_key"`
	NextHeaderKey vectors.Hex `json:"next_header_key"`
	RootKey       vectors.Hex `json:"root_key"`
}

func x3dhKDF(in x3dhKDFInput) (x3dhKeys, error) {
	var dh [3]ratchet.Secret
	input := []byte{}
	for i, b := range []vectors.Hex{in.DH1, in.DH2, in.DH3} {
		var err error
		if dh[i], err = dhResult(b); err != nil {
			return x3dhKeys{}, err
		}
		input = append(input, b...)
	}
	shared, err := optionalKey(in.Shared)
	if err != nil {
		return x3dhKeys{}, err
	}
	header, nextHeader, root := ratchet.X3DHKDF(dh[0], dh[1], dh[2], shared)
	steps, err := derive(append(input, sharedBytes(shared)...), make([]byte, 64), x3dhInfo, header[:], nextHeader[:], root[:])
	return x3dhKeys{steps, header[:], nextHeader[:], root[:]}, err
}

// sharedBytes are what a shared secret adds to the input of a derivation.
func sharedBytes(shared *ratchet.Key) []byte {
	if shared == nil {
		return nil
	}
	return shared[:]
}

type rootKDFInput struct {
	RootKey vectors.Hex  `json:"root_key"`
	DH      vectors.Hex  `json:"dh"`
	Shared  *vectors.Hex `json:"kem_shared"`
}

type rootKeys struct {
	derivation
	NextRootKey   vectors.Hex `json:"next_root_key"`
	ChainKey      vectors.Hex `json:"chain_key"`
	NextHeaderKey vectors.Hex `json:"next_header_key"`
}

func rootKDF(in rootKDFInput) (rootKeys, error) {
	root, err := ratchetKey(in.RootKey)
	if err != nil {
		return rootKeys{}, err
	}
	dh, err := dhResult(in.DH)
	if err != nil {
		return rootKeys{}, err
	}
	shared, err := optionalKey(in.Shared)
	if err != nil {
		return rootKeys{}, err
	}
	next, chain, header := ratchet.RootKDF(root, dh, shared)
	input := append(append([]byte{}, dh...), sharedBytes(shared)...)
	steps, err := derive(input, root[:], rootInfo, next[:], chain[:], header[:])
	return rootKeys{steps, next[:], chain[:], header[:]}, err
}

type chainKDFInput struct {
	ChainKey vectors.Hex `json:"chain_key"`
}

type chainKeys struct {
	derivation
	NextChainKey vectors.Hex `json:"next_chain_key"`
	MessageKey   vectors.Hex `json:"message_key"`
	MessageIV    vectors.Hex `json:"message_iv"`
	HeaderIV     vectors.Hex `json:"header_iv"`
}

func chainKDF(in chainKDFInput) (chainKeys, error) {
	chain, err := ratchetKey(in.ChainKey)
	if err != nil {
		return chainKeys{}, err
	}
	next, message, headerIV := ratchet.ChainKDF(chain)
	steps, err := derive(chain[:], []byte{}, chainInfo, next[:], message.Key[:], message.IV[:], headerIV[:])
	return chainKeys{steps, next[:], message.Key[:], message.IV[:], headerIV[:]}, err
}
