package ratchet

import (
	"crypto/hkdf"
	"crypto/sha512"
)

// Labels of the three derivations, the "info" of HKDF. No text has them; they
// are those of the official implementation.
const (
	x3dhInfo  = "SimpleXX3DH"
	rootInfo  = "SimpleXRootRatchet"
	chainInfo = "SimpleXChainRatchet"
)

// hkdf3 is HKDF-SHA512 with an output of 96 bytes, in three keys.
func hkdf3(salt, secret []byte, info string) (out [3]Key) {
	b, err := hkdf.Key(sha512.New, secret, salt, info, 96)
	if err != nil {
		panic("hkdf: " + err.Error()) // 96 bytes are never too many
	}
	for i := range out {
		copy(out[i][:], b[32*i:])
	}
	return out
}

// X3DHKDF derives the first keys of a ratchet from the three DH results of X3DH,
// 56 bytes each, and the shared secret of the KEM, nil without one: HKDF-SHA512
// of all of them with a salt of 64 zero bytes.
//
// The joining side sends with headerKey and the initiating side with
// nextHeaderKey.
func X3DHKDF(dh1, dh2, dh3 Secret, shared *Key) (headerKey, nextHeaderKey, rootKey Key) {
	input := append(append(append(make([]byte, 0, 200), dh1...), dh2...), dh3...)
	if shared != nil {
		input = append(input, shared[:]...)
	}
	out := hkdf3(make([]byte, 64), input, x3dhInfo)
	return out[0], out[1], out[2]
}

// RootKDF derives the next root key, a new chain key and the header key of the
// chain after that from the root key, a DH result of 56 bytes and the shared
// secret of the KEM, nil without one: HKDF-SHA512 with the root key as salt.
// KDF_RK_HE in PQDR, "Initialization".
func RootKDF(rootKey Key, dh Secret, shared *Key) (nextRootKey, chainKey, nextHeaderKey Key) {
	input := append(make([]byte, 0, 96), dh...)
	if shared != nil {
		input = append(input, shared[:]...)
	}
	out := hkdf3(rootKey[:], input, rootInfo)
	return out[0], out[1], out[2]
}

// ChainKDF derives the next chain key and all that encrypts one message: key
// and IV of its body, and the IV of its header: HKDF-SHA512 without salt. KDF_CK
// in PQDR, "Encrypting messages".
func ChainKDF(chainKey Key) (nextChainKey Key, message MessageKey, headerIV IV) {
	out := hkdf3(nil, chainKey[:], chainInfo)
	message.Key = out[1]
	copy(message.IV[:], out[2][:16])
	copy(headerIV[:], out[2][16:])
	return out[0], message, headerIV
}

// MessageKey encrypts the body of one message.
type MessageKey struct {
	Key Key `json:"key"`
	IV  IV  `json:"iv"`
}
