package protocol_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// Agent protocol, "Duplex connection procedure": the queue is there before the link is,
// and the link has all that the other side needs.
func TestInvitationHasQueueAndKeys(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	first, second := g.invited(), g.invited()
	created := g.commands("own", "NEW")
	require.Len(t, created, 2)
	for i, l := range []link.Connection{first, second} {
		require.Equal(t, link.Invitation, l.Mode)
		require.Equal(t, wire.Versions(2, 7), l.AgentVersions)
		require.Len(t, l.Queues, 1)
		q := l.Queues[0]
		require.True(t, q.Server.Equal(g.own))
		require.Equal(t, created[i].senderID, q.SenderID)
		require.Equal(t, wire.Versions(1, 4), q.ClientVersions)
		require.Equal(t, smp.Messaging, q.Mode)
		require.Equal(t, keys.X25519, q.DHKey.Algorithm())
		require.Equal(t, ratchet.Versions(), l.Ratchet.Versions)
		require.Equal(t, keys.X448, l.Ratchet.Key1.Algorithm())
		require.Equal(t, keys.X448, l.Ratchet.Key2.Algorithm())
		require.NotEqual(t, l.Ratchet.Key1.Raw(), l.Ratchet.Key2.Raw())
		require.Nil(t, l.Ratchet.KEM, "a full link stays small")
		request := created[i].content.(smp.NEW)
		require.Equal(t, smp.Messaging, request.Request.Mode)
		require.True(t, request.Subscribe)
		require.NotEqual(t, request.DHKey.Raw(), q.DHKey.Raw(), "the relay has a key of its own")
	}
	require.NotEqual(t, first.Queues[0].DHKey.Raw(), second.Queues[0].DHKey.Raw())
	require.NotEqual(t, first.Ratchet.Key1.Raw(), second.Ratchet.Key1.Raw())

	g.refuse("own", "NEW", 1, smp.ErrAuth)
	_, err := g.CreateInvitation(t.Context(), agent.CreateOptions{})
	require.ErrorIs(t, err, smp.ErrAuth, "without a queue there is no link")
	all, err := g.Connections(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 2)
}

// Agent protocol, "Fast duplex connection procedure", the agent initiates.
func TestFastProcedureInitiating(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	g.meet(g.invited())
	g.joinWith("who joins")
	confirmation := expect[agent.Confirmation](g.subject)
	require.Equal(t, "who joins", string(confirmation.Info))
	require.True(t, confirmation.PQ)
	require.Zero(t, g.info(g.conn).Pending, "nothing is sent before the application allows it")

	wait, release := g.hold(t, "far", "SEND")
	require.NoError(t, g.Allow(t.Context(), g.conn, []byte("who invited")))
	require.ErrorIs(t, g.Allow(t.Context(), g.conn, nil), agent.ErrState)
	wait()
	require.Equal(t, []string{"far NEW", "own SKEY", "own SEND", "far SKEY"}, g.order("NEW", "SKEY", "KEY", "SEND")[1:],
		"the reply queue is secured by its sender, the own queue was")
	require.False(t, g.info(g.conn).Ready, "the confirmation is not sent yet")
	release()
	p, info := g.answered()
	require.Equal(t, "who invited", string(info.Info))
	require.Equal(t, uint16(7), p.Version)
	require.Equal(t, uint16(4), p.outer.Version)
	require.True(t, p.senderKey.IsZero(), "the header is empty: the sender has secured the queue")
	require.True(t, p.notify)
	require.Len(t, paddedPart(t, p.Content.(message.AgentConfirmation).Encrypted), message.PaddedConnInfo(7, true))
	sent := g.commands("far", "SKEY", "SEND")
	require.Equal(t, g.in.queue.SenderID, sent[0].senderID)
	require.True(t, sent[1].authorized)
	expect[agent.Connected](g.subject)

	// No HELLO: the first numbered message is the user's.
	number := g.send(g.conn, "first")
	m, h := hears[message.A_MSG](g.script)
	require.Equal(t, "first", string(m.Body))
	require.Equal(t, int64(2), number, "the confirmation is number 1")
	require.Equal(t, number, h.Header.ID)
	require.Equal(t, uint16(7), h.Version)
	require.True(t, h.outer.DHKey.IsZero(), "the key is known")
	g.expectMessage(g.say(message.A_MSG{Body: []byte("answer")}), "answer")
	g.talk(2)
}

