package protocol_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// fastRotation answers proposals by the fast procedure.
func fastRotation(c *agent.Config) { c.FastRotation = true }

// Agent protocol, "Rotating messaging queue", the figure of the fast procedure: the
// sender secures the queue that the script proposed, and introduces itself there.
func TestFastRotationOfThePeer(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{agent: fastRotation})
	server := g.startRelay(t, "new", relay.Config{})
	old, next := g.in, newInbox(t, server, smp.Messaging)
	g.say(g.proposal(next, old.address()))
	g.expectPhase(false, agent.SwitchStarted)
	g.expectPhase(false, agent.SwitchSecured)
	g.in = next
	test, h := hears[message.QTEST](g.script)
	require.False(t, h.outer.DHKey.IsZero(), "QTEST brings the key of the sender")
	require.NotEqual(t, old.peer.Raw(), h.outer.DHKey.Raw())
	require.True(t, h.senderKey.IsZero(), "the queue is secured already")
	require.Equal(t, next.queue.SenderID, test.Queues[0].SenderID)
	require.Equal(t, []string{"new SKEY", "new SEND"}, g.order("SKEY", "SEND")[len(g.order("SKEY", "SEND"))-2:])
	require.True(t, g.commands("new", "SEND")[0].authorized)
	require.Len(t, h.body, len(g.commands("far", "SEND")[0].content.(smp.SEND).Body), "as long as a confirmation")
	g.expectPhase(false, agent.SwitchCompleted)
	before := len(g.commands("far", "SEND"))
	g.talk(3)
	require.Len(t, g.commands("far", "SEND"), before)
	require.Len(t, g.info(g.conn).Send, 1)
	require.True(t, g.commands("new", "SEND")[1].authorized)
}

// A queue that its sender cannot secure is answered with QKEY all the same.
func TestFastRotationNeedsTheMode(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{agent: fastRotation})
	next := newInbox(t, g.far, 0)
	g.say(g.proposal(next, g.in.address()))
	g.expectPhase(false, agent.SwitchStarted)
	hears[message.QKEY](g.script)
	g.expectPhase(false, agent.SwitchConfirmed)
	g.talk(1)
}

// The agent moves its queue, and the script answers by the fast procedure.
func TestFastRotationOfTheAgent(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"QTEST", "A_MSG"} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			g, next, _ := moving(t, setting{})
			old := g.script.out
			g.talk(1)
			next.secure()
			g.script.out = next
			var body message.AMessage = message.QTEST{Queues: []message.QueueAddress{{Server: next.address.Server, SenderID: next.address.SenderID}}}
			if first == "A_MSG" {
				body = message.A_MSG{Body: []byte("introduces")}
			}
			post := next.seal(sealing{introduce: true}, message.Envelope{Version: 7, Content: message.AgentMsgEnvelope{
				Encrypted: g.encrypt(g.numbered(body), message.PaddedConnInfo(g.version, g.pq)),
			}})
			next.post(post)
			next.post(post) // its sender had no answer
			if first == "A_MSG" {
				g.expectMessage(g.script.sent.ID, "introduces")
			}
			g.expectPhase(true, agent.SwitchCompleted)
			require.Equal(t, old.address.SenderID, g.commands("own", "DEL")[0].senderID)
			require.Empty(t, g.commands("new", "KEY"))
			g.talk(3)
			require.Len(t, g.info(g.conn).Receive, 1)
			g.say(keyOf(next))
			g.requireRefused()
			g.talk(1)
		})
	}
}

