package drive

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/box"
	"smpcheck/reference/transport"
)

// Limits of what is read.
const (
	// maxUnread is how many blocks wait to be looked at.
	maxUnread = 512
	// maxBlocks is how many blocks a connection may bring in a run.
	maxBlocks = 4096
)

// event is what a reader has seen: a block, or the last that there is to see.
type event struct {
	line *line
	// content of a block, nil at the end.
	content []byte
	// rule, and why, if the block cannot be read; the reader goes on if it was whole.
	rule string
	err  error
	// ending says how the connection has ended.
	ending Ending
}

// Rules about what cannot be read.
const (
	ruleFlood       = "flood"
	ruleBlockCut    = "block-cut"
	ruleBlockStuck  = "block-stuck"
	ruleUndecrypted = "block-undecryptable"
	ruleBlockLength = "block-length"
)

// read reads blocks until the connection ends, or until it cannot be read any more.
func (l *line) read() {
	defer l.reading.Done()
	var block [transport.BlockSize]byte
	filled := 0
	for blocks := 0; ; {
		n, err := l.conn.Read(block[filled:])
		filled += n
		if filled == len(block) {
			filled = 0
			l.due(false)
			if blocks++; blocks > maxBlocks || !l.hand(l.openBlock(block[:])) {
				l.last(event{rule: ruleFlood, err: fmt.Errorf("more than %d blocks that were not asked for", min(blocks, maxUnread))})
				return
			}
		} else if n > 0 {
			l.due(true)
		}
		switch {
		case err == nil:
		case isTimeout(err) && l.waitWhileStalled():
		case isTimeout(err):
			l.last(event{rule: ruleBlockStuck, err: fmt.Errorf("%d bytes of a block, and nothing more for %v", filled, l.r.timeout(answerTime))})
			return
		default:
			e := event{ending: endingOf(err), err: err}
			if filled > 0 {
				e.rule, e.err = ruleBlockCut, fmt.Errorf("%d bytes of a block, then the end", filled)
			}
			l.last(e)
			return
		}
	}
}

// openBlock takes off encryption and padding.
func (l *line) openBlock(block []byte) event {
	padded := block
	if l.receiving != nil {
		key, nonce, err := l.receiving.NextKey()
		if err != nil {
			return event{rule: ruleUndecrypted, err: err}
		}
		if padded, err = box.Open(make([]byte, 0, len(block)), block, &nonce, &key); err != nil {
			return event{rule: ruleUndecrypted, err: err}
		}
	}
	content, err := unpad(padded)
	if err != nil {
		return event{rule: ruleBlockLength, err: err}
	}
	if l.receiving == nil {
		content = append([]byte{}, content...)
	}
	return event{content: content}
}

// hand gives an event to the runner; false if too many wait already.
func (l *line) hand(e event) bool {
	e.line = l
	select {
	case l.r.inbox <- e:
		return true
	case <-l.done:
		return true
	default:
		return false
	}
}

// last gives the last event of the connection to the runner.
func (l *line) last(e event) {
	e.line = l
	select {
	case l.r.inbox <- e:
	case <-l.done:
	}
}

// due says that the rest of a block has to come in time, or that nothing has to.
func (l *line) due(partial bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !partial:
		l.partial = time.Time{}
	case l.partial.IsZero():
		l.partial = time.Now().Add(l.r.timeout(answerTime))
	default:
		return
	}
	if !l.stalled {
		l.conn.SetReadDeadline(l.partial)
	}
}

// stalledBuffer is the size of the receive buffer of a connection that is stalled, in
// bytes. Systems that take some megabytes for a client that reads nothing hide a relay that
// cannot bear one. With much less than this some take seconds to go on afterwards.
const stalledBuffer = 128 << 10

// stall stops reading.
func (l *line) stall() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stalled {
		return
	}
	l.stalled, l.resumed = true, make(chan struct{})
	l.tap.buffer(stalledBuffer)
	l.conn.SetReadDeadline(time.Unix(1, 0))
}

// resume reads on.
func (l *line) resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.stalled {
		return
	}
	l.stalled = false
	if !l.partial.IsZero() {
		l.partial = time.Now().Add(l.r.timeout(answerTime))
	}
	l.conn.SetReadDeadline(l.partial)
	close(l.resumed)
}

// waitWhileStalled reports whether a read ended because the connection is, or was,
// stalled, and returns when it no longer is.
func (l *line) waitWhileStalled() bool {
	l.mu.Lock()
	stalled, resumed, partial := l.stalled, l.resumed, l.partial
	l.mu.Unlock()
	if !stalled {
		return partial.IsZero() || time.Now().Before(partial)
	}
	select {
	case <-resumed:
	case <-l.done:
	}
	return true
}

// isStalled reports whether the connection is not read.
func (l *line) isStalled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stalled
}

// resume has all connections read again, and looks at what had come although they were
// not.
func (r *runner) resume() {
	for _, l := range r.lines {
		if l == nil {
			continue
		}
		l.resume()
		events := l.early
		l.early = nil
		for _, e := range events {
			r.look(e)
		}
	}
}

// endingOf says how a connection ended, from the error of reading it.
func endingOf(err error) Ending {
	var alert *tlsprobe.AlertError
	var remote *net.OpError
	switch {
	case errors.As(err, &alert):
		return ByAlert
	case errors.As(err, &remote) && remote.Op == "remote error": // an alert, for crypto/tls
		return ByAlert
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, tlsprobe.ErrClosed):
		return ByRelay
	case errors.Is(err, net.ErrClosed):
		return ByUs
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return ByReset
	}
	return ByGarble
}
