package protocol_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// patience is how long a test waits for what has to happen.
const patience = 20 * time.Second

// command is a command that a relay executed.
type command struct {
	relay      string // its name in the test
	tag        string
	content    smp.Command
	entityID   []byte // that the client named
	senderID   []byte // of the queue
	authorized bool
	answer     smp.Response
	session    *relay.Session
}

// refused reports whether the relay answered with an error.
func (c command) refused() bool {
	_, refused := c.answer.(smp.ERR)
	return refused
}

// tap is what relays have executed, in the order over all of them, and what they are to
// do otherwise.
type tap struct {
	mu   sync.Mutex
	seen []command
	// rules change the next command that they fit.
	rules []*rule
}

// rule changes what a relay does with the next commands of a kind.
type rule struct {
	relay, tag string
	count      int
	// answer is given instead of executing; nil to execute.
	answer *smp.Error
	// lose gives no answer.
	lose bool
	// entered is told that the command is there; it waits for release.
	entered, release chan struct{}
}

// add makes a rule for the next count commands.
func (p *tap) add(r *rule) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = append(p.rules, r)
}

// refuse lets a relay refuse the next count commands with a tag.
func (p *tap) refuse(relay, tag string, count int, err *smp.Error) {
	p.add(&rule{relay: relay, tag: tag, count: count, answer: err})
}

// loseAnswer lets a relay execute the next command with a tag and say nothing.
func (p *tap) loseAnswer(relay, tag string) {
	p.add(&rule{relay: relay, tag: tag, count: 1, lose: true})
}

// hold stops the next command with a tag: wait returns when it is there, release lets
// the relay execute it.
func (p *tap) hold(t testing.TB, relay, tag string) (wait, release func()) {
	r := &rule{relay: relay, tag: tag, count: 1, entered: make(chan struct{}), release: make(chan struct{})}
	p.add(r)
	release = sync.OnceFunc(func() { close(r.release) })
	t.Cleanup(release)
	return func() {
		t.Helper()
		select {
		case <-r.entered:
		case <-time.After(patience):
			require.FailNow(t, "no command", "%s did not come to %s", tag, relay)
		}
	}, release
}

// match takes the rule for a command, nil for none.
func (p *tap) match(relay, tag string) *rule {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, r := range p.rules {
		if r.relay != relay || r.tag != tag {
			continue
		}
		if r.count--; r.count == 0 {
			p.rules = slices.Delete(p.rules, i, i+1)
		}
		return r
	}
	return nil
}

// stages are those of a relay that is recorded.
func (p *tap) stages(name string) relay.Stages {
	stages := relay.DefaultStages()
	execute := stages.Execute
	stages.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		if r.Command == nil {
			return execute(s, r)
		}
		rule := p.match(name, r.Command.Tag())
		if rule == nil {
			return p.execute(execute, name, s, r)
		}
		if rule.entered != nil {
			close(rule.entered)
			<-rule.release
		}
		if rule.answer != nil {
			return []relay.Output{{
				CorrelationID: r.Transmission.CorrelationID, EntityID: r.Transmission.EntityID, Response: smp.ERR{Err: rule.answer},
			}}
		}
		out := p.execute(execute, name, s, r)
		if rule.lose {
			return nil
		}
		return out
	}
	return stages
}

// execute records a command before another client can see what it did.
func (p *tap) execute(execute func(*relay.Session, *relay.Request) []relay.Output, name string, s *relay.Session, r *relay.Request) []relay.Output {
	c := command{
		relay: name, tag: r.Command.Tag(), content: r.Command, entityID: r.Transmission.EntityID, session: s,
		authorized: len(r.Transmission.Authorization) > 0,
	}
	if send, ok := r.Command.(smp.SEND); ok {
		send.Body = bytes.Clone(send.Body) // the relay overwrites its own
		c.content = send
	}
	if r.Queue != nil {
		c.senderID = r.Queue.SenderID()
	}
	p.mu.Lock()
	p.seen = append(p.seen, c)
	at := len(p.seen) - 1
	p.mu.Unlock()
	out := execute(s, r)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(out) > 0 {
		p.seen[at].answer = out[0].Response
		if ids, ok := out[0].Response.(smp.IDS); ok {
			p.seen[at].senderID = ids.SenderID
		}
	}
	return out
}

// commands are those that a relay has executed, with one of some tags.
func (p *tap) commands(relay string, tags ...string) (found []command) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.seen {
		if c.relay == relay && slices.Contains(tags, c.tag) && !c.refused() {
			found = append(found, c)
		}
	}
	return found
}

// order is the commands of all relays with one of some tags, as "relay TAG".
func (p *tap) order(tags ...string) (names []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.seen {
		if slices.Contains(tags, c.tag) && !c.refused() {
			names = append(names, c.relay+" "+c.tag)
		}
	}
	return names
}

// startRelay runs a relay for the time of the test and returns its address.
func (p *tap) startRelay(t testing.TB, name string, config relay.Config) link.Server {
	t.Helper()
	var err error
	config.Credentials, err = keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	config.Stages = p.stages(name)
	ctx, cancel := context.WithCancel(context.Background())
	e, err := relay.Listen(ctx, "127.0.0.1:0", config)
	require.NoError(t, err)
	t.Cleanup(func() {
		cancel()
		_ = e.Close()
	})
	server, err := link.ParseServer(e.Address())
	require.NoError(t, err)
	return server
}
