package seed

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSpread(t *testing.T) {
	t.Parallel()
	items := make([]int, 1000)
	for i := range items {
		items[i] = i
	}
	require.Equal(t, items, spread(items, 1000))
	some := spread(items, 7)
	require.Equal(t, []int{0, 142, 285, 428, 571, 714, 857}, some)
	require.True(t, slices.IsSorted(spread(items, 999)))
	require.Len(t, slices.Compact(spread(items, 999)), 999)
}
