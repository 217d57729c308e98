package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// Relay is what is controlled: a *relay.Relay.
type Relay interface {
	Fingerprint() keys.Fingerprint
	Block(id []byte, info smp.BlockingInfo) error
	Unblock(id []byte) error
	Stats() relay.Stats
}

// Bounds of the connections to the socket.
const (
	maxClients    = 8 // more are closed at once
	lineTimeout   = 5 * time.Second
	acceptTimeout = time.Second // after an error of Accept that may pass
)

// Serve answers requests until ctx ends, and then closes the listener and waits
// for what it has started. It returns nil then, or the error of a listener that
// somebody else has closed.
func Serve(ctx context.Context, l net.Listener, r Relay) error {
	unregister := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer unregister()
	var served sync.WaitGroup
	defer served.Wait()
	places := make(chan struct{}, maxClients)
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close() // nothing was said
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			pause(ctx)
			continue
		}
		select {
		case places <- struct{}{}:
			served.Go(func() {
				defer func() { <-places }()
				serve(ctx, conn, r)
			})
		default:
			_ = conn.Close() // there are enough
		}
	}
}

func pause(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	<-ctx.Done()
}

// serve answers one request. Errors of the connection are those of the operator,
// who sees them at the other end.
func serve(ctx context.Context, conn net.Conn, r Relay) {
	defer conn.Close()
	unregister := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer unregister()
	if conn.SetReadDeadline(time.Now().Add(lineTimeout)) != nil {
		return
	}
	var request Request
	err := readLine(conn, maxRequest, &request)
	var response Response
	switch {
	case err == nil:
		response = execute(&request, r)
	case errors.Is(err, ErrMessage):
		response.Error = err.Error()
	default:
		return
	}
	if conn.SetWriteDeadline(time.Now().Add(lineTimeout)) == nil {
		_ = writeLine(conn, response) // whoever does not take it, has gone
	}
}

// execute executes a request.
func execute(request *Request, r Relay) Response {
	var err error
	switch request.Command {
	case CommandStats:
		return Response{Stats: statsOf(r.Stats())}
	case CommandBlock:
		err = onQueue(request, r, func(id []byte) error { return r.Block(id, request.info()) })
	case CommandUnblock:
		err = onQueue(request, r, r.Unblock)
	default:
		err = fmt.Errorf("%w: unknown command", ErrMessage)
	}
	if err != nil {
		return Response{Error: err.Error()}
	}
	return Response{}
}

func onQueue(request *Request, r Relay, do func(id []byte) error) error {
	id, err := request.id(r.Fingerprint())
	if err != nil {
		return err
	}
	return do(id)
}
