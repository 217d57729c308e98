package protocol_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
)

// leaveOut encrypts messages that are never sent and returns the first of them.
func (s *script) leaveOut(n int) (first []byte) {
	s.t.Helper()
	for i := range n {
		if i == 0 {
			first = s.write(message.A_MSG{Body: []byte("left out")})
			continue
		}
		_, next, err := s.ratchet.EncryptHeader(ratchet.Options{PQ: ratchet.PQOn})
		require.NoError(s.t, err)
		s.ratchet = next
		s.sent.Advance(s.sent.Next().ID, nil)
	}
	return first
}

// A peer that leaves out messages again and again cannot make the agent keep the keys of
// all of them, only of the newest.
func TestKeysOfLostMessagesAreBounded(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	g.talk(1)
	var firsts [][]byte
	for range 6 {
		firsts = append(firsts, g.leaveOut(ratchet.MaxSkip))
		g.say(message.A_MSG{Body: []byte("after")})
		m := expect[agent.Received](g.subject)
		require.Equal(t, message.Skipped, m.Integrity.Verdict)
		require.Equal(t, int64(ratchet.MaxSkip), m.Integrity.To-m.Integrity.From+1)
	}
	for i, late := range firsts {
		g.script.out.post(late)
		if i < 4 {
			change := expect[agent.Synchronization](g.subject)
			require.Equal(t, agent.SyncAllowed, change.State, "%d: %s", i, change.Reason)
			continue
		}
		if i == 4 {
			g.expectSync(agent.SyncOK)
		}
		require.Equal(t, "left out", string(expect[agent.Received](g.subject).Body))
	}
	g.say(message.A_MSG{Body: []byte("go on")})
	require.Equal(t, "go on", string(expect[agent.Received](g.subject).Body))
	g.talk(2)

	// One message more than can be left out stops the connection until a new ratchet.
	g.leaveOut(ratchet.MaxSkip + 1)
	g.say(message.A_MSG{Body: []byte("too far")})
	g.expectSync(agent.SyncRequired)
	require.NoError(t, g.Resync(t.Context(), g.conn, false))
	g.expectSync(agent.SyncStarted)
}

// Requests at a contact address are kept up to a limit; whoever comes later is dropped
// until others are answered.
func TestRequestsAreBounded(t *testing.T) {
	t.Parallel()
	const limit = 1000
	g := newStage(t, setting{})
	id, address := g.addressed()
	template := newScript(t, g.far, role{}).invite()
	o := newOutbox(t, address.Queues[0].At(4))
	ask := func(i int) {
		l := template
		l.Queues = []link.QueueURI{template.Queues[0]}
		l.Queues[0].SenderID = fmt.Appendf(nil, "%024d", i)
		o.post(o.seal(sealing{introduce: true}, message.Envelope{Version: 7, Content: message.AgentInvitation{Request: l}}))
	}
	var last int64
	for i := range limit {
		ask(i)
		last = expect[agent.Request](g.subject).RequestID
	}
	ask(limit)
	g.requireRefused()
	require.Equal(t, limit, g.info(id).Requests)
	require.NoError(t, g.Reject(t.Context(), last))
	ask(limit + 1)
	expect[agent.Request](g.subject)
}
