package main

import (
	"fmt"

	"smpcheck/reference/sntrup761"
	"smpcheck/vectors/gen/build"
)

// kemKind makes the vectors of the kind sntrup761.
func kemKind() *build.File {
	f := build.New("sntrup761", "the key encapsulation of the ratchet: Streamlined NTRU Prime 761",
		"A seed stands for the endless stream SHAKE256(seed). Whoever cannot choose the random bytes of an implementation uses decapsulation alone.",
		"A secret key is: f (191 bytes), 1/g modulo 3 (191), the public key (1158), the bytes for implicit rejection (191), the hash of the public key (32).")
	f.Flag("ImplicitRejection", "The ciphertext was not made for the key. That is no error: it gives a shared key that depends on the secret key and the ciphertext, and that nobody else has.")
	f.Flag("WrongLength", "A key or ciphertext has another length than it must have.")
	f.Flag("OtherParts", "The parts of a secret key are not of one key.")

	exchange := f.Group("exchange", "a shared key, from one end to the other",
		"sntrup761_exchange", "sntrup761_generate", "sntrup761_encapsulate", "sntrup761_decapsulate", "sntrup761_key_pair")
	for i := range 6 {
		exchange.Valid(fmt.Sprint(i), "a key pair, and a shared key for it", build.Fields{
			"key_seed": build.Bytes(fmt.Sprintf("sntrup761/key/%d", i), 32), "encapsulation_seed": build.Bytes(fmt.Sprintf("sntrup761/encapsulation/%d", i), 32),
		})
	}
	public, secret := ratchetKEM("sntrup761/refused")
	seed := build.Bytes("sntrup761/refused/seed", 32)
	for _, length := range []int{0, len(public) - 1, len(public) + 1, sntrup761.CiphertextSize} {
		exchange.Invalid("sntrup761_encapsulate", fmt.Sprintf("public-%d", length), fmt.Sprintf("a public key of %d bytes", length),
			build.Fields{"encapsulation_seed": seed, "public": resized(public, length)}, "KemLength", "WrongLength")
	}
	ciphertext, _, err := sntrup761.Encapsulate(build.Random("sntrup761/refused"), public)
	if err != nil {
		panic(err)
	}
	for _, length := range []int{0, len(secret) - 1, len(secret) + 1, len(public)} {
		exchange.Invalid("sntrup761_decapsulate", fmt.Sprintf("secret-%d", length), fmt.Sprintf("a secret key of %d bytes", length),
			build.Fields{"secret": resized(secret, length), "ciphertext": ciphertext}, "KemLength", "WrongLength")
	}
	for _, length := range []int{0, len(ciphertext) - 1, len(ciphertext) + 1, len(ciphertext) - 32} {
		exchange.Invalid("sntrup761_decapsulate", fmt.Sprintf("ciphertext-%d", length), fmt.Sprintf("a ciphertext of %d bytes", length),
			build.Fields{"secret": secret, "ciphertext": resized(ciphertext, length)}, "KemLength", "WrongLength")
	}
	for _, part := range []struct {
		id, what string
		at       int
	}{
		{"f", "the first polynomial of a secret key is another one", 5},
		{"inverse", "the second polynomial of a secret key is another one", 200},
		{"public", "the public key in a secret key is another one", 400},
		{"hash", "the hash of the public key in a secret key is another one", -1},
	} {
		exchange.Invalid("sntrup761_key_pair", "other-"+part.id, part.what,
			build.Fields{"secret": flippedBit(secret, part.at)}, "KemKeyPair", "OtherParts")
	}

	rejection := f.Group("rejection", "ciphertexts that were not made for the key", "sntrup761_reject", "sntrup761_decapsulate")
	keySeed := build.Bytes("sntrup761/rejection", 32)
	own := ratchetBytes(ratchetAnswer("sntrup761_generate", build.Fields{"key_seed": keySeed}), "public")
	sent := ratchetBytes(ratchetAnswer("sntrup761_encapsulate", build.Fields{"encapsulation_seed": seed, "public": own}), "ciphertext")
	for _, c := range []struct {
		id, what   string
		ciphertext []byte
	}{
		{"first-byte", "the first byte was changed", flippedBit(sent, 0)},
		{"polynomial-end", "the last byte of the polynomial was changed", flippedBit(sent, len(sent)-33)},
		{"confirmation", "the last byte, which is of the confirmation, was changed", flippedBit(sent, -1)},
		{"other-key", "made for another key", ciphertext},
		{"zeros", "zeros alone", make([]byte, len(sent))},
		{"random", "random bytes", build.Bytes("sntrup761/random ciphertext", len(sent))},
	} {
		rejection.Valid(c.id, c.what, build.Fields{"key_seed": keySeed, "ciphertext": c.ciphertext}, "ImplicitRejection")
	}
	return f
}

// resized returns the first bytes of b, or all of it and zeros.
func resized(b []byte, length int) []byte {
	return append(append([]byte{}, b...), make([]byte, 64)...)[:length]
}
