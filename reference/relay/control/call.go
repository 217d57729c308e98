package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// callTimeout is how long a relay may take for a response. It counts the messages
// of all queues for stats.
const callTimeout = 30 * time.Second

// Errors of Call.
var (
	// ErrNoRelay: no relay listens at the socket.
	ErrNoRelay = errors.New("no relay at the control socket")
	// ErrRefused: the relay refused; the text says why.
	ErrRefused = errors.New("the relay refused")
)

// Call sends one request to the relay at the socket and returns its response,
// which has no Error. The error is ErrNoRelay, ErrRefused or ErrMessage, or that of
// a connection that ended.
func Call(ctx context.Context, path string, request Request) (Response, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return Response{}, fmt.Errorf("%w: %w", ErrNoRelay, err)
	}
	defer conn.Close()
	unregister := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer unregister()
	if err := writeLine(conn, request); err != nil {
		return Response{}, err
	}
	var response Response
	if err := readLine(conn, maxResponse, &response); err != nil {
		return Response{}, err
	}
	if response.Error != "" {
		return Response{}, fmt.Errorf("%w: %s", ErrRefused, response.Error)
	}
	return response, nil
}
