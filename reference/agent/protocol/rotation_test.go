package protocol_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// expectPhase takes the next event, a step of a rotation.
func (a *subject) expectPhase(receiving bool, phase agent.SwitchPhase) {
	a.t.Helper()
	require.Equal(a.t, agent.Switching{Receiving: receiving, Phase: phase}, expect[agent.Switching](a))
}

// moving is a stage whose agent has proposed another queue, on the relay "new".
func moving(t *testing.T, s setting) (*stage, *outbox, message.QADD) {
	t.Helper()
	g := connected(t, s)
	server := g.startRelay(t, "new", relay.Config{})
	require.NoError(t, g.Switch(t.Context(), g.conn, &server))
	require.ErrorIs(t, g.Switch(t.Context(), g.conn, &server), agent.ErrState)
	add, h := hears[message.QADD](g.script)
	require.False(t, h.notify)
	g.expectPhase(true, agent.SwitchStarted)
	g.expectNonePending()
	common, ok := add.Queues[0].Queue.ClientVersions.Common(g.clientVersions())
	require.True(t, ok)
	return g, newOutbox(t, add.Queues[0].Queue.At(common.Max)), add
}

// keyOf is QKEY for a queue that the agent proposed.
func keyOf(o *outbox) message.QKEY {
	info := o.address
	info.DHKey = o.dh.Public()
	return message.QKEY{Queues: []message.QueueKey{{Queue: info, SenderKey: o.key.Public()}}}
}

// Agent protocol, "Rotating messaging queue", the agent moves its queue.
func TestRotationOfTheAgent(t *testing.T) {
	t.Parallel()
	g, next, add := moving(t, setting{})
	old := g.script.out

	// QADD goes over the existing connection, after the new queue was created.
	order := g.order("NEW", "SEND")
	require.Equal(t, []string{"new NEW", "far SEND"}, order[len(order)-2:])
	created := g.commands("new", "NEW")[0]
	require.True(t, created.content.(smp.NEW).SenderCanSecure())
	require.Len(t, add.Queues, 1)
	require.Equal(t, created.senderID, add.Queues[0].Queue.SenderID)
	require.Equal(t, wire.Versions(1, 4), add.Queues[0].Queue.ClientVersions)
	require.Equal(t, smp.Messaging, add.Queues[0].Queue.Mode)
	require.Equal(t, keys.X25519, add.Queues[0].Queue.DHKey.Algorithm())
	require.NotEqual(t, old.address.DHKey.Raw(), add.Queues[0].Queue.DHKey.Raw())
	require.Equal(t, old.address.SenderID, add.Queues[0].Replaced.SenderID)
	require.True(t, add.Queues[0].Replaced.Server.Equal(g.own))
	require.Len(t, g.info(g.conn).Receive, 2)
	g.talk(1)

	// QKEY for another queue changes nothing, and neither do messages in the new queue.
	g.say(message.QKEY{Queues: []message.QueueKey{g.keyFor(next.address.Server)}})
	g.requireRefused()
	next.post(next.seal(sealing{}, message.Envelope{Version: 7, Content: message.AgentMsgEnvelope{Encrypted: randomBytes(t, 15000)}}))
	g.requireRefused()
	next.post(next.seal(next.first(), g.confirmation(message.AgentConnInfo{}, false)))
	g.requireRefused()
	require.Empty(t, g.commands("new", "KEY"), "the key comes with QKEY alone")
	require.Empty(t, g.commands("own", "DEL"))
}

// A confirmation in the new queue is refused by an agent that waited for one once.
func TestConfirmationInTheNewQueue(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	g.connectJoining()
	server := g.startRelay(t, "new", relay.Config{})
	require.NoError(t, g.Switch(t.Context(), g.conn, &server))
	add, _ := hears[message.QADD](g.script)
	g.expectPhase(true, agent.SwitchStarted)
	next := newOutbox(t, add.Queues[0].Queue.At(4))
	before := g.script.sent
	next.post(next.seal(next.first(), g.confirmation(message.AgentConnInfo{Info: []byte("again")}, false)))
	g.requireRefused()
	g.script.sent = before
	g.talk(1)
	require.Empty(t, g.commands("new", "KEY"))
}

