// Package sntrup761 implements the key encapsulation mechanism Streamlined NTRU
// Prime 761 as submitted to the third round of NIST's post-quantum project. It is
// the KEM of SimpleX's post-quantum double ratchet.
//
// It is written for conformance tests. It has no branches or table look-ups that
// depend on secrets, but nobody measured that on real machines, and secrets stay
// in memory until the garbage collector finds them. Applications that need a KEM
// of the standard library have crypto/mlkem.
//
// # Parameters
//
// All polynomials are modulo x^761 - x - 1, with q = 4591 and weight 286. A public
// key is 1158 bytes, a secret key 1763, a ciphertext 1039 (1007 bytes of a rounded
// polynomial and 32 of confirmation), a shared key 32. Hashes are the first half
// of SHA-512 with one byte of domain separation in front.
//
// # Random bytes
//
// Bytes are taken from the given reader in the order and in the portions of the
// reference implementation, which the official implementation of SMP uses: a word
// of 4 bytes (little endian) at a time for each of 761 coefficients. GenerateKey
// takes 761 words for every try to find an invertible g (one is enough but for one
// case in a billion), 761 words for f, and 191 bytes for implicit rejection.
// Encapsulate takes 761 words. A generator that changes its state with every call,
// such as the one of NIST's test vectors, therefore gives the published values.
//
// # Wrong input
//
// Only lengths are errors. As in the reference implementation everything else of
// the right length is used:
//
//   - A ciphertext that is not what Encapsulate makes gives a shared key that
//     follows from the secret key and the ciphertext (implicit rejection): the same
//     each time, and unknown to whoever has no secret key. That includes ciphertexts
//     in which a number is written in a form that encoding never makes, because
//     decapsulation encrypts again and compares all 1039 bytes.
//   - In a public key, numbers out of range are reduced. Two different strings can
//     therefore stand for one polynomial, but they give different ciphertexts and
//     shared keys, because the hash of the string goes into the confirmation.
//   - In a secret key, the bits 11 that encoding never makes are read as the
//     coefficient 2, unused bits are ignored, and neither the public key in it nor
//     the hash of the public key is checked against the rest.
//
// Source: "NTRU Prime: round 3", sections on the parameter set sntrup761;
// draft-josefsson-ntruprime-streamlined-00. The code is our own.
package sntrup761
