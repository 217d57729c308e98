package agent_test

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/network"
	"smpcheck/reference/client"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
)

// countedSends counts SEND.
type countedSends struct {
	agent.Relays
	n *atomic.Int64
}

func (c countedSends) Send(ctx context.Context, server link.Server, q client.SenderQueue, notify bool, body []byte) error {
	c.n.Add(1)
	return c.Relays.Send(ctx, server, q, notify, body)
}

// A full queue is tried again after the pause or when the recipient has read, and not
// whenever something else happens to the connection.
func TestFullQueueIsLeftAlone(t *testing.T) {
	servers := []link.Server{startRelay(t, relay.Config{Quota: 1})}
	var sends atomic.Int64
	alice := newPeer(t, "alice", servers, func(c *agent.Config) {
		c.Retry = network.Backoff{First: time.Hour}
		c.Between(func(f agent.File, r agent.Relays) (agent.File, agent.Relays) { return f, countedSends{r, &sends} })
	})
	bob := newPeer(t, "bob", servers)
	alice.receipt, bob.receipt = false, false
	a, b := connect(alice, bob)
	const messages = 20
	for i := range messages {
		_, err := alice.Send(t.Context(), a, fmt.Append(nil, i), agent.SendOptions{})
		require.NoError(t, err)
		if i == 4 {
			expect[agent.QueueFull](alice, a)
			sends.Store(0)
		}
	}
	// One more attempt may have been due already when the queue turned out to be full.
	require.LessOrEqual(t, sends.Load(), int64(1))
	go func() {
		for e := range alice.Events() {
			_ = alice.Ack(t.Context(), e, agent.AckOptions{})
		}
	}()
	for i := range messages {
		require.Equal(t, fmt.Sprint(i), string(expect[agent.Received](bob, b).Body))
	}
}

// An application that does not read leaves what waits in the queue where it is, also if
// the peer has a new queue by then.
func TestRotationWaitsForTheApplication(t *testing.T) {
	servers := []link.Server{startRelay(t, relay.Config{}), startRelay(t, relay.Config{})}
	alice := newPeer(t, "alice", servers, func(c *agent.Config) { c.DrainTimeout = 50 * time.Millisecond })
	bob := newPeer(t, "bob", servers, func(c *agent.Config) { c.FastRotation = true })
	a, b := connect(alice, bob)
	const messages = 5
	for i := range messages {
		_, err := bob.Send(t.Context(), b, fmt.Append(nil, i), agent.SendOptions{})
		require.NoError(t, err)
		expect[agent.Sent](bob, b)
	}
	require.NoError(t, alice.Switch(t.Context(), a, nil))
	var first agent.Event
	for _, ok := first.Body.(agent.Received); !ok; _, ok = first.Body.(agent.Received) {
		if first.ID != 0 {
			require.NoError(t, alice.Ack(t.Context(), first, agent.AckOptions{}))
		}
		first = <-alice.Events()
	}
	expectPhase(bob, b, false, agent.SwitchCompleted)
	more := time.After(30 * alice.cfg.DrainTimeout)
	for waiting := true; waiting; {
		select {
		case e := <-alice.Events():
			require.NotEqual(t, "received", e.Body.Kind(), "%+v", e.Body)
			require.NoError(t, alice.Ack(t.Context(), e, agent.AckOptions{}))
		case <-more:
			waiting = false
		}
	}
	require.NoError(t, alice.Ack(t.Context(), first, agent.AckOptions{}))
	for i := 1; i < messages; i++ {
		m := expect[agent.Received](alice, a)
		require.Equal(t, fmt.Sprint(i), string(m.Body))
		require.Equal(t, "ok", m.Integrity.Verdict.String())
	}
	expectPhase(alice, a, true, agent.SwitchCompleted)
}

// A peer that moves to a queue that is gone goes back to the one that it had.
func TestProposedQueueIsGone(t *testing.T) {
	servers := []link.Server{startRelay(t, relay.Config{}), startRelay(t, relay.Config{})}
	alice := newPeer(t, "alice", servers)
	bob := newPeer(t, "bob", servers, func(c *agent.Config) { c.FastRotation = true })
	a, b := connect(alice, bob)
	say(bob, b, alice, a, "before")
	require.NoError(t, bob.Close())
	require.NoError(t, alice.Switch(t.Context(), a, nil))
	require.NoError(t, alice.AbortSwitch(t.Context(), a))
	require.Eventually(t, func() bool { return len(receives(t, alice, a)) == 1 }, patience, 10*time.Millisecond)
	bob.open()
	expectPhase(bob, b, false, agent.SwitchStarted)
	expect[agent.Problem](bob, b)
	say(bob, b, alice, a, "the old way")
	say(alice, a, bob, b, "and back")
	require.NoError(t, alice.Switch(t.Context(), a, nil))
	expectPhase(alice, a, true, agent.SwitchCompleted)
	say(bob, b, alice, a, "the new way")
}

