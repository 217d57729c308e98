package transport

import (
	"context"
	"fmt"
	"net"
	"time"
)

// longAgo is a deadline that ends pending reads and writes.
var longAgo = time.Unix(1, 0)

// within runs a handshake on conn, which the end of ctx or of timeout
// interrupts. It closes conn if the handshake fails. The error says what was
// done and wraps the cause: that of ctx if ctx ended, context.DeadlineExceeded
// after the timeout.
func within(ctx context.Context, conn net.Conn, timeout time.Duration, what string, handshake func(context.Context) error) error {
	ctx, cancel := limit(ctx, timeout)
	defer cancel()
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		conn.SetDeadline(longAgo)
	})
	err := handshake(ctx)
	if !stop() {
		<-interrupted
		abort(conn)
		return fmt.Errorf("%s: %w", what, context.Cause(ctx))
	}
	if err != nil {
		conn.Close()
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// limit is context.WithTimeout, with DefaultHandshakeTimeout for zero. A context that
// ends earlier anyway, as that of a handshake does in its parts, is returned as it is.
func limit(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout == 0 {
		timeout = DefaultHandshakeTimeout
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= timeout {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, timeout)
}

// abort closes conn without a word to the peer, which may not be reading.
func abort(conn net.Conn) error {
	if s, ok := conn.(*Secure); ok {
		return s.Abort()
	}
	return conn.Close()
}
