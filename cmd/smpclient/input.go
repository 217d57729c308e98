package main

import (
	"bytes"
	"context"
	"io"
	"sync"
)

// input is standard input for several readers, one after the other: while another
// process executes a command the input is read for that process, and when that one
// ends the command goes on here with what comes next. A read of the real input
// cannot be interrupted; what it brings belongs to the next reader.
type input struct {
	from io.Reader

	mu      sync.Mutex // held by the reader that waits
	pending chan chunk // nil if nothing is being read
	rest    []byte
	err     error
}

// chunk is what one read brings.
type chunk struct {
	content []byte
	err     error
}

// reader is an input until its context ends.
type reader struct {
	*input
	ctx context.Context
}

// Read returns at most one line, so that no line is with a reader that has ended.
func (r reader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		if r.pending == nil {
			r.pending = make(chan chunk, 1)
			go r.read(r.pending)
		}
		select {
		case c := <-r.pending:
			r.pending, r.rest, r.err = nil, c.content, c.err
		case <-r.ctx.Done():
			return 0, r.ctx.Err()
		}
	}
	line := r.rest
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i+1]
	}
	n := copy(p, line)
	r.rest = r.rest[n:]
	return n, nil
}

func (i *input) read(to chan<- chunk) {
	buffer := make([]byte, 32<<10)
	n, err := i.from.Read(buffer)
	to <- chunk{buffer[:n], err}
}
