package network_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent/network"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// The life of a queue, both sides over one connection.
func TestQueue(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{Quota: 2})
	n := open(t, network.Config{})
	ctx := within(t)
	q := newQueue(t, n, s.address)
	require.Equal(t, s.address, next[network.Up](t, n).Relay())

	key, err := keys.Generate(keys.Ed25519, n.Rand())
	require.NoError(t, err)
	require.NoError(t, n.SecureBySender(ctx, s.address, q.Sender(key)))
	require.NoError(t, n.SecureBySender(ctx, s.address, q.Sender(key)), "again")
	require.ErrorIs(t, n.Send(ctx, s.address, unsecured(q), false, nil), smp.ErrAuth)
	for i := range 2 {
		require.NoError(t, n.Send(ctx, s.address, q.Sender(key), true, fmt.Append(nil, i)))
	}
	err = n.Send(ctx, s.address, q.Sender(key), true, nil)
	require.True(t, network.FullQueue(err), "%v", err)
	require.True(t, network.Temporary(err))
	info, err := n.Info(ctx, s.address, q)
	require.NoError(t, err)
	require.True(t, info.Secured)

	for i := range 2 {
		id, text := body(t, n, q)
		require.Equal(t, fmt.Sprint(i), text)
		require.NoError(t, n.Ack(ctx, s.address, q, id))
		if i == 1 {
			continue
		}
		require.ErrorIs(t, n.Ack(ctx, s.address, q, id), smp.ErrNoMsg)
	}
	require.NoError(t, n.Suspend(ctx, s.address, q))
	require.NoError(t, n.Delete(ctx, s.address, q))
	require.ErrorIs(t, n.Delete(ctx, s.address, q), smp.ErrAuth)
	require.Equal(t, 1, s.listener.accepted(), "connections")
}

// Secure is for senders that cannot do it themselves.
func TestSecure(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{})
	n := open(t, network.Config{})
	q := newQueue(t, n, s.address)
	key, err := keys.Generate(keys.X25519, n.Rand())
	require.NoError(t, err)
	require.NoError(t, n.Secure(within(t), s.address, q, key.Public()))
	require.NoError(t, n.Send(within(t), s.address, q.Sender(key), false, []byte("hello")))
	next[network.Up](t, n)
	_, text := body(t, n, q)
	require.Equal(t, "hello", text)
}

// A queue moves to whoever watches it last, and back.
func TestEnded(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{})
	alice, bob := open(t, network.Config{}), open(t, network.Config{})
	q := newQueue(t, alice, s.address)
	next[network.Up](t, alice)
	require.NoError(t, bob.Watch(s.address, q))
	next[network.Up](t, bob)
	require.Equal(t, network.Ended{Server: s.address, RecipientID: q.RecipientID}, next[network.Ended](t, alice))
	require.NoError(t, bob.Send(within(t), s.address, unsecured(q), false, []byte("to bob")))
	_, text := body(t, bob, q)
	require.Equal(t, "to bob", text)

	require.NoError(t, alice.Watch(s.address, q))
	next[network.Up](t, alice)
	id, text := body(t, alice, q)
	require.Equal(t, "to bob", text, "it was not acknowledged")
	next[network.Ended](t, bob)
	require.NoError(t, alice.Ack(within(t), s.address, q, id))
}

func TestDeleted(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{})
	alice, bob := open(t, network.Config{IdleTimeout: time.Millisecond}), open(t, network.Config{})
	q := newQueue(t, alice, s.address)
	next[network.Up](t, alice)
	require.NoError(t, bob.Delete(within(t), s.address, q))
	require.Equal(t, network.Deleted{Server: s.address, RecipientID: q.RecipientID}, next[network.Deleted](t, alice))
	becomes(t, func() bool { return alice.Relays() == 0 })
}

// A queue that the relay does not know is not watched either, whether or not the
// relay has said that it is gone.
func TestDeleteUnknown(t *testing.T) {
	t.Parallel()
	stages := relay.DefaultStages()
	stages.Push = func(*relay.Session, *relay.Queue, relay.Output) {}
	s := start(t, relay.Config{Stages: stages})
	alice, bob := open(t, network.Config{IdleTimeout: time.Millisecond}), open(t, network.Config{})
	q := newQueue(t, alice, s.address)
	next[network.Up](t, alice)
	require.NoError(t, bob.Delete(within(t), s.address, q))
	require.ErrorIs(t, alice.Delete(within(t), s.address, q), smp.ErrAuth)
	becomes(t, func() bool { return alice.Relays() == 0 })
}

