package relay

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"smpcheck/reference/keys"
)

// ErrClosed: the relay was closed.
var ErrClosed = errors.New("relay is closed")

// Relay is an SMP relay. Its messages live as long as it does, its queues and
// services too unless there is a Config.Store.
type Relay struct {
	config Config
	stages Stages
	store  *store
	log    *slog.Logger

	services  services
	journal   *journal // nil for a relay without store
	startedAt time.Time
	counters  counters
	workers   workers

	destinations *destinations // nil for a relay that does not forward
	replays      *replays
	names        *names // nil for a relay that does not resolve names

	mu          sync.Mutex
	closed      bool
	connections map[net.Conn]struct{}
	handshakes  int // of connections, those that are in the handshake
	listeners   map[net.Listener]struct{}
	stop        context.CancelFunc
	running     sync.WaitGroup
}

// New returns a relay that serves nobody yet. It starts a goroutine for
// Config.SweepInterval, so Close has to be called in the end. It returns
// ErrConfig, and what Config.Store or its records say.
func New(config Config) (*Relay, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	r := &Relay{
		config:      config,
		stages:      config.Stages,
		store:       newStore(config.MaxQueues),
		log:         config.Logger,
		replays:     newReplays(config.ReplayMemory),
		startedAt:   time.Now(),
		connections: make(map[net.Conn]struct{}),
		listeners:   make(map[net.Listener]struct{}),
	}
	r.services.restore(config.Services, config.MaxServices)
	if config.Store != nil {
		if err := r.restore(); err != nil {
			return nil, err
		}
		r.journal = newJournal(r)
		r.services.journal = r.journal
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	if config.Proxy != nil {
		r.destinations = newDestinations(ctx, r)
	}
	if config.Names != nil {
		r.names = &names{config: config.Names, ctx: ctx}
	}
	r.running.Go(func() { r.sweep(ctx) })
	return r, nil
}

// Fingerprint is the identity of the relay, which its address has.
func (r *Relay) Fingerprint() keys.Fingerprint { return r.config.Credentials.Fingerprint() }

// Queues is the number of queues that exist.
func (r *Relay) Queues() int { return int(r.store.count.Load()) }

// Connections is the number of connections that are served, those in the
// handshake included.
func (r *Relay) Connections() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.connections)
}

// Close ends all connections and listeners of the relay and waits until
// everything that it started has ended. Messages are gone; queues too, except
// those in Config.Store, which Close does not close.
func (r *Relay) Close() error {
	r.mu.Lock()
	r.closed = true
	for l := range r.listeners {
		// Serve reports what the listener says.
		_ = l.Close()
	}
	for c := range r.connections {
		// Nobody needs the connection any more, whatever closing it says.
		_ = c.Close()
	}
	r.mu.Unlock()
	r.stop()
	r.running.Wait()
	r.workers.close()
	r.journal.close()
	return nil
}

// Serve accepts connections until ctx ends or the relay is closed, and then
// closes the listener and the connections that came from it. It returns nil
// then, ErrClosed if the relay was closed before, or the error of a listener
// that was closed by somebody else. Errors of Accept that may pass, such as too
// many open files, are waited out.
func (r *Relay) Serve(ctx context.Context, l net.Listener) error {
	if !r.addListener(l) {
		return errors.Join(ErrClosed, l.Close())
	}
	defer r.running.Done()
	defer r.removeListener(l)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	unregister := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer unregister()

	var served sync.WaitGroup
	defer served.Wait()
	defer cancel()
	var pause time.Duration
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
			served.Go(func() { _ = r.ServeConn(ctx, conn) }) // ServeConn has logged the error
		case ctx.Err() != nil || r.isClosed():
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default:
			pause = min(max(2*pause, minAcceptPause), maxAcceptPause)
			r.log.Warn("accepting failed", "reason", reason(err), "pause", pause)
			timer := time.NewTimer(pause)
			select {
			case <-ctx.Done():
			case <-timer.C:
			}
			timer.Stop()
		}
	}
}

// Pauses after errors of Accept; each one is twice as long as the one before.
const (
	minAcceptPause = 5 * time.Millisecond
	maxAcceptPause = time.Second
)

func (r *Relay) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

func (r *Relay) addListener(l net.Listener) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.listeners[l] = struct{}{}
	r.running.Add(1)
	return true
}

func (r *Relay) removeListener(l net.Listener) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.listeners, l)
}
