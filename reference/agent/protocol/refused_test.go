package protocol_test

import (
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
)

// requireRefused takes the event of a message that was refused without harm.
func (g *stage) requireRefused() {
	g.t.Helper()
	problem := expect[agent.Problem](g.subject)
	require.False(g.t, problem.Fatal, problem.Reason)
}

// wrongFirst are messages that have no place in a queue before its confirmation; %s is
// a script that has met the agent.
var wrongFirst = map[string]func(s *script) []byte{
	"a confirmation without reply queue": func(s *script) []byte {
		return s.out.seal(s.out.first(), s.confirmation(message.AgentConnInfo{Info: []byte("wrong")}, true))
	},
	"a confirmation with a numbered message": func(s *script) []byte {
		m := message.AgentMessage{Header: message.Header{ID: 1}, Body: message.A_MSG{Body: []byte("wrong")}}
		return s.out.seal(s.out.first(), s.confirmation(m, true))
	},
	"a confirmation with ratchet info": func(s *script) []byte {
		return s.out.seal(s.out.first(), s.confirmation(message.AgentRatchetInfo{}, true))
	},
	"a confirmation without ratchet keys": func(s *script) []byte {
		return s.out.seal(s.out.first(), s.confirmation(s.reply("wrong"), false))
	},
	"a confirmation with other ratchet keys": func(s *script) []byte {
		e := s.confirmation(s.reply("wrong"), true)
		c := e.Content.(message.AgentConfirmation)
		c.Parameters.Key1 = newKey(s.t, keys.X448).Public()
		e.Content = c
		return s.out.seal(s.out.first(), e)
	},
	"a confirmation at agent version 1": func(s *script) []byte {
		e := s.confirmation(s.reply("wrong"), true)
		e.Version = 1
		return s.out.seal(s.out.first(), e)
	},
	"a confirmation at agent version 8": func(s *script) []byte {
		e := s.confirmation(s.reply("wrong"), true)
		e.Version = 8
		return s.out.seal(s.out.first(), e)
	},
	"a confirmation at an unknown version of the ratchet": func(s *script) []byte {
		e := s.confirmation(s.reply("wrong"), true)
		c := e.Content.(message.AgentConfirmation)
		c.Parameters.Version = ratchet.MaxVersion + 1
		e.Content = c
		return s.out.seal(s.out.first(), e)
	},
	"a confirmation without key of the sender": func(s *script) []byte {
		return s.out.seal(sealing{}, s.confirmation(s.reply("wrong"), true))
	},
	"a numbered message": func(s *script) []byte {
		e := message.AgentMsgEnvelope{Encrypted: s.encrypt(s.numbered(message.HELLO{}), message.PaddedConnInfo(s.version, s.pq))}
		return s.out.seal(s.out.first(), message.Envelope{Version: s.version, Content: e})
	},
	"new ratchet keys": func(s *script) []byte { return s.out.seal(s.out.first(), ratchetKeys(s, newProposal(s, true))) },
	"a request for a connection": func(s *script) []byte {
		return s.out.seal(sealing{introduce: true}, requestOf(s, "wrong"))
	},
	"an unknown envelope": func(s *script) []byte { return s.out.sealBytes(s.out.first(), []byte{0, 7, 'X'}) },
	"an empty message":    func(s *script) []byte { return s.out.sealBytes(s.out.first(), nil) },
	"random bytes":        func(s *script) []byte { return randomBytes(s.t, 16000) },
	"nothing":             func(*script) []byte { return nil },
	"a client version of the future": func(s *script) []byte {
		s.out.address.Version = 5
		body := s.out.seal(s.out.first(), s.confirmation(s.reply("wrong"), true))
		s.out.address.Version = 4
		return body
	},
}

func randomBytes(t testing.TB, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	_, err := rand.Read(b)
	require.NoError(t, err)
	return b
}

// newProposal makes ratchet keys, with a KEM key or without.
func newProposal(s *script, kem bool) ratchet.PrivateParameters {
	s.t.Helper()
	private, err := ratchet.Propose(newKeys(), s.ratchetVersions().Max, kem)
	require.NoError(s.t, err)
	return private
}

