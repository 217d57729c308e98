package recordstore_test

import (
	"encoding/binary"
	"testing"

	"smpcheck/reference/relay"
)

// records makes n records of about the size of a queue.
func records(n int) []relay.StoredRecord {
	list := make([]relay.StoredRecord, n)
	for i := range list {
		id := make([]byte, 24)
		binary.BigEndian.PutUint64(id, uint64(i)*0x9e3779b97f4a7c15)
		list[i] = relay.StoredRecord{Kind: relay.QueueRecord, ID: id, Value: make([]byte, 164)}
	}
	return list
}

// Commits of as many changes as collect while the one before is written.
func BenchmarkCommit(b *testing.B) {
	for _, test := range []struct {
		name string
		size int
	}{{"1", 1}, {"100", 100}, {"1000", 1000}} {
		b.Run(test.name, func(b *testing.B) {
			s := open(b, newPath(b))
			list := records(b.N * test.size)
			b.ResetTimer()
			for i := range b.N {
				commit(b, s, list[i*test.size:(i+1)*test.size]...)
			}
			b.ReportMetric(float64(b.N*test.size)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