// Whoever knows the new queue can send to it before it is secured. What they send is
// refused, and neither takes the place of the sender nor touches the connection.
func TestStrangerInTheNewQueue(t *testing.T) {
	t.Parallel()
	g, next, _ := moving(t, setting{})
	before := g.info(g.conn)
	another := connected(t, setting{})
	for name, encrypted := range map[string][]byte{
		"no message of a ratchet": randomBytes(t, 100),
		"of another ratchet":      another.encrypt(another.numbered(message.HELLO{}), message.PaddedConnInfo(g.version, g.pq)),
	} {
		stranger := newOutbox(t, next.address)
		stranger.post(stranger.seal(sealing{introduce: true}, message.Envelope{Version: 7, Content: message.AgentMsgEnvelope{Encrypted: encrypted}}))
		g.requireRefused()
		require.Equal(t, before, g.info(g.conn), name)
		g.talk(1)
		before = g.info(g.conn)
	}
	next.secure()
	next.post(next.seal(sealing{introduce: true}, message.Envelope{Version: 7, Content: message.AgentMsgEnvelope{
		Encrypted: g.encrypt(g.numbered(message.A_MSG{Body: []byte("introduces")}), message.PaddedConnInfo(g.version, g.pq)),
	}}))
	g.expectMessage(g.script.sent.ID, "introduces")
	g.expectPhase(true, agent.SwitchCompleted)
	g.script.out = next
	g.talk(2)
}

// Messages that the old queue still has come before those of the new one.
func TestRotationKeepsTheOrder(t *testing.T) {
	t.Parallel()
	g, next, _ := moving(t, setting{})
	unread := g.peekAfter(t, "first")
	g.say(message.A_MSG{Body: []byte("second")}) // waits at the relay until the first is acknowledged
	asked, goOn := g.hold(t, "own", "QUE")
	next.secure()
	next.post(next.seal(sealing{introduce: true}, message.Envelope{Version: 7, Content: message.AgentMsgEnvelope{
		Encrypted: g.encrypt(g.numbered(message.A_MSG{Body: []byte("third")}), message.PaddedConnInfo(g.version, g.pq)),
	}}))
	asked() // the agent has the third and asks whether the old queue is empty
	goOn()
	require.NoError(t, g.Ack(t.Context(), unread, agent.AckOptions{}))
	number := g.script.sent.ID
	g.expectMessage(number-1, "second")
	g.expectMessage(number, "third")
	g.expectPhase(true, agent.SwitchCompleted)
	g.script.out = next
	g.talk(2)
}

// A message that is missing before the first one in the new queue is waited for while
// the old queue may have it, and no longer.
func TestRotationDoesNotWaitForWhatIsLost(t *testing.T) {
	t.Parallel()
	t.Run("the old queue is empty", func(t *testing.T) {
		t.Parallel()
		g, next, _ := moving(t, setting{})
		g.requireLostInRotation(next)
	})
	t.Run("the old relay does not answer", func(t *testing.T) {
		t.Parallel()
		g, next, _ := moving(t, setting{agent: func(c *agent.Config) { c.DrainTimeout = time.Millisecond }})
		g.refuse("own", "QUE", 1000, smp.ErrInternal)
		g.requireLostInRotation(next)
	})
	t.Run("the old relay has lost the queue", func(t *testing.T) {
		t.Parallel()
		g, next, _ := moving(t, setting{})
		g.refuse("own", "QUE", 1, smp.ErrAuth)
		g.requireLostInRotation(next)
	})
}

// requireLostInRotation moves the script to a new queue after a message was lost.
func (g *stage) requireLostInRotation(next *outbox) {
	g.t.Helper()
	g.write(message.A_MSG{Body: []byte("lost")})
	next.secure()
	next.post(next.seal(sealing{introduce: true}, message.Envelope{Version: 7, Content: message.AgentMsgEnvelope{
		Encrypted: g.encrypt(g.numbered(message.A_MSG{Body: []byte("after")}), message.PaddedConnInfo(g.version, g.pq)),
	}}))
	n := g.script.sent.ID
	g.expectIntegrity(g.t, "after", message.Skipped, n-1, n-1)
	g.expectPhase(true, agent.SwitchCompleted)
	g.script.out = next
	g.talk(2)
}
