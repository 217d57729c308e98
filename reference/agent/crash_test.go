package agent_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
	"smpcheck/reference/wire"
)

// story is what two people do while one of their processes is killed.
type story struct {
	name   string
	relays relay.Config
	pq     bool
	fast   bool // Config.FastRotation
	// before is done by processes that are not killed.
	before func(alice, bob *person)
	play   func(alice, bob *person)
}

var stories = []story{
	{name: "invitation", play: func(alice, bob *person) {
		bob.join(alice.link(false, false))
		talk(alice, bob, 1)
		heard(alice, bob)
	}},
	{name: "standard procedure", relays: relay.Config{Versions: wire.Versions(6, 8)}, play: func(alice, bob *person) {
		bob.join(alice.link(false, false))
		talk(alice, bob, 1)
		heard(alice, bob)
	}},
	{name: "contact address", play: func(alice, bob *person) {
		bob.join(alice.link(true, false))
		talk(alice, bob, 1)
		heard(alice, bob)
	}},
	{name: "short link", play: func(alice, bob *person) {
		bob.join(alice.link(false, true))
		talk(alice, bob, 1)
		heard(alice, bob)
	}},
	{name: "messages", pq: true, before: meet, play: func(alice, bob *person) {
		talk(alice, bob, 2)
		heard(alice, bob)
	}},
	{name: "rotation", before: meet, play: rotate},
	{name: "fast rotation", fast: true, before: meet, play: rotate},
	{name: "synchronization", before: meet, play: resynchronize},
	{name: "delete", before: meet, play: leave},
}

// meet connects two people.
func meet(alice, bob *person) {
	bob.join(alice.link(false, false))
	alice.connected()
	bob.connected()
}

// rotate moves alice's queue while both talk.
func rotate(alice, bob *person) {
	a := alice.connected()
	err := alice.do(func(p *agent.Agent) error {
		if len(alice.strings(`SELECT 1 FROM app_log WHERE detail = 'started true'`)) > 0 {
			return nil
		}
		if i, err := p.Connection(alice.t.Context(), a); err != nil || len(i.Receive) > 1 {
			return err
		}
		return p.Switch(alice.t.Context(), a, nil)
	})
	require.NoError(alice.t, err)
	talk(alice, bob, 2)
	for _, w := range []struct {
		*person
		detail string
	}{{alice, "completed true"}, {bob, "completed false"}} {
		w.await(func() bool { return len(w.strings(`SELECT 1 FROM app_log WHERE detail = ?`, w.detail)) > 0 })
	}
	heard(alice, bob)
}

// resynchronize makes both agree on a new ratchet.
func resynchronize(alice, bob *person) {
	a := alice.connected()
	err := alice.do(func(p *agent.Agent) error {
		if len(alice.strings(`SELECT 1 FROM app_log WHERE kind = 'synchronization'`)) > 0 {
			return nil
		}
		if i, err := p.Connection(alice.t.Context(), a); err != nil || i.Sync != agent.SyncOK {
			return err
		}
		return p.Resync(alice.t.Context(), a, true)
	})
	require.NoError(alice.t, err)
	for _, p := range []*person{alice, bob} {
		p.await(func() bool {
			return len(p.strings(`SELECT 1 FROM app_log WHERE detail LIKE 'agreed%'`)) > 0 &&
				len(p.strings(`SELECT 1 FROM app_log WHERE detail LIKE 'ok%'`)) > 0
		})
	}
	talk(alice, bob, 1)
	heard(alice, bob)
}

// leave makes alice say something and leave.
func leave(alice, bob *person) {
	a := alice.connected()
	alice.say(a, "bye", agent.SendOptions{})
	err := alice.do(func(p *agent.Agent) error {
		if len(alice.strings(`SELECT 1 FROM app_connections`)) == 0 {
			return nil
		}
		if i, err := p.Connection(alice.t.Context(), a); err == nil && i.Deleted {
			return nil
		}
		if err := p.Delete(alice.t.Context(), a, true); !errors.Is(err, agent.ErrNotFound) {
			return err
		}
		return nil // it is gone, and Removed follows
	})
	require.NoError(alice.t, err)
	alice.await(func() bool { return len(alice.strings(`SELECT 1 FROM app_connections`)) == 0 })
	bob.await(func() bool { return len(bob.strings(`SELECT 1 FROM app_received WHERE body = 'bye'`)) == 1 })
}

// ending is how a story ends.
type ending struct {
	states  [2][]string
	reached bool // a process was killed
}

// tell plays a story once, in which one side's process is killed after some deeds, 0
// for never. expected is the ending of the story without that.
func tell(t *testing.T, s story, victim, deeds int, expected *ending) (e ending) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var endpoints [2]*relay.Endpoint
	var servers [2]link.Server
	for i := range endpoints {
		endpoints[i], servers[i] = listen(t, ctx, s.relays)
	}
	change := func(c *agent.Config) { c.NoPQ, c.FastRotation = !s.pq, s.fast }
	alice := newPerson(t, "alice", servers[:], change)
	bob := newPerson(t, "bob", servers[:], change)
	people := []*person{alice, bob}
	if s.before != nil {
		s.before(alice, bob)
	}
	people[victim].mortal(deeds)
	s.play(alice, bob)

	unowned := 0
	for _, p := range people {
		for _, l := range p.ends {
			_, n := l.end()
			unowned += n
		}
		e.reached = e.reached || len(p.ends) > 0
	}
	for i, p := range people {
		p.await(func() bool {
			var settled bool
			e.states[i], settled = p.state()
			if expected == nil {
				return settled
			}
			return fmt.Sprint(e.states[i]) == fmt.Sprint(expected.states[i])
		})
		require.Empty(t, p.strings(`SELECT detail FROM app_log WHERE kind = 'problem'`), p.name)
	}
	alice.await(func() bool {
		owned := len(alice.strings(`SELECT 1 FROM receive_queues`)) + len(bob.strings(`SELECT 1 FROM receive_queues`))
		return endpoints[0].Queues()+endpoints[1].Queues() <= owned+unowned
	})
	for _, p := range people {
		p.stop()
	}
	for _, e := range endpoints {
		_ = e.Close()
	}
	return e
}

// A process may be killed at any point of any story: whatever both sides have agreed,
// said and heard is as without that.
func TestKilledAtEveryPoint(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 7
	}
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			undisturbed := tell(t, s, 0, 0, nil)
			require.False(t, undisturbed.reached)
			for victim, name := range []string{"alice", "bob"} {
				for deeds, reached := 1, true; reached; deeds += step {
					t.Run(fmt.Sprintf("%s %d", name, deeds), func(t *testing.T) {
						reached = tell(t, s, victim, deeds, &undisturbed).reached
					})
					if t.Failed() {
						return
					}
				}
			}
		})
	}
}
