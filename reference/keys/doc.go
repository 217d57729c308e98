// Package keys holds the public-key algorithms of the SimpleX protocols –
// X25519, X448, Ed25519, Ed448 – with their SubjectPublicKeyInfo and PKCS #8
// encodings, and the certificates that identify a relay.
//
// Keys are values: PublicKey can be compared with == and used as a map key.
// PrivateKey prints as "private key" whatever the verb, so that no log can
// hold one.
package keys
