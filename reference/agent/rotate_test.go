package agent_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/relay"
)

func TestSwitchToAnotherRelay(t *testing.T) {
	for _, fast := range []bool{false, true} {
		t.Run(fmt.Sprintf("fast=%v", fast), func(t *testing.T) {
			first, second := startRelay(t, relay.Config{}), startRelay(t, relay.Config{})
			alice := newPeer(t, "alice", []link.Server{first, second})
			bob := newPeer(t, "bob", []link.Server{first}, func(c *agent.Config) { c.FastRotation = fast })
			a, b := connect(alice, bob)
			say(alice, a, bob, b, "before")
			for range 3 {
				moveOnce(t, alice, a, bob, b, fast)
			}
		})
	}
}

// moveOnce moves alice's queue, with messages on their way all the time.
func moveOnce(t *testing.T, alice *peer, a agent.ConnID, bob *peer, b agent.ConnID, fast bool) {
	before := receives(t, alice, a)
	require.NoError(t, alice.Switch(t.Context(), a, nil))
	require.ErrorIs(t, alice.Switch(t.Context(), a, nil), agent.ErrState)
	for i := range 20 {
		_, err := bob.Send(t.Context(), b, fmt.Appendf(nil, "while moving %d", i), agent.SendOptions{})
		require.NoError(t, err)
	}
	expectPhase(alice, a, true, agent.SwitchStarted)
	expectPhase(bob, b, false, agent.SwitchStarted)
	if !fast {
		expectPhase(bob, b, false, agent.SwitchConfirmed)
		expectPhase(alice, a, true, agent.SwitchConfirmed)
		expectPhase(alice, a, true, agent.SwitchSecured)
	}
	expectPhase(bob, b, false, agent.SwitchSecured)
	expectPhase(bob, b, false, agent.SwitchCompleted)
	for i := range 20 {
		m := expect[agent.Received](alice, a)
		require.Equal(t, fmt.Sprintf("while moving %d", i), string(m.Body))
		require.Equal(t, "ok", m.Integrity.Verdict.String())
	}
	expectPhase(alice, a, true, agent.SwitchCompleted)
	after := receives(t, alice, a)
	require.Len(t, after, 1)
	require.False(t, before[0].Server.Equal(after[0].Server))
	info, err := bob.Connection(t.Context(), b)
	require.NoError(t, err)
	require.Len(t, info.Send, 1)
	require.True(t, info.Send[0].Server.Equal(after[0].Server))
	for range 20 {
		expect[agent.Sent](bob, b)
		expect[agent.Delivered](bob, b)
	}
	say(bob, b, alice, a, "after")
	say(alice, a, bob, b, "after too")
}

func receives(t *testing.T, p *peer, id agent.ConnID) []agent.QueueState {
	t.Helper()
	info, err := p.Connection(t.Context(), id)
	require.NoError(t, err)
	return info.Receive
}

func expectPhase(p *peer, id agent.ConnID, receiving bool, phase agent.SwitchPhase) {
	p.t.Helper()
	expectWhere(p, id, func(s agent.Switching) bool { return s.Receiving == receiving && s.Phase == phase })
}

// A queue whose relay is gone can be left: what waits for it goes to the new queue.
func TestSwitchAwayFromADeadRelay(t *testing.T) {
	ctx, kill := context.WithCancel(context.Background())
	dead, end := startRelayUntil(t, ctx)
	good := startRelay(t, relay.Config{})
	alice := newPeer(t, "alice", []link.Server{dead})
	bob := newPeer(t, "bob", []link.Server{good})
	a, b := connect(alice, bob)
	say(bob, b, alice, a, "before")
	kill()
	end()
	for i := range 5 {
		_, err := bob.Send(t.Context(), b, fmt.Appendf(nil, "waits %d", i), agent.SendOptions{})
		require.NoError(t, err)
	}
	// The way to bob still works, and his answers go by the dead relay: the standard
	// procedure cannot end, which the agent protocol accepts. Nothing is lost meanwhile.
	require.NoError(t, alice.Switch(t.Context(), a, &good))
	expectPhase(bob, b, false, agent.SwitchStarted)
	require.NoError(t, alice.AbortSwitch(t.Context(), a))
	require.ErrorIs(t, alice.AbortSwitch(t.Context(), a), agent.ErrState)
}

// startRelayUntil runs a relay until ctx ends; end waits for it.
func startRelayUntil(t *testing.T, ctx context.Context) (server link.Server, end func()) {
	t.Helper()
	e, server := listen(t, ctx, relay.Config{})
	return server, func() {
		if err := e.Close(); err != nil && !errors.Is(err, relay.ErrClosed) {
			require.NoError(t, err)
		}
	}
}

