package network_test

import (
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent/network"
	"smpcheck/reference/client"
	"smpcheck/reference/relay"
)

// Close ends all that is under way, and nothing of it remains.
func TestClose(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("busy", closeBusy) // the relays, which keep goroutines for what may come, end with it
	ctx := within(t)
	for runtime.NumGoroutine() > before {
		select {
		case <-ctx.Done():
			stacks := make([]byte, 1<<16)
			require.FailNow(t, "goroutines are left", "%s", stacks[:runtime.Stack(stacks, true)])
		case <-time.After(time.Millisecond):
		}
	}
}

// closeBusy closes networks while they have much to do.
func closeBusy(t *testing.T) {
	s, away, silent := start(t, relay.Config{}), start(t, relay.Config{}), hang(t)
	away.down()
	t.Cleanup(away.again)
	for range 5 {
		n, err := network.New(network.Config{Backoff: quick})
		require.NoError(t, err)
		q, err := n.CreateQueue(within(t), s.address, client.QueueOptions{})
		require.NoError(t, err)
		require.NoError(t, n.Watch(away.address, q))
		require.NoError(t, n.Watch(silent.address, q))
		busy := inBackground(
			func() error { return n.Send(t.Context(), s.address, unsecured(q), false, nil) },
			func() error { _, err := n.Info(t.Context(), s.address, q); return err },
			func() error { _, err := n.CreateQueue(t.Context(), s.address, client.QueueOptions{}); return err },
			func() error { return n.Ping(t.Context(), away.address) },
			func() error { return n.Ping(t.Context(), silent.address) },
		)
		for range 3 {
			<-n.Events()
		}
		require.NoError(t, together(2, n.Close))
		require.NoError(t, <-busy)
		for range n.Events() { // it is closed
			continue
		}
		require.ErrorIs(t, n.Ping(t.Context(), s.address), network.ErrClosed)
		require.ErrorIs(t, n.Watch(s.address, q), network.ErrClosed)
	}
	silent.cut()
	becomes(t, func() bool { return s.relay.Connections() == 0 })
}

// inBackground repeats commands until the network is closed, and returns the
// errors that are not temporary.
func inBackground(commands ...func() error) <-chan error {
	permanent := make(chan error, len(commands))
	var busy sync.WaitGroup
	for _, command := range commands {
		busy.Go(func() {
			for {
				err := command()
				if err != nil && !network.Temporary(err) {
					permanent <- err
				}
				if err != nil && (errors.Is(err, network.ErrClosed) || !network.Temporary(err)) {
					return
				}
			}
		})
	}
	ended := make(chan error, 1)
	go func() {
		busy.Wait()
		close(permanent)
		var errs []error
		for err := range permanent {
			errs = append(errs, err)
		}
		ended <- errors.Join(errs...)
	}()
	return ended
}

// Events that nobody reads do not keep a network open.
func TestCloseUnread(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{})
	n := open(t, network.Config{EventBuffer: 1})
	for range 3 {
		q := newQueue(t, n, s.address)
		require.NoError(t, n.Send(within(t), s.address, unsecured(q), false, nil))
	}
	becomes(t, func() bool { return n.Waiting() == 2 })
	require.NoError(t, n.Close())
}
