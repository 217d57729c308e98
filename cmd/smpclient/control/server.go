package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// MaxCommands is how many commands are executed at a time; more are refused.
const MaxCommands = 64

// Handler executes a command and returns its exit code. ctx ends when the caller
// interrupts the command or is gone.
type Handler func(ctx context.Context, r Request, s Streams) (exit int)

// ErrClosing is the cause with which the contexts of commands end when the server is
// closed.
var ErrClosing = errors.New("the process that has this profile open is ending")

// Server executes commands that come through a listener.
type Server struct {
	listener net.Listener
	stop     context.CancelCauseFunc
	running  sync.WaitGroup
}

// Serve executes commands with h until Close, which closes l. Their contexts have the
// values of ctx and nothing else of it.
func Serve(ctx context.Context, l net.Listener, h Handler) *Server {
	ctx, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	s := &Server{listener: l, stop: stop}
	free := make(chan struct{}, MaxCommands)
	s.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			select {
			case free <- struct{}{}:
				s.running.Go(func() {
					execute(ctx, conn, h)
					<-free
				})
			default:
				_ = conn.Close()
			}
		}
	})
	return s
}

// Close ends all commands and waits for them.
func (s *Server) Close() error {
	s.stop(ErrClosing)
	err := s.listener.Close()
	s.running.Wait()
	return err
}

// execute runs the command of one connection.
func execute(ctx context.Context, conn net.Conn, h Handler) {
	defer func() { _ = conn.Close() }()
	f := newFramed(conn)
	first, err := f.read(requestTimeout)
	if err != nil || first.Request == nil {
		return
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c := &caller{
		framed: f, gone: make(chan struct{}),
		input: make(chan []byte, 1), written: make(chan bool, 1),
	}
	var running sync.WaitGroup
	running.Go(func() { cancel(c.listen(cancel)) })
	running.Go(func() { f.stayAlive(c.gone) })
	exit := h(ctx, *first.Request, Streams{
		In:  c,
		Out: c.writer(func(part []byte) frame { return frame{Output: part} }),
		Err: c.writer(func(part []byte) frame { return frame{ErrorOutput: part} }),
	})
	// If the caller is gone nobody needs to know. Otherwise it closes the connection;
	// who closes it first would take away what the other side has not read.
	_ = f.write(frame{Exit: &exit})
	select {
	case <-c.gone:
	case <-time.After(requestTimeout):
	}
	_ = conn.Close()
	running.Wait()
}

// caller is the other side of a command that is executed.
type caller struct {
	*framed
	gone    chan struct{} // closed when the connection is lost
	input   chan []byte   // nil for the end
	written chan bool

	reading sync.Mutex
	rest    []byte // of input, that was not read yet
	ended   bool

	writing sync.Mutex
}

var errInterrupted = errors.New("interrupted")

// listen takes frames from the caller until the connection is lost, and interrupts
// the command.
func (c *caller) listen(interrupt context.CancelCauseFunc) error {
	defer close(c.gone)
	for {
		v, err := c.read(silenceTimeout)
		if err != nil {
			return err
		}
		switch {
		case v.Interrupt:
			interrupt(errInterrupted)
		case v.Input != nil || v.InputEnd:
			select {
			case c.input <- v.Input:
			default:
				return fmt.Errorf("%w: input that nobody wants", ErrProtocol)
			}
		case v.Written || v.Broken:
			select {
			case c.written <- v.Written:
			default:
				return fmt.Errorf("%w: an answer that nobody waits for", ErrProtocol)
			}
		case !v.Alive:
			return ErrProtocol
		}
	}
}

// Read is the input of the command.
func (c *caller) Read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if c.ended {
		return 0, io.EOF
	}
	if len(c.rest) == 0 {
		if err := c.write(frame{Want: true}); err != nil {
			return 0, err
		}
		select {
		case c.rest = <-c.input:
			c.ended = len(c.rest) == 0
		case <-c.gone:
			return 0, io.ErrUnexpectedEOF
		}
	}
	if c.ended {
		return 0, io.EOF
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// writerFunc is an output of the command.
type writerFunc func([]byte) (int, error)

func (w writerFunc) Write(p []byte) (int, error) { return w(p) }

// writer returns an output of which a write is done when the caller has written it.
func (c *caller) writer(wrap func([]byte) frame) io.Writer {
	return writerFunc(func(p []byte) (n int, err error) {
		c.writing.Lock()
		defer c.writing.Unlock()
		for n < len(p) {
			part := p[n:min(len(p), n+maxPart)]
			if err := c.write(wrap(part)); err != nil {
				return n, err
			}
			select {
			case ok := <-c.written:
				if !ok {
					return n, io.ErrClosedPipe
				}
			case <-c.gone:
				return n, io.ErrUnexpectedEOF
			}
			n += len(part)
		}
		return n, nil
	})
}
