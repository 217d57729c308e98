package conformance

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"smpcheck/conformance/target"
	"smpcheck/conformance/trace"
	"smpcheck/reference/link"
)

// Dialer opens the byte stream to a target, as net.Dialer.DialContext does.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// T is what a case works with: the target, the version, randomness, deadlines, the
// record of what went over the wire, and the verdict.
//
// The verdict methods Fail, Failf, Nonstrict, Skip and Broken end the goroutine that
// calls them, as testing.T.FailNow does, so a case calls them from its own goroutine.
// The first verdict counts. A case that returns without a verdict passes.
type T struct {
	c       *Case
	version uint16
	target  target.Target
	info    target.Info
	ctx     context.Context
	timeout time.Duration
	random  *Random
	scale   float64
	dial    Dialer
	trace   *trace.Recorder

	// about is for the goroutine of the case alone.
	about []string

	mu       sync.Mutex
	settled  bool
	outcome  outcome
	cleanups []func()
	cleaned  bool
}

// outcome is a verdict and its reasons.
type outcome struct {
	verdict                  Verdict
	expected, actual, detail string
	violated                 []string
	blocked                  bool
}

// Version is the protocol version that the case runs at.
func (t *T) Version() uint16 { return t.version }

// Target is what is under test.
func (t *T) Target() target.Target { return t.target }

// Server is the address of the target, with its password if there is one.
func (t *T) Server() link.Server { return t.target.Server() }

// Info is what the preflight probe learned about the target.
func (t *T) Info() target.Info { return t.info }

// Context ends when the case has a verdict, overruns its deadline or is interrupted.
func (t *T) Context() context.Context { return t.ctx }

// Rand is the source of every random choice of the case except those of Fresh.
func (t *T) Rand() *Random { return t.random }

// Fresh returns n random bytes for an id that the target must not have yet. They do not
// follow from the seed: a target that keeps what cases make has the ids of earlier runs,
// and a run with the same seed must not meet them.
func (t *T) Fresh(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// Timeout returns d multiplied by the time scale of the run.
func (t *T) Timeout(d time.Duration) time.Duration { return scaled(d, t.scale) }

// Dial opens a TCP connection to the target. It is closed when the case ends.
func (t *T) Dial() (net.Conn, error) {
	conn, err := t.dial(t.ctx, "tcp", t.Server().Address())
	if err != nil {
		return nil, err
	}
	t.trace.Connected(conn)
	t.Cleanup(func() { conn.Close() })
	return conn, nil
}

// Record adds an event without a connection to the conversation of the case: what it is,
// and its bytes, which are copied.
func (t *T) Record(direction Direction, what string, b []byte) { t.trace.Record(direction, what, b) }

// Trace records the conversation of the case.
func (t *T) Trace() *trace.Recorder { return t.trace }

// Cleanup has f called when the case has ended, the last one first. A function that is
// given after the end is called at once. It must not block: it also runs, from another
// goroutine, to unblock a case that has overrun its deadline.
func (t *T) Cleanup(f func()) {
	t.mu.Lock()
	late := t.cleaned
	if !late {
		t.cleanups = append(t.cleanups, f)
	}
	t.mu.Unlock()
	if late {
		f()
	}
}

// About says which of the requirements of the case, of its own level, the next checks
// are about: a violation is reported for those alone. Before it, a violation is
// reported for all of them.
func (t *T) About(requirements ...string) { t.about = requirements }

// Fail ends the case: the rule is violated. The verdict is Fail or Nonstrict by the
// level of the case. Both texts are short and complete: "ERR AUTH", "the connection
// stays open".
func (t *T) Fail(expected, actual string) {
	verdict := Nonstrict
	if t.c.Level.Binding() {
		verdict = Fail
	}
	t.end(outcome{verdict: verdict, expected: expected, actual: actual, violated: t.violated()})
}

// Failf is Fail with a formatted actual text.
func (t *T) Failf(expected, format string, args ...any) {
	t.Fail(expected, fmt.Sprintf(format, args...))
}

// Nonstrict ends the case: the behaviour is allowed but not the expected one.
func (t *T) Nonstrict(expected, actual string) {
	t.end(outcome{verdict: Nonstrict, expected: expected, actual: actual, violated: t.violated()})
}

// Skip ends the case: the target cannot do what the rule is about. The reason says what.
func (t *T) Skip(reason string) {
	t.end(outcome{verdict: Skip, detail: reason})
}

// Block ends the case with Skip: the target fails in something that the case builds on,
// so the rule cannot be tested. Another case says what the failure is.
func (t *T) Block(reason string) {
	t.end(outcome{verdict: Skip, detail: "blocked: " + reason, blocked: true})
}

// Broken ends the case: the harness or the connection broke, the rule was not tested.
func (t *T) Broken(err error) {
	t.end(outcome{verdict: Error, detail: err.Error()})
}

func (t *T) violated() []string {
	if t.about == nil {
		return t.c.Requirements
	}
	return t.about
}

func (t *T) end(o outcome) {
	t.settle(o)
	runtime.Goexit()
}

// settle keeps the first outcome. One that comes after the end of the context may owe
// to that end, so the reason of the end takes its place.
func (t *T) settle(o outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.settled {
		return
	}
	t.settled = true
	t.outcome = o
	if t.ctx.Err() != nil {
		t.outcome = t.expiry()
	}
}

// verdict returns the outcome that was settled.
func (t *T) verdict() outcome {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.outcome
}

// expiry is the outcome of a case whose context has ended before it had a verdict.
func (t *T) expiry() outcome {
	if errors.Is(t.ctx.Err(), context.DeadlineExceeded) {
		return outcome{verdict: Error, detail: fmt.Sprintf("the case overran its deadline of %s", t.timeout)}
	}
	return outcome{verdict: Skip, detail: interrupted}
}

// execute runs the case to a verdict. A panic is the verdict Error with its stack.
func (t *T) execute() {
	returned := false
	defer func() {
		if reason := recover(); reason != nil {
			t.settle(outcome{verdict: Error, detail: fmt.Sprintf("the case panicked: %v\n%s", reason, debug.Stack())})
			return
		}
		if !returned {
			t.settle(outcome{verdict: Error, detail: "the case ended its goroutine without a verdict"})
		}
	}()
	t.c.Run(t)
	returned = true
	t.settle(outcome{verdict: Pass})
}

// cleanUp calls the functions given to Cleanup, the last one first. A panic in one of
// them neither stops the others nor changes the verdict.
func (t *T) cleanUp() {
	t.mu.Lock()
	cleanups := t.cleanups
	t.cleanups, t.cleaned = nil, true
	t.mu.Unlock()
	for _, f := range slices.Backward(cleanups) {
		func() {
			defer func() {
				if reason := recover(); reason != nil {
					t.Record(Note, fmt.Sprintf("a cleanup panicked: %v", reason), nil)
				}
			}()
			f()
		}()
	}
}

func scaled(d time.Duration, scale float64) time.Duration {
	return time.Duration(float64(d) * scale)
}
