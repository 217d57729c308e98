package probe

import (
	"crypto/rand"
	"io"

	"smpcheck/conformance"
	"smpcheck/reference/keys"
)

func (c *Conn) generate(alg keys.Algorithm) keys.PrivateKey { return NewKey(c.t, alg) }

// NewKey makes a key from the randomness of the case.
func NewKey(t *conformance.T, alg keys.Algorithm) keys.PrivateKey { return newKey(t, alg, t.Rand()) }

// freshKey makes a key that does not follow from the seed, for those that a relay
// remembers across connections to notice what is repeated.
func freshKey(t *conformance.T, alg keys.Algorithm) keys.PrivateKey {
	return newKey(t, alg, rand.Reader)
}

func newKey(t *conformance.T, alg keys.Algorithm, random io.Reader) keys.PrivateKey {
	k, err := keys.Generate(alg, random)
	if err != nil {
		t.Broken(err)
	}
	if alg.CanAgree() {
		t.Trace().Know(k)
	}
	return k
}
