package network_test

import (
	"fmt"
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
	s, away, silent := start(t, relay.Config{}), start(t, relay.Config{}), hang(t)
	away.down()
	t.Cleanup(away.again)
	before := runtime.NumGoroutine()
	for range 5 {
		n, err := network.New(network.Config{Backoff: quick})
		require.NoError(t, err)
		var busy sync.WaitGroup
		do := func(command func() error) {
			busy.Go(func() {
				for i := 0; ; i++ {
					err := command()
					if err != nil {
						require.True(t, network.Temporary(err), "%v", err)
					}
					if n.Ping(t.Context(), s.address) != nil && isClosed(n) {
						return
					}
				}
			})
		}
		q, err := n.CreateQueue(within(t), s.address, client.QueueOptions{})
		require.NoError(t, err)
		for i := range 4 {
			do(func() error { return n.Send(t.Context(), s.address, unsecured(q), false, fmt.Append(nil, i)) })
			do(func() error { _, err := n.CreateQueue(t.Context(), s.address, client.QueueOptions{}); return err })
		}
		do(func() error { return n.Ping(t.Context(), away.address) })
		do(func() error { return n.Ping(t.Context(), silent.address) })
		require.NoError(t, n.Watch(away.address, q))
		require.NoError(t, n.Watch(silent.address, q))
		for range 3 {
			<-n.Events()
		}
		var closing sync.WaitGroup
		for range 2 {
			closing.Go(func() { require.NoError(t, n.Close()) })
		}
		closing.Wait()
		busy.Wait()
		for range n.Events() { // it is closed
			continue
		}
		require.ErrorIs(t, n.Ping(t.Context(), s.address), network.ErrClosed)
		require.ErrorIs(t, n.Watch(s.address, q), network.ErrClosed)
	}
	silent.cut()
	becomes(t, func() bool { return s.relay.Connections() == 0 })
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

func isClosed(n *network.Network) bool {
	select {
	case _, open := <-n.Events():
		return !open
	default:
		return false
	}
}
