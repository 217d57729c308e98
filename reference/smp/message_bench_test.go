package smp_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/smp"
)

// BenchmarkRcvMessageSeal makes what MSG holds of a message of the largest size.
func BenchmarkRcvMessageSeal(b *testing.B) {
	m := smp.RcvMessage{Timestamp: 1, Body: make([]byte, 16048)}
	id, key := make([]byte, 24), box.Key{1}
	b.ReportAllocs()
	for b.Loop() {
		_, err := m.Seal(id, &key)
		require.NoError(b, err)
	}
}
