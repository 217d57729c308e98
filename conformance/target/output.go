package target

import (
	"bytes"
	"strings"
	"sync"

	"smpcheck/reference/link"
)

// finder is a writer that looks for the first line which is an address.
type finder struct {
	found   chan<- link.Server
	told    bool
	line    []byte
	tooLong bool
}

// Write takes a part of the standard output of a process. It keeps at most lineSize
// bytes and never fails.
func (f *finder) Write(p []byte) (int, error) {
	written := len(p)
	for !f.told && len(p) > 0 {
		part, rest, complete := bytes.Cut(p, []byte("\n"))
		f.tooLong = f.tooLong || len(f.line)+len(part) > lineSize
		if !f.tooLong {
			f.line = append(f.line, part...)
		}
		if complete {
			f.endLine()
		}
		p = rest
	}
	return written, nil
}

func (f *finder) endLine() {
	server, err := ParseAddress(strings.TrimSpace(string(f.line)))
	if err == nil && !f.tooLong {
		f.told = true
		f.found <- server
	}
	f.line, f.tooLong = f.line[:0], false
}

// tail is a writer that keeps the last tailSize bytes.
type tail struct {
	mu   sync.Mutex
	kept []byte
	cut  bool
}

// Write keeps the end of what was written. It never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if excess := len(t.kept) - tailSize; excess > 0 {
		t.kept = append(t.kept[:0], t.kept[excess:]...)
		t.cut = true
	}
	return len(p), nil
}

// String is the text for the end of a message: empty if nothing was written.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.TrimSpace(strings.ToValidUTF8(string(t.kept), "\uFFFD"))
	if text == "" {
		return ""
	}
	if t.cut {
		text = "…" + text
	}
	return "; its standard error ends with:\n" + text
}
