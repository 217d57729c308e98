package keys

import (
	"bytes"
	"crypto/rand"
	"io"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSharedLeavesTheSystemsSource(t *testing.T) {
	t.Parallel()
	require.Equal(t, rand.Reader, Shared(nil))
	require.Equal(t, rand.Reader, Shared(rand.Reader))
	once := Shared(bytes.NewReader(nil))
	require.Same(t, once, Shared(once))
}

// Every byte of the source is given once; the race detector sees unguarded reads.
func TestSharedIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	const readers, size = 8, 256
	source := make([]byte, readers*size)
	for i := range source {
		source[i] = byte(i % size)
	}
	shared := Shared(bytes.NewReader(source))
	var mu sync.Mutex
	var all []byte
	var running sync.WaitGroup
	for range readers {
		running.Go(func() {
			var got []byte
			for range size {
				b := make([]byte, 1)
				if _, err := io.ReadFull(shared, b); err != nil {
					return
				}
				got = append(got, b...)
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, got...)
		})
	}
	running.Wait()
	require.Len(t, all, readers*size)
	var counts [size]int
	for _, b := range all {
		counts[b]++
	}
	for b, n := range counts {
		require.Equal(t, readers, n, b)
	}
}
