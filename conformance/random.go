package conformance

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"sync"
)

// Random is the source of the random choices of a case. It is an io.Reader that never
// fails and has the methods of rand.Rand. Its values follow from the seed of the run,
// the id of the case and the version. Read and Uint64 are safe for use by several
// goroutines, but their order then decides who gets which value.
type Random struct {
	*rand.Rand
	source *lockedSource
}

// newRandom returns the source for one case at one version.
func newRandom(seed uint64, id string, version uint16) *Random {
	var input []byte
	input = binary.BigEndian.AppendUint64(input, seed)
	input = binary.BigEndian.AppendUint16(input, version)
	input = append(input, id...)
	source := &lockedSource{stream: rand.NewChaCha8(sha256.Sum256(input))}
	return &Random{Rand: rand.New(source), source: source}
}

// Read fills p. It always returns len(p) and nil.
func (r *Random) Read(p []byte) (int, error) { return r.source.Read(p) }

// Bytes returns n random bytes.
func (r *Random) Bytes(n int) []byte {
	b := make([]byte, n)
	r.source.Read(b)
	return b
}

type lockedSource struct {
	mu     sync.Mutex
	stream *rand.ChaCha8
}

func (s *lockedSource) Uint64() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stream.Uint64()
}

func (s *lockedSource) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stream.Read(p)
}
