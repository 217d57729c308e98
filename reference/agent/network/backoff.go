package network

import (
	"encoding/binary"
	"io"
	"math"
	"time"
)

// Backoff is how long to wait between attempts: First after the first failure,
// Factor times as long after each further one, at most Max; each time shortened
// at random by up to a quarter.
type Backoff struct {
	First, Max time.Duration
	Factor     float64
}

// pause is how long to wait after a number of failures in a row.
func (b Backoff) pause(failures int, rand io.Reader) time.Duration {
	whole := min(float64(b.First)*math.Pow(b.Factor, float64(max(failures, 1)-1)), float64(b.Max))
	var random [4]byte
	if _, err := io.ReadFull(rand, random[:]); err != nil {
		return time.Duration(whole) // nobody is worse off for waiting the whole time
	}
	share := float64(binary.BigEndian.Uint32(random[:])) / math.MaxUint32
	return time.Duration(whole * (1 - share/4))
}

// randomBelow returns a number from 0 to n-1; n is positive and small. A source
// of randomness that fails makes it 0.
func randomBelow(rand io.Reader, n int) int {
	var random [4]byte
	if _, err := io.ReadFull(rand, random[:]); err != nil {
		return 0
	}
	return int(binary.BigEndian.Uint32(random[:]) % uint32(n))
}