// The same from QKEY to the end: the old queue is kept until a message came through the
// new one, QTEST or another.
func TestRotationOfTheAgentToTheEnd(t *testing.T) {
	t.Parallel()
	for _, first := range []message.AMessage{
		message.QTEST{Queues: []message.QueueAddress{{Server: link.Server{}, SenderID: nil}}},
		message.A_MSG{Body: []byte("instead of QTEST")},
	} {
		t.Run(first.Tag(), func(t *testing.T) {
			t.Parallel()
			g, next, _ := moving(t, setting{})
			old := g.script.out
			g.say(keyOf(next))
			g.expectPhase(true, agent.SwitchConfirmed)
			use, h := hears[message.QUSE](g.script)
			require.False(t, h.notify)
			require.Len(t, use.Queues, 1)
			require.True(t, use.Queues[0].Primary)
			require.Equal(t, next.address.SenderID, use.Queues[0].Queue.SenderID)
			require.True(t, use.Queues[0].Queue.Server.Equal(next.address.Server))
			g.expectPhase(true, agent.SwitchSecured)
			order := g.order("KEY", "SEND")
			require.Equal(t, []string{"new KEY", "far SEND"}, order[len(order)-2:], "QUSE comes after KEY")
			require.Equal(t, next.key.Public().SPKI(), g.commands("new", "KEY")[0].content.(smp.KEY).SenderKey.SPKI())

			// A second QKEY is refused, and the way by the old queue stays open.
			other := newOutbox(t, next.address)
			g.say(keyOf(other))
			g.requireRefused()
			require.ErrorIs(t, g.AbortSwitch(t.Context(), g.conn), agent.ErrState)
			g.talk(2)
			require.Empty(t, g.commands("own", "DEL"))

			g.script.out = next
			next.secured = true
			if _, test := first.(message.QTEST); test {
				first = message.QTEST{Queues: []message.QueueAddress{{Server: next.address.Server, SenderID: next.address.SenderID}}}
			}
			number := g.say(first)
			if _, test := first.(message.QTEST); !test {
				g.expectMessage(number, "instead of QTEST")
			}
			g.expectPhase(true, agent.SwitchCompleted)
			deleted := g.commands("own", "DEL")
			require.Len(t, deleted, 1)
			require.Equal(t, old.address.SenderID, deleted[0].senderID)
			require.ErrorIs(t, old.tryPost(randomBytes(t, 100)), smp.ErrAuth)
			info := g.info(g.conn)
			require.Len(t, info.Receive, 1)
			require.True(t, info.Receive[0].Server.Equal(next.address.Server))
			g.talk(2)
			g.restart()
			g.talk(1)
		})
	}
}

// A rotation can be given up until the other side has answered. What it answers then is
// refused.
func TestRotationGivenUp(t *testing.T) {
	t.Parallel()
	g, next, _ := moving(t, setting{})
	require.NoError(t, g.AbortSwitch(t.Context(), g.conn))
	require.ErrorIs(t, g.AbortSwitch(t.Context(), g.conn), agent.ErrState)
	g.say(keyOf(next))
	g.requireRefused()
	require.Empty(t, g.commands("new", "KEY"))
	g.talk(2)
	server := g.startRelay(t, "third", relay.Config{})
	require.NoError(t, g.Switch(t.Context(), g.conn, &server), "another one can begin")
	hears[message.QADD](g.script)
	require.Empty(t, g.commands("own", "DEL"))
}

