package keys

import (
	"crypto/rand"
	"io"
	"sync"
)

// Shared makes a source of randomness safe for concurrent use. It returns the one of
// the system, which is, as it is, also in place of nil.
func Shared(r io.Reader) io.Reader {
	switch r := r.(type) {
	case nil:
		return rand.Reader
	case *sharedReader:
		return r
	}
	if r == rand.Reader {
		return r
	}
	return &sharedReader{r: r}
}

type sharedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (s *sharedReader) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.r.Read(p)
}
