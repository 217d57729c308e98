package network

import (
	"time"

	"smpcheck/reference/client"
)

// watch is a queue that is to be subscribed to. Watching again makes another
// one.
type watch struct {
	queue client.Queue
	// on is the connection on which the queue is subscribed, or is being
	// subscribed.
	on *client.Client
	// failures, in a row, after which the next attempt is due; shown is the text
	// of the latest.
	failures int
	after    time.Time
	shown    string
}

// watch adds queues; on is the connection on which they are subscribed, nil for
// none.
func (r *relay) watch(on *client.Client, queues ...client.Queue) {
	if len(queues) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range queues {
		r.watched[string(q.RecipientID)] = &watch{queue: q, on: on}
	}
	r.showUp()
	if on == nil || on != r.client {
		r.stir()
	}
}

// unwatch removes queues with all that waits to be read about them.
func (r *relay) unwatch(recipientIDs ...[]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range recipientIDs {
		r.forget(string(id))
		r.inbox.drop(string(id))
	}
}

// forget removes a queue; mu is held.
func (r *relay) forget(id string) {
	if r.watched[id] == nil {
		return
	}
	delete(r.watched, id)
	if len(r.watched) == 0 {
		r.shown = ""
	}
	r.becomeIdle()
}

// subscribe sends SUB for queues.
func (r *relay) subscribe(c *client.Client, due []*watch) {
	queues := make([]client.Queue, len(due))
	for i, w := range due {
		queues[i] = w.queue
	}
	errs := c.SubscribeAll(r.network.ctx, queues)
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.Err() != nil {
		return // it all begins again with the next connection
	}
	for i, w := range due {
		r.subscribed(w, errs[i])
	}
}

// subscribed notes the answer to SUB; mu is held.
func (r *relay) subscribed(w *watch, err error) {
	id := string(w.queue.RecipientID)
	switch {
	case r.watched[id] != w:
		return
	case err == nil:
		w.failures, w.shown = 0, ""
		return
	case Temporary(err):
		w.on = nil
		w.failures++
		w.after = time.Now().Add(r.network.config.Backoff.pause(w.failures, r.network.config.Rand))
	default:
		r.forget(id)
	}
	failed := r.error("SUB", err)
	if text := failed.Error(); w.shown != text {
		w.shown = text
		r.inbox.put(SubscriptionFailed{Server: r.server, RecipientID: w.queue.RecipientID, Err: failed})
	}
}
