package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// ErrGone: the process that executed the command has ended before the command.
var ErrGone = errors.New("the process that has this profile open ended before the command did")

// lastWait is how long an interrupted command may take to end.
const lastWait = 10 * time.Second

// Streams are the inputs and outputs of a command.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Call lets the process behind conn execute a command and returns its exit code. If
// ctx ends the command is interrupted, as by Ctrl-C. It closes conn.
func Call(ctx context.Context, conn net.Conn, r Request, s Streams) (exit int, err error) {
	defer func() { _ = conn.Close() }()
	f := newFramed(conn)
	if err := f.write(frame{Request: &r}); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrGone, err)
	}
	ended := make(chan struct{})
	defer close(ended)
	go f.stayAlive(ended)
	defer context.AfterFunc(ctx, func() {
		if f.write(frame{Interrupt: true}) != nil {
			return
		}
		time.AfterFunc(lastWait, func() { _ = conn.Close() })
	})()
	for {
		v, err := f.read(silenceTimeout)
		if err != nil {
			return 0, fmt.Errorf("%w: %w", ErrGone, err)
		}
		switch {
		case v.Exit != nil:
			return *v.Exit, nil
		case v.Want:
			go f.sendInput(s.In)
		case v.Output != nil:
			err = f.output(s.Out, v.Output)
		case v.ErrorOutput != nil:
			err = f.output(s.Err, v.ErrorOutput)
		case !v.Alive:
			err = ErrProtocol
		}
		if err != nil {
			return 0, err
		}
	}
}

// output writes a part of the output and tells the server whether that worked.
func (f *framed) output(w io.Writer, part []byte) error {
	if _, err := w.Write(part); err != nil {
		return f.write(frame{Broken: true})
	}
	return f.write(frame{Written: true})
}

// sendInput reads a part of the input and sends it. If that fails the connection is
// lost, which the reader of frames reports.
func (f *framed) sendInput(in io.Reader) {
	part := make([]byte, 32<<10)
	n, err := in.Read(part)
	for n == 0 && err == nil {
		n, err = in.Read(part)
	}
	if n > 0 {
		_ = f.write(frame{Input: part[:n]})
		return
	}
	_ = f.write(frame{InputEnd: true})
}
