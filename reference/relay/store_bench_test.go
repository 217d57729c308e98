package relay_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/relay/recordstore"
	"smpcheck/reference/smp"
)

// fileOf makes a file with n queues.
func fileOf(b *testing.B, n int) (path string) {
	path = filepath.Join(b.TempDir(), "queues.db")
	s, err := recordstore.Open(path)
	require.NoError(b, err)
	const batch = 50_000
	for start := 0; start < n; start += batch {
		changes := make([]relay.StoredRecord, min(batch, n-start))
		for i := range changes {
			changes[i], err = relay.StoredQueue(start + i)
			require.NoError(b, err)
		}
		require.NoError(b, s.Commit(changes))
	}
	require.NoError(b, s.Close())
	return path
}

// Starting a relay that has many queues in its file.
func BenchmarkStart(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			path := fileOf(b, n)
			info, err := os.Stat(path)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				s, err := recordstore.Open(path)
				require.NoError(b, err)
				r, err := relay.New(relay.Config{Credentials: credentials(), Store: s, MaxQueues: n})
				require.NoError(b, err)
				require.Equal(b, n, r.Queues())
				require.NoError(b, r.Close())
				require.NoError(b, s.Close())
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "queues/s")
			b.ReportMetric(float64(info.Size())/float64(n), "file-B/queue")
		})
	}
}

// NEW in full blocks of one connection, answered when it is durable.
func BenchmarkNEW(b *testing.B) {
	for name, change := range map[string]func(*relay.Config){
		"memory": func(*relay.Config) {},
		"file": func(c *relay.Config) {
			s, err := recordstore.Open(filepath.Join(b.TempDir(), "queues.db"))
			require.NoError(b, err)
			b.Cleanup(func() { require.NoError(b, s.Close()) })
			c.Store = s
		},
	} {
		b.Run(name, func(b *testing.B) {
			c := connect(b, start(b, change), 20)
			key := newKey(b, keys.Ed25519)
			command := smp.NEW{AuthKey: key.Public(), DHKey: newKey(b, keys.X25519).Public()}
			const batch, ahead = 60, 8
			var block [][]byte
			for range batch {
				_, encoded := c.request(key, nil, command)
				block = append(block, encoded)
			}
			queues := 0
			for written := 0; b.Loop(); queues += batch {
				for ; written < queues+ahead*batch; written += batch {
					c.write(block...)
				}
				for range batch {
					require.IsType(b, smp.IDS{}, c.next().Response)
				}
			}
			b.ReportMetric(float64(queues)/b.Elapsed().Seconds(), "queues/s")
		})
	}
}
