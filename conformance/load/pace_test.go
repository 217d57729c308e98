package load

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// In an open loop the operations of all slots together are due at equal distances, as
// many as the rate and the time say, whatever the number of slots.
func TestPropertyOpenLoopIsEven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Unix(1_700_000_000, 0)
		n := rapid.IntRange(0, 200).Draw(t, "operations")
		rate := float64(rapid.IntRange(1, 1000).Draw(t, "rate"))
		p := &pace{
			start: start, rate: rate,
			until: start.Add(time.Duration((float64(n) + 0.5) / rate * float64(time.Second))),
			slots: rapid.IntRange(1, 30).Draw(t, "slots"),
			limit: rapid.IntRange(0, 300).Draw(t, "limit"),
		}
		if p.limit > 0 {
			n = min(n, p.limit)
		}
		seen := make(map[int]bool)
		for i := range p.slots {
			for j := range p.scheduled(i) {
				k := int(j)*p.slots + i
				require.False(t, seen[k])
				seen[k] = true
				require.WithinDuration(t, start.Add(time.Duration(float64(k)/rate*float64(time.Second))), p.begin(i, j), time.Microsecond)
			}
		}
		require.Len(t, seen, n)
		for k := range n {
			require.True(t, seen[k], "operation %d of %d", k, n)
		}
	})
}

// A slot that is behind begins at once, and is measured from when it should have begun.
func TestLateOperationsCountFromWhenTheyWereDue(t *testing.T) {
	t.Parallel()
	start := time.Now().Add(-time.Hour)
	p := &pace{start: start, until: start.Add(time.Hour + time.Minute), rate: 10, slots: 2}
	s := &slot{index: 1, recv: endlessPeer(t), send: endlessPeer(t), begun: 3}
	require.True(t, p.wait(t.Context(), s))
	require.Equal(t, start.Add(700*time.Millisecond), p.begin(s.index, s.begun))

	m := newMeter(start, p.until)
	m.record(Send, p.begin(s.index, s.begun), nil)
	require.GreaterOrEqual(t, m.timings(time.Hour)[0].Max, float64(time.Hour/time.Millisecond)*0.99)
}

func TestClosedLoopEndsWithTimeOrShare(t *testing.T) {
	t.Parallel()
	s := &slot{index: 1, recv: endlessPeer(t), send: endlessPeer(t)}
	p := &pace{until: time.Now().Add(-time.Second), slots: 3}
	require.False(t, p.wait(t.Context(), s), "the time is over")
	p.until = time.Now().Add(time.Hour)
	require.True(t, p.wait(t.Context(), s))
	p.limit = 7
	require.True(t, p.wait(t.Context(), s))
	s.begun = 2
	require.False(t, p.wait(t.Context(), s), "slot 1 of 3 has 2 of 7")
}