// Agent protocol, "Rotating messaging queue", the script moves its queue.
func TestRotationOfThePeer(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	server := g.startRelay(t, "new", relay.Config{})
	old, next := g.in, newInbox(t, server, smp.Messaging)
	g.say(g.proposal(next, old.address()))
	g.expectPhase(false, agent.SwitchStarted)

	// The key comes in QKEY over the existing connection, not in the new queue.
	answer, h := hears[message.QKEY](g.script)
	require.False(t, h.notify)
	require.Len(t, answer.Queues, 1)
	key := answer.Queues[0]
	require.Equal(t, uint16(4), key.Queue.Version)
	require.Equal(t, next.queue.SenderID, key.Queue.SenderID)
	require.True(t, key.Queue.Server.Equal(server))
	require.Equal(t, keys.X25519, key.Queue.DHKey.Algorithm())
	require.NotEqual(t, old.peer.Raw(), key.Queue.DHKey.Raw(), "a key of its own for each queue")
	require.NotEqual(t, next.dh.Public().Raw(), key.Queue.DHKey.Raw())
	require.Equal(t, keys.Ed25519, key.SenderKey.Algorithm())
	g.expectPhase(false, agent.SwitchConfirmed)
	g.talk(2)
	require.Empty(t, g.commands("new", "SKEY", "SEND"), "the new queue is not used before QUSE")

	next.peer = key.Queue.DHKey
	require.NoError(t, next.client.Secure(t.Context(), next.queue, key.SenderKey))
	wait, release := g.hold(t, "new", "SEND")
	g.say(message.QUSE{Queues: []message.ReadyQueue{{Queue: next.address(), Primary: true}}})
	g.expectPhase(false, agent.SwitchSecured)
	wait()
	require.Len(t, g.info(g.conn).Send, 2, "the old queue is left when the test was taken")
	release()
	g.in = next
	test, h := hears[message.QTEST](g.script)
	require.True(t, h.outer.DHKey.IsZero())
	require.False(t, h.notify)
	require.Len(t, test.Queues, 1)
	require.Equal(t, next.queue.SenderID, test.Queues[0].SenderID)
	require.True(t, test.Queues[0].Server.Equal(server))
	g.expectPhase(false, agent.SwitchCompleted)
	require.True(t, g.commands("new", "SEND")[0].authorized)
	require.Len(t, g.info(g.conn).Send, 1)

	before := len(g.commands("far", "SEND"))
	g.talk(3)
	g.restart()
	g.talk(1)
	require.Len(t, g.commands("far", "SEND"), before, "the old queue is not used any more")
	require.Zero(t, old.size())
	g.say(message.A_QCONT{Queue: old.address()}) // it was full when it was left
	g.talk(1)
	g.say(message.QUSE{Queues: []message.ReadyQueue{{Queue: next.address(), Primary: true}}})
	g.requireRefused()
	g.talk(1)
}

// What waits for a queue that is full goes to the new one, in order.
func TestRotationTakesWaitingMessagesAlong(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{far: relay.Config{Quota: 2}})
	server := g.startRelay(t, "new", relay.Config{})
	old, next := g.in, newInbox(t, server, smp.Messaging)
	g.say(g.proposal(next, old.address()))
	g.expectPhase(false, agent.SwitchStarted)
	answer, _ := hears[message.QKEY](g.script)
	g.expectPhase(false, agent.SwitchConfirmed)
	next.peer = answer.Queues[0].Queue.DHKey
	require.NoError(t, next.client.Secure(t.Context(), next.queue, answer.Queues[0].SenderKey))
	for _, text := range []string{"a", "b", "c", "d"} {
		g.send(g.conn, text)
	}
	expect[agent.QueueFull](g.subject)
	g.say(message.QUSE{Queues: []message.ReadyQueue{{Queue: next.address(), Primary: true}}})
	g.expectPhase(false, agent.SwitchSecured)
	// The old queue is left as it is until the new one has everything.
	moved := []parcel{next.take(), next.take(), next.take()}
	g.expectPhase(false, agent.SwitchCompleted)
	for _, text := range []string{"a", "b"} {
		m, _ := hears[message.A_MSG](g.script)
		require.Equal(t, text, string(m.Body))
	}
	for i, want := range []message.AMessage{
		message.A_MSG{Body: []byte("c")}, message.A_MSG{Body: []byte("d")},
		message.QTEST{},
	} {
		h := g.decrypt(moved[i])
		require.Equal(t, message.OK, h.integrity.Verdict)
		require.Equal(t, want.Tag(), h.AgentMessage.Body.Tag())
		if text, ok := want.(message.A_MSG); ok {
			require.Equal(t, text, h.AgentMessage.Body)
		}
	}
	g.in = next
	g.talk(1)
	for _, number := range []int64{3, 4, 5, 6} {
		g.expectSent(number)
	}
}

