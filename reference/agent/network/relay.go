package network

import (
	"context"
	"sync"
	"time"

	"smpcheck/reference/client"
	"smpcheck/reference/link"
)

// relay is one relay: its connection if there is one, and the queues that are
// watched there. run and forward are its two goroutines.
type relay struct {
	network *Network
	server  link.Server // without password
	inbox   *inbox
	wake    chan struct{} // has an element when run has something to look at
	retired chan struct{} // closed when run has ended

	mu        sync.Mutex
	users     int       // commands that need the relay, and calls of Watch
	idleSince time.Time // when users and watched became empty
	watched   map[string]*watch
	shown     string // the last of Up and Down: "", shownUp, or the text of the error

	client  *client.Client // nil without a connection
	attempt *attempt       // to connect, that is wanted or under way; nil for none

	failures int       // in a row
	failure  *Error    // the latest one
	until    time.Time // when the pause after it ends
	spent    bool      // a command has had its attempt in this pause

	sessions sessions // as a proxy, over client
}

// shownUp is what relay.shown is after an Up.
const shownUp = "up"

// attempt is one attempt to connect, whose result all that wait for it share.
type attempt struct {
	done chan struct{} // closed when one of the following is set
	c    *client.Client
	err  *Error
}

func newAttempt() *attempt { return &attempt{done: make(chan struct{})} }

func newRelay(n *Network, server link.Server) *relay {
	return &relay{
		network:   n,
		server:    server,
		inbox:     newInbox(),
		wake:      make(chan struct{}, 1),
		retired:   make(chan struct{}),
		idleSince: time.Now(),
		watched:   make(map[string]*watch),
	}
}

// release ends what Network.acquire began.
func (r *relay) release() {
	r.mu.Lock()
	r.users--
	r.becomeIdle()
	r.mu.Unlock()
}

// becomeIdle notes when nobody needs the relay any more; mu is held.
func (r *relay) becomeIdle() {
	if r.users == 0 && len(r.watched) == 0 {
		r.idleSince = time.Now()
		r.stir()
	}
}

// stir makes run look at what has changed.
func (r *relay) stir() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// connection returns the connection. Without one it waits for the attempt that
// is under way, or starts one; in the pause after a failure only once, and fails
// at once after that.
func (r *relay) connection(ctx context.Context) (*client.Client, error) {
	r.mu.Lock()
	if c := r.client; c != nil && c.Err() == nil {
		r.mu.Unlock()
		return c, nil
	}
	a := r.attempt
	if a == nil && r.spent && time.Now().Before(r.until) {
		err := r.failure
		r.mu.Unlock()
		return nil, err
	}
	if a == nil {
		a = newAttempt()
		r.attempt, r.spent = a, true
		r.stir()
	}
	r.mu.Unlock()
	select {
	case <-a.done:
		if a.err != nil {
			return nil, a.err
		}
		return a.c, nil
	case <-ctx.Done():
		return nil, r.error(opConnect, context.Cause(ctx))
	case <-r.network.ctx.Done():
		return nil, r.error(opConnect, ErrClosed)
	}
}

func (r *relay) error(op string, err error) *Error {
	return &Error{Server: r.server, Op: op, Err: err}
}

// forward gives events to the reader, who may be slow.
func (r *relay) forward() {
	for {
		e, ok := r.inbox.take()
		if ok {
			select {
			case r.network.events <- e:
			case <-r.network.ctx.Done():
				return
			}
			continue
		}
		select {
		case <-r.inbox.ready:
		case <-r.retired:
			return
		case <-r.network.ctx.Done():
			return
		}
	}
}
