package box

import "crypto/sha512"

// AuthenticatorSize is the length of a command authenticator: tag and box of a
// SHA-512 hash.
const AuthenticatorSize = Overhead + sha512.Size

// Authenticator returns the deniable authorization of a command: the crypto_box
// of the SHA-512 of authorized. The nonce is the correlation id; key is agreed
// between the queue key and the relay's session key. Either side can make it.
// SMP, "Deniable client authentication scheme".
func Authenticator(authorized []byte, nonce *Nonce, key *Key) [AuthenticatorSize]byte {
	hash := sha512.Sum512(authorized)
	var auth [AuthenticatorSize]byte
	Seal(auth[:0], hash[:], nonce, key)
	return auth
}

// VerifyAuthenticator reports whether auth is the authenticator of authorized.
// The time it takes does not depend on where the two differ.
func VerifyAuthenticator(auth, authorized []byte, nonce *Nonce, key *Key) bool {
	want := Authenticator(authorized, nonce, key)
	return Equal(auth, want[:])
}
