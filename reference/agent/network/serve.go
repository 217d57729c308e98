package network

import (
	"context"
	"sync"
	"time"

	"smpcheck/reference/client"
	"smpcheck/reference/smp"
)

// serve takes what arrives on a connection, and keeps the watched queues
// subscribed, until the connection has ended.
func (r *relay) serve(c *client.Client) {
	began := time.Now()
	stop := context.AfterFunc(r.network.ctx, func() { _ = c.Close() }) // which returns nil
	defer stop()
	var subscribing sync.WaitGroup
	subscribing.Go(func() { r.attend(c) })
	for e := range c.Events() {
		r.receive(e)
	}
	subscribing.Wait()
	_ = c.Close() // waits for what the client has started

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client != c {
		return // attend has disconnected
	}
	r.client = nil
	if r.network.ctx.Err() != nil {
		return
	}
	// A connection that ends at once is like one that failed.
	config := &r.network.config
	if time.Since(began) >= config.Backoff.pause(r.failures, config.Rand) {
		r.failures = 0
	}
	r.fail(r.error(opConnect, c.Err()))
}

// receive makes an event of what the relay sent, if it is about a watched queue.
func (r *relay) receive(e client.Event) {
	if e.Err != nil {
		r.network.config.Logger.Debug("not understood", "relay", nameOf(r.server))
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	id := string(e.EntityID)
	if r.watched[id] == nil {
		return
	}
	switch response := e.Response.(type) {
	case smp.MSG:
		r.inbox.put(Message{Server: r.server, RecipientID: e.EntityID, Message: response})
	case smp.END:
		r.forget(id)
		r.inbox.put(Ended{Server: r.server, RecipientID: e.EntityID})
	case smp.DELD:
		r.forget(id)
		r.inbox.put(Deleted{Server: r.server, RecipientID: e.EntityID})
	}
}

// attend subscribes to watched queues, and disconnects when nobody has needed
// the relay for long.
func (r *relay) attend(c *client.Client) {
	for {
		due, wait := r.due(c)
		if len(due) > 0 {
			r.subscribe(c, due)
			continue
		}
		if wait <= 0 {
			_ = c.Close() // which returns nil
			return
		}
		if !r.sleep(c.Done(), wait) {
			return
		}
	}
}

// due returns the queues to subscribe to now, or how long there is nothing to
// do. If that is no time at all the relay is idle, and c not its connection any
// more.
func (r *relay) due(c *client.Client) (due []*watch, wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	idle := r.network.config.IdleTimeout
	if r.users == 0 && len(r.watched) == 0 {
		wait = time.Until(r.idleSince.Add(idle))
		if wait <= 0 {
			r.client, r.failures, r.until = nil, 0, time.Time{}
		}
		return nil, wait
	}
	wait = idle
	for _, w := range r.watched {
		if w.on == c {
			continue
		}
		if rest := time.Until(w.after); rest > 0 {
			wait = min(wait, rest)
		} else {
			w.on = c
			due = append(due, w)
		}
	}
	return due, wait
}
