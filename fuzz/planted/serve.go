package planted

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
)

// Quota is how many messages a queue of a scratch relay takes: so few that a short program
// fills it.
const Quota = 4

// proxyTimeout is how long a scratch relay waits for another one.
const proxyTimeout = 5 * time.Second

// Listen starts a scratch relay with the fault, the zero value for none, on a free port of
// the loopback interface, until ctx ends or it is closed. Closing waits for what the relay does, so for ever if
// the fault makes it hang.
func Listen(ctx context.Context, f Fault) (*relay.Endpoint, error) {
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	if err != nil {
		return nil, fmt.Errorf("make the identity of the relay: %w", err)
	}
	config := relay.Config{
		Credentials: credentials,
		Quota:       Quota,
		Proxy:       &relay.ProxyConfig{ConnectTimeout: proxyTimeout, CommandTimeout: proxyTimeout, AllowPrivate: true},
		Stages:      relay.DefaultStages(),
	}
	if f.Apply != nil {
		f.Apply(&config)
	}
	return relay.Listen(ctx, "127.0.0.1:0", config)
}

// Serve runs a scratch relay with the fault in this process until ctx ends, and prints its
// address, smp://FINGERPRINT@127.0.0.1:PORT, on a line of out. A fault that crashes ends
// the process, with a stack trace on standard error.
//
// When ctx ends, Serve returns although the relay may still have something to do, which it
// may never finish: it is for a process that ends then.
func Serve(ctx context.Context, f Fault, out io.Writer) error {
	e, err := Listen(ctx, f)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, e.Address()); err != nil {
		return fmt.Errorf("print the address: %w", err)
	}
	served := make(chan error, 1)
	go func() { served <- e.Wait() }()
	select {
	case <-ctx.Done():
		return nil
	case err := <-served:
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
}
