package drive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"smpcheck/conformance/channel"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/conformance/trace"
	"smpcheck/fuzz/program"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// Bits of the Arg of Connect.
const (
	connectVersion = 0x1f
	connectNoKey   = 0x20
	connectProxy   = 0x40
)

// maxHeld is how many certificates and bytes of a TLS handshake are looked at.
const (
	maxCertificates   = 16
	maxHandshakeBytes = 64 << 10
)

// line returns the connection in a slot, and opens it if there is none.
func (r *runner) line(slot byte) (*line, error) {
	l := r.lines[slot]
	switch {
	case l.open():
		return l, nil
	case l != nil:
		r.close(l, 1) // it has ended, or is lost, which is abandoned
	}
	return r.open(program.Op{Kind: program.Connect, Conn: slot})
}

// connect carries out Connect.
func (r *runner) connect(op program.Op) error {
	r.close(r.lines[op.Conn], 0)
	_, err := r.open(op)
	return err
}

// versionOf chooses a version: 0 is the newest.
func (r *runner) versionOf(choice uint16) uint16 {
	v := r.cfg.Versions
	return v.Max - choice%(v.Max-v.Min+1)
}

// open opens a connection as a Connect says. The line is nil if a changed hello was
// refused. The error is errStop if the relay does not serve an ordinary client, or says
// that it cannot be reached.
func (r *runner) open(op program.Op) (*line, error) {
	l := &line{
		r: r, slot: int(op.Conn), version: r.versionOf(op.Arg & connectVersion),
		authorizers: make(map[keys.PublicKey]smp.Authorizer), asked: make(map[string]bool), late: make(map[string][]*pending),
		forbidden: make(map[string]forbidden), done: make(chan struct{}),
	}
	changes := r.changes(op)
	how := connectHow(l, op)
	err := r.secure(l, changes)
	if err == nil {
		err = r.readHello(l)
	}
	if err != nil {
		return nil, r.unopened(how, changes, err)
	}
	h := r.clientHello(l, op, changes)
	r.lines[l.slot] = l
	l.reading.Add(1)
	go l.read()
	if j := r.judge(l); j != nil && h.taken && !l.lost {
		r.breach(j.Opened(Opened{Conn: l.slot, Version: l.version, Encrypted: l.encrypted(), Proxy: h.Proxy, KeyUnread: h.keyUnread})...)
	}
	if len(changes) > 0 {
		r.seeHello(l, how, h)
	}
	if r.lines[l.slot] != l {
		return nil, nil
	}
	return l, nil
}

// secure opens the TCP connection and makes the TLS handshake.
func (r *runner) secure(l *line, changes []change) error {
	ctx, cancel := context.WithTimeout(r.ctx, r.timeout(answerTime))
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.cfg.Server.Address())
	if err != nil {
		return &unreachableError{err}
	}
	l.tap = &tap{Conn: raw}
	if r.cfg.Recorder != nil {
		l.stream = r.cfg.Recorder.Connected(raw)
	}
	l.outOfStep = r.armRecord(l.tap, changes) != nil
	l.conn, err = channel.Establish(ctx, l.tap, r.cfg.TLS, &tlsprobe.Config{
		ALPN: []string{channel.ALPN}, HandshakeTimeout: r.timeout(answerTime),
		MaxCertificates: maxCertificates, MaxHandshakeBytes: maxHandshakeBytes,
	})
	if err != nil {
		raw.Close()
		if l.stream != nil {
			l.stream.TLSFailed(trace.Note, "TLS "+r.cfg.TLS+" handshake failed", err)
		}
		return err
	}
	if l.stream != nil {
		l.stream.TLS("TLS " + l.conn.TLS)
	}
	if err := channel.CheckIdentity(l.conn.Chain, r.cfg.Server.KeyHash); err != nil {
		raw.Close()
		return &unreachableError{err}
	}
	return nil
}

// unreachableError ends the run: there is no relay, or it is another one.
type unreachableError struct{ err error }

func (e *unreachableError) Error() string { return e.err.Error() }
func (e *unreachableError) Unwrap() error { return e.err }

// errHello says that the relay's hello breaks the protocol.
var errHello = errors.New("the hello of the relay")

// readHello reads the relay's hello.
func (r *runner) readHello(l *line) error {
	l.conn.SetReadDeadline(time.Now().Add(r.timeout(answerTime)))
	defer l.conn.SetReadDeadline(time.Time{})
	block := make([]byte, transport.BlockSize)
	if _, err := io.ReadFull(l.conn, block); err != nil {
		l.tap.Conn.Close()
		return fmt.Errorf("no hello: %w", err)
	}
	content, err := unpad(block)
	if err == nil {
		l.record(trace.Received, trace.Content, content)
		l.hello, err = transport.DecodeServerHello(content)
	}
	if err == nil && string(l.hello.SessionID) != string(l.conn.SessionID) {
		err = fmt.Errorf("session identifier of %d bytes, which is not that of the TLS connection", len(l.hello.SessionID))
	}
	if err == nil && !l.hello.Versions.Contains(l.version) {
		err = fmt.Errorf("versions %v, and a moment ago it had %d", l.hello.Versions, l.version)
	}
	if err != nil {
		l.conn.Close()
		return fmt.Errorf("%w: %w", errHello, err)
	}
	if key, err := probe.SessionKey(l.hello); err == nil {
		l.relayKey = key
	}
	return nil
}

// unopened is what came of a connection that could not be opened.
func (r *runner) unopened(how string, changes []change, err error) error {
	var unreachable *unreachableError
	if over := r.over(); over != nil {
		return over
	}
	if errors.As(err, &unreachable) {
		return unreachable
	}
	if len(changes) > 0 {
		for _, c := range changes {
			how += " " + c.word("handshake")
		}
		r.pair("CONNECT", how, "none", r.handshakeEnding(err))
		return nil
	}
	b := Breach{Kind: Protocol, Rule: "handshake-refused", Op: r.op, Requirement: "SMP-HS-SERVER-FIRST",
		Expected: "the handshake of an ordinary client succeeds", Actual: err.Error()}
	switch {
	case isTimeout(err) || errors.Is(err, context.DeadlineExceeded):
		b.Kind, b.Rule = Hang, "handshake-stuck"
	case errors.Is(err, errHello):
		b.Rule, b.Requirement = "hello-malformed", ""
	}
	r.breach(b)
	return errStop
}

// over is the error of a run that has ended. What waits with the deadline of the run may end
// before its context says so.
func (r *runner) over() error {
	if due, limited := r.ctx.Deadline(); limited && !time.Now().Before(due) {
		return context.DeadlineExceeded
	}
	return r.ctx.Err()
}

// handshakeEnding says how a changed handshake ended.
func (r *runner) handshakeEnding(err error) string {
	if isTimeout(err) || errors.Is(err, context.DeadlineExceeded) {
		return "stuck"
	}
	return string(settledEnding(endingOf(err)))
}
