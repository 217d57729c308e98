package control

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const patience = 20 * time.Second

// serve starts a server and returns how to reach it.
func serve(t *testing.T, h Handler) func() net.Conn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	server := Serve(context.Background(), l, h)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	return func() net.Conn {
		conn, err := net.Dial("unix", path)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func TestCommandHasStreamsAndExitCode(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("large ", MaxFrame/4)
	dial := serve(t, func(_ context.Context, r Request, s Streams) int {
		require.Equal(t, []string{"a", "b"}, r.Args)
		require.True(t, r.Output)
		require.False(t, r.Input)
		in, err := io.ReadAll(s.In)
		require.NoError(t, err)
		_, err = io.WriteString(s.Out, strings.ToUpper(string(in)))
		require.NoError(t, err)
		_, err = io.WriteString(s.Err, "trouble")
		require.NoError(t, err)
		return 7
	})
	var out, stderr bytes.Buffer
	exit, err := Call(within(t), dial(), Request{Args: []string{"a", "b"}, Output: true}, Streams{strings.NewReader(large), &out, &stderr})
	require.NoError(t, err)
	require.Equal(t, 7, exit)
	require.Equal(t, strings.ToUpper(large), out.String())
	require.Equal(t, "trouble", stderr.String())
}

// refusing is an input that must not be read.
type refusing struct{ t *testing.T }

func (r refusing) Read([]byte) (int, error) {
	r.t.Error("input was read although nobody wants it")
	return 0, io.EOF
}

func TestInputIsReadOnlyIfWanted(t *testing.T) {
	t.Parallel()
	dial := serve(t, func(_ context.Context, _ Request, s Streams) int {
		_, _ = io.WriteString(s.Out, "done")
		return 0
	})
	var out bytes.Buffer
	exit, err := Call(within(t), dial(), Request{}, Streams{refusing{t}, &out, io.Discard})
	require.NoError(t, err)
	require.Zero(t, exit)
	require.Equal(t, "done", out.String())
}

// full is an output that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestWriterLearnsWhetherOutputWasWritten(t *testing.T) {
	t.Parallel()
	result := make(chan error, 1)
	dial := serve(t, func(_ context.Context, _ Request, s Streams) int {
		_, err := io.WriteString(s.Out, "text")
		result <- err
		return 0
	})
	_, err := Call(within(t), dial(), Request{}, Streams{nil, full{}, io.Discard})
	require.NoError(t, err)
	require.ErrorIs(t, <-result, io.ErrClosedPipe)

	// A caller that is gone has not written either.
	conn := dial()
	_, err = io.WriteString(conn, `{"request":{}}`+"\n")
	require.NoError(t, err)
	_, err = bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.Error(t, <-result)
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	started := make(chan struct{}, 1)
	cause := make(chan error, 1)
	dial := serve(t, func(ctx context.Context, _ Request, _ Streams) int {
		started <- struct{}{}
		<-ctx.Done()
		cause <- context.Cause(ctx)
		return 3
	})
	ctx, cancel := context.WithCancel(within(t))
	go func() {
		<-started
		cancel()
	}()
	exit, err := Call(ctx, dial(), Request{}, Streams{})
	require.NoError(t, err)
	require.Equal(t, 3, exit)
	require.ErrorIs(t, <-cause, errInterrupted)

	// A caller that disappears interrupts as well.
	conn := dial()
	_, err = io.WriteString(conn, `{"request":{}}`+"\n")
	require.NoError(t, err)
	<-started
	require.NoError(t, conn.Close())
	require.ErrorIs(t, <-cause, io.EOF)
}

func TestServerEnds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	started := make(chan struct{})
	server := Serve(context.Background(), l, func(ctx context.Context, _ Request, _ Streams) int {
		close(started)
		<-ctx.Done()
		require.ErrorIs(t, context.Cause(ctx), ErrClosing)
		return 5
	})
	conn, err := net.Dial("unix", path)
	require.NoError(t, err)
	exit := make(chan int, 1)
	go func() {
		code, err := Call(within(t), conn, Request{}, Streams{})
		if err != nil {
			code = -1
		}
		exit <- code
	}()
	<-started
	require.NoError(t, server.Close())
	require.Equal(t, 5, <-exit)
}

func TestCallerOfDeadServer(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"", "nonsense\n", `{"written":true}` + "\n", `{"output":"!"}` + "\n", strings.Repeat("x", MaxFrame+1)} {
		client, server := net.Pipe()
		go func() {
			_, _ = bufio.NewReader(server).ReadString('\n')
			_, _ = io.WriteString(server, answer)
			_ = server.Close()
		}()
		_, err := Call(within(t), client, Request{}, Streams{Out: io.Discard, Err: io.Discard})
		require.Error(t, err, "%.20q", answer)
	}
}

func TestHostileCaller(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{}, 1)
	dial := serve(t, func(ctx context.Context, _ Request, _ Streams) int {
		<-ctx.Done()
		ended <- struct{}{}
		return 0
	})
	request := `{"request":{}}` + "\n"
	for _, frames := range []string{
		"\n", "nonsense\n", `{"alive":true}` + "\n", strings.Repeat("x", MaxFrame+1),
		request + "nonsense\n", request + request, request + `{"output":"AAAA"}` + "\n",
		request + `{"input":"AAAA"}` + "\n" + `{"input":"AAAA"}` + "\n",
		request + `{"written":true}` + "\n" + `{"broken":true}` + "\n",
		request + strings.Repeat("x", MaxFrame+1),
	} {
		conn := dial()
		require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
		// The server may close before it has read everything.
		_, _ = io.WriteString(conn, frames)
		if strings.HasPrefix(frames, request) {
			<-ended
		}
		_, err := io.Copy(io.Discard, conn)
		require.False(t, errors.Is(err, context.DeadlineExceeded), "%.40q: still connected", frames)
	}
}
