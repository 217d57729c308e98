package network

import (
	"context"
	"errors"
	"time"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
)

// run connects when there is a reason to, and serves the connection, until the
// relay is retired or the network closed.
func (r *relay) run() {
	defer close(r.retired)
	for {
		a := r.nextAttempt()
		if a == nil {
			return
		}
		c, err := r.dial(r.network.ctx)
		r.settle(a, c, err)
		if err == nil {
			r.serve(c)
		}
	}
}

// nextAttempt waits until there is a reason to connect: a command, or watched
// queues when the pause is over. It returns nil when the relay is retired or the
// network closed.
func (r *relay) nextAttempt() *attempt {
	for {
		r.mu.Lock()
		a := r.attempt
		rest := time.Until(r.until)
		if a == nil && rest <= 0 && len(r.watched) > 0 {
			a = newAttempt()
			r.attempt = a
		}
		r.mu.Unlock()
		switch {
		case r.network.ctx.Err() != nil:
			return nil
		case a != nil:
			return a
		case rest <= 0 && r.network.retire(r):
			return nil
		case rest <= 0:
			rest = r.network.config.IdleTimeout
		}
		if !r.sleep(r.network.ctx.Done(), rest) {
			return nil
		}
	}
}

// sleep waits until the time is over, or something has changed. It is false if
// done was closed.
func (r *relay) sleep(done <-chan struct{}, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return false
	case <-r.wake:
	case <-timer.C:
	}
	return true
}

// dial tries the hosts of the relay in turn. Of several failures another
// identity counts most, otherwise the first.
func (r *relay) dial(ctx context.Context) (*client.Client, *Error) {
	config := r.network.config
	var failure error
	for _, address := range hostsOf(r.server) {
		c, err := client.Dial(ctx, client.Config{
			Address:          address,
			KeyHash:          r.server.KeyHash,
			Versions:         config.Versions,
			TLS12:            config.TLS12,
			HandshakeTimeout: config.HandshakeTimeout,
			CommandTimeout:   config.CommandTimeout,
			KeepAlive:        config.KeepAlive,
			EventBuffer:      arrivals,
			Rand:             config.Rand,
		})
		if err == nil {
			return c, nil
		}
		if failure == nil || errors.Is(err, keys.ErrFingerprint) && !errors.Is(failure, keys.ErrFingerprint) {
			failure = err
		}
	}
	if ctx.Err() != nil {
		return nil, r.error(opConnect, ErrClosed)
	}
	return nil, r.error(opConnect, connectError(failure))
}

// arrivals is how many events of a connection may be between its reader and
// receive, which takes them without waiting for anything.
const arrivals = 4096

// settle makes the result of an attempt known.
func (r *relay) settle(a *attempt, c *client.Client, err *Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempt = nil
	r.client = c
	a.c, a.err = c, err
	close(a.done)
	if err != nil {
		r.fail(err)
		return
	}
	r.network.config.Logger.Debug("connected", "relay", nameOf(r.server), "version", c.Version())
	r.showUp()
}

// fail notes a failure and begins a pause, unless it was the attempt of a
// command in a pause that still lasts; mu is held.
func (r *relay) fail(err *Error) {
	r.network.config.Logger.Debug("no connection", "relay", nameOf(r.server), "reason", err)
	r.failure = err
	if time.Until(r.until) <= 0 {
		r.failures++
		r.until = time.Now().Add(r.network.config.Backoff.pause(r.failures, r.network.config.Rand))
		r.spent = false
	}
	r.showDown(err)
}

// showUp makes an Up event if one is due; mu is held.
func (r *relay) showUp() {
	if r.client != nil && len(r.watched) > 0 && r.shown != shownUp {
		r.shown = shownUp
		r.inbox.put(Up{Server: r.server})
	}
}

// showDown makes a Down event if one is due; mu is held.
func (r *relay) showDown(err *Error) {
	if text := err.Error(); len(r.watched) > 0 && r.shown != text {
		r.shown = text
		r.inbox.put(Down{Server: r.server, Err: err})
	}
}
