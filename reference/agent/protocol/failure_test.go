package protocol_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// impatient gives up the answers of relays soon.
func impatient(c *agent.Config) { c.Network.CommandTimeout = time.Second }

// Commands whose answer is lost while a connection is made are repeated, with the same
// keys, and the connection is made once.
func TestLostAnswersWhileConnecting(t *testing.T) {
	t.Parallel()
	for _, lost := range []struct{ relay, tag string }{{"far", "SKEY"}, {"far", "SEND"}, {"own", "ACK"}} {
		t.Run("initiating, "+lost.tag, func(t *testing.T) {
			t.Parallel()
			g := newStage(t, setting{agent: impatient})
			g.meet(g.invited())
			g.loseAnswer(lost.relay, lost.tag)
			g.joinWith("script")
			expect[agent.Confirmation](g.subject)
			require.NoError(t, g.Allow(t.Context(), g.conn, []byte("agent")))
			p, _ := g.answered()
			expect[agent.Connected](g.subject)
			secured := g.commands("far", "SKEY")
			require.Equal(t, secured[0].content, secured[len(secured)-1].content)
			if lost.tag == "SEND" {
				again := g.in.take()
				require.Equal(t, p.Content, again.Content)
				require.Equal(t, p.outer.DHKey.Raw(), again.outer.DHKey.Raw())
			}
			g.talk(2)
		})
	}
	t.Run("initiating by the standard procedure, KEY", func(t *testing.T) {
		t.Parallel()
		g := newStage(t, setting{role: old(2), agent: impatient})
		g.meet(modelessLink(g.invited()))
		g.loseAnswer("own", "KEY")
		g.joinWith("script")
		expect[agent.Confirmation](g.subject)
		require.NoError(t, g.Allow(t.Context(), g.conn, nil))
		p, _ := g.answered()
		require.Len(t, g.commands("own", "KEY"), 2)
		g.letIn(p.senderKey)
		g.script.out.secured = true
		g.say(message.HELLO{})
		hears[message.HELLO](g.script)
		expect[agent.Connected](g.subject)
		g.talk(1)
	})
}

// The reply queue may be gone, full or taken when the agent answers: that ends the
// connection, with one event.
func TestReplyQueueThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tag string
		err *smp.Error
	}{"taken": {"SKEY", smp.ErrAuth}, "gone": {"SEND", smp.ErrAuth}, "full": {"SEND", smp.ErrQuota}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newStage(t, setting{})
			g.meet(g.invited())
			g.joinWith("script")
			expect[agent.Confirmation](g.subject)
			g.refuse("far", c.tag, 1, c.err)
			require.NoError(t, g.Allow(t.Context(), g.conn, nil))
			require.True(t, expect[agent.Problem](g.subject).Fatal)
			require.False(t, g.info(g.conn).Ready)
			require.NoError(t, g.Delete(t.Context(), g.conn, false))
			expect[agent.Removed](g.subject)
		})
	}
}

// A reply queue at a client version of the future is an error of Allow.
func TestReplyQueueOfTheFuture(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	g.meet(g.invited())
	g.script.out.secure()
	reply := g.script.reply("script")
	reply.Queues[0].Version = 5
	g.script.out.post(g.script.out.seal(g.script.out.first(), g.confirmation(reply, true)))
	expect[agent.Confirmation](g.subject)
	require.ErrorIs(t, g.Allow(t.Context(), g.conn, nil), agent.ErrVersion)
	require.Empty(t, g.commands("far", "SKEY", "SEND"))
}

// Of several reply queues the first is used.
func TestSeveralReplyQueues(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	g.meet(g.invited())
	g.script.out.secure()
	reply := g.script.reply("script")
	second := newInbox(t, g.far, smp.Messaging)
	reply.Queues = append(reply.Queues, second.uri(g.clientVersions()).At(4))
	g.script.out.post(g.script.out.seal(g.script.out.first(), g.confirmation(reply, true)))
	expect[agent.Confirmation](g.subject)
	require.NoError(t, g.Allow(t.Context(), g.conn, nil))
	g.answered()
	expect[agent.Connected](g.subject)
	g.talk(1)
	require.Zero(t, second.size())
}

// A link whose queue is secured by someone else, or gone, is used: nothing is left of
// the attempt to join.
func TestUsedLinks(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	taken := g.invite()
	thief := newOutbox(t, taken.Queues[0].At(4))
	thief.secure()
	deleted := g.invite()
	require.NoError(t, g.in.client.Delete(t.Context(), g.in.queue))
	modeless := newScript(t, g.far, old(2))
	secured := modeless.invite()
	modeless.letIn(newKey(t, keys.Ed25519).Public())
	for name, l := range map[string]link.Connection{"taken": taken, "deleted": deleted, "secured": secured} {
		resolved, err := g.Resolve(t.Context(), l)
		require.NoError(t, err)
		_, err = g.Join(t.Context(), resolved, agent.JoinOptions{Info: []byte("late")})
		require.ErrorIs(t, err, agent.ErrLinkUsed, name)
		expect[agent.Removed](g.subject)
	}
	all, err := g.Connections(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)
	require.Len(t, g.commands("own", "NEW"), 3)
	require.Len(t, g.commands("own", "DEL"), 3, "the reply queues are deleted")
	require.Empty(t, g.commands("far", "SEND"))
}

