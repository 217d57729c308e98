package conformance

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Direction says which way recorded bytes went.
type Direction string

// The directions. Note is for events without bytes on the wire.
const (
	Sent     Direction = "sent"
	Received Direction = "received"
	Note     Direction = "note"
)

// Bounds of what the recorder keeps in memory for the report, and of the bytes whose
// dump it writes to the file of a case.
const (
	traceEntries = 24
	traceBytes   = 96
	traceFile    = 4 << 20
)

// recorder keeps the last events of a case for its report, and writes all of them
// in full to a file if there is one.
type recorder struct {
	mu      sync.Mutex
	start   time.Time
	lines   []string
	dropped int
	full    io.WriteCloser
	written int
	err     error
	closed  bool
}

// newRecorder returns a recorder that writes to full, or to no file if full is nil.
func newRecorder(full io.WriteCloser) *recorder {
	return &recorder{start: time.Now(), full: full}
}

func (r *recorder) record(direction Direction, what string, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	head := fmt.Sprintf("+%.3fs %s %s", time.Since(r.start).Seconds(), direction, what)
	line := head
	if len(b) > 0 {
		line += fmt.Sprintf(" (%d bytes) %s", len(b), abbreviate(b, traceBytes))
	}
	if len(r.lines) == traceEntries {
		copy(r.lines, r.lines[1:])
		r.lines = r.lines[:traceEntries-1]
		r.dropped++
	}
	r.lines = append(r.lines, line)
	r.write(head, b)
}

// write adds an event to the file, up to the bound of the file.
func (r *recorder) write(head string, b []byte) {
	if r.full == nil || r.err != nil || r.written > traceFile {
		return
	}
	r.written += len(head) + len(b)
	text := "later events are left out\n"
	if r.written <= traceFile {
		text = fmt.Sprintf("%s (%d bytes)\n%s", head, len(b), hex.Dump(b))
	}
	_, r.err = io.WriteString(r.full, text)
}

// finish returns the lines for the report and closes the file. It ignores whatever
// comes later. The error is the first that the file had.
func (r *recorder) finish() ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.full != nil {
		r.err = errors.Join(r.err, r.full.Close())
	}
	if r.dropped == 0 {
		return r.lines, r.err
	}
	return append([]string{fmt.Sprintf("%d earlier events", r.dropped)}, r.lines...), r.err
}

// abbreviate returns b as hex: at most limit bytes from its start, and a run of one
// byte at its end, such as padding, as that byte and its count.
func abbreviate(b []byte, limit int) string {
	const shortestRun = 8
	body := b
	for len(body) > 0 && body[len(body)-1] == b[len(b)-1] {
		body = body[:len(body)-1]
	}
	var parts []string
	run := len(b) - len(body)
	if run < shortestRun {
		body = b
	}
	switch {
	case len(body) > limit:
		parts = append(parts, hex.EncodeToString(body[:limit])+"…")
	case len(body) > 0:
		parts = append(parts, hex.EncodeToString(body))
	}
	if run >= shortestRun {
		parts = append(parts, fmt.Sprintf("%d×%02x", run, b[len(b)-1]))
	}
	return strings.Join(parts, " ")
}
