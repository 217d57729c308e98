package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// How much garbage the relay lets come together: 40 % of what is in use and no more, since
// it may have millions of queues, but always enough that a small relay under full load
// does not do little else than collect.
const (
	garbagePercent = 40
	leastGarbage   = 16 << 20 // bytes
	// mostPercent is the percentage for a very small heap. The runtime collects nothing
	// before there are 4 MiB for each 100 %.
	mostPercent = 100 * leastGarbage / (4 << 20)
)

// paceGarbage decides from now on when garbage is collected, unless the operator does so
// with GOGC or GOMEMLIMIT.
func paceGarbage() {
	_, percent := os.LookupEnv("GOGC")
	_, limit := os.LookupEnv("GOMEMLIMIT")
	if percent || limit {
		return
	}
	adjustGarbage(0)
}

// adjustGarbage sets when garbage is collected next, and comes again then. It gets the
// percentage that is set, 0 for none yet.
func adjustGarbage(percent int) {
	inUse, roots := memoryInUse()
	if next := garbagePercentFor(inUse, roots); next != percent {
		debug.SetGCPercent(next)
		percent = next
	}
	runtime.AddCleanup(new(collected), adjustGarbage, percent)
}

// collected is something that the next collection finds to be garbage.
type collected struct{ _ *collected }

// garbagePercentFor returns what debug.SetGCPercent needs: the garbage in percent of the
// heap in use together with the roots, that is stacks and globals, all in bytes.
func garbagePercentFor(inUse, roots uint64) int {
	garbage := max(leastGarbage, inUse/100*garbagePercent)
	return int(min(mostPercent, max(1, 100*garbage/max(1, inUse+roots))))
}

// memoryInUse returns the bytes of the heap that were in use at the last collection, and
// those of the roots.
func memoryInUse() (heap, roots uint64) {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64(), samples[1].Value.Uint64() + samples[2].Value.Uint64()
}
