package protocol_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// An agent of each version can be talked to, in both roles and by both procedures; what
// its version lacks is not used.
func TestPeerVersions(t *testing.T) {
	t.Parallel()
	for v := message.VersionDuplexHandshake; v <= message.VersionRatchetOnConf; v++ {
		for _, modeless := range []bool{false, true} {
			for _, joining := range []bool{false, true} {
				t.Run(fmt.Sprintf("version %d, modeless=%v, joining=%v", v, modeless, joining), func(t *testing.T) {
					t.Parallel()
					g := newStage(t, setting{role: role{agent: v, modeless: modeless}})
					if joining {
						g.connectJoining()
					} else {
						g.connectInviting()
					}
					requireVersion(t, g, v)
				})
			}
		}
	}
}

// requireVersion checks what an agreed version allows.
func requireVersion(t *testing.T, g *stage, v uint16) {
	info := g.info(g.conn)
	require.Equal(t, v, info.AgentVersion)
	require.Equal(t, v >= message.VersionPQ, info.PQ)
	g.talk(3)
	info = g.info(g.conn)
	require.Equal(t, v >= message.VersionPQ, info.PQSend && info.PQReceive, "the keys are post-quantum if both can")

	// Receipts exist from version 4.
	g.subject.receipt = true
	number := g.say(message.A_MSG{Body: []byte("received?")})
	g.expectMessage(number, "received?")
	text := g.send(g.conn, "next")
	if v >= message.VersionReceipts {
		receipts, _ := hears[message.A_RCVD](g.script)
		require.Equal(t, number, receipts.Receipts[0].ID)
	}
	_, h := hears[message.A_MSG](g.script)
	require.Equal(t, text, h.Header.ID)
	require.Equal(t, message.VersionRatchetOnConf, h.Version, "envelopes show what is supported, not what is agreed")

	// A new ratchet can be negotiated from version 3.
	err := g.Resync(t.Context(), g.conn, true)
	if v < message.VersionRatchetSync {
		require.ErrorIs(t, err, agent.ErrState)
		return
	}
	require.NoError(t, err)
	_, ok := g.in.take().Content.(message.AgentRatchetKey)
	require.True(t, ok)
}

// The confirmation has the agreed version, later envelopes the highest; links and
// requests have the range.
func TestAgreedVersionStandsInConfirmations(t *testing.T) {
	t.Parallel()
	for v := message.VersionDuplexHandshake; v <= message.VersionRatchetOnConf; v++ {
		g := newStage(t, setting{role: role{agent: v}})
		g.join(g.invite(), "")
		p, _ := g.confirmed()
		require.Equal(t, v, p.Version)
		parameters := p.Content.(message.AgentConfirmation).Parameters
		require.Equal(t, g.ratchetVersions().Max, parameters.Version)
		require.Equal(t, v >= message.VersionPQ, parameters.KEM != nil)

		g.script = newScript(t, g.far, role{agent: v})
		g.meet(g.invited())
		g.joinWith("")
		require.Equal(t, v >= message.VersionPQ, expect[agent.Confirmation](g.subject).PQ)
		require.NoError(t, g.Allow(t.Context(), g.conn, nil))
		p, _ = g.answered()
		require.Equal(t, v, p.Version)
		expect[agent.Connected](g.subject)
	}
}

// An envelope of a later version raises what is agreed, and lowers nothing.
func TestVersionRises(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{role: role{agent: 3}})
	g.connectInviting()
	require.Equal(t, uint16(3), g.info(g.conn).AgentVersion)
	g.subject.receipt = true
	g.expectMessage(g.say(message.A_MSG{Body: []byte("old")}), "old")
	for _, step := range []struct{ envelope, agreed uint16 }{{4, 4}, {2, 4}, {0, 4}, {9, 7}, {3, 7}} {
		g.version = step.envelope
		number := g.say(message.A_MSG{Body: []byte("new")})
		g.expectMessage(number, "new")
		receipts, _ := hears[message.A_RCVD](g.script) // of this message: there was none for "old"
		require.Equal(t, number, receipts.Receipts[0].ID)
		require.Equal(t, step.agreed, g.info(g.conn).AgentVersion)
	}
	require.False(t, g.info(g.conn).PQ, "post-quantum keys are agreed when the connection is made")
}

