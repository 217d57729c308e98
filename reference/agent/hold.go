package agent

import (
	"bytes"
	"context"
	"errors"
	"time"

	"smpcheck/reference/agent/network"
	"smpcheck/reference/agent/store"
)

// When a queue replaces another, messages may arrive in the new one while the old one
// still has earlier ones. Those in the new queue wait, in memory and not acknowledged,
// until the old queue is empty or its relay has had its time. The official agent
// deletes the old queue at once, with what is in it.

// missingElsewhere reports whether a message that is missing before one in q may be in
// the queue that q replaces.
func (ch *change) missingElsewhere(q *store.ReceiveQueue) bool {
	if q.Replaces == 0 {
		return false
	}
	old := ch.c.ReceiveQueue(q.Replaces)
	return old != nil && !old.Deleted
}

// holding is the messages that wait. It belongs to the goroutine of readNetwork.
type holding struct {
	a        *Agent
	waiting  map[ConnID]*heldMessage
	released chan *heldMessage
	ctx      context.Context
	stop     context.CancelFunc
}

// heldMessage is a message that waits for those before it.
type heldMessage struct {
	conn   ConnID
	event  network.Message
	cancel context.CancelFunc
}

func newHolding(a *Agent) *holding {
	h := &holding{a: a, waiting: make(map[ConnID]*heldMessage), released: make(chan *heldMessage)}
	h.ctx, h.stop = context.WithCancel(a.ctx)
	return h
}

func (h *holding) close() { h.stop() }

// receive gives a message to its connection, and then one that was waiting for it.
func (h *holding) receive(e network.Message, force bool) {
	id, err := h.a.byQueue(h.ctx, e.Server.String(), e.RecipientID)
	if err != nil {
		h.a.logFailure("a message has no connection", err)
		return
	}
	switch err := h.a.receive(id, e, force); {
	case errors.Is(err, errHold):
		h.hold(id, e)
		return
	case err != nil:
		h.a.logFailure("a message was not taken", err)
		return
	}
	waiting := h.waiting[id]
	if waiting == nil {
		return
	}
	if string(waiting.event.RecipientID) == string(e.RecipientID) {
		h.forget(waiting)
		return
	}
	if err := h.a.receive(id, waiting.event, false); !errors.Is(err, errHold) {
		h.a.logFailure("a message was not taken", err)
		h.forget(waiting)
	}
}

// hold keeps a message and watches the old queue.
func (h *holding) hold(id ConnID, e network.Message) {
	if h.waiting[id] != nil {
		return
	}
	ctx, cancel := context.WithCancel(h.ctx)
	m := &heldMessage{conn: id, event: e, cancel: cancel}
	h.waiting[id] = m
	h.a.running.Go(func() {
		h.a.waitForEmptyQueue(ctx, m)
		select {
		case h.released <- m:
		case <-h.ctx.Done():
		}
	})
}

// release takes a message although others before it may be missing.
func (h *holding) release(m *heldMessage) {
	if h.waiting[m.conn] != m {
		return
	}
	h.forget(m)
	h.a.logFailure("a message was not taken", h.a.receive(m.conn, m.event, true))
}

func (h *holding) forget(m *heldMessage) {
	m.cancel()
	if h.waiting[m.conn] == m {
		delete(h.waiting, m.conn)
	}
}

// drainPause is how long to wait between questions whether a queue is empty.
const drainPause = 500 * time.Millisecond

// waitForEmptyQueue returns when the queue that is being replaced has no messages any
// more, or cannot be asked, or has delivered nothing for a time in which the
// application had nothing of it to acknowledge.
func (a *Agent) waitForEmptyQueue(ctx context.Context, m *heldMessage) {
	var last []byte
	held, began := false, time.Now()
	for {
		c, err := a.look(ctx, m.conn)
		if err != nil {
			return
		}
		old := replacedQueue(c)
		if old == nil {
			return
		}
		if old.Held || held || !bytes.Equal(old.Last, last) {
			held, last, began = old.Held, old.Last, time.Now()
		} else if time.Since(began) > a.cfg.DrainTimeout {
			return
		}
		info, err := a.net.Info(ctx, old.Server.Server, old.Queue.Queue)
		if err == nil && info.Size == 0 || err != nil && refused(err) {
			return
		}
		select {
		case <-time.After(drainPause):
		case <-ctx.Done():
			return
		}
	}
}

// replacedQueue is the receive queue that another one is to replace, nil for none.
func replacedQueue(c *store.Connection) *store.ReceiveQueue {
	for _, q := range c.Receive {
		if old := c.ReceiveQueue(q.Replaces); old != nil && !old.Deleted {
			return old
		}
	}
	return nil
}
