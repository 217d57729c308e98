package protocol_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
)

// keysHash decides which of two sides sends first in a new ratchet: SHA-256 of the raw
// keys, as the official agent has it.
func keysHash(k1, k2 keys.PublicKey) []byte {
	h := sha256.Sum256(append(bytes.Clone(k1.Raw()), k2.Raw()...))
	return h[:]
}

// expectSync takes the next event, a change of the synchronization.
func (a *subject) expectSync(state agent.SyncState) {
	a.t.Helper()
	require.Equal(a.t, state, expect[agent.Synchronization](a).State)
}

// hearKeys takes the agent's new ratchet keys.
func (g *stage) hearKeys() ratchet.Parameters {
	g.t.Helper()
	p := g.in.take()
	c, ok := p.Content.(message.AgentRatchetKey)
	require.True(g.t, ok, "%T came", p.Content)
	require.Equal(g.t, uint16(7), p.Version)
	require.True(g.t, p.notify)
	require.True(g.t, p.outer.DHKey.IsZero())
	m, err := message.DecodeMessage(c.Info)
	require.NoError(g.t, err)
	require.Equal(g.t, message.AgentRatchetInfo{Info: []byte{}}, m)
	require.Equal(g.t, ratchet.MaxVersion, c.Parameters.Version)
	require.Equal(g.t, keys.X448, c.Parameters.Key1.Algorithm())
	require.NoError(g.t, c.Parameters.RequireProposal())
	g.countKeys(&g.received, c.Info)
	return c.Parameters
}

// countKeys gives ratchet keys their number, which no header shows.
func (s *script) countKeys(c *message.Chain, info []byte) { c.Advance(c.Next().ID, info) }

// sayKeys sends new ratchet keys.
func (s *script) sayKeys(private ratchet.PrivateParameters) {
	s.t.Helper()
	e := ratchetKeys(s, private)
	s.out.post(s.out.seal(sealing{}, e))
	s.countKeys(&s.sent, e.Content.(message.AgentRatchetKey).Info)
}

// keysBelow makes ratchet keys whose hash is below or above that of others.
func (s *script) keysBelow(other ratchet.Parameters, below bool) ratchet.PrivateParameters {
	for {
		private := newProposal(s, s.pq)
		own := private.Public(ratchet.MaxVersion)
		if (bytes.Compare(keysHash(own.Key1, own.Key2), keysHash(other.Key1, other.Key2)) < 0) == below {
			return private
		}
	}
}

// renew starts the new ratchet: the side with the greater hash sends first.
func (s *script) renew(private ratchet.PrivateParameters, peer ratchet.Parameters) (sends bool) {
	s.t.Helper()
	own := private.Public(ratchet.MaxVersion)
	sends = bytes.Compare(keysHash(own.Key1, own.Key2), keysHash(peer.Key1, peer.Key2)) > 0
	var err error
	if sends {
		s.ratchet, err = ratchet.InitSender(newKeys(), private, peer, ratchet.MaxVersion)
	} else {
		s.ratchet, err = ratchet.InitReceiver(private, peer, ratchet.MaxVersion, s.pq)
	}
	require.NoError(s.t, err)
	return sends
}

// ready goes on with the new ratchet: EREADY goes both ways, first from the side that
// sends first, and names the last message that came before.
func (g *stage) ready(sends bool) {
	g.t.Helper()
	before, last := g.received.ID, g.script.sent.ID-1 // the agent saw no number of our keys
	if sends {
		g.say(message.EREADY{LastDecrypted: before})
	}
	e, h := hears[message.EREADY](g.script)
	require.True(g.t, h.notify)
	if !sends {
		g.say(message.EREADY{LastDecrypted: before})
	}
	require.Equal(g.t, last, e.LastDecrypted)
	g.expectSync(agent.SyncOK)
	require.Equal(g.t, agent.SyncOK, g.info(g.conn).Sync)
}

