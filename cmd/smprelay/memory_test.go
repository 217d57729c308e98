package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestPropertyGarbagePercent: the percentage allows the garbage that it is meant to, as
// the runtime calculates it.
func TestPropertyGarbagePercent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		inUse := rapid.Uint64Range(0, 1<<40).Draw(t, "in use")
		roots := rapid.Uint64Range(0, 1<<30).Draw(t, "roots")
		percent := garbagePercentFor(inUse, roots)
		require.Positive(t, percent)
		require.LessOrEqual(t, percent*(4<<20)/100, leastGarbage, "what the runtime never collects")
		garbage := max(leastGarbage, float64(inUse)*garbagePercent/100)
		allowed := float64(inUse+roots) * float64(percent) / 100
		require.LessOrEqual(t, allowed, max(garbage, float64(inUse+roots)/100)+1)
		if percent > 1 && percent < mostPercent {
			require.GreaterOrEqual(t, allowed, garbage-float64(inUse+roots)/50)
		}
	})
}

func TestGarbagePercents(t *testing.T) {
	t.Parallel()
	require.Equal(t, 400, garbagePercentFor(0, 300<<10), "nothing was collected yet")
	require.Equal(t, 160, garbagePercentFor(10<<20, 0))
	require.Equal(t, 80, garbagePercentFor(10<<20, 10<<20), "the runtime counts roots")
	require.Equal(t, 40, garbagePercentFor(400_000_000, 0))
}

// gogc is the percentage that is set.
func gogc() int {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}

// TestGarbageIsPaced does not run beside others: what it sets belongs to the process.
func TestGarbageIsPaced(t *testing.T) {
	const old = 77
	before := debug.SetGCPercent(old)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	for _, variable := range []string{"GOGC", "GOMEMLIMIT"} {
		t.Run("not with "+variable, func(t *testing.T) {
			t.Setenv(variable, "")
			paceGarbage()
			require.Equal(t, old, gogc())
		})
	}
	for _, variable := range []string{"GOGC", "GOMEMLIMIT"} {
		t.Setenv(variable, "") // so that it is restored
		require.NoError(t, os.Unsetenv(variable))
	}
	paceGarbage()
	require.NotEqual(t, old, gogc())
	few := func() bool { return gogc() <= garbagePercent && gogc() > garbagePercent/2 }
	block := make([]byte, 100<<20)
	require.Eventually(t, func() bool { runtime.GC(); return few() }, time.Minute, time.Millisecond)
	runtime.KeepAlive(block)
	block = nil
	require.Eventually(t, func() bool { runtime.GC(); return !few() }, time.Minute, time.Millisecond)
}