// A second proposal takes the place of the first.
func TestSecondProposal(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	first, second := newInbox(t, g.far, smp.Messaging), newInbox(t, g.far, smp.Messaging)
	for _, b := range []*inbox{first, second} {
		g.say(g.proposal(b, g.in.address()))
		g.expectPhase(false, agent.SwitchStarted)
		answer, _ := hears[message.QKEY](g.script)
		g.expectPhase(false, agent.SwitchConfirmed)
		b.peer = answer.Queues[0].Queue.DHKey
		require.NoError(t, b.client.Secure(t.Context(), b.queue, answer.Queues[0].SenderKey))
	}
	require.Len(t, g.info(g.conn).Send, 2)
	g.say(message.QUSE{Queues: []message.ReadyQueue{{Queue: first.address(), Primary: true}}})
	g.requireRefused()
	g.talk(1)
	g.say(message.QUSE{Queues: []message.ReadyQueue{{Queue: second.address(), Primary: true}}})
	g.expectPhase(false, agent.SwitchSecured)
	g.in = second
	hears[message.QTEST](g.script)
	g.expectPhase(false, agent.SwitchCompleted)
	g.talk(1)
}

// A second proposal that comes when messages go to the first new queue already takes
// them along.
func TestSecondProposalWhileMessagesMove(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	server := g.startRelay(t, "new", relay.Config{})
	first, second := newInbox(t, server, smp.Messaging), newInbox(t, g.far, smp.Messaging)
	g.say(g.proposal(first, g.in.address()))
	g.expectPhase(false, agent.SwitchStarted)
	key, _ := hears[message.QKEY](g.script)
	g.expectPhase(false, agent.SwitchConfirmed)
	require.NoError(t, first.client.Secure(t.Context(), first.queue, key.Queues[0].SenderKey))
	wait, release := g.hold(t, "new", "SEND")
	g.say(message.QUSE{Queues: []message.ReadyQueue{{Queue: first.address(), Primary: true}}})
	g.expectPhase(false, agent.SwitchSecured)
	wait()
	g.say(message.QUSE{Queues: []message.ReadyQueue{{Queue: first.address(), Primary: true}}})
	g.requireRefused()
	g.send(g.conn, "on the way")
	g.say(g.proposal(second, g.in.address()))
	g.expectPhase(false, agent.SwitchStarted)
	hears[message.QTEST](g.script)
	m, _ := hears[message.A_MSG](g.script)
	require.Equal(t, "on the way", string(m.Body))
	answer, _ := hears[message.QKEY](g.script)
	g.expectPhase(false, agent.SwitchConfirmed)
	release()
	second.peer = answer.Queues[0].Queue.DHKey
	require.NoError(t, second.client.Secure(t.Context(), second.queue, answer.Queues[0].SenderKey))
	g.say(message.QUSE{Queues: []message.ReadyQueue{{Queue: second.address(), Primary: true}}})
	g.expectPhase(false, agent.SwitchSecured)
	g.in = second
	hears[message.QTEST](g.script)
	g.expectPhase(false, agent.SwitchCompleted)
	g.talk(2)
	require.Len(t, g.info(g.conn).Send, 1)
	require.Zero(t, g.info(g.conn).Pending)
}