// Agent protocol, "Communication between SMP agents" and "EREADY message": the agent
// asks for a new ratchet. Whose keys have the greater hash sends first.
func TestResyncByTheAgent(t *testing.T) {
	t.Parallel()
	for _, sends := range []bool{true, false} {
		t.Run(fmt.Sprintf("script sends first: %v", sends), func(t *testing.T) {
			t.Parallel()
			g := connected(t, setting{})
			g.talk(2)
			require.ErrorIs(t, g.Resync(t.Context(), g.conn, false), agent.ErrState)
			require.NoError(t, g.Resync(t.Context(), g.conn, true))
			g.expectSync(agent.SyncStarted)
			_, err := g.Send(t.Context(), g.conn, []byte("not now"), agent.SendOptions{})
			require.ErrorIs(t, err, agent.ErrState)
			peer := g.hearKeys()
			private := g.keysBelow(peer, !sends)
			g.sayKeys(private)
			g.expectSync(agent.SyncAgreed)
			require.Equal(t, sends, g.renew(private, peer))
			g.ready(sends)
			g.talk(3)
			g.restart()
			g.talk(1)
		})
	}
}

// The script asks; the agent answers with keys of its own.
func TestResyncByThePeer(t *testing.T) {
	t.Parallel()
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			g := connected(t, setting{role: role{noPQ: i%2 == 1}})
			g.talk(2)
			private := newProposal(g.script, g.pq)
			g.sayKeys(private)
			peer := g.hearKeys()
			g.expectSync(agent.SyncAgreed)
			g.ready(g.renew(private, peer))
			g.talk(3)
			g.restart()
			g.talk(1)
		})
	}
}

// Both ask at the same time: each takes the keys of the other for an answer.
func TestResyncByBoth(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	require.NoError(t, g.Resync(t.Context(), g.conn, true))
	g.expectSync(agent.SyncStarted)
	private := newProposal(g.script, true)
	g.sayKeys(private)
	g.expectSync(agent.SyncAgreed)
	peer := g.hearKeys()
	g.ready(g.renew(private, peer))
	g.talk(3)
	require.Zero(t, g.in.size(), "the agent has sent keys once")
}

// After messages that do not decrypt the agent may ask without force, and the chain
// shows no gap afterwards.
func TestResyncAfterLoss(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	g.talk(1)
	g.script.out.post(g.script.out.seal(sealing{}, message.Envelope{Version: 7, Content: message.AgentMsgEnvelope{
		Encrypted: randomHeader(t, g.encrypt(g.numbered(message.A_MSG{Body: []byte("lost")}), message.PaddedMessage(7, true))),
	}}))
	g.expectSync(agent.SyncRequired)
	g.script.sent.ID--
	require.NoError(t, g.Resync(t.Context(), g.conn, false))
	g.expectSync(agent.SyncStarted)
	peer := g.hearKeys()
	private := newProposal(g.script, true)
	g.sayKeys(private)
	g.expectSync(agent.SyncAgreed)
	sends := g.renew(private, peer)
	if sends {
		g.say(message.EREADY{LastDecrypted: g.received.ID})
		hears[message.EREADY](g.script)
	} else {
		hears[message.EREADY](g.script)
		g.say(message.EREADY{LastDecrypted: g.received.ID})
	}
	g.expectSync(agent.SyncOK)
	g.talk(3)
}

// Keys that come twice are answered once, and keys that come while others are agreed
// stop the connection until someone asks again.
func TestRepeatedRatchetKeys(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	private := newProposal(g.script, true)
	g.sayKeys(private)
	peer := g.hearKeys()
	g.expectSync(agent.SyncAgreed)
	g.script.out.post(g.script.out.seal(sealing{}, ratchetKeys(g.script, private)))
	g.ready(g.renew(private, peer))
	g.script.out.post(g.script.out.seal(sealing{}, ratchetKeys(g.script, private)))
	g.talk(2)

	private = newProposal(g.script, true)
	g.sayKeys(private)
	g.hearKeys()
	g.expectSync(agent.SyncAgreed)
	g.script.out.post(g.script.out.seal(sealing{}, ratchetKeys(g.script, newProposal(g.script, true))))
	e := g.next()
	if _, ready := e.Body.(agent.Sent); ready {
		e = g.next()
	}
	require.Equal(t, agent.SyncRequired, e.Body.(agent.Synchronization).State)
	require.NoError(t, g.Resync(t.Context(), g.conn, false))
	g.expectSync(agent.SyncStarted)
}

// Rotation waits until the ratchet is agreed.
func TestNoRotationWhileKeysAreAgreed(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	require.NoError(t, g.Resync(t.Context(), g.conn, true))
	g.expectSync(agent.SyncStarted)
	require.ErrorIs(t, g.Switch(t.Context(), g.conn, nil), agent.ErrState)
	g.say(g.proposal(newInbox(t, g.far, 'M'), g.in.address())) // with the old ratchet
	g.requireRefused()
}
