package probe

import (
	"smpcheck/conformance"
	"smpcheck/reference/keys"
)

func (c *Conn) generate(alg keys.Algorithm) keys.PrivateKey { return NewKey(c.t, alg) }

// NewKey makes a key that no other run has.
func NewKey(t *conformance.T, alg keys.Algorithm) keys.PrivateKey {
	k, err := keys.Generate(alg, t.Fresh())
	if err != nil {
		t.Broken(err)
	}
	if alg.CanAgree() {
		t.Trace().Know(k)
	}
	return k
}
