package tlsprobe

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxIdle bounds how many records and messages in a row may carry nothing for
	// the caller: ChangeCipherSpec, empty records, KeyUpdate, tickets.
	maxIdle = 32
	// alertPatience bounds the sending of an alert to a peer that reads nothing.
	alertPatience = 250 * time.Millisecond
	// maxRecordBody is what the length field of a record can say.
	maxRecordBody = 1<<16 - 1
)

// Conn is a TLS 1.3 connection that completed its handshake. One goroutine may
// read while another writes. Errors of Read other than ErrTimeout stay for good,
// as do all errors of Write.
type Conn struct {
	nc  net.Conn
	cfg *Config

	in  reader
	out writer
	// keyUpdateDue is set when the peer asked for new keys. The writer answers
	// before its next record, so that a reader never waits for a slow peer.
	keyUpdateDue atomic.Bool

	suite      *suite
	resumption []byte

	stateMu sync.Mutex
	state   State
}

var _ net.Conn = (*Conn)(nil)

// reader is the state of the direction from the peer.
type reader struct {
	mu sync.Mutex
	half
	wire *bufio.Reader
	// hand holds the bytes of handshake messages that are not complete, app what
	// remains of the last record of application data (part of the buffer of wire).
	hand bytes.Buffer
	app  []byte
	// records counts records, idle those in a row without content, total the bytes
	// of the server's handshake.
	records, idle, total int
	complete             bool
	err                  error
}

// writer is the state of the direction to the peer.
type writer struct {
	mu sync.Mutex
	half
	version Version
	pending []byte
	err     error
}

// Client makes the handshake over nc and returns the connection. It ends at the
// deadline of ctx or after Config.HandshakeTimeout, whichever is sooner, or when
// ctx is cancelled, and replaces the deadlines of nc meanwhile; afterwards nc has
// none. A nil cfg is the zero Config. Errors are a *HandshakeError around the
// cause, or wrap ErrConfig; nc is then left open for the caller to close.
func Client(ctx context.Context, nc net.Conn, cfg *Config) (*Conn, error) {
	filled, err := cfg.filled()
	if err != nil {
		return nil, err
	}
	return establish(ctx, nc, filled, (*handshake).run)
}

// establish runs a handshake within its time.
func establish(ctx context.Context, nc net.Conn, cfg *Config, run func(*handshake) error) (*Conn, error) {
	c := &Conn{nc: nc, cfg: cfg}
	c.in.wire = bufio.NewReaderSize(nc, headerLen+maxCiphertext)
	c.out.version = TLS10

	deadline := time.Now().Add(cfg.HandshakeTimeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if err := nc.SetDeadline(deadline); err != nil {
		return nil, fmt.Errorf("setting the deadline of the handshake: %w", err)
	}
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		_ = nc.SetDeadline(time.Unix(1, 0))
	})
	hs := &handshake{Conn: c, stage: "making the ClientHello"}
	err := run(hs)
	if !stop() {
		<-interrupted
		if err == nil || errors.Is(err, ErrTimeout) {
			err = contextError(ctx)
		}
	}
	if err == nil {
		err = nc.SetDeadline(time.Time{})
	}
	if err != nil {
		c.fail(err, deadline)
		return nil, &HandshakeError{Stage: hs.stage, State: c.State(), Err: err}
	}
	return c, nil
}

// contextError tells a cancelled context from one whose deadline passed.
func contextError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ErrTimeout
	}
	return context.Cause(ctx)
}

// receive gives the next record that holds handshake bytes or application data,
// and deals with all others.
func (c *Conn) receive() (ContentType, []byte, error) {
	for {
		typ, content, err := c.nextRecord()
		if err != nil {
			return 0, nil, err
		}
		switch typ {
		case ContentChangeCipherSpec:
			if c.in.complete || !bytes.Equal(content, []byte{1}) {
				return 0, nil, violation(AlertUnexpectedMessage, "a change_cipher_spec record that is not one byte 1 inside the handshake")
			}
		case ContentAlert:
			if err := c.receiveAlert(content); err != nil {
				return 0, nil, err
			}
		case ContentHandshake:
			if len(content) == 0 {
				return 0, nil, violation(AlertUnexpectedMessage, "an empty record of type handshake")
			}
			return typ, content, nil
		case ContentApplicationData:
			if !c.in.complete || c.in.hand.Len() > 0 {
				return 0, nil, violation(AlertUnexpectedMessage, "application data inside the handshake or inside a handshake message")
			}
			if len(content) > 0 {
				c.in.idle = 0
				return typ, content, nil
			}
		}
		if err := c.countIdle(); err != nil {
			return 0, nil, err
		}
	}
}

