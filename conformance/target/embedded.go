package target

import (
	"context"
	"fmt"
	"sync"

	"smpcheck/reference/link"
)

// Starter starts a relay inside this process. It returns the address of the relay, as
// ParseAddress reads it, and the function that stops it.
type Starter func(ctx context.Context) (address string, stop func(), err error)

// Embed returns the target that start starts. Close stops it.
func Embed(ctx context.Context, start Starter) (Target, error) {
	address, stop, err := start(ctx)
	if err != nil {
		return nil, fmt.Errorf("start the embedded relay: %w", err)
	}
	server, err := ParseAddress(address)
	if err != nil {
		stop()
		return nil, fmt.Errorf("the embedded relay: %w", err)
	}
	return &embedded{server: server, stop: sync.OnceFunc(stop)}, nil
}

type embedded struct {
	server link.Server
	stop   func()
}

func (e *embedded) Kind() Kind            { return Embedded }
func (e *embedded) Server() link.Server   { return e.server }
func (e *embedded) Done() <-chan struct{} { return nil }
func (e *embedded) Obituary() string      { return "" }
func (e *embedded) Close() error          { e.stop(); return nil }
