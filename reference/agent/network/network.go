package network

import (
	"context"
	"sync"

	"smpcheck/reference/client"
	"smpcheck/reference/link"
)

// Network is the connections of an agent to its relays. Its methods are safe for
// concurrent use. Whoever has made one calls Close.
type Network struct {
	config Config
	events chan Event
	routes routes

	ctx     context.Context // ends with ErrClosed
	stop    context.CancelCauseFunc
	running sync.WaitGroup

	// mu is taken before that of a relay.
	mu     sync.Mutex
	closed bool
	relays map[string]*relay // by addressKey
}

// New returns a Network without connections, or ErrConfig.
func New(config Config) (*Network, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	n := &Network{
		config: config,
		events: make(chan Event, config.EventBuffer),
		routes: routes{chosen: make(map[string]link.Server)},
		relays: make(map[string]*relay),
	}
	n.ctx, n.stop = context.WithCancelCause(context.Background())
	return n, nil
}

// Close disconnects from all relays, ends what waits for them with ErrClosed and
// returns when nothing of the Network runs any more. The channel of events is
// closed; what has not been taken from it is lost, which is no harm: messages
// that are not acknowledged come again. It may be called more than once and
// returns nil.
func (n *Network) Close() error {
	n.mu.Lock()
	first := !n.closed
	n.closed = true
	n.mu.Unlock()
	n.stop(ErrClosed)
	n.running.Wait()
	if first {
		close(n.events)
	}
	return nil
}

// Events is the channel of what relays deliver, in the order of arrival for each
// relay. It is closed by Close. There is one channel for all; somebody has to
// read it, but nothing except events waits for them.
//
// For each watched queue at most one message waits to be read, the latest, and
// for each relay at most one Down and one Up. What a reader misses by being slow
// are messages that another one replaced, which are delivered again if they are
// still in the queue, and times of a relay's absence.
func (n *Network) Events() <-chan Event { return n.events }

// Watch subscribes to queues of one relay, and again after each reconnection,
// until Unwatch, Delete, Ended, Deleted or a permanent SubscriptionFailed. It
// does not wait; results come as events. Watching a queue again subscribes to it
// again, which takes a subscription back and lets its message come again. The
// error is ErrAddress or ErrClosed.
func (n *Network) Watch(server link.Server, queues ...client.Queue) error {
	r, err := n.acquire(server)
	if err != nil {
		return err
	}
	defer r.release()
	r.watch(nil, queues...)
	return nil
}

// Unwatch takes queues out of those that Watch and CreateQueue added. The relay
// is not told: it has no command for that. What it still delivers is dropped,
// and so is what waits to be read, except an event that is just on its way to the
// reader.
func (n *Network) Unwatch(server link.Server, recipientIDs ...[]byte) {
	n.mu.Lock()
	r := n.relays[addressKey(server)]
	n.mu.Unlock()
	if r != nil {
		r.unwatch(recipientIDs...)
	}
}

// acquire returns the relay of an address, and keeps it until release.
func (n *Network) acquire(server link.Server) (*relay, error) {
	server.Password = ""
	if err := checkServer(server); err != nil {
		return nil, &Error{Server: server, Op: opConnect, Err: err}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, &Error{Server: server, Op: opConnect, Err: ErrClosed}
	}
	key := addressKey(server)
	r := n.relays[key]
	if r == nil {
		r = newRelay(n, server)
		n.relays[key] = r
		n.running.Go(r.run)
		n.running.Go(r.forward)
	}
	r.mu.Lock()
	r.users++
	r.mu.Unlock()
	return r, nil
}

// retire forgets a relay that is of no use at present, and says whether it did.
func (n *Network) retire(r *relay) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.users > 0 || len(r.watched) > 0 || r.attempt != nil || !r.inbox.empty() {
		return false
	}
	delete(n.relays, addressKey(r.server))
	return true
}

// spawn runs f in the background, unless the network is closed.
func (n *Network) spawn(f func()) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return false
	}
	n.running.Go(f)
	return true
}
