package protocol_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/agent/network"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// patient makes the agent try again by itself only after a long time.
func patient(c *agent.Config) { c.Retry = network.Backoff{First: time.Hour, Max: time.Hour} }

// Agent protocol, "A_QCONT message": the agent's messages wait for it when the queue is
// full, and keep their order.
func TestFullQueueOfThePeer(t *testing.T) {
	t.Parallel()
	const room, messages = 3, 10
	g := connected(t, setting{far: relay.Config{Quota: room}, agent: patient})
	for i := range messages {
		g.send(g.conn, fmt.Sprint(i))
	}
	expect[agent.QueueFull](g.subject)
	require.Equal(t, messages-room, g.info(g.conn).Pending)
	heard := 0
	for heard < messages {
		p := g.in.take()
		if p.quota {
			g.say(message.A_QCONT{Queue: g.in.address()})
			expect[agent.Continue](g.subject)
			if heard < messages-room {
				expect[agent.QueueFull](g.subject)
			}
			continue
		}
		h := g.decrypt(p)
		require.Equal(t, message.OK, h.integrity.Verdict)
		require.Equal(t, fmt.Sprint(heard), string(h.AgentMessage.Body.(message.A_MSG).Body))
		heard++
	}
	g.send(g.conn, "last")
	for _, want := range []int64{2, 7, 11, 12} {
		g.expectSent(want)
	}
	require.Zero(t, g.info(g.conn).Pending)
}

// QCONT for another queue than the full one does not exist here; an agent tries again by
// itself too.
func TestFullQueueWithoutQCONT(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{far: relay.Config{Quota: 1}})
	g.send(g.conn, "one")
	g.send(g.conn, "two")
	expect[agent.QueueFull](g.subject)
	hears[message.A_MSG](g.script)
	require.True(t, g.in.take().quota)
	m, _ := hears[message.A_MSG](g.script)
	require.Equal(t, "two", string(m.Body))
}

// The agent says A_QCONT when its own queue was full and is empty again.
func TestFullQueueOfTheAgent(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{own: relay.Config{Quota: 2}})
	held := g.peekAfter(t, "1")
	g.say(message.A_MSG{Body: []byte("2")})
	full := g.write(message.A_MSG{Body: []byte("3")})
	require.ErrorIs(t, g.script.out.tryPost(full), smp.ErrQuota)
	require.Zero(t, g.info(g.conn).Pending, "nothing is said before the queue is read")
	require.NoError(t, g.Ack(t.Context(), held, agent.AckOptions{}))
	g.expectMessage(3, "2")
	q, h := hears[message.A_QCONT](g.script)
	require.Equal(t, g.script.out.address.SenderID, q.Queue.SenderID)
	require.True(t, q.Queue.Server.Equal(g.own))
	require.False(t, h.notify)
	// The queue takes messages again when the marker is acknowledged, which A_QCONT does
	// not wait for.
	require.Eventually(t, func() bool { return g.script.out.tryPost(full) == nil }, patience, time.Millisecond)
	g.expectMessage(4, "3")
	g.talk(1)
}

// peekAfter sends a message and returns its event without acknowledging it, so that the
// relay delivers no more.
func (g *stage) peekAfter(t *testing.T, text string) agent.Event {
	t.Helper()
	g.say(message.A_MSG{Body: []byte(text)})
	e := g.peek()
	require.Equal(t, text, string(e.Body.(agent.Received).Body))
	return e
}

// A relay that knows the queue no more, or does not let the agent in, ends the sending
// of a message.
func TestRefusedMessageIsNotSent(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	g.refuse("far", "SEND", 1, smp.ErrAuth)
	first := g.send(g.conn, "not sent")
	failed := expect[agent.NotSent](g.subject)
	require.Equal(t, first, failed.MessageID)
	require.NotEmpty(t, failed.Reason)
	second := g.send(g.conn, "sent")
	h := g.hear()
	require.Equal(t, second, h.Header.ID)
	require.Equal(t, message.Integrity{Verdict: message.Skipped, From: first, To: first}, h.integrity)
	g.expectSent(second)

	require.NoError(t, g.in.client.Delete(t.Context(), g.in.queue))
	third := g.send(g.conn, "too late")
	require.Equal(t, third, expect[agent.NotSent](g.subject).MessageID)
	require.Zero(t, g.info(g.conn).Pending)
	g.expectMessage(g.say(message.A_MSG{Body: []byte("the other way works")}), "the other way works")
}

// A message that cannot be sent for long is given up.
func TestMessageTimeout(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{agent: func(c *agent.Config) { c.MessageTimeout = 50 * time.Millisecond }})
	g.refuse("far", "SEND", 1000, smp.ErrInternal)
	number := g.send(g.conn, "never")
	require.Equal(t, number, expect[agent.NotSent](g.subject).MessageID)
}

// An answer of the relay that is lost makes the agent send the same bytes again.
func TestLostAnswerRepeatsTheSameBytes(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{agent: impatient})
	g.loseAnswer("far", "SEND")
	number := g.send(g.conn, "once")
	first := g.decrypt(g.in.take())
	again := g.in.take()
	require.Equal(t, number, first.Header.ID)
	require.Equal(t, first.Content, again.Content, "the ratchet has encrypted once")
	require.NotEqual(t, first.outer.Nonce, again.outer.Nonce, "the queue's encryption has a new nonce")
	g.expectSent(number)
	g.talk(1)
}

// Agent.Delete with wait delivers what is queued, then deletes the queue.
func TestDeleteWaits(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	wait, release := g.hold(t, "far", "SEND")
	for i := range 3 {
		g.send(g.conn, fmt.Sprint(i))
	}
	wait()
	require.NoError(t, g.Delete(t.Context(), g.conn, true))
	require.True(t, g.info(g.conn).Deleted)
	_, err := g.Send(t.Context(), g.conn, nil, agent.SendOptions{})
	require.ErrorIs(t, err, agent.ErrState)
	require.Empty(t, g.commands("own", "DEL"))
	release()
	for i := range 3 {
		m, _ := hears[message.A_MSG](g.script)
		require.Equal(t, fmt.Sprint(i), string(m.Body))
	}
	expect[agent.Removed](g.subject)
	require.Len(t, g.commands("own", "DEL"), 1)
	order := g.order("SEND", "DEL")
	require.Equal(t, []string{"far SEND", "far SEND", "far SEND", "own DEL"}, order[len(order)-4:])
	require.ErrorIs(t, g.script.out.tryPost(g.write(message.HELLO{})), smp.ErrAuth)
	_, err = g.Connection(t.Context(), g.conn)
	require.ErrorIs(t, err, agent.ErrNotFound)
}

// Without wait what is queued is dropped.
func TestDeleteAtOnce(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{far: relay.Config{Quota: 1}, agent: patient})
	g.send(g.conn, "one")
	g.send(g.conn, "two")
	expect[agent.QueueFull](g.subject)
	require.NoError(t, g.Delete(t.Context(), g.conn, false))
	expect[agent.Removed](g.subject)
	require.Len(t, g.commands("own", "DEL"), 1)
	require.Len(t, g.commands("far", "SEND"), 2, "the confirmation and the first message")
}