func (c *Conn) countIdle() error {
	if c.in.idle++; c.in.idle > maxIdle {
		return fmt.Errorf("%w: more than %d records in a row without content", ErrLimit, maxIdle)
	}
	return nil
}

// receiveAlert turns an alert into an error, but for user_canceled, after which
// a close_notify should follow ("Closure Alerts").
func (c *Conn) receiveAlert(content []byte) error {
	if len(content) != 2 {
		return violation(AlertDecodeError, "an alert of %d bytes, expected 2", len(content))
	}
	alert := &AlertError{AlertLevel(content[0]), Alert(content[1])}
	c.note(func(s *State) { s.Alert = alert })
	switch {
	case alert.Description == AlertUserCanceled:
		return nil
	case alert.Description == AlertCloseNotify && c.in.complete:
		return io.EOF
	}
	return alert
}

// addHandshake takes the content of a handshake record.
func (c *Conn) addHandshake(content []byte) error {
	if !c.in.complete {
		if c.in.total += len(content); c.in.total > c.cfg.MaxHandshakeBytes {
			return fmt.Errorf("%w: a handshake of more than %d bytes", ErrLimit, c.cfg.MaxHandshakeBytes)
		}
	}
	c.in.hand.Write(content)
	return nil
}

// takeMessage gives the next handshake message if it is complete, else nil.
func (c *Conn) takeMessage() ([]byte, error) {
	buffered := c.in.hand.Bytes()
	if len(buffered) < messageHeaderLen {
		return nil, nil
	}
	n := int(buffered[1])<<16 | int(buffered[2])<<8 | int(buffered[3])
	if n > c.cfg.MaxHandshakeBytes {
		return nil, fmt.Errorf("%w: a %s of %d bytes, at most %d allowed", ErrLimit, messageType(buffered[0]), n, c.cfg.MaxHandshakeBytes)
	}
	if len(buffered) < messageHeaderLen+n {
		return nil, nil
	}
	return bytes.Clone(c.in.hand.Next(messageHeaderLen + n)), nil
}

// Read reads application data. Tickets and key updates of the peer are dealt with
// on the way. After the peer's close_notify the error is io.EOF; a connection that
// ends without one is ErrClosed.
func (c *Conn) Read(b []byte) (int, error) {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	for len(c.in.app) == 0 && len(b) > 0 {
		if c.in.err != nil {
			return 0, c.in.err
		}
		if err := c.readApplication(); err != nil {
			if !errors.Is(err, ErrTimeout) {
				c.in.err = err
				c.fail(err, time.Now().Add(alertPatience))
			}
			return 0, err
		}
	}
	n := copy(b, c.in.app)
	c.in.app = c.in.app[n:]
	return n, nil
}

func (c *Conn) readApplication() error {
	typ, content, err := c.receive()
	if err != nil {
		return err
	}
	if typ == ContentApplicationData {
		c.in.app = content
		return nil
	}
	if err := c.addHandshake(content); err != nil {
		return err
	}
	for {
		msg, err := c.takeMessage()
		if err != nil || msg == nil {
			return err
		}
		if err := c.countIdle(); err != nil {
			return err
		}
		if err := c.handlePost(messageType(msg[0]), msg[messageHeaderLen:]); err != nil {
			return err
		}
	}
}

// handlePost deals with a message after the handshake ("Post-Handshake Messages").
func (c *Conn) handlePost(typ messageType, body []byte) error {
	switch typ {
	case msgNewSessionTicket:
		m, err := parseNewSessionTicket(body)
		if err != nil {
			return err
		}
		ticket := newTicket(m, c.suite, c.resumption, time.Now())
		c.note(func(s *State) {
			if s.TicketCount++; s.TicketCount <= keptTickets {
				s.Tickets = append(s.Tickets, ticket)
			}
		})
		return nil
	case msgKeyUpdate:
		requested, err := parseKeyUpdate(body)
		if err != nil {
			return err
		}
		if c.in.hand.Len() > 0 {
			return violation(AlertUnexpectedMessage, "handshake bytes after a KeyUpdate in the same record")
		}
		if requested {
			c.keyUpdateDue.Store(true)
		}
		return c.in.update()
	}
	return violation(AlertUnexpectedMessage, "a %s after the handshake", typ)
}

