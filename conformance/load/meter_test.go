package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/smp"
)

func TestOnlyTheMeasurementCounts(t *testing.T) {
	t.Parallel()
	now := time.Now()
	m := newMeter(now, now.Add(time.Hour))
	m.record(Send, now.Add(-time.Millisecond), nil) // began in the warm-up
	m.record(Send, now, nil)
	m.record(Send, now, errNoMessage)
	timings := m.timings(time.Second)
	require.Len(t, timings, 1)
	require.EqualValues(t, 1, timings[0].Count)
	require.EqualValues(t, 1, timings[0].Errors)
	require.InDelta(t, 2, timings[0].PerSecond, 0.001, "both ended in it")

	early := newMeter(now.Add(time.Hour), now.Add(2*time.Hour))
	early.record(Send, now, nil)
	late := newMeter(now.Add(-2*time.Hour), now.Add(-time.Hour))
	late.record(Send, now, nil)
	for _, m := range []*meter{early, late} {
		window, good, bad := m.ended(Send, Cycle)
		require.EqualValues(t, []int64{0, 1, 0}, []int64{window, good, bad})
	}
	require.EqualValues(t, 1, late.timings(time.Second)[0].Count, "what began in it is timed until it ends")
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	now := time.Now()
	m := newMeter(now.Add(-time.Hour), now.Add(time.Hour))
	for i := range 1000 {
		m.record(Ack, now.Add(-time.Duration(i+1)*time.Second), nil)
	}
	got := m.timings(time.Hour)[0]
	for want, quantile := range map[float64]float64{500: got.P50, 900: got.P90, 990: got.P99, 999: got.P999, 1000: got.Max} {
		require.InEpsilon(t, want*1000, quantile, 0.01)
	}
	require.InEpsilon(t, 500_500, got.Mean, 0.01)
}

func TestKindsOfErrors(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"ERR AUTH":              fmt.Errorf("SEND: %w", smp.ErrAuth),
		"ERR QUOTA":             smp.ErrQuota,
		"ERR PROXY NO_SESSION":  &client.ProxyError{Answer: smp.ErrProxyNoSession},
		"no answer in time":     fmt.Errorf("SEND: no answer: %w", context.DeadlineExceeded),
		"no message in time":    errNoMessage,
		"connection was closed": fmt.Errorf("%w: %w", client.ErrLost, io.EOF),
		"connection is lost":    fmt.Errorf("%w: %w", client.ErrLost, net.ErrClosed),
		"expected IDS, got OK":  fmt.Errorf("NEW: %w", &client.UnexpectedError{Expected: "IDS", Got: "OK"}),
		"malformed response":    client.ErrSyntax,
		"box does not open":     fmt.Errorf("x: %w", box.ErrOpen),
		"something else":        errors.New("something else"),
	} {
		require.Equal(t, want, kindOf(err))
	}
}

func TestKindsOfErrorsAreBounded(t *testing.T) {
	t.Parallel()
	m := newMeter(time.Now(), time.Now())
	for i := range 10 * maxKinds {
		m.note(Send, fmt.Errorf("error %d", i))
	}
	counts := m.errorCounts()
	require.Len(t, counts, maxKinds+1)
	require.Equal(t, ErrorCount{ErrorKind{Send, otherErrors}, 9 * maxKinds}, counts[0])
}

// endlessPeer is a connection that does not end.
func endlessPeer(t *testing.T) *peer {
	t.Helper()
	return &peer{Client: new(client.Client)} // its channel is nil: nothing closes it
}