// The agent joins by the fast procedure.
func TestFastProcedureJoining(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	g.join(g.invite(), "who joins")
	require.Equal(t, []string{"far NEW", "own NEW", "far SKEY", "far SEND"}, g.order("NEW", "SKEY", "KEY", "SEND"),
		"the reply queue is there before the confirmation")
	request := g.commands("own", "NEW")[0]
	require.True(t, request.content.(smp.NEW).SenderCanSecure())
	require.True(t, g.commands("far", "SEND")[0].authorized)

	p, reply := g.confirmed()
	require.Equal(t, "who joins", string(reply.Info))
	require.Equal(t, request.senderID, reply.Queues[0].SenderID)
	require.True(t, reply.Queues[0].Server.Equal(g.own))
	require.Equal(t, smp.Messaging, reply.Queues[0].Mode)
	require.Equal(t, uint16(4), reply.Queues[0].Version)
	require.Equal(t, keys.X25519, reply.Queues[0].DHKey.Algorithm())
	require.Equal(t, uint16(7), p.Version)
	require.True(t, p.senderKey.IsZero())
	require.True(t, p.notify)
	parameters := p.Content.(message.AgentConfirmation).Parameters
	require.Equal(t, ratchet.MaxVersion, parameters.Version)
	require.NotNil(t, parameters.KEM, "post-quantum keys are proposed")
	require.False(t, parameters.KEM.Accepted())
	require.Len(t, paddedPart(t, p.Content.(message.AgentConfirmation).Encrypted), message.PaddedConnInfo(7, true))
	require.False(t, g.info(g.conn).Ready)

	g.answer("who invited")
	require.Equal(t, "who invited", string(expect[agent.PeerInfo](g.subject).Info))
	expect[agent.Connected](g.subject)
	require.Empty(t, g.commands("own", "KEY"), "the script has secured the queue")

	number := g.send(g.conn, "first")
	_, h := hears[message.A_MSG](g.script)
	require.Equal(t, int64(2), number)
	require.Equal(t, number, h.Header.ID)
	g.talk(2)
}

// The KEM key of an invitation is accepted at once.
func TestProposedKEMIsAccepted(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{role: role{kem: true}})
	g.join(g.invite(), "")
	p, _ := g.confirmed()
	require.True(t, p.Content.(message.AgentConfirmation).Parameters.KEM.Accepted())
	g.answer("")
	expect[agent.PeerInfo](g.subject)
	require.True(t, expect[agent.Connected](g.subject).PQ)
	g.talk(2)
}

// What an agent knows of a connection outlives it at every step.
func TestStateIsPersistent(t *testing.T) {
	t.Parallel()
	for name, role := range map[string]role{"fast": {}, "standard": {modeless: true, clients: wire.Versions(1, 2)}} {
		t.Run(name+", initiating", func(t *testing.T) {
			t.Parallel()
			g := newStage(t, setting{role: role})
			l := g.invited()
			g.restart()
			g.meet(l)
			g.joinWith("script")
			expect[agent.Confirmation](g.subject)
			g.restart()
			require.NoError(t, g.Allow(t.Context(), g.conn, []byte("agent")))
			p, _ := g.answered()
			g.script.out.secured = true
			if role.modeless {
				g.letIn(p.senderKey)
				g.expectNonePending()
				g.restart()
				g.say(message.HELLO{})
				hears[message.HELLO](g.script)
			}
			expect[agent.Connected](g.subject)
			g.restart()
			g.talk(2)
			g.restart()
			g.talk(1)
		})
		t.Run(name+", joining", func(t *testing.T) {
			t.Parallel()
			g := newStage(t, setting{role: role})
			g.join(g.invite(), "agent")
			g.restart()
			p, _ := g.confirmed()
			if role.modeless {
				g.letIn(p.senderKey)
			}
			g.answer("script")
			expect[agent.PeerInfo](g.subject)
			g.restart()
			if role.modeless {
				hears[message.HELLO](g.script)
				g.expectNonePending()
				g.restart()
				g.script.out.secured = true
				g.say(message.HELLO{})
			}
			expect[agent.Connected](g.subject)
			g.restart()
			g.talk(2)
			g.restart()
			g.talk(1)
		})
	}
}