// SMP, "SMP queue URI": the sender uses a client version of the range in the URI, the
// highest that it knows.
func TestClientVersionIsOfTheRange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		offered wire.VersionRange
		used    uint16
	}{
		{wire.Versions(1, 1), 1}, {wire.Versions(1, 2), 2}, {wire.Versions(2, 3), 3}, {wire.Versions(3, 4), 4},
		{wire.Versions(4, 4), 4}, {wire.Versions(4, 9), 4}, {wire.Versions(1, 65535), 4},
	} {
		g := newStage(t, setting{role: role{clients: c.offered, modeless: c.offered.Max < 3}})
		g.join(g.invite(), "")
		p, reply := g.confirmed()
		require.Equal(t, c.used, p.outer.Version, "offered %s", c.offered)
		require.Equal(t, c.used, reply.Queues[0].Version)
	}
	g := newStage(t, setting{role: role{clients: wire.Versions(5, 9)}})
	resolved, err := g.Resolve(t.Context(), g.invite())
	require.NoError(t, err)
	_, err = g.Join(t.Context(), resolved, agent.JoinOptions{})
	require.ErrorIs(t, err, agent.ErrVersion)
	require.Empty(t, g.commands("own", "NEW"))
	require.Empty(t, g.commands("far", "SEND", "SKEY"))
}

// Links that need versions to come are refused before anything is sent.
func TestLinksOfTheFuture(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	agents := g.invite()
	agents.AgentVersions = wire.Versions(8, 9)
	ratchets := g.invite()
	o := *ratchets.Ratchet
	o.Versions = wire.Versions(ratchet.MaxVersion+1, ratchet.MaxVersion+2)
	ratchets.Ratchet = &o
	resolved, err := g.Resolve(t.Context(), agents)
	require.NoError(t, err)
	_, err = g.Join(t.Context(), resolved, agent.JoinOptions{})
	require.ErrorIs(t, err, agent.ErrVersion)
	resolved, err = g.Resolve(t.Context(), ratchets)
	require.NoError(t, err)
	_, err = g.Join(t.Context(), resolved, agent.JoinOptions{})
	require.ErrorIs(t, err, agent.ErrVersion)
	require.Empty(t, g.commands("far", "SEND", "SKEY"))
	all, err := g.Connections(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)
}

// Agent version 6: the sender may have secured the queue itself, so that its
// confirmation carries no key; in a queue without mode it must.
func TestConfirmationWithoutKeyNeedsTheMode(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{own: relayWithoutModes})
	l := g.invited()
	require.Zero(t, l.Queues[0].Mode, "the relay knows no modes")
	g.meet(l)
	confirmation := g.confirmation(g.script.reply("script"), true)
	g.script.out.post(g.script.out.seal(sealing{introduce: true}, confirmation))
	g.requireRefused()
	g.script.out.post(g.script.out.seal(g.script.out.first(), confirmation))
	require.Equal(t, "script", string(expect[agent.Confirmation](g.subject).Info))
}

// Agent version 7: the ratchet is there as soon as the confirmation was taken, so that
// messages before the application's answer are understood.
func TestMessagesBeforeAllow(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	g.meet(g.invited())
	g.joinWith("script")
	g.say(message.A_MSG{Body: []byte("early")})
	expect[agent.Confirmation](g.subject)
	g.expectMessage(2, "early")
	_, err := g.Send(t.Context(), g.conn, []byte("too early"), agent.SendOptions{})
	require.ErrorIs(t, err, agent.ErrState)
	// What needs a queue to answer has to wait.
	g.say(message.A_QCONT{Queue: message.QueueAddress{Server: g.far, SenderID: g.in.queue.SenderID}})
	g.requireRefused()
	g.say(message.HELLO{})
	g.requireRefused()
	g.script.out.post(g.script.out.seal(sealing{}, ratchetKeys(g.script, newProposal(g.script, true))))
	g.requireRefused()
	require.NoError(t, g.Allow(t.Context(), g.conn, []byte("agent")))
	_, info := g.answered()
	require.Equal(t, "agent", string(info.Info))
	expect[agent.Connected](g.subject)
	g.talk(2)
}

// relayWithoutModes is a relay before SKEY.
var relayWithoutModes = relay.Config{Versions: wire.Versions(smp.MinVersion, smp.VersionSenderKeys-1)}
