package main

import (
	"context"
	"net"

	"smpcheck/reference/relay"
	"smpcheck/reference/relay/control"
)

// admin is the control socket of a running relay; nil for none.
type admin struct {
	listener net.Listener
	stop     context.CancelFunc
	served   chan error
}

// listenControl makes the socket; an empty path is none.
func listenControl(path string) (*admin, error) {
	if path == "" {
		return nil, nil
	}
	l, err := control.Listen(path)
	if err != nil {
		return nil, usageError{err}
	}
	return &admin{listener: l}, nil
}

// serve answers the operator until Close.
func (a *admin) serve(ctx context.Context, r *relay.Relay) {
	if a == nil {
		return
	}
	ctx, a.stop = context.WithCancel(ctx)
	a.served = make(chan error, 1)
	go func() { a.served <- control.Serve(ctx, a.listener, r) }()
}

// Close removes the socket and waits for the answers that are under way.
func (a *admin) Close() error {
	switch {
	case a == nil:
		return nil
	case a.stop == nil:
		return a.listener.Close()
	}
	a.stop()
	return <-a.served
}