// ratchetKeys is the envelope that negotiates a new ratchet.
func ratchetKeys(s *script, private ratchet.PrivateParameters) message.Envelope {
	s.t.Helper()
	info, err := message.EncodeMessage(message.AgentRatchetInfo{})
	require.NoError(s.t, err)
	return message.Envelope{Version: s.version, Content: message.AgentRatchetKey{
		Parameters: private.Public(s.ratchetVersions().Max), Info: info,
	}}
}

// requestOf is what someone sends to a contact address, with an invitation of his own.
func requestOf(s *script, info string) message.Envelope {
	s.t.Helper()
	return message.Envelope{Version: s.version, Content: message.AgentInvitation{Request: s.invite(), Info: []byte(info)}}
}

// Nothing but a confirmation with connection information and a reply queue begins a
// connection, and what is refused does not keep the right one out.
func TestWrongFirstConfirmations(t *testing.T) {
	t.Parallel()
	for name, wrong := range wrongFirst {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newStage(t, setting{})
			l := g.invited()
			g.meet(l)
			g.script.out.secure()
			g.script.out.post(wrong(g.script))
			g.requireRefused()
			require.ErrorIs(t, g.Allow(t.Context(), g.conn, nil), agent.ErrState)
			secured := g.script.out
			g.script.sent = message.Chain{}
			g.meet(l)
			secured.dh = newKey(t, keys.X25519) // whatever key was refused with the message counts for nothing
			g.script.out = secured
			g.script.out.post(g.script.out.seal(g.script.out.first(), g.confirmation(g.script.reply("right"), true)))
			require.Equal(t, "right", string(expect[agent.Confirmation](g.subject).Info))
			require.NoError(t, g.Allow(t.Context(), g.conn, []byte("agent")))
			g.answered()
			expect[agent.Connected](g.subject)
			g.talk(1)
		})
	}
}

// The second confirmation holds connection information and nothing else.
func TestWrongSecondConfirmations(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]func(s *script) message.Envelope{
		"with reply queue": func(s *script) message.Envelope { return s.confirmation(s.reply("wrong"), false) },
		"with a numbered message": func(s *script) message.Envelope {
			return s.confirmation(message.AgentMessage{Header: message.Header{ID: 1}, Body: message.HELLO{}}, false)
		},
		"with ratchet keys": func(s *script) message.Envelope {
			return s.confirmation(message.AgentConnInfo{Info: []byte("wrong")}, true)
		},
		"with ratchet info": func(s *script) message.Envelope { return s.confirmation(message.AgentRatchetInfo{}, false) },
		"garbage": func(s *script) message.Envelope {
			return message.Envelope{Version: 7, Content: message.AgentConfirmation{Encrypted: randomBytes(s.t, 15000)}}
		},
		"numbered message": func(s *script) message.Envelope {
			e := message.AgentMsgEnvelope{Encrypted: s.encrypt(s.numbered(message.HELLO{}), message.PaddedConnInfo(s.version, s.pq))}
			return message.Envelope{Version: 7, Content: e}
		},
		"ratchet keys": func(s *script) message.Envelope { return ratchetKeys(s, newProposal(s, true)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newStage(t, setting{})
			g.join(g.invite(), "agent")
			g.confirmed()
			g.script.out.secure()
			g.script.out.post(g.script.out.seal(g.script.out.first(), wrong(g.script)))
			g.requireRefused()
			require.False(t, g.info(g.conn).Ready)
			g.script.sent = message.Chain{}
			g.script.out.post(g.script.out.seal(g.script.out.first(), g.confirmation(message.AgentConnInfo{Info: []byte("right")}, false)))
			require.Equal(t, "right", string(expect[agent.PeerInfo](g.subject).Info))
			expect[agent.Connected](g.subject)
			g.talk(1)
		})
	}
}

