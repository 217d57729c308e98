package target

import (
	"bytes"
	"io"
	"sync"
	"time"
)

// outputSize is how many bytes at the end of an output are kept.
const outputSize = 1 << 20

// Output is what a target has written for its operator: on standard output and standard
// error, or to its logger. Its methods are safe for use by several goroutines.
type Output struct {
	mu      sync.Mutex
	lines   int
	kept    []byte
	changed chan struct{} // closed by the next Write
}

// NewOutput returns an output to which nothing was written.
func NewOutput() *Output { return &Output{changed: make(chan struct{})} }

// Write takes more of the output. It never fails.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines += bytes.Count(p, []byte("\n"))
	o.kept = append(o.kept, p...)
	if excess := len(o.kept) - outputSize; excess > 0 {
		o.kept = append(o.kept[:0], o.kept[excess:]...)
	}
	close(o.changed)
	o.changed = make(chan struct{})
	return len(p), nil
}

// Lines is how many lines were written.
func (o *Output) Lines() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lines
}

// Holds reports whether the last of what was written has the text in it.
func (o *Output) Holds(text []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Contains(o.kept, text)
}

// Text is the last of what was written, at most a megabyte.
func (o *Output) Text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.kept)
}

// Await waits until found is true of what was written, and reports whether it is within d.
func (o *Output) Await(d time.Duration, found func() bool) bool {
	patience := time.NewTimer(d)
	defer patience.Stop()
	for {
		o.mu.Lock()
		changed := o.changed
		o.mu.Unlock()
		if found() {
			return true
		}
		select {
		case <-changed:
		case <-patience.C:
			return found()
		}
	}
}

// Heard returns a target whose output is that which it gets besides.
func Heard(t Target, o *Output) Target { return &heard{t, o} }

type heard struct {
	Target
	output *Output
}

func (h *heard) Output() *Output { return h.output }

// Output is what the process has written until now.
func (p *process) Output() *Output { return p.output }

// both writes to a and b, of which neither fails.
func both(a io.Writer, b *Output) io.Writer { return io.MultiWriter(a, b) }
