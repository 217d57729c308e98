package agent_test

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/network"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
)

// patience is how long a test waits for what has to happen.
const patience = 20 * time.Second

// startRelay runs a relay for the time of the test and returns its address.
func startRelay(t testing.TB, config relay.Config) link.Server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	e, address := listen(t, ctx, config)
	t.Cleanup(func() {
		cancel()
		_ = e.Close()
	})
	return address
}

// listen runs a relay until ctx ends.
func listen(t testing.TB, ctx context.Context, config relay.Config) (*relay.Endpoint, link.Server) {
	t.Helper()
	var err error
	config.Credentials, err = keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	e, err := relay.Listen(ctx, "127.0.0.1:0", config)
	require.NoError(t, err)
	address, err := link.ParseServer(e.Address())
	require.NoError(t, err)
	address.Password = string(config.Password)
	return e, address
}

// peer is an agent with someone behind it who acknowledges every event.
type peer struct {
	t    testing.TB
	name string
	cfg  agent.Config
	*agent.Agent
	// seen are the events that were taken and not yet expected by the test.
	seen []agent.Event
	// receipt acknowledges received messages to their sender.
	receipt bool
}

// newPeer opens an agent that receives on some relays.
func newPeer(t testing.TB, name string, servers []link.Server, change ...func(*agent.Config)) *peer {
	t.Helper()
	p := &peer{t: t, name: name, receipt: true, cfg: agent.Config{
		Path: filepath.Join(t.TempDir(), name+".db"), Servers: servers,
		Network: network.Config{Backoff: network.Backoff{First: 20 * time.Millisecond, Max: 200 * time.Millisecond}},
		Retry:   network.Backoff{First: 20 * time.Millisecond, Max: 200 * time.Millisecond},
	}}
	for _, f := range change {
		f(&p.cfg)
	}
	p.open()
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func (p *peer) open() {
	p.t.Helper()
	a, err := agent.Open(p.t.Context(), p.cfg)
	require.NoError(p.t, err)
	p.Agent = a
}

// restart closes the agent and opens it again.
func (p *peer) restart() {
	p.t.Helper()
	require.NoError(p.t, p.Close())
	p.seen = nil
	p.open()
}

// next takes the next event about connections and acknowledges it.
func (p *peer) next() agent.Event {
	p.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case e, ok := <-p.Events():
			require.True(p.t, ok, "%s: closed", p.name)
			if e.ID == 0 {
				continue
			}
			require.NoError(p.t, p.Ack(p.t.Context(), e, agent.AckOptions{Receipt: p.receipt}))
			return e
		case <-timer.C:
			require.FailNow(p.t, "no event", "%s waited %v; seen before: %v", p.name, patience, kinds(p.seen))
		}
	}
}

func kinds(all []agent.Event) (names []string) {
	for _, e := range all {
		names = append(names, e.Body.Kind())
	}
	return names
}

// expect returns the next event of a type; others that come before are kept for later
// calls. A Problem fails the test unless it is what is expected.
func expect[T agent.EventBody](p *peer, conn agent.ConnID) T {
	p.t.Helper()
	return expectWhere(p, conn, func(T) bool { return true })
}

func expectWhere[T agent.EventBody](p *peer, conn agent.ConnID, ok func(T) bool) T {
	p.t.Helper()
	for i := 0; ; i++ {
		if i == len(p.seen) {
			p.seen = append(p.seen, p.next())
		}
		e := p.seen[i]
		body, is := e.Body.(T)
		if is && e.Conn == conn && ok(body) {
			p.seen = append(p.seen[:i], p.seen[i+1:]...)
			return body
		}
		if problem, bad := e.Body.(agent.Problem); bad {
			require.FailNow(p.t, "problem", "%s: %s", p.name, problem.Reason)
		}
	}
}

// connect makes a connection between two peers with an invitation of the first.
func connect(inviting, joining *peer) (agent.ConnID, agent.ConnID) {
	t := inviting.t
	t.Helper()
	created, err := inviting.CreateInvitation(t.Context(), agent.CreateOptions{})
	require.NoError(t, err)
	text, err := link.ParseLink(created.Link.Text())
	require.NoError(t, err)
	return created.Conn, join(inviting, joining, created.Conn, text)
}

// join connects a peer with an invitation of another.
func join(inviting, joining *peer, invited agent.ConnID, l link.Link) agent.ConnID {
	t := inviting.t
	t.Helper()
	resolved, err := joining.Resolve(t.Context(), l)
	require.NoError(t, err)
	joined, err := joining.Join(t.Context(), resolved, agent.JoinOptions{Info: []byte(joining.name)})
	require.NoError(t, err)
	require.Equal(t, joining.name, string(expect[agent.Confirmation](inviting, invited).Info))
	require.NoError(t, inviting.Allow(t.Context(), invited, []byte(inviting.name)))
	require.Equal(t, inviting.name, string(expect[agent.PeerInfo](joining, joined).Info))
	expect[agent.Connected](inviting, invited)
	expect[agent.Connected](joining, joined)
	return joined
}

// say sends a message and waits until it has arrived and was acknowledged.
func say(from *peer, fromConn agent.ConnID, to *peer, toConn agent.ConnID, text string) agent.Received {
	t := from.t
	t.Helper()
	id, err := from.Send(t.Context(), fromConn, []byte(text), agent.SendOptions{})
	require.NoError(t, err)
	m := expect[agent.Received](to, toConn)
	require.Equal(t, text, string(m.Body))
	require.Equal(t, id, m.MessageID)
	require.Equal(t, "ok", m.Integrity.Verdict.String())
	require.Equal(t, id, expect[agent.Sent](from, fromConn).MessageID)
	if to.receipt {
		delivered := expect[agent.Delivered](from, fromConn)
		require.Equal(t, []agent.DeliveryReceipt{{MessageID: id, Intact: true}}, delivered.Receipts)
	}
	return m
}
