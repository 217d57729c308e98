// Package bound checks that decoders of foreign bytes use little memory and little time,
// cheaply enough for every run of a fuzz target.
package bound

import (
	"fmt"
	"runtime/metrics"
	"testing"
	"time"
)

// What a decoder may allocate for an input of n bytes: Base + PerByte*n. Base is above what
// the runtime hands out to a program at a time, which is how exact the count is; errors and
// tables that are made on first use are in it too.
const (
	Base    = 256 << 10
	PerByte = 64
)

// What a decoder may take. Each takes far less than a millisecond: these are limits of what
// grows faster than its input, or does not end.
const (
	Slow = 5 * time.Second
	Hang = 60 * time.Second
)

// repeats is how often what looks too much is done again, before it is believed: other
// goroutines allocate too, and the machine may have paused.
const repeats = 3

// Check runs decode, which decodes n bytes and must be repeatable. It fails the test if that
// allocated more than Base + PerByte*n bytes, or took longer than Slow; after Hang it ends
// the process, for which the fuzzer of Go blames the input.
func Check(t testing.TB, n int, decode func()) {
	t.Helper()
	Memory(t, Base+PerByte*n, decode)
}

// Memory is Check with another limit of what may be allocated, in bytes.
func Memory(t testing.TB, limit int, decode func()) {
	t.Helper()
	var allocated uint64
	var took time.Duration
	for range repeats {
		allocated, took = measure(decode)
		if allocated <= uint64(limit) && took <= Slow {
			return
		}
	}
	if took > Slow {
		t.Fatalf("took %v, more than %v", took, Slow)
	}
	t.Fatalf("allocated %d bytes, more than %d", allocated, limit)
}

func measure(decode func()) (uint64, time.Duration) {
	watchdog := time.AfterFunc(Hang, func() { panic(fmt.Sprintf("decoding does not end within %v", Hang)) })
	defer watchdog.Stop()
	before, start := allocations(), time.Now()
	decode()
	return allocations() - before, time.Since(start)
}

// allocations is the number of bytes that the program has allocated so far.
func allocations() uint64 {
	sample := [1]metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample[:])
	return sample[0].Value.Uint64()
}
