package soak_test

import (
	"context"
	"errors"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
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

// action is something that a connection asks for, of a queue or not.
type action struct {
	weight int
	ask    func(*worker, *queue) error
}

// Actions of clients of different kinds, with weights that say how often.
var (
	clientActions = append(serviceActions[:len(serviceActions):len(serviceActions)],
		action{20, (*worker).get}, action{60, (*worker).subscribeNotifications}, action{8, (*worker).create})
	serviceActions = []action{
		{350, (*worker).send}, {150, (*worker).subscribe}, {450, (*worker).acknowledge}, {20, (*worker).ping},
		{10, (*worker).enableNotifications}, {4, (*worker).disableNotifications},
		{20, (*worker).readLink}, {10, (*worker).setLink}, {3, (*worker).deleteLink}, {10, (*worker).secureAgain},
		{1, (*worker).suspend}, {4, (*worker).remove},
	}
	messagingActions = append(serviceActions[:len(serviceActions):len(serviceActions)],
		action{40, (*worker).subscribeAll})
	notifierActions = []action{
		{200, (*worker).subscribeNotifications}, {40, (*worker).subscribeAll}, {40, (*worker).ping},
	}
)

// actions are those of the connection.
func (w *worker) actions() []action {
	switch {
	case w.service == nil:
		return clientActions
	case w.service.role == transport.RoleNotifier:
		return notifierActions
	}
	return messagingActions
}

// askSomething asks for one random thing.
func (w *worker) askSomething() error {
	actions := w.actions()
	sum := 0
	for _, a := range actions {
		sum += a.weight
	}
	n := w.rng.IntN(sum)
	for _, a := range actions {
		if n -= a.weight; n < 0 {
			return a.ask(w, w.m.some(w.rng))
		}
	}
	return nil
}

// change begins a command that changes something in the model, which enter notes.
func (w *worker) change(o *op, enter func(s *span)) *op {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	o.asked = w.m.tick()
	o.changes = &span{asked: o.asked}
	enter(o.changes)
	return o
}

func (w *worker) ping(*queue) error {
	return w.ask(&op{command: smp.PING{}}, keys.PrivateKey{}, nil)
}

func (w *worker) send(q *queue) error {
	w.sent++
	size := w.rng.IntN(600)
	if w.rng.IntN(20) == 0 {
		size = smp.MaxMessageLength(w.conn.Version())
	}
	return w.ask(w.m.sending(q, messageKey{w.id, w.sent}, size, w.rng.IntN(3) == 0), q.sndKey, q.sndID)
}

// sending begins to send a message.
func (m *model) sending(q *queue, key messageKey, size int, notify bool) *op {
	size = max(size, keySize)
	o := &op{command: smp.SEND{Notify: notify, Body: q.body(key, size)}, queue: q}
	m.mu.Lock()
	defer m.mu.Unlock()
	o.asked = m.tick()
	o.waiting = q.accepted
	o.message = q.newMessage(key, size, notify, o.asked)
	if q.mode == smp.Messaging && !q.link.must("", o.asked, o.asked) {
		o.changes = &span{asked: o.asked}
		q.link.write(o.changes, "")
	}
	return o
}

// use is what the connection has with a topic.
func (w *worker) use(t *topic) *use {
	u := w.uses[string(t.id)]
	if u == nil {
		u = &use{topic: t}
		w.uses[string(t.id)] = u
	}
	return u
}

func (w *worker) subscribe(q *queue) error {
	if w.rng.IntN(10) > 0 {
		q = w.m.place(w.number) // else it takes the queue from another one
	}
	return w.subscribeTo(&q.topic, smp.SUB{}, q.rcvKey)
}

// subscribeTo sends SUB or NSUB.
func (w *worker) subscribeTo(t *topic, command smp.Command, key keys.PrivateKey) error {
	u := w.use(t)
	u.asking++
	o := w.change(&op{command: command, queue: t.queue, topic: t}, func(s *span) { w.claim(t, s) })
	u.since = o.asked
	return w.ask(o, key, t.id)
}

func (w *worker) get(q *queue) error {
	w.use(&q.topic)
	return w.ask(&op{command: smp.GET{}, queue: q}, q.rcvKey, q.rcvID)
}

// acknowledge sends ACK for the messages that came.
func (w *worker) acknowledge(*queue) error {
	for _, u := range w.uses {
		if u.held == nil {
			continue
		}
		o := &op{command: smp.ACK{MsgID: u.held}, queue: u.queue, message: u.message, use: u, heldSince: u.heldSince}
		w.m.mu.Lock()
		u.queue.acknowledging(u.message)
		w.m.mu.Unlock()
		u.held, u.message = nil, nil
		if err := w.ask(o, u.queue.rcvKey, u.queue.rcvID); err != nil {
			return err
		}
	}
	return nil
}

func (w *worker) suspend(q *queue) error {
	w.m.mu.Lock()
	asked(&q.off, w.m.tick())
	w.m.mu.Unlock()
	return w.ask(&op{command: smp.OFF{}, queue: q}, q.rcvKey, q.rcvID)
}

func (w *worker) remove(q *queue) error {
	o := w.change(&op{command: smp.DEL{}, queue: q}, func(s *span) {
		asked(&q.del, s.asked)
		q.owner.write(s, nil)
		q.link.write(s, "")
		q.replace(s, nil)
	})
	return w.ask(o, q.rcvKey, q.rcvID)
}
