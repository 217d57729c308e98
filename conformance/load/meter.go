package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/smp"
)

// Range and precision of the histograms: microseconds with three digits.
const (
	longest   = int64(2 * MaxTime / time.Microsecond)
	precision = 3
)

// maxKinds is how many kinds of errors are told apart.
const maxKinds = 64

// otherErrors are those beyond maxKinds.
const otherErrors = "others"

// meter collects what operations took and how they failed. What began before the
// measurement is not in the latencies, and what ended outside of it not in the rates.
type meter struct {
	from, until time.Time

	mu         sync.Mutex
	operations map[Operation]*measured
	errors     map[ErrorKind]int64
}

// measured is what is known of one operation.
type measured struct {
	latency *hdrhistogram.Histogram
	window  int64 // ended well within the measurement
	good    int64 // ended well in the whole load
	bad     int64
}

// ErrorKind is a kind of error of an operation.
type ErrorKind struct {
	Operation Operation `json:"operation"`
	// Kind is the error that the relay answered, or a sentence without ids.
	Kind string `json:"kind"`
}

func newMeter(from, until time.Time) *meter {
	return &meter{from: from, until: until, operations: make(map[Operation]*measured), errors: make(map[ErrorKind]int64)}
}

// record enters an operation that began when it should have and has ended now.
func (m *meter) record(o Operation, begin time.Time, err error) {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	of := m.of(o)
	if err != nil {
		of.bad++
		m.fail(o, kindOf(err))
		return
	}
	of.good++
	if !now.Before(m.from) && now.Before(m.until) {
		of.window++
	}
	if !begin.Before(m.from) {
		// The value is within the range of the histogram.
		_ = of.latency.RecordValue(min(max(1, now.Sub(begin).Microseconds()), longest))
	}
}

func (m *meter) of(o Operation) *measured {
	of := m.operations[o]
	if of == nil {
		of = &measured{latency: hdrhistogram.New(1, longest, precision)}
		m.operations[o] = of
	}
	return of
}

func (m *meter) fail(o Operation, kind string) {
	key := ErrorKind{o, kind}
	if _, known := m.errors[key]; !known && len(m.errors) >= maxKinds {
		key.Kind = otherErrors
	}
	m.errors[key]++
}

// note counts an error of an operation that is not measured.
func (m *meter) note(o Operation, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail(o, kindOf(err))
}

// whole are the operations that are no part of another one.
var whole = []Operation{Cycle, Create, Subscribe, Delete, Connect}

// ended is how many operations ended well within the measurement, and how many ended at
// all, well and badly.
func (m *meter) ended(of ...Operation) (window, good, bad int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range of {
		if known := m.operations[o]; known != nil {
			window += known.window
			good += known.good
			bad += known.bad
		}
	}
	return window, good, bad
}

// timings returns the operations that happened, in the order of reported.
func (m *meter) timings(measured time.Duration) []Timing {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := []Timing{}
	for _, o := range reported {
		if of := m.operations[o]; of != nil {
			list = append(list, newTiming(o, of, measured))
		}
	}
	return list
}

// errorCounts returns the errors, the most frequent first.
func (m *meter) errorCounts() []ErrorCount {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := []ErrorCount{}
	for kind, n := range m.errors {
		list = append(list, ErrorCount{kind, n})
	}
	slices.SortFunc(list, func(a, b ErrorCount) int {
		if a.Count != b.Count {
			return int(b.Count - a.Count)
		}
		return strings.Compare(string(a.Operation)+a.Kind, string(b.Operation)+b.Kind)
	})
	return list
}

// Errors of message cycles.
var (
	errNoMessage = errors.New("no message in time")
	errNoAck     = errors.New("message was not acknowledged")
)

// kindOf is the text under which errors are counted together. It holds no ids.
func kindOf(err error) string {
	var answer *smp.Error
	var forwarding *client.ProxyError
	var unexpected *client.UnexpectedError
	switch {
	case errors.As(err, &forwarding) && forwarding.Answer != nil:
		return "ERR " + forwarding.Answer.Error()
	case errors.As(err, &answer):
		return "ERR " + answer.Error()
	case errors.Is(err, errNoMessage), errors.Is(err, errNoAck):
		return err.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, client.ErrClosed), errors.Is(err, client.ErrLost) && errors.Is(err, io.EOF):
		return "connection was closed"
	case errors.Is(err, client.ErrLost):
		return "connection is lost"
	case errors.As(err, &unexpected):
		return fmt.Sprintf("expected %s, got %s", unexpected.Expected, unexpected.Got)
	case errors.Is(err, client.ErrSyntax), errors.Is(err, client.ErrBlock):
		return "malformed response"
	case errors.Is(err, box.ErrOpen):
		return box.ErrOpen.Error()
	}
	return err.Error()
}
