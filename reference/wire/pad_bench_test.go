package wire_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/wire"
)

// BenchmarkPad pads a short answer, as most blocks of a relay are.
func BenchmarkPad(b *testing.B) {
	buf := make([]byte, 0, 16384)
	content := make([]byte, 60)
	b.ReportAllocs()
	for b.Loop() {
		_, err := wire.Pad(buf, content, 16384)
		require.NoError(b, err)
	}
}
