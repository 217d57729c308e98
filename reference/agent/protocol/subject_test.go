package protocol_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/agent/network"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
)

// subject is the agent that is tested, with an application that acknowledges every
// event.
type subject struct {
	t   testing.TB
	cfg agent.Config
	*agent.Agent
	// receipt acknowledges received messages to their sender too.
	receipt bool
	// sent are the numbers in Sent events, which come at times of their own.
	sent []int64
}

func newSubject(t testing.TB, server link.Server, change ...func(*agent.Config)) *subject {
	t.Helper()
	pauses := network.Backoff{First: 10 * time.Millisecond, Max: 100 * time.Millisecond}
	a := &subject{t: t, cfg: agent.Config{
		Path: filepath.Join(t.TempDir(), "agent.db"), Servers: []link.Server{server},
		Network: network.Config{Backoff: pauses}, Retry: pauses,
	}}
	for _, f := range change {
		f(&a.cfg)
	}
	a.open()
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func (a *subject) open() {
	a.t.Helper()
	opened, err := agent.Open(a.t.Context(), a.cfg)
	require.NoError(a.t, err)
	a.Agent = opened
}

// restart closes the agent and opens it again.
func (a *subject) restart() {
	a.t.Helper()
	require.NoError(a.t, a.Close())
	a.open()
}

// next takes the next event about a connection, of those other than Sent, and
// acknowledges it.
func (a *subject) next() agent.Event {
	a.t.Helper()
	for {
		e := a.peek()
		require.NoError(a.t, a.Ack(a.t.Context(), e, agent.AckOptions{Receipt: a.receipt}))
		if sent, ok := e.Body.(agent.Sent); ok {
			a.sent = append(a.sent, sent.MessageID)
			continue
		}
		return e
	}
}

// peek takes the next event about a connection and does not acknowledge it.
func (a *subject) peek() agent.Event {
	a.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case e, ok := <-a.Events():
			require.True(a.t, ok, "the agent is closed")
			if e.ID != 0 {
				return e
			}
		case <-timer.C:
			require.FailNow(a.t, "no event", "waited %v", patience)
		}
	}
}

// expect returns the next event, which has to be of a type.
func expect[T agent.EventBody](a *subject) T {
	a.t.Helper()
	e := a.next()
	body, ok := e.Body.(T)
	require.True(a.t, ok, "%s came, not %s: %+v", e.Body.Kind(), body.Kind(), e.Body)
	return body
}

// expectMessage is expect for a message whose number and text are known.
func (a *subject) expectMessage(number int64, text string) {
	a.t.Helper()
	m := expect[agent.Received](a)
	require.Equal(a.t, message.OK, m.Integrity.Verdict, "%s", m.Integrity.Verdict)
	require.Equal(a.t, number, m.MessageID)
	require.Equal(a.t, text, string(m.Body))
}

// expectSent waits for the Sent event of a message; no other event may come before.
func (a *subject) expectSent(number int64) {
	a.t.Helper()
	for !slices.Contains(a.sent, number) {
		e := a.peek()
		require.NoError(a.t, a.Ack(a.t.Context(), e, agent.AckOptions{}))
		sent, ok := e.Body.(agent.Sent)
		require.True(a.t, ok, "%s came, not sent", e.Body.Kind())
		a.sent = append(a.sent, sent.MessageID)
	}
}

// send gives the agent a text to send.
func (a *subject) send(id agent.ConnID, text string) int64 {
	a.t.Helper()
	number, err := a.Send(a.t.Context(), id, []byte(text), agent.SendOptions{})
	require.NoError(a.t, err)
	return number
}

func (a *subject) info(id agent.ConnID) agent.Info {
	a.t.Helper()
	info, err := a.Connection(a.t.Context(), id)
	require.NoError(a.t, err)
	return info
}

// stage is an agent and a script with a relay each: "own" is that of the agent, "far"
// that of the script.
type stage struct {
	*tap
	own, far link.Server
	*subject
	*script
	t testing.TB
	// conn is the agent's connection.
	conn agent.ConnID
}

// setting says how a stage differs from the usual one.
type setting struct {
	role     role
	own, far relay.Config
	agent    func(*agent.Config)
}

func newStage(t testing.TB, s setting) *stage {
	t.Helper()
	g := &stage{tap: &tap{}, t: t}
	g.own, g.far = g.startRelay(t, "own", s.own), g.startRelay(t, "far", s.far)
	var change []func(*agent.Config)
	if s.agent != nil {
		change = append(change, s.agent)
	}
	g.subject, g.script = newSubject(t, g.own, change...), newScript(t, g.far, s.role)
	return g
}

// invited lets the agent create an invitation, as a text that goes from hand to hand.
func (g *stage) invited() link.Connection {
	g.t.Helper()
	created, err := g.CreateInvitation(g.t.Context(), agent.CreateOptions{})
	require.NoError(g.t, err)
	g.conn = created.Conn
	l, err := link.ParseConnection(created.Link.Text())
	require.NoError(g.t, err)
	return l
}

// join lets the agent join with a link of the script.
func (g *stage) join(l link.Connection, info string) {
	g.t.Helper()
	resolved, err := g.Resolve(g.t.Context(), l)
	require.NoError(g.t, err)
	g.conn, err = g.Join(g.t.Context(), resolved, agent.JoinOptions{Info: []byte(info)})
	require.NoError(g.t, err)
}

// connectInviting connects the script with an invitation of the agent.
func (g *stage) connectInviting() {
	g.t.Helper()
	g.meet(g.invited())
	g.joinWith("script")
	require.Equal(g.t, "script", string(expect[agent.Confirmation](g.subject).Info))
	require.NoError(g.t, g.Allow(g.t.Context(), g.conn, []byte("agent")))
	p, info := g.answered()
	require.Equal(g.t, "agent", string(info.Info))
	g.script.out.secured = true // by SKEY, or by the agent with KEY
	if !p.senderKey.IsZero() {
		g.letIn(p.senderKey)
		g.say(message.HELLO{})
		hears[message.HELLO](g.script)
	}
	expect[agent.Connected](g.subject)
}

// connectJoining lets the agent connect with an invitation of the script.
func (g *stage) connectJoining() {
	g.t.Helper()
	g.join(g.invite(), "agent")
	p, reply := g.confirmed()
	require.Equal(g.t, "agent", string(reply.Info))
	if !p.senderKey.IsZero() {
		g.letIn(p.senderKey)
	}
	g.answer("script")
	require.Equal(g.t, "script", string(expect[agent.PeerInfo](g.subject).Info))
	if !g.script.out.secured {
		hears[message.HELLO](g.script)
		g.script.out.secured = true
		g.say(message.HELLO{})
	}
	expect[agent.Connected](g.subject)
}

// expectNonePending waits until the agent knows that all it sent was taken: the script may
// see a message before the agent sees the relay's OK.
func (g *stage) expectNonePending() {
	g.t.Helper()
	require.Eventually(g.t, func() bool { return g.info(g.conn).Pending == 0 }, patience, time.Millisecond)
}

// talk sends messages both ways and checks that they arrive.
func (g *stage) talk(n int) {
	g.t.Helper()
	for range n {
		number := g.say(message.A_MSG{Body: []byte("of the script")})
		g.expectMessage(number, "of the script")
		number = g.send(g.conn, "of the agent")
		m, h := hears[message.A_MSG](g.script)
		require.Equal(g.t, "of the agent", string(m.Body))
		require.Equal(g.t, number, h.Header.ID)
		g.expectSent(number)
	}
}