// The same queue is no way to connect twice: a link joined again, by the same agent, is
// used.
func TestLinkJoinedTwice(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	l := g.invite()
	g.join(l, "agent")
	resolved, err := g.Resolve(t.Context(), l)
	require.NoError(t, err)
	_, err = g.Join(t.Context(), resolved, agent.JoinOptions{})
	require.ErrorIs(t, err, agent.ErrLinkUsed)
	expect[agent.Removed](g.subject)
	g.confirmed()
	g.answer("script")
	expect[agent.PeerInfo](g.subject)
	expect[agent.Connected](g.subject)
	g.talk(1)
}

// A peer that sends garbage to an application that does not read cannot fill its file:
// the relay keeps what is not acknowledged.
func TestGarbageWaitsForTheApplication(t *testing.T) {
	t.Parallel()
	g := connected(t, setting{})
	for range 20 {
		g.script.out.post(randomBytes(t, 1000))
	}
	e := g.peek()
	require.Equal(t, "problem", e.Body.Kind())
	require.Empty(t, g.ackedSince(2), "no more than the confirmation was acknowledged")
	require.NoError(t, g.Ack(t.Context(), e, agent.AckOptions{}))
	for range 19 {
		g.requireRefused()
	}
	g.talk(1)
}

// ackedSince are the ACK of the agent after the first n.
func (g *stage) ackedSince(n int) []command {
	acks := g.commands("own", "ACK")
	return acks[min(n, len(acks)):]
}

// The relay may end the subscription, because someone else has the queue's key, or lose
// the queue: the application learns that nothing can come any more.
func TestLostReceiveQueue(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(g *stage){
		"another subscriber": func(g *stage) { g.tell(smp.END{}) },
		"deleted":            func(g *stage) { g.tell(smp.DELD{}) },
		"unknown after a restart": func(g *stage) {
			g.refuse("own", "SUB", 1, smp.ErrAuth)
			g.restart()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := connected(t, setting{})
			lose(g)
			require.True(t, expect[agent.Problem](g.subject).Fatal)
			g.send(g.conn, "the other way works")
			hears[message.A_MSG](g.script)
		})
	}
}

// tell lets the agent's relay say something about the agent's queue.
func (g *stage) tell(what smp.Response) {
	created := g.commands("own", "NEW")[0]
	created.session.Send(relay.Output{EntityID: created.answer.(smp.IDS).RecipientID, Response: what})
	created.session.Flush()
}

// What the agent sends by itself may be refused too, which the application learns.
func TestRefusedSteps(t *testing.T) {
	t.Parallel()
	t.Run("HELLO", func(t *testing.T) {
		t.Parallel()
		g := newStage(t, setting{role: old(2)})
		g.join(g.invite(), "")
		p, _ := g.confirmed()
		g.letIn(p.senderKey)
		g.refuse("far", "SEND", 1, smp.ErrAuth)
		g.answer("script")
		expect[agent.PeerInfo](g.subject)
		require.True(t, expect[agent.Problem](g.subject).Fatal)
	})
	t.Run("KEY", func(t *testing.T) {
		t.Parallel()
		g := newStage(t, setting{role: old(2)})
		g.meet(modelessLink(g.invited()))
		g.refuse("own", "KEY", 1, smp.ErrAuth)
		g.joinWith("script")
		expect[agent.Confirmation](g.subject)
		require.True(t, expect[agent.Problem](g.subject).Fatal)
	})
	t.Run("QADD", func(t *testing.T) {
		t.Parallel()
		g := connected(t, setting{})
		server := g.startRelay(t, "new", relay.Config{})
		g.refuse("far", "SEND", 1, smp.ErrAuth)
		require.NoError(t, g.Switch(t.Context(), g.conn, &server))
		g.expectPhase(true, agent.SwitchStarted)
		g.requireRefused()
		require.NoError(t, g.AbortSwitch(t.Context(), g.conn))
		g.send(g.conn, "after")
		require.Equal(t, message.Skipped, g.hear().integrity.Verdict)
		g.talk(1)
	})
	t.Run("receipt", func(t *testing.T) {
		t.Parallel()
		g := connected(t, setting{})
		g.refuse("far", "SEND", 1, smp.ErrAuth)
		g.subject.receipt = true
		g.expectMessage(g.say(message.A_MSG{Body: []byte("unconfirmed")}), "unconfirmed")
		g.expectMessage(g.say(message.A_MSG{Body: []byte("confirmed")}), "confirmed")
		h := g.hear()
		require.Equal(t, message.Skipped, h.integrity.Verdict)
		require.Equal(t, int64(3), h.AgentMessage.Body.(message.A_RCVD).Receipts[0].ID)
	})
}