// Write sends application data in records of at most Config.RecordSize bytes.
func (c *Conn) Write(b []byte) (int, error) {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	done := 0
	for done < len(b) {
		if c.keyUpdateDue.Swap(false) {
			if err := c.queueKeyUpdate(false); err != nil {
				return done, err
			}
		}
		n := min(len(b)-done, c.cfg.RecordSize)
		c.queueRecord(ContentApplicationData, b[done:done+n])
		if err := c.flush(); err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}

// WriteRecord sends data as the content of one protected record of the given
// type, however little sense that makes. The length field holds 65535 bytes, 17
// of which the protection takes; more than MaxPlaintext is a violation that the
// peer should answer.
func (c *Conn) WriteRecord(typ ContentType, data []byte) error {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if limit := maxRecordBody - c.out.aead.Overhead() - 1; len(data) > limit {
		return fmt.Errorf("a record of %d bytes, at most %d fit the length field", len(data), limit)
	}
	c.queueRecord(typ, data)
	return c.flush()
}

// WriteRaw sends bytes as they are, between the records of the connection.
func (c *Conn) WriteRaw(b []byte) error {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.out.pending = append(c.out.pending, b...)
	return c.flush()
}

// UpdateKeys changes the keys of the direction to the peer, and with request asks
// the peer to change its own ("Key and Initialization Vector Update").
func (c *Conn) UpdateKeys(request bool) error {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if err := c.queueKeyUpdate(request); err != nil {
		return err
	}
	return c.flush()
}

func (c *Conn) queueKeyUpdate(request bool) error {
	body := byte(0)
	if request {
		body = 1
	}
	c.queue(ContentHandshake, []byte{byte(msgKeyUpdate), 0, 0, 1, body})
	return c.out.update()
}

// fail tells the peer about err, if there is an alert for it, by deadline or
// after a short while, whichever is sooner. Nothing can be sent after it.
func (c *Conn) fail(err error, deadline time.Time) {
	alert, ok := alertFor(err)
	if !ok || !c.out.mu.TryLock() {
		return
	}
	defer c.out.mu.Unlock()
	if c.sendAlert(LevelFatal, alert, deadline) == nil {
		c.note(func(s *State) { s.AlertSent = &alert })
	}
}

// sendAlert sends the last record of this direction; the caller holds the lock.
// An alert is never fragmented ("Alert Protocol").
func (c *Conn) sendAlert(level AlertLevel, alert Alert, deadline time.Time) error {
	if patience := time.Now().Add(alertPatience); patience.Before(deadline) {
		deadline = patience
	}
	if err := c.nc.SetWriteDeadline(deadline); err != nil {
		return err
	}
	c.out.pending = c.out.pending[:0]
	c.queueRecord(ContentAlert, []byte{byte(level), byte(alert)})
	if err := c.flush(); err != nil {
		return err
	}
	c.out.err = errShutdown
	return nil
}

var errShutdown = errors.New("the probe has already sent close_notify or a fatal alert")

// CloseWrite sends close_notify and leaves the other direction open.
func (c *Conn) CloseWrite() error {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.sendAlert(LevelWarning, AlertCloseNotify, time.Now().Add(alertPatience))
}

// Close sends close_notify, unless a Write is under way, and closes the socket.
func (c *Conn) Close() error {
	if c.out.mu.TryLock() {
		if c.out.err == nil {
			_ = c.sendAlert(LevelWarning, AlertCloseNotify, time.Now().Add(alertPatience))
		}
		c.out.mu.Unlock()
	}
	return c.nc.Close()
}

// LocalAddr is that of the socket.
func (c *Conn) LocalAddr() net.Addr { return c.nc.LocalAddr() }

// RemoteAddr is that of the socket.
func (c *Conn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// SetDeadline sets both deadlines of the socket.
func (c *Conn) SetDeadline(t time.Time) error { return c.nc.SetDeadline(t) }

// SetReadDeadline sets the deadline of Read. A Read that it ends loses no data.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.nc.SetReadDeadline(t) }

// SetWriteDeadline sets the deadline of Write. A Write that it ends is the last.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.nc.SetWriteDeadline(t) }
