package soak_test

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// errLeft: the connection is to end here, in the middle of something.
var errLeft = errors.New("left")

// work does a random number of random things on one connection.
func (w *worker) work(ctx context.Context) error {
	for range 1 + w.rng.IntN(40) {
		if ctx.Err() != nil {
			return nil
		}
		if err := w.something(ctx); err != nil {
			return err
		}
	}
	return nil
}

// something asks for a few things, in one burst, and reads the answers: at once, late,
// or never.
func (w *worker) something(ctx context.Context) error {
	for range 1 + w.rng.IntN(12) {
		if err := w.askSomething(); err != nil {
			return err
		}
	}
	switch n := w.rng.IntN(100); {
	case n < 3: // gone before the answers
		if err := w.flush(); err != nil {
			return err
		}
		return errLeft
	case n < 6: // a slow reader
		if err := w.flush(); err != nil {
			return err
		}
		w.pause(ctx, time.Duration(w.rng.IntN(300))*time.Millisecond)
	}
	return w.settle()
}

// pause lets a time go by, in which the connection reads nothing.
func (w *worker) pause(ctx context.Context, d time.Duration) {
	w.m.count("pauses")
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// askSomething asks for one random thing.
func (w *worker) askSomething() error {
	q := w.m.some(w.rng)
	switch n := w.rng.IntN(1000); {
	case n < 350:
		return w.send(q)
	case n < 500:
		if w.rng.IntN(10) > 0 {
			q = w.m.place(w.number) // else it takes the queue from another one
		}
		return w.subscribe(q)
	case n < 950:
		return w.acknowledge()
	case n < 970:
		return w.get(q)
	case n < 990:
		return w.ask(&op{command: smp.PING{}}, keys.PrivateKey{}, nil)
	case n < 996:
		return w.create()
	case n < 997:
		return w.suspend(q)
	default:
		return w.remove(q)
	}
}

func (w *worker) send(q *queue) error {
	w.sent++
	size := w.rng.IntN(600)
	if w.rng.IntN(20) == 0 {
		size = smp.MaxMessageLength(w.conn.Version())
	}
	key := messageKey{w.id, w.sent}
	msg, waiting := q.newMessage(key, size)
	return w.ask(&op{command: smp.SEND{Body: q.body(key, msg.size)}, queue: q, message: msg, waiting: waiting}, q.sndKey, q.sndID)
}

// use is what the connection has with a queue.
func (w *worker) use(q *queue) *use {
	u := w.queues[string(q.rcvID)]
	if u == nil {
		u = &use{queue: q}
		w.queues[string(q.rcvID)] = u
	}
	return u
}

func (w *worker) subscribe(q *queue) error {
	u := w.use(q)
	u.asking++
	u.since = w.m.tick()
	o := &op{command: smp.SUB{}, queue: q, asked: u.since, asking: &span{asked: u.since}}
	q.mu.Lock()
	q.subscribed[w.id] = o.asking
	q.mu.Unlock()
	return w.ask(o, q.rcvKey, q.rcvID)
}

func (w *worker) get(q *queue) error {
	w.use(q)
	return w.ask(&op{command: smp.GET{}, queue: q}, q.rcvKey, q.rcvID)
}

// acknowledge sends ACK for the messages that came.
func (w *worker) acknowledge() error {
	for _, u := range w.queues {
		if u.held == nil {
			continue
		}
		o := &op{command: smp.ACK{MsgID: u.held}, queue: u.queue, message: u.message, use: u, heldSince: u.heldSince}
		u.queue.acknowledging(u.message)
		u.held, u.message = nil, nil
		if err := w.ask(o, u.queue.rcvKey, u.queue.rcvID); err != nil {
			return err
		}
	}
	return nil
}

func (w *worker) suspend(q *queue) error {
	q.mu.Lock()
	o := &op{command: smp.OFF{}, queue: q}
	asked(&q.off, w.m.tick())
	q.mu.Unlock()
	return w.ask(o, q.rcvKey, q.rcvID)
}

func (w *worker) remove(q *queue) error {
	q.mu.Lock()
	o := &op{command: smp.DEL{}, queue: q}
	asked(&q.del, w.m.tick())
	q.mu.Unlock()
	return w.ask(o, q.rcvKey, q.rcvID)
}

// create makes a queue and secures it.
func (w *worker) create() error {
	if err := w.settle(); err != nil {
		return err
	}
	q := &queue{messages: map[messageKey]*message{}, subscribed: map[int64]*span{}}
	var dh keys.PrivateKey
	var err error
	for _, k := range []struct {
		key *keys.PrivateKey
		alg keys.Algorithm
	}{{&q.rcvKey, keys.Ed25519}, {&q.sndKey, keys.Ed25519}, {&dh, keys.X25519}} {
		if *k.key, err = keys.Generate(k.alg, rand.Reader); err != nil {
			return err
		}
	}
	made := &op{command: smp.NEW{AuthKey: q.rcvKey.Public(), DHKey: dh.Public()}, queue: q}
	if err := w.ask(made, q.rcvKey, nil); err != nil {
		return err
	}
	if err := w.settle(); err != nil {
		return err
	}
	if q.secret, err = secret(dh, made.ids); err != nil {
		return err
	}
	secured := &op{command: smp.KEY{SenderKey: q.sndKey.Public()}, queue: q}
	if err := w.ask(secured, q.rcvKey, q.rcvID); err != nil {
		return err
	}
	if err := w.settle(); err != nil {
		return err
	}
	w.m.add(q)
	return nil
}
