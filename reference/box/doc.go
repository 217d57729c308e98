// Package box holds the symmetric and public-key boxes as SMP uses them:
// crypto_box, the "secret box" whose key goes through HSalsa20 first, command
// authenticators, and the key chains of block encryption.
//
// Both boxes are XSalsa20-Poly1305 with the tag first. NaCl's crypto_box
// hashes the X25519 output with HSalsa20 before use; SMP does the same to the
// key of its secret box, also where it is no X25519 output. One Key type
// therefore serves both, and DeriveKey is the only way to make one from a
// secret. The package is no general replacement for NaCl.
package box
