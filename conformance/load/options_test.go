package load

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/wire"
)

func TestOptionsOutOfBounds(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*Options){
		"":                             func(*Options) {},
		"0 connections, expected 1":    func(o *Options) { o.Connections = 0 },
		"20001 connections":            func(o *Options) { o.Connections = 20001 },
		"-1 queues":                    func(o *Options) { o.Queues = -1 },
		"10001 queues":                 func(o *Options) { o.Queues = 10001 },
		"2000001 idle queues":          func(o *Options) { o.IdleQueues = 2_000_001 },
		"no queues for the load":       func(o *Options) { o.Queues = 0 },
		"-1 operations":                func(o *Options) { o.Operations = -1 },
		"rate -1":                      func(o *Options) { o.Rate = -1 },
		"rate NaN":                     func(o *Options) { o.Rate = math.NaN() },
		"rate 1e+07":                   func(o *Options) { o.Rate = 1e7 },
		"bodies of 15 bytes":           func(o *Options) { o.Size = 15 },
		"16 to 16048 at version 20":    func(o *Options) { o.Size = 16049 },
		"16 to 16088 at version 7":     func(o *Options) { o.Size, o.Versions = 16089, wire.Versions(6, 7) },
		"duration of 1h0m1s":           func(o *Options) { o.Duration = time.Hour + time.Second },
		"warm-up of -1ns":              func(o *Options) { o.WarmUp = -1 },
		"hold of 2h0m0s":               func(o *Options) { o.Hold = 2 * time.Hour },
		"timeout of -1ns":              func(o *Options) { o.Timeout = -1 },
		"patience of 2h0m0s":           func(o *Options) { o.Patience = 2 * time.Hour },
		"keys of X448":                 func(o *Options) { o.SenderKey = keys.X448 },
		"a proxy and none is named":    func(o *Options) { o.Mix.weights[1] = 1 },
		"the mix does not use it":      func(o *Options) { o.Via = &link.Server{} },
		"use of a process -1":          func(o *Options) { o.PIDs = []int{-1} },
		"MiB of memory, at most 2048":  func(o *Options) { o.Connections, o.Queues, o.IdleQueues = 20000, 10000, 2_000_000 },
		"use of a process 99999999999": func(o *Options) { o.PIDs = []int{99999999999} },
	} {
		mix, err := ParseMix("send")
		require.NoError(t, err)
		o := Options{Connections: 1, Queues: 1, Mix: mix, Duration: time.Second}
		change(&o)
		err = o.Check()
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, ErrOptions, want)
		require.ErrorContains(t, err, want)
	}
}

// More connections than files may be open are refused with what would be needed.
func TestDescriptorLimit(t *testing.T) {
	t.Parallel()
	limit, known := descriptorLimit()
	if !known || limit >= MaxConnections/2 {
		o := Options{Connections: 3, Queues: 2}
		require.Equal(t, 3+spareDescriptors, o.descriptors())
		o.Embedded = true
		require.Equal(t, 6+spareDescriptors, o.descriptors(), "the relay has as many")
		o.Via = &link.Server{}
		require.Equal(t, 12+spareDescriptors, o.descriptors())
		o.Mix, _ = ParseMix("connect,proxy")
		require.Equal(t, 14+spareDescriptors, o.descriptors(), "each queue may make a connection")
	}
	if known && limit < MaxConnections+spareDescriptors {
		err := Options{Connections: MaxConnections}.Check()
		require.ErrorIs(t, err, ErrOptions)
		require.ErrorContains(t, err, "20000 connections need 20064 open files")
		require.ErrorContains(t, err, "ulimit -n 20064")
	}
}

func TestParseStat(t *testing.T) {
	t.Parallel()
	stat := "12 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 13 14 15 16 17 18 19 20 300 22\n"
	u, err := parseStat([]byte(stat))
	require.NoError(t, err)
	require.Equal(t, Usage{User: 2500 * time.Millisecond, System: 500 * time.Millisecond, Resident: 300 * int64(os.Getpagesize())}, u)
	require.Equal(t, 3*time.Second, u.CPU())
	require.Equal(t, Usage{User: time.Second, Resident: -5}, Usage{2 * time.Second, time.Second, 5}.sub(Usage{time.Second, time.Second, 10}))
	for _, bad := range []string{"", "12 (a) S 1 2", strings.Replace(stat, "250", "x", 1)} {
		_, err := parseStat([]byte(bad))
		require.Error(t, err, bad)
	}
}

func TestUsageOfThisProcess(t *testing.T) {
	t.Parallel()
	u, err := UsageOf(os.Getpid())
	if _, missing := os.Stat("/proc/self/stat"); missing != nil {
		require.ErrorIs(t, err, ErrProcess)
		return
	}
	require.NoError(t, err)
	require.Positive(t, u.Resident)
}
