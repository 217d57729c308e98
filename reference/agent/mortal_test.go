package agent_test

import (
	"context"
	"errors"
	"sync"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/store"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

// errKilled is what a process that was killed gets from everything around it.
var errKilled = errors.New("the process was killed")

// life is that of one process of an agent, which ends at one of its deeds: when
// something was committed, before a command reaches a relay, or before its answer does.
// From then on nothing that the process does has an effect.
type life struct {
	over chan struct{} // closed at the end

	mu    sync.Mutex
	left  int    // deeds until the end, 0 for no end
	last  string // the deed at which it ended
	alive bool
	// unowned is how many queues relays may have made that are not in the file, or not yet.
	unowned int
}

// newLife returns a life of some deeds, 0 for an endless one.
func newLife(deeds int) *life {
	return &life{over: make(chan struct{}), left: deeds, alive: true}
}

// limit ends a life that was endless so far after some deeds.
func (l *life) limit(deeds int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = deeds
}

// goesOn reports whether the process has not been killed.
func (l *life) goesOn() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.alive
}

// deed counts a deed, and reports whether the process lives on.
func (l *life) deed(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.alive && l.left > 0 {
		if l.left--; l.left == 0 {
			l.alive, l.last = false, name
			close(l.over)
		}
	}
	return l.alive
}

func (l *life) created(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.alive {
		l.unowned += n
	}
}

// end is how the life ended, "" if it has not, with the number of queues that may be at
// relays without being in the file.
func (l *life) end() (deed string, unowned int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, l.unowned
}

// mortalFile is a file of a process that may be killed.
type mortalFile struct {
	agent.File
	life *life
}

func (m mortalFile) Update(ctx context.Context, f func(*store.Tx) error) error {
	if !m.life.goesOn() {
		return errKilled
	}
	var before, after, queuesBefore, queuesAfter int
	count := func(tx *store.Tx, changes, queues *int) error {
		return tx.SQL.QueryRow("SELECT total_changes(), (SELECT count(*) FROM receive_queues)").Scan(changes, queues)
	}
	err := m.File.Update(ctx, func(tx *store.Tx) error {
		if err := count(tx, &before, &queuesBefore); err != nil {
			return err
		}
		if err := f(tx); err != nil {
			return err
		}
		if !m.life.goesOn() {
			return errKilled
		}
		return count(tx, &after, &queuesAfter)
	})
	if err != nil {
		return err
	}
	if queuesAfter > queuesBefore {
		m.life.created(-1)
	}
	if after > before && !m.life.deed("commit") {
		return errKilled
	}
	return nil
}

// mortalRelays are relays as a process sees them that may be killed.
type mortalRelays struct {
	agent.Relays
	life *life
}

// command is one command to a relay.
func command[T any](l *life, name string, f func() (T, error)) (T, error) {
	var none T
	if !l.deed("before " + name) {
		return none, errKilled
	}
	if name == "NEW" {
		l.created(1)
	}
	v, err := f()
	if !l.deed("after " + name) {
		return none, errKilled
	}
	return v, err
}

func (m mortalRelays) command(name string, f func() error) error {
	_, err := command(m.life, name, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

func (m mortalRelays) Watch(server link.Server, queues ...client.Queue) error {
	if !m.life.goesOn() {
		return errKilled
	}
	return m.Relays.Watch(server, queues...)
}

func (m mortalRelays) CreateQueue(ctx context.Context, server link.Server, o client.QueueOptions) (client.Queue, error) {
	return command(m.life, "NEW", func() (client.Queue, error) { return m.Relays.CreateQueue(ctx, server, o) })
}

func (m mortalRelays) CreateLinkQueue(ctx context.Context, server link.Server, o client.LinkQueueOptions) (q client.Queue, id []byte, err error) {
	q, err = command(m.life, "NEW", func() (q client.Queue, err error) {
		q, id, err = m.Relays.CreateLinkQueue(ctx, server, o)
		return q, err
	})
	return q, id, err
}

func (m mortalRelays) Ack(ctx context.Context, server link.Server, q client.Queue, id []byte) error {
	return m.command("ACK", func() error { return m.Relays.Ack(ctx, server, q, id) })
}

func (m mortalRelays) Secure(ctx context.Context, server link.Server, q client.Queue, sender keys.PublicKey) error {
	return m.command("KEY", func() error { return m.Relays.Secure(ctx, server, q, sender) })
}

func (m mortalRelays) Delete(ctx context.Context, server link.Server, q client.Queue) error {
	return m.command("DEL", func() error { return m.Relays.Delete(ctx, server, q) })
}

func (m mortalRelays) Send(ctx context.Context, server link.Server, q client.SenderQueue, notify bool, body []byte) error {
	return m.command("SEND", func() error { return m.Relays.Send(ctx, server, q, notify, body) })
}

func (m mortalRelays) SecureBySender(ctx context.Context, server link.Server, q client.SenderQueue) error {
	return m.command("SKEY", func() error { return m.Relays.SecureBySender(ctx, server, q) })
}

func (m mortalRelays) SecureLink(ctx context.Context, server link.Server, id []byte, key keys.PrivateKey) (smp.LNK, error) {
	return command(m.life, "LKEY", func() (smp.LNK, error) { return m.Relays.SecureLink(ctx, server, id, key) })
}
