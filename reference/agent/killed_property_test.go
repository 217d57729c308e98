package agent_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/network"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/relay"
)

// cutListener is a listener whose connections can be cut.
type cutListener struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (l *cutListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.mu.Lock()
		l.conns = append(l.conns, c)
		l.mu.Unlock()
	}
	return c, err
}

// cut ends all connections.
func (l *cutListener) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.conns = nil
}

// startCuttable runs a relay for the time of the test, whose connections can be cut.
func startCuttable(t testing.TB) (*relay.Relay, *cutListener, link.Server) {
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	r, err := relay.New(relay.Config{Credentials: credentials, Quota: 4})
	require.NoError(t, err)
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &cutListener{Listener: inner}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() { _ = r.Serve(ctx, l) })
	t.Cleanup(func() {
		cancel()
		_ = r.Close()
		serving.Wait()
	})
	fingerprint := r.Fingerprint()
	server, err := link.ParseServer(fmt.Sprintf("smp://%s@%s", fingerprint, inner.Addr()))
	require.NoError(t, err)
	return r, l, server
}

// checkTB is one check of a property as a test: failures are rapid's.
type checkTB struct {
	testing.TB
	check *rapid.T
}

func (c checkTB) Helper()                      {}
func (c checkTB) Cleanup(f func())             { c.check.Cleanup(f) }
func (c checkTB) Context() context.Context     { return context.WithoutCancel(c.check.Context()) }
func (c checkTB) Errorf(text string, a ...any) { c.check.Errorf(text, a...) }
func (c checkTB) FailNow()                     { c.check.FailNow() }

// act is one thing that a person does, or that happens to it.
type act struct {
	who    int
	what   string
	deeds  int // until the process is killed
	silent bool
	pq     ratchet.PQEncryption
}

func drawAct(t *rapid.T) act {
	return act{
		who: rapid.IntRange(0, 1).Draw(t, "who"),
		what: rapid.SampledFrom([]string{
			"say", "say", "say", "say", "kill", "kill", "restart", "cut", "switch", "abort", "pause", "go on",
		}).Draw(t, "what"),
		deeds:  rapid.IntRange(1, 30).Draw(t, "deeds"),
		silent: rapid.Bool().Draw(t, "silent"),
		pq:     rapid.SampledFrom([]ratchet.PQEncryption{ratchet.PQUnchanged, ratchet.PQOn, ratchet.PQOff}).Draw(t, "pq"),
	}
}

// Whatever two people do, and whenever their processes end: everything that was said
// arrives once and in order, and nothing is left over.
func TestPropertyKilledAnywhere(t *testing.T) {
	rapid.Check(t, func(check *rapid.T) {
		fast := rapid.Bool().Draw(check, "fast rotation")
		acts := rapid.SliceOfN(rapid.Custom(drawAct), 1, 16).Draw(check, "acts")
		live(checkTB{t, check}, fast, acts)
	})
}

func live(t checkTB, fast bool, acts []act) {
	var relays [2]*relay.Relay
	var listeners [2]*cutListener
	var servers [2]link.Server
	for i := range relays {
		relays[i], listeners[i], servers[i] = startCuttable(t)
	}
	set := func(c *agent.Config) { c.FastRotation = fast }
	people := []*person{newPerson(t, "alice", servers[:], set), newPerson(t, "bob", servers[:], set)}
	meet(people[0], people[1])
	conns := []agent.ConnID{people[0].connected(), people[1].connected()}
	goOn := []func(){func() {}, func() {}}
	aborted := false
	for i, a := range acts {
		p, c := people[a.who], conns[a.who]
		switch a.what {
		case "say":
			p.say(c, fmt.Sprintf("%s %d", p.name, i), agent.SendOptions{Silent: a.silent, PQ: a.pq})
		case "kill":
			p.mortal(a.deeds)
		case "restart":
			p.restart()
		case "cut":
			listeners[a.who].cut()
		case "switch":
			p.tryTo(func(g *agent.Agent) error { return g.Switch(t.Context(), c, nil) })
		case "abort":
			if !fast { // a peer that moves by the fast procedure may have moved already
				aborted = true
				p.tryTo(func(g *agent.Agent) error { return g.AbortSwitch(t.Context(), c) })
			}
		case "pause":
			goOn[a.who]()
			goOn[a.who] = p.pause()
		case "go on":
			goOn[a.who]()
			goOn[a.who] = func() {}
		}
	}
	for i, p := range people {
		goOn[i]()
		p.mortal(0)
	}
	heard(people[0], people[1])
	owned := 0
	for _, p := range people {
		p.await(func() bool { return quiet(p) })
		if !aborted {
			require.Empty(t, p.strings(`SELECT detail FROM app_log WHERE kind = 'problem'`), p.name)
		}
		owned += len(p.strings(`SELECT 1 FROM receive_queues`))
	}
	for _, p := range people {
		p.stop()
		for _, l := range append(p.ends, p.life) {
			_, n := l.end()
			owned += n
		}
	}
	require.LessOrEqual(t, relays[0].Queues()+relays[1].Queues(), owned, "queues at the relays")
}

// tryTo does something that may not be possible now.
func (p *person) tryTo(f func(*agent.Agent) error) {
	err := p.do(f)
	if !errors.Is(err, agent.ErrState) && !network.Temporary(err) {
		require.NoError(p.t, err)
	}
}

// quiet reports whether a person has one connection and nothing is under way.
func quiet(p *person) (ok bool) {
	err := p.do(func(a *agent.Agent) error {
		infos, err := a.Connections(p.t.Context())
		ok = len(infos) == 1 && infos[0].Pending == 0 && infos[0].Ready && len(infos[0].Receive) == 1
		return err
	})
	require.NoError(p.t, err)
	return ok
}