// Strangers with the link of a contact address fill no more than its queue.
func TestFloodOfContactAddress(t *testing.T) {
	server := startRelay(t, relay.Config{Quota: 4})
	alice := newPeer(t, "alice", []link.Server{server})
	created, err := alice.CreateAddress(t.Context(), agent.CreateOptions{})
	require.NoError(t, err)
	n, err := network.New(network.Config{})
	require.NoError(t, err)
	defer func() { _ = n.Close() }()
	to := client.SenderQueue{SenderID: created.Link.Queues[0].SenderID}
	for err == nil {
		err = n.Send(t.Context(), server, to, false, []byte("neither a request nor anything else"))
	}
	require.True(t, network.FullQueue(err), err)
	require.Eventually(t, func() bool { return stored(alice, "events") == 1 }, patience, 10*time.Millisecond)
	require.Never(t, func() bool { return stored(alice, "events") > 1 }, 300*time.Millisecond, 10*time.Millisecond)
	require.Contains(t, expect[agent.Problem](alice, created.Conn).Reason, "refused")
}

// stored is how many rows a table has.
func stored(p *peer, table string) (n int) {
	err := p.Update(p.t.Context(), func(tx *sql.Tx) error { return tx.QueryRow("SELECT count(*) FROM " + table).Scan(&n) })
	require.NoError(p.t, err)
	return n
}

// Events of a connection that was removed can still be acknowledged, once.
func TestAckAfterRemoval(t *testing.T) {
	server := startRelay(t, relay.Config{})
	alice := newPeer(t, "alice", []link.Server{server})
	created, err := alice.CreateInvitation(t.Context(), agent.CreateOptions{})
	require.NoError(t, err)
	require.NoError(t, alice.Delete(t.Context(), created.Conn, false))
	var removed agent.Event
	for removed.ID == 0 {
		removed = <-alice.Events()
	}
	_, err = alice.Connection(t.Context(), created.Conn)
	require.ErrorIs(t, err, agent.ErrNotFound)
	ran := 0
	o := agent.AckOptions{Receipt: true, In: func(*sql.Tx) error { ran++; return nil }}
	require.NoError(t, alice.Ack(t.Context(), removed, o))
	require.ErrorIs(t, alice.Ack(t.Context(), removed, o), agent.ErrNotFound)
	require.Equal(t, 1, ran)
	require.ErrorIs(t, alice.Delete(t.Context(), created.Conn, false), agent.ErrNotFound)
}

// What was not acknowledged comes again, and what it asks for is possible once.
func TestAllowAfterRestart(t *testing.T) {
	server := startRelay(t, relay.Config{})
	alice, bob := newPeer(t, "alice", []link.Server{server}), newPeer(t, "bob", []link.Server{server})
	created, err := alice.CreateInvitation(t.Context(), agent.CreateOptions{})
	require.NoError(t, err)
	require.ErrorIs(t, alice.Allow(t.Context(), created.Conn, nil), agent.ErrState)
	resolved, err := bob.Resolve(t.Context(), created.Link)
	require.NoError(t, err)
	b, err := bob.Join(t.Context(), resolved, agent.JoinOptions{})
	require.NoError(t, err)
	stored := func() agent.Event {
		for e := range alice.Events() {
			if e.ID != 0 {
				return e
			}
		}
		return agent.Event{}
	}
	first := stored()
	require.False(t, first.Again)
	alice.restart()
	again := stored()
	require.True(t, again.Again)
	require.Equal(t, first.ID, again.ID)
	require.Equal(t, first.Body, again.Body)
	require.NoError(t, alice.Allow(t.Context(), created.Conn, []byte("alice")))
	require.ErrorIs(t, alice.Allow(t.Context(), created.Conn, []byte("alice")), agent.ErrState)
	alice.restart()
	require.Equal(t, again.ID, expectEvent(alice, "confirmation").ID)
	expect[agent.Connected](alice, created.Conn)
	expect[agent.Connected](bob, b)
	say(bob, b, alice, created.Conn, "hello")
}

func expectEvent(p *peer, kind string) agent.Event {
	e := p.next()
	require.Equal(p.t, kind, e.Body.Kind())
	return e
}

func TestNothingRunsAfterClose(t *testing.T) {
	servers := []link.Server{startRelay(t, relay.Config{}), startRelay(t, relay.Config{})}
	alice, bob := newPeer(t, "alice", servers), newPeer(t, "bob", servers)
	a, b := connect(alice, bob)
	require.NoError(t, alice.Switch(t.Context(), a, nil))
	_, err := bob.Send(t.Context(), b, []byte("on its way"), agent.SendOptions{})
	require.NoError(t, err)
	require.NoError(t, alice.Close())
	require.NoError(t, bob.Close())
	for range alice.Events() {
		require.Fail(t, "an event after Close")
	}
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for _, of := range []string{"reference/agent.(*", "reference/agent/network.(*", "reference/client.(*"} {
		require.Zero(t, strings.Count(string(stacks), of), "%s\n%s", of, stacks)
	}
	_, err = bob.Send(t.Context(), b, []byte("too late"), agent.SendOptions{})
	require.ErrorIs(t, err, agent.ErrClosed)
	_, err = bob.CreateInvitation(t.Context(), agent.CreateOptions{})
	require.ErrorIs(t, err, network.ErrClosed)
}
