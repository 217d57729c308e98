package agent

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"smpcheck/reference/agent/network"
	"smpcheck/reference/agent/store"
	"smpcheck/reference/client"
	"smpcheck/reference/link"
)

// Agent is the connections of one user. Its methods are safe for concurrent use.
// Whoever has opened one calls Close.
type Agent struct {
	cfg   Config
	store file
	net   relays

	ctx     context.Context
	stop    context.CancelCauseFunc
	running sync.WaitGroup

	pump       pump
	workers    workers
	acks       acks
	nextServer atomic.Uint32
}

// Open opens the file of an agent or creates it, and goes on with whatever was
// unfinished. It does not wait for relays. The errors are ErrInUse, ErrConfig and
// those of the file.
func Open(ctx context.Context, cfg Config) (*Agent, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, cfg.Path, cfg.Tables...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cfg.Path, err)
	}
	n, err := network.New(cfg.Network)
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	a := &Agent{cfg: cfg, store: s, net: n}
	if cfg.between != nil {
		a.store, a.net = cfg.between(s, n)
	}
	a.ctx, a.stop = context.WithCancelCause(context.Background())
	a.pump.init()
	a.workers.init()
	a.acks.init()
	if err := a.start(ctx); err != nil {
		_ = a.Close()
		return nil, err
	}
	return a, nil
}

// start subscribes to all queues and wakes all work that the file says is unfinished.
func (a *Agent) start(ctx context.Context) error {
	var all []*store.Connection
	err := a.store.Update(ctx, func(tx *store.Tx) (err error) {
		if a.pump.again, err = tx.LastEvent(); err != nil {
			return err
		}
		all, err = tx.Connections()
		return err
	})
	if err != nil {
		return err
	}
	a.running.Go(a.pumpEvents)
	a.running.Go(a.readNetwork)
	a.running.Go(a.prune)
	queues := make(map[string][]client.Queue)
	servers := make(map[string]link.Server)
	for _, c := range all {
		for _, q := range c.Receive {
			if !q.Deleted {
				key := q.Server.String()
				servers[key] = q.Server.Server
				queues[key] = append(queues[key], q.Queue.Queue)
			}
		}
	}
	for key, server := range servers {
		if err := a.net.Watch(server, queues[key]...); err != nil {
			return err
		}
	}
	for _, c := range all {
		a.wakeAll(c)
	}
	return nil
}

// pruneInterval is how often prune looks for what is too old.
const pruneInterval = time.Hour

// prune forgets, now and again, what is older than Config.Memory.
func (a *Agent) prune() {
	ticker := time.NewTicker(pruneInterval)
	defer ticker.Stop()
	for {
		err := a.store.Update(a.ctx, func(tx *store.Tx) error {
			return tx.PruneMessages(a.cfg.Now().Add(-a.cfg.Memory))
		})
		a.logFailure("old rows were not deleted", err)
		select {
		case <-ticker.C:
		case <-a.ctx.Done():
			return
		}
	}
}

// Close stops the agent and waits until nothing of it runs any more. What is
// unfinished goes on when the file is opened again. It may be called more than once.
func (a *Agent) Close() error {
	a.workers.mu.Lock() // no worker starts any more
	a.stop(ErrClosed)
	a.workers.mu.Unlock()
	_ = a.net.Close()
	a.running.Wait()
	a.pump.close()
	return a.store.Close()
}

// Events is the channel of what happens. Events that were not acknowledged come
// first, with Again set, then new ones in their order; a slow reader only delays
// them. It is closed by Close.
func (a *Agent) Events() <-chan Event { return a.pump.channel }

// Update runs f in a transaction on the agent's file, for tables of the application.
// f must not call the agent.
func (a *Agent) Update(ctx context.Context, f func(*sql.Tx) error) error {
	return a.store.Update(ctx, func(tx *store.Tx) error { return f(tx.SQL) })
}

// newID returns a new random id of a connection.
func (a *Agent) newID() (ConnID, error) {
	id := make([]byte, 16)
	if _, err := io.ReadFull(a.cfg.Rand, id); err != nil {
		return "", fmt.Errorf("randomness for an id: %w", err)
	}
	return ConnID(hex.EncodeToString(id)), nil
}

// server returns the relay for a new queue: the wanted one, or in turn one of those
// configured, preferably none that is in use.
func (a *Agent) server(wanted *link.Server, used ...link.Server) (link.Server, error) {
	if wanted != nil {
		return *wanted, nil
	}
	n := len(a.cfg.Servers)
	if n == 0 {
		return link.Server{}, ErrServers
	}
	first := int(a.nextServer.Add(1))
	for i := range n {
		if s := a.cfg.Servers[(first+i)%n]; !contains(used, s) {
			return s, nil
		}
	}
	return a.cfg.Servers[first%n], nil
}

func contains(all []link.Server, s link.Server) bool {
	for _, o := range all {
		if o.Equal(s) {
			return true
		}
	}
	return false
}
