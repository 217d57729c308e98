package fault

import (
	"crypto/rand"

	"smpcheck/reference/keys"
)

// IDSize is the length of the ids that the reference makes, in bytes.
const IDSize = 24

// Random returns so many random bytes.
func Random(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.Read(b) // it never fails
	return b
}

// NewKey makes a key. The randomness of the system never fails.
func NewKey(alg keys.Algorithm) keys.PrivateKey {
	key, err := keys.Generate(alg, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}
