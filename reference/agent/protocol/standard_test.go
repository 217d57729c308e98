package protocol_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// modelessLink is the agent's link as an old client reads it: without the mode.
func modelessLink(l link.Connection) link.Connection {
	l.Queues = []link.QueueURI{l.Queues[0]}
	l.Queues[0].Mode = 0
	return l
}

// old is the other side of the standard procedure at a version of the SMP client.
func old(client uint16) role {
	return role{modeless: true, clients: wire.Versions(1, client)}
}

// Agent protocol, "Duplex connection procedure", the agent initiates.
func TestStandardProcedureInitiating(t *testing.T) {
	t.Parallel()
	for client := uint16(1); client <= 3; client++ {
		t.Run(fmt.Sprintf("client %d", client), func(t *testing.T) {
			t.Parallel()
			g := newStage(t, setting{role: old(client)})
			g.meet(modelessLink(g.invited()))
			wait, release := g.hold(t, "own", "KEY")
			g.joinWith("who joins")
			require.Equal(t, "who joins", string(expect[agent.Confirmation](g.subject).Info))
			require.NoError(t, g.Allow(t.Context(), g.conn, []byte("who invited")))
			wait()
			require.Equal(t, 1, g.info(g.conn).Pending, "the answer waits until the queue is secured")
			release()
			p, info := g.answered()
			require.Equal(t, []string{"far NEW", "own SEND", "own KEY", "far SEND"}, g.order("NEW", "SKEY", "KEY", "SEND")[1:])
			require.Equal(t, g.script.out.key.Public().SPKI(), g.commands("own", "KEY")[0].content.(smp.KEY).SenderKey.SPKI())
			require.False(t, g.commands("far", "SEND")[0].authorized, "the queue is not secured yet")
			require.Equal(t, "who invited", string(info.Info))
			require.Equal(t, client, p.outer.Version)
			require.Equal(t, keys.Ed25519, p.senderKey.Algorithm())
			require.False(t, g.info(g.conn).Ready)

			g.script.out.secured = true
			g.letIn(p.senderKey)
			wait, release = g.hold(t, "far", "SEND")
			g.say(message.HELLO{})
			wait()
			require.False(t, g.info(g.conn).Ready, "connected when HELLO is sent, not when it came")
			release()
			_, h := hears[message.HELLO](g.script)
			require.Equal(t, int64(2), h.Header.ID, "HELLO is the first message after the confirmation")
			require.True(t, h.notify)
			require.Equal(t, client, h.outer.Version)
			expect[agent.Connected](g.subject)
			require.True(t, g.commands("far", "SEND")[1].authorized)
			require.Equal(t, int64(3), g.send(g.conn, "third"))
			hears[message.A_MSG](g.script)
			g.talk(2)
		})
	}
}

// The agent joins by the standard procedure.
func TestStandardProcedureJoining(t *testing.T) {
	t.Parallel()
	for client := uint16(1); client <= 3; client++ {
		t.Run(fmt.Sprintf("client %d", client), func(t *testing.T) {
			t.Parallel()
			g := newStage(t, setting{role: old(client)})
			g.join(g.invite(), "who joins")
			require.Equal(t, []string{"far NEW", "own NEW", "far SEND"}, g.order("NEW", "SKEY", "KEY", "SEND"))
			require.False(t, g.commands("far", "SEND")[0].authorized)
			p, reply := g.confirmed()
			require.Equal(t, "who joins", string(reply.Info))
			require.Equal(t, client, reply.Queues[0].Version)
			require.Equal(t, client, p.outer.Version)
			require.Equal(t, keys.Ed25519, p.senderKey.Algorithm())
			require.True(t, p.notify)
			g.letIn(p.senderKey)

			g.script.out.address.Mode = 0 // also where the mode is known the key may come in the confirmation
			wait, release := g.hold(t, "own", "KEY")
			g.answer("who invited")
			require.Equal(t, "who invited", string(expect[agent.PeerInfo](g.subject).Info))
			wait()
			require.Zero(t, g.info(g.conn).Pending, "no HELLO before the queue is secured")
			require.False(t, g.info(g.conn).Ready)
			release()
			_, h := hears[message.HELLO](g.script)
			require.Equal(t, int64(2), h.Header.ID)
			require.True(t, h.notify)
			require.Equal(t, g.script.out.key.Public().SPKI(), g.commands("own", "KEY")[0].content.(smp.KEY).SenderKey.SPKI())
			require.False(t, g.info(g.conn).Ready, "HELLO was not answered yet")
			g.script.out.secured = true
			g.say(message.HELLO{})
			expect[agent.Connected](g.subject)
			require.Equal(t, int64(3), g.send(g.conn, "third"))
			hears[message.A_MSG](g.script)
			g.talk(2)
		})
	}
}

// The answer of the relay to HELLO may be lost, and the HELLO of the other side be
// there first.
func TestHelloWithoutAnswerOfTheRelay(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{role: old(2), agent: impatient})
	g.join(g.invite(), "")
	p, _ := g.confirmed()
	g.letIn(p.senderKey)
	g.expectNonePending()
	g.loseAnswer("far", "SEND")
	g.answer("")
	expect[agent.PeerInfo](g.subject)
	hears[message.HELLO](g.script)
	g.script.out.secured = true
	g.say(message.HELLO{})
	expect[agent.Connected](g.subject)
	g.in.take() // the same HELLO again, since the agent has no answer
	g.talk(2)
}

// A side of the fast procedure and one of the standard one: each queue is secured as its
// mode allows.
func TestProceduresMix(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{role: role{modeless: true}})
	g.connectInviting() // SKEY for the agent's queue, KEY for the script's
	require.Equal(t, []string{"own SKEY", "far KEY"}, g.order("SKEY", "KEY"))
	g.talk(2)
	g = newStage(t, setting{role: role{modeless: true}})
	g.connectJoining() // KEY for the script's queue, SKEY for the agent's
	require.Equal(t, []string{"far KEY", "own SKEY"}, g.order("SKEY", "KEY"))
	g.talk(2)
}