// A message that turns the KEM off may still be in the old queue, not received, when the
// first one comes in the new queue: nothing of its chain opens without it. It waits.
func TestSwitchAfterTheKEMWasTurnedOff(t *testing.T) {
	servers := []link.Server{startRelay(t, relay.Config{}), startRelay(t, relay.Config{})}
	set := func(c *agent.Config) { c.FastRotation = true }
	alice, bob := newPerson(t, "alice", servers, set), newPerson(t, "bob", servers, set)
	meet(alice, bob)
	a, b := alice.connected(), bob.connected()
	for i := range 3 { // until both sides have accepted a key of the other
		alice.say(a, fmt.Sprintf("alice %d", i), agent.SendOptions{PQ: ratchet.PQOn})
		heard(alice, bob)
		bob.say(b, fmt.Sprintf("bob %d", i), agent.SendOptions{PQ: ratchet.PQOn})
		heard(alice, bob)
	}
	read := bob.pause()
	alice.say(a, "not read for a while", agent.SendOptions{})
	bob.say(b, "a new chain", agent.SendOptions{})
	alice.await(func() bool { return len(alice.strings(`SELECT 1 FROM app_received WHERE body = 'a new chain'`)) > 0 })
	alice.say(a, "KEM off", agent.SendOptions{PQ: ratchet.PQOff})
	require.NoError(t, bob.do(func(g *agent.Agent) error { return g.Switch(t.Context(), b, nil) }))
	alice.await(func() bool { return len(alice.strings(`SELECT 1 FROM app_log WHERE detail = 'secured false'`)) > 0 })
	alice.say(a, "in the new queue", agent.SendOptions{})
	read()
	heard(alice, bob)
	bob.await(func() bool { return len(bob.strings(`SELECT 1 FROM app_log WHERE detail = 'completed true'`)) > 0 })
	for _, p := range []*person{alice, bob} {
		require.Empty(t, p.strings(`SELECT detail FROM app_log WHERE kind IN ('problem', 'synchronization')`), p.name)
	}
}

func TestResync(t *testing.T) {
	server := startRelay(t, relay.Config{})
	alice := newPeer(t, "alice", []link.Server{server})
	bob := newPeer(t, "bob", []link.Server{server})
	a, b := connect(alice, bob)
	say(alice, a, bob, b, "one")
	require.ErrorIs(t, alice.Resync(t.Context(), a, false), agent.ErrState)
	require.NoError(t, alice.Resync(t.Context(), a, true))
	synchronized(alice, a, agent.SyncStarted)
	synchronized(bob, b, agent.SyncAgreed)
	synchronized(alice, a, agent.SyncAgreed, agent.SyncOK)
	synchronized(bob, b, agent.SyncOK)
	for i := range 4 {
		say(alice, a, bob, b, fmt.Sprintf("new %d", i))
		say(bob, b, alice, a, fmt.Sprintf("back %d", i))
	}
}

func synchronized(p *peer, id agent.ConnID, states ...agent.SyncState) {
	p.t.Helper()
	for _, state := range states {
		expectWhere(p, id, func(s agent.Synchronization) bool { return s.State == state })
	}
}

// Receipts for messages that arrived before the new ratchet come when it works.
func TestReceiptsWaitForTheRatchet(t *testing.T) {
	server := startRelay(t, relay.Config{})
	alice := newPeer(t, "alice", []link.Server{server})
	bob := newPeer(t, "bob", []link.Server{server})
	a, b := connect(alice, bob)
	say(alice, a, bob, b, "one")
	id, err := alice.Send(t.Context(), a, []byte("two"), agent.SendOptions{})
	require.NoError(t, err)
	expect[agent.Sent](alice, a)
	var received agent.Event
	for e := range bob.Events() {
		if _, ok := e.Body.(agent.Received); ok {
			received = e
			break
		}
	}
	require.NoError(t, bob.Resync(t.Context(), b, true))
	require.NoError(t, bob.Ack(t.Context(), received, agent.AckOptions{Receipt: true}))
	synchronized(bob, b, agent.SyncStarted)
	synchronized(alice, a, agent.SyncAgreed)
	synchronized(bob, b, agent.SyncAgreed, agent.SyncOK)
	synchronized(alice, a, agent.SyncOK)
	delivered := expect[agent.Delivered](alice, a)
	require.Equal(t, []agent.DeliveryReceipt{{MessageID: id, Intact: true}}, delivered.Receipts)
}