// A confirmation that comes twice, because its sender had no answer, is one; another one
// is refused, before and after the application has decided.
func TestSecondConfirmationIsNotTaken(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	l := g.invited()
	g.meet(l)
	g.script.out.secure()
	body := g.script.out.seal(g.script.out.first(), g.confirmation(g.script.reply("first"), true))
	g.script.out.post(body)
	require.Equal(t, "first", string(expect[agent.Confirmation](g.subject).Info))
	g.script.out.post(body)

	thief := newScript(t, g.far, role{})
	thief.meet(l)
	thief.out.key, thief.out.secured = g.script.out.key, true
	steal := thief.out.seal(thief.out.first(), thief.confirmation(thief.reply("thief"), true))
	thief.out.post(steal)
	g.requireRefused()
	require.NoError(t, g.Allow(t.Context(), g.conn, []byte("agent")))
	g.answered()
	expect[agent.Connected](g.subject)
	thief.out.post(steal)
	g.requireRefused()
	g.script.out.post(body)
	g.talk(2)
	require.Zero(t, thief.in.size())
}

// What an established connection refuses, each time with one event and nothing else.
func TestRefusedInConnection(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	g.connectInviting()
	other := message.QueueAddress{Server: g.far, SenderID: randomBytes(t, 24)}
	for name, body := range map[string]func() []byte{
		"HELLO":                      func() []byte { return g.write(message.HELLO{}) },
		"a request":                  func() []byte { return g.script.out.seal(sealing{}, requestOf(newScript(t, g.far, role{}), "")) },
		"QCONT for an unknown queue": func() []byte { return g.write(message.A_QCONT{Queue: other}) },
		"QKEY without proposal":      func() []byte { return g.write(message.QKEY{Queues: []message.QueueKey{g.keyFor(g.own)}}) },
		"QUSE without proposal":      func() []byte { return g.write(message.QUSE{Queues: []message.ReadyQueue{{Queue: other}}}) },
		"QUSE for the queue in use":  func() []byte { return g.write(message.QUSE{Queues: []message.ReadyQueue{{Queue: g.in.address()}}}) },
		"QADD that adds": func() []byte {
			return g.write(message.QADD{Queues: []message.AddedQueue{{Queue: g.in.uri(g.clientVersions())}}})
		},
		"QADD for an unknown queue":    func() []byte { return g.write(g.proposal(newInbox(t, g.far, 'M'), other)) },
		"QADD with the queue in use":   func() []byte { return g.write(g.proposal(g.in, g.in.address())) },
		"a message without number":     func() []byte { return g.writeMessage(message.AgentConnInfo{Info: []byte("again")}) },
		"an envelope with another key": func() []byte { return g.withOtherKey() },
		"random bytes":                 func() []byte { return randomBytes(t, 1000) },
		"bytes that are no agent message": func() []byte {
			return g.script.out.sealBytes(sealing{}, []byte("\x00\x07Cgarbage"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			g.script.out.post(body())
			g.requireRefused()
			before := g.info(g.conn)
			require.Zero(t, before.Pending)
			require.Equal(t, agent.SyncOK, before.Sync)
			// What was refused took a number or none: the chain goes on either way.
			g.say(message.A_MSG{Body: []byte("next")})
			require.Equal(t, "next", string(expect[agent.Received](g.subject).Body))
			g.talk(1)
			require.Len(t, g.info(g.conn).Send, 1)
			require.Len(t, g.info(g.conn).Receive, 1)
		})
	}
}

// keyFor is a QKEY for a queue that nobody proposed.
func (g *stage) keyFor(server link.Server) message.QueueKey {
	return message.QueueKey{
		Queue: link.QueueInfo{Version: 4, QueueAddress: link.QueueAddress{
			Server: server, SenderID: randomBytes(g.t, 24), DHKey: newKey(g.t, keys.X25519).Public(), Mode: 'M',
		}},
		SenderKey: newKey(g.t, keys.Ed25519).Public(),
	}
}

// proposal is QADD for a queue that is to replace another.
func (g *stage) proposal(b *inbox, replaced message.QueueAddress) message.QADD {
	return message.QADD{Queues: []message.AddedQueue{{Queue: b.uri(g.clientVersions()), Replaced: &replaced}}}
}

// withOtherKey is a message that brings a second key for the queue.
func (g *stage) withOtherKey() []byte {
	o := *g.script.out
	o.dh = newKey(g.t, keys.X25519)
	e := message.AgentMsgEnvelope{Encrypted: randomBytes(g.t, 15000)}
	return o.seal(sealing{introduce: true}, message.Envelope{Version: 7, Content: e})
}
