package conformance

import "crypto/rand"

// Fresh is the source of what must be new in every run, because a relay may remember it
// from the run before: keys and certificates, the randoms of TLS, and the ids that a case
// chooses for queues, links, messages and commands. It follows from no seed. It is an
// io.Reader that never fails, and safe for use by several goroutines.
type Fresh struct{}

// Read fills p. It always returns len(p) and nil.
func (Fresh) Read(p []byte) (int, error) { return rand.Read(p) }

// Bytes returns n random bytes.
func (f Fresh) Bytes(n int) []byte {
	b := make([]byte, n)
	f.Read(b)
	return b
}