// A queue that does not exist is given up, others are not.
func TestSubscriptionFailed(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{})
	alice, bob := open(t, network.Config{}), open(t, network.Config{})
	gone, there := newQueue(t, alice, s.address), newQueue(t, alice, s.address)
	require.NoError(t, alice.Delete(within(t), s.address, gone))
	require.NoError(t, bob.Watch(s.address, gone, there))
	next[network.Up](t, bob)
	e := next[network.SubscriptionFailed](t, bob)
	require.Equal(t, gone.RecipientID, e.RecipientID)
	require.ErrorIs(t, e.Err, smp.ErrAuth)
	require.False(t, network.Temporary(e.Err))
	require.NoError(t, bob.Send(within(t), s.address, unsecured(there), false, []byte("hello")))
	_, text := body(t, bob, there)
	require.Equal(t, "hello", text)
}

// A relay that cannot serve SUB now is asked again.
func TestSubscriptionRetried(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{Stages: refusing[smp.SUB](3, smp.ErrInternal)})
	alice, bob := open(t, network.Config{}), open(t, network.Config{})
	q := newQueue(t, alice, s.address)
	require.NoError(t, alice.Send(within(t), s.address, unsecured(q), false, []byte("hello")))
	require.NoError(t, bob.Watch(s.address, q))
	next[network.Up](t, bob)
	e := next[network.SubscriptionFailed](t, bob)
	require.True(t, network.Temporary(e.Err))
	_, text := body(t, bob, q)
	require.Equal(t, "hello", text, "after one event for all refusals")
}

// What arrives for a queue that is not watched is dropped.
func TestUnwatch(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{})
	n := open(t, network.Config{})
	unwatched, watched := newQueue(t, n, s.address), newQueue(t, n, s.address)
	next[network.Up](t, n)
	n.Unwatch(s.address, unwatched.RecipientID)
	for _, q := range []client.Queue{unwatched, watched} {
		require.NoError(t, n.Send(within(t), s.address, unsecured(q), false, []byte("hello")))
	}
	body(t, n, watched)
	require.NoError(t, n.Watch(s.address, unwatched))
	body(t, n, unwatched)
	n.Unwatch(addressOf(t, keys.Fingerprint{}, s.listener.Addr()), watched.RecipientID)
}

// What waits to be read about a queue goes with it.
func TestUnwatchUnread(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{})
	n := open(t, network.Config{EventBuffer: 1})
	var queues []client.Queue
	for range 3 {
		q := newQueue(t, n, s.address)
		require.NoError(t, n.Send(within(t), s.address, unsecured(q), false, []byte("hello")))
		queues = append(queues, q)
	}
	becomes(t, func() bool { return n.Waiting() == 2 }) // one is on its way, behind Up
	n.Unwatch(s.address, queues[1].RecipientID, queues[2].RecipientID)
	next[network.Up](t, n)
	id, _ := body(t, n, queues[0])
	require.NoError(t, n.Send(within(t), s.address, unsecured(queues[0]), false, []byte("again")))
	require.NoError(t, n.Ack(within(t), s.address, queues[0], id))
	_, text := body(t, n, queues[0])
	require.Equal(t, "again", text)
}

// A relay is disconnected when nobody needs it, and connected when somebody does.
func TestIdle(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{})
	n := open(t, network.Config{IdleTimeout: 50 * time.Millisecond})
	q := newQueue(t, n, s.address)
	for range 3 {
		_, err := n.Info(within(t), s.address, q)
		require.NoError(t, err)
	}
	require.Equal(t, 1, s.relay.Connections(), "a watched queue keeps the connection")
	n.Unwatch(s.address, q.RecipientID)
	becomes(t, func() bool { return s.relay.Connections() == 0 })
	next[network.Up](t, n)
	becomes(t, func() bool { return n.Relays() == 0 })
	_, err := n.Info(within(t), s.address, q)
	require.NoError(t, err)
	require.Equal(t, 2, s.listener.accepted())
}

// A relay is not forgotten while something of it waits to be read: what comes
// later must not overtake it.
func TestIdleUnread(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{})
	alice, bob := open(t, network.Config{EventBuffer: 1, IdleTimeout: time.Millisecond}), open(t, network.Config{})
	q := newQueue(t, alice, s.address)
	require.NoError(t, bob.Watch(s.address, q)) // alice has Up and Ended to read
	becomes(t, func() bool { return s.listener.accepted() == 2 && s.relay.Connections() == 1 })
	for range 20 {
		require.NoError(t, bob.Ping(within(t), s.address))
		require.Equal(t, 1, alice.Relays())
	}
	next[network.Up](t, alice)
	next[network.Ended](t, alice)
	becomes(t, func() bool { return alice.Relays() == 0 })
}
