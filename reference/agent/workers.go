package agent

import (
	"bytes"
	"sync"
	"time"

	"smpcheck/reference/agent/store"
)

// task is the work on one queue of a connection. What is to be done stands in the
// file, so a task can be woken at any time and ends when it finds nothing to do.
type task struct {
	conn  ConnID
	queue int
	send  bool
}

// outcome is what one step of a task came to.
type outcome int

const (
	idle     outcome = iota // nothing to do now
	progress                // there may be more to do at once
	retry                   // failed for now
)

// workers runs each task in at most one goroutine.
type workers struct {
	mu      sync.Mutex
	running map[task]*worker
}

type worker struct {
	wake chan struct{} // buffered
	// woken is set when the task is woken, under the lock of workers.
	woken bool
	// reason is why the last step failed, as the application was told; empty after a
	// success.
	reason string
	// held is set while Join does the work of the task itself.
	held bool
}

func (w *workers) init() { w.running = make(map[task]*worker) }

// wakeAll wakes all tasks of a connection that may have something to do.
func (a *Agent) wakeAll(c *store.Connection) {
	id := ConnID(c.ID)
	for _, q := range c.Receive {
		if q.Deleted || !q.SenderKey.IsZero() || a.acks.get(task{conn: id, queue: q.Number}) != nil {
			a.wake(task{conn: id, queue: q.Number})
		}
	}
	for _, q := range c.Send {
		// A full queue is tried again when there is room or the pause is over.
		a.wakeUnless(q.Full, task{conn: id, queue: q.Number, send: true})
	}
	if c.Ask != nil {
		a.wake(task{conn: id, queue: c.Ask.Number, send: true})
	}
	if c.Deleted && len(c.Receive) == 0 {
		a.wake(task{conn: id})
	}
}

// wake makes a task look for work.
func (a *Agent) wake(t task) { a.wakeUnless(false, t) }

// wakeUnless makes a task look for work, after the pause that it makes if patient is
// set.
func (a *Agent) wakeUnless(patient bool, t task) {
	a.workers.mu.Lock()
	defer a.workers.mu.Unlock()
	if a.ctx.Err() != nil {
		return
	}
	if w := a.workers.running[t]; w != nil {
		w.woken = true
		if patient {
			return
		}
		select {
		case w.wake <- struct{}{}:
		default:
		}
		return
	}
	w := &worker{wake: make(chan struct{}, 1)}
	a.workers.running[t] = w
	a.running.Go(func() { a.run(t, w) })
}

// wakeEverything makes all tasks that wait after a failure try again.
func (a *Agent) wakeEverything() {
	a.workers.mu.Lock()
	defer a.workers.mu.Unlock()
	for _, w := range a.workers.running {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

// delayed tells the application why a message cannot be sent at present, once for each
// reason.
func (a *Agent) delayed(t task, reason string) {
	a.workers.mu.Lock()
	w := a.workers.running[t]
	known := w == nil || w.reason == reason
	if !known {
		w.reason = reason
	}
	a.workers.mu.Unlock()
	if !known {
		a.pump.pass(Event{Conn: t.conn, Time: a.cfg.Now(), Body: Delayed{Reason: reason}})
	}
}

// hold keeps a task of a connection that does not exist yet from being run by a
// worker until release.
func (a *Agent) hold(t task) (release func()) {
	a.workers.mu.Lock()
	defer a.workers.mu.Unlock()
	a.workers.running[t] = &worker{wake: make(chan struct{}, 1), held: true}
	return func() {
		a.workers.mu.Lock()
		delete(a.workers.running, t)
		a.workers.mu.Unlock()
		a.wake(t)
	}
}

// run does the work of a task until there is none or the agent is closed.
func (a *Agent) run(t task, w *worker) {
	pause := time.Duration(0)
	for a.ctx.Err() == nil {
		a.workers.mu.Lock()
		w.woken = false
		a.workers.mu.Unlock()
		switch a.step(a.ctx, t) {
		case progress:
			pause = 0
			a.workers.mu.Lock()
			w.reason = ""
			a.workers.mu.Unlock()
		case retry:
			pause = a.nextPause(pause)
			a.pause(w, pause)
		case idle:
			if a.finish(t, w) {
				return
			}
		}
	}
	a.workers.mu.Lock()
	delete(a.workers.running, t)
	a.workers.mu.Unlock()
}

// finish ends a task unless it was woken meanwhile.
func (a *Agent) finish(t task, w *worker) bool {
	a.workers.mu.Lock()
	defer a.workers.mu.Unlock()
	if w.woken {
		return false
	}
	delete(a.workers.running, t)
	return true
}

func (a *Agent) nextPause(last time.Duration) time.Duration {
	if last == 0 {
		return a.cfg.Retry.First
	}
	return min(time.Duration(float64(last)*a.cfg.Retry.Factor), a.cfg.Retry.Max)
}

// pause waits until a task is woken or the time has passed.
func (a *Agent) pause(w *worker, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-w.wake:
	case <-timer.C:
	case <-a.ctx.Done():
	}
}

// ack is the acknowledgement of a message to its relay.
type ack struct {
	queue int
	id    []byte
}

// acks are acknowledgements that are due. They are not stored: a message that is not
// acknowledged comes again, is recognised, and is acknowledged then.
type acks struct {
	mu      sync.Mutex
	pending map[task]*dueAck
}

// dueAck is one time that a message is to be acknowledged. The same message may become
// due again while the relay is still answering, with NO_MSG, that it has not delivered
// it on this connection; so it is not enough to compare ids.
type dueAck struct{ id []byte }

func (k *acks) init() { k.pending = make(map[task]*dueAck) }

// add makes an acknowledgement due.
func (k *acks) add(t task, id []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pending[t] = &dueAck{bytes.Clone(id)}
}

// get returns the acknowledgement that is due for a receive queue, nil for none.
func (k *acks) get(t task) *dueAck {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pending[t]
}

// done takes an acknowledgement out, unless a newer one has replaced it.
func (k *acks) done(t task, due *dueAck) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pending[t] == due {
		delete(k.pending, t)
	}
}
