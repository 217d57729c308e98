package network_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent/network"
	"smpcheck/reference/client"
	"smpcheck/reference/relay"
)

// Connections that are cut again and again cost no message.
func TestCutConnections(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{})
	alice, bob := open(t, network.Config{}), open(t, network.Config{})
	q := newQueue(t, alice, s.address)
	next[network.Up](t, alice)
	for i := range 10 {
		require.NoError(t, bob.Send(within(t), s.address, unsecured(q), false, fmt.Append(nil, i)))
		_, text := body(t, alice, q)
		require.Equal(t, fmt.Sprint(i), text)
		s.listener.cut()
		down := next[network.Down](t, alice)
		require.Contains(t, down.Err.Error(), "the connection was lost")
		require.True(t, network.Temporary(down.Err))
		next[network.Up](t, alice)
		id, text := body(t, alice, q)
		require.Equal(t, fmt.Sprint(i), text, "not acknowledged")
		require.NoError(t, alice.Ack(within(t), s.address, q, id))
		eventually(t, func() error { _, err := bob.Info(within(t), s.address, q); return err })
	}
}

// A relay that is away: commands fail at once, messages come when it is back.
func TestRelayDownAndUp(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{})
	alice, bob := open(t, network.Config{}), open(t, network.Config{})
	first, second := newQueue(t, alice, s.address), newQueue(t, alice, s.address)
	next[network.Up](t, alice)
	s.down()
	next[network.Down](t, alice)
	require.ErrorIs(t, next[network.Down](t, alice).Err, network.ErrUnreachable, "another reason")

	err := bob.Send(within(t), s.address, unsecured(first), false, nil)
	require.ErrorIs(t, err, network.ErrUnreachable)
	require.True(t, network.Temporary(err))
	require.Equal(t, fmt.Sprintf("relay %s: cannot be reached: connection refused", s.listener.Addr()), err.Error())

	require.NoError(t, bob.Watch(s.address, second))
	next[network.Down](t, bob)
	s.again()
	next[network.Up](t, bob)
	next[network.Up](t, alice)
	eventually(t, func() error { return bob.Send(within(t), s.address, unsecured(first), false, []byte("back")) })
	for {
		e := <-alice.Events()
		if _, moved := e.(network.Ended); moved {
			continue // second, to bob
		}
		require.IsType(t, network.Message{}, e)
		require.Equal(t, first.RecipientID, e.(network.Message).RecipientID)
		return
	}
}

// Commands that wait for a connection share one attempt, and another one at
// most before the pause is over.
func TestSharedAttempts(t *testing.T) {
	t.Parallel()
	silent := hang(t)
	n := open(t, network.Config{
		HandshakeTimeout: 100 * time.Millisecond,
		Backoff:          network.Backoff{First: time.Hour},
	})
	q := someSender(t)
	ctx := within(t)
	for range 3 {
		require.NoError(t, together(50, func() error {
			err := n.Send(ctx, silent.address, q, false, nil)
			if !errors.Is(err, network.ErrUnreachable) || !strings.HasSuffix(err.Error(), "no answer in time") {
				return fmt.Errorf("another error: %w", err)
			}
			return nil
		}))
	}
	becomes(t, func() bool { return silent.accepted() == 2 })
}

// Pauses start anew after a connection that was of use, and only then.
func TestPauses(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{})
	n := open(t, network.Config{Backoff: network.Backoff{First: 5 * time.Millisecond, Max: time.Hour, Factor: 1e6}})
	newQueue(t, n, s.address)
	for range 3 {
		next[network.Up](t, n)
		for began := time.Now(); time.Since(began) < 20*time.Millisecond; {
			require.NoError(t, n.Ping(within(t), s.address))
		}
		s.listener.cut()
		next[network.Down](t, n)
	}

	stages := relay.DefaultStages()
	stages.Read = func(*relay.Session) ([]byte, error) { return nil, io.ErrUnexpectedEOF }
	ending := start(t, relay.Config{Stages: stages})
	n = open(t, network.Config{Backoff: network.Backoff{First: 500 * time.Millisecond, Max: time.Hour, Factor: 1e6}})
	for range 5 {
		err := n.Ping(within(t), ending.address)
		require.True(t, network.Temporary(err), "%v", err)
	}
	require.LessOrEqual(t, ending.listener.accepted(), 3)
}

// Pauses grow with each failure; in each of them a command has one attempt.
func TestPausesGrow(t *testing.T) {
	t.Parallel()
	silent := hang(t)
	n := open(t, network.Config{
		HandshakeTimeout: 50 * time.Millisecond,
		Backoff:          network.Backoff{First: time.Millisecond, Max: time.Hour, Factor: 1e9},
	})
	require.NoError(t, n.Watch(silent.address, client.Queue{RecipientID: []byte("id")}))
	becomes(t, func() bool { return silent.accepted() == 2 })
	for range 10 {
		require.ErrorIs(t, n.Ping(within(t), silent.address), network.ErrUnreachable)
	}
	becomes(t, func() bool { return silent.accepted() == 3 })
}

// A reader that does not read keeps nobody from doing anything, and misses
// nothing.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	const count = 1000
	s := start(t, relay.Config{})
	alice, bob := open(t, network.Config{EventBuffer: 1}), open(t, network.Config{})
	ctx := within(t)
	queues := make(map[string]client.Queue, count)
	var mu sync.Mutex
	require.NoError(t, together(20, func() error {
		for range count / 20 {
			q, err := alice.CreateQueue(ctx, s.address, client.QueueOptions{})
			if err != nil {
				return err
			}
			mu.Lock()
			queues[string(q.RecipientID)] = q
			mu.Unlock()
			if err := bob.Send(ctx, s.address, unsecured(q), false, []byte("hello")); err != nil {
				return err
			}
		}
		return nil
	}))
	s.listener.cut()
	eventually(t, func() error { return bob.Ping(within(t), s.address) })
	eventually(t, func() error { return alice.Ping(within(t), s.address) })
	deadline := time.After(3 * patience) // for many signatures on a busy machine
	for len(queues) > 0 {
		select {
		case e := <-alice.Events():
			m, ok := e.(network.Message)
			q, waiting := queues[string(m.RecipientID)]
			if !ok || !waiting {
				continue // Up and Down, or a message that came again
			}
			content, err := q.Decrypt(m.Message)
			require.NoError(t, err)
			require.Equal(t, "hello", string(content.Body))
			// One that cannot be acknowledged yet comes again.
			if alice.Ack(within(t), s.address, q, m.Message.ID) == nil {
				delete(queues, string(q.RecipientID))
			}
		case <-deadline:
			require.FailNow(t, "messages are missing", "%d of %d", len(queues), count)
		}
	}
}

// The first host does not answer, the second one does.
func TestHostsInTurn(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{})
	address := s.address
	address.Hosts = append(hosts(t, "abcdefghijklmnop.onion", "127.0.0.2"), address.Hosts...)
	n := open(t, network.Config{})
	q := newQueue(t, n, address)
	up := next[network.Up](t, n)
	require.Equal(t, address, up.Relay())
	require.NoError(t, n.Delete(within(t), address, q))
}
