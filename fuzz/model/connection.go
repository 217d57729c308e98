package model

import (
	"smpcheck/fuzz/drive"
	"smpcheck/reference/smp"
)

// connection is one that was opened. It has a number of its own for ever.
type connection struct {
	number  int
	version uint16
	closed  bool
	// rude: something malformed was sent, after which a relay may close it.
	rude bool
	// lost: nothing on it means anything any more.
	lost bool
	// corrected: something was refused with ERR CMD.
	corrected bool
	// pending are the operations that wait for an answer, by correlation id.
	pending map[string][]*operation
}

// underWay returns the operations that wait for an answer, in the order in which they were
// sent.
func (c *connection) underWay() []*operation {
	var all []*operation
	for _, list := range c.pending {
		all = append(all, list...)
	}
	return sorted(all)
}

// enter says that an operation waits for its answer. Two with one correlation id can be
// told apart only if they are the same, and then they need not be.
func (c *connection) enter(o *operation) {
	id := string(o.CorrelationID)
	for _, other := range c.pending[id] {
		if string(other.Raw) != string(o.Raw) {
			o.unsure, other.unsure = true, true
		}
	}
	c.pending[id] = append(c.pending[id], o)
}

// leave returns the oldest operation with a correlation id, which waits no more; nil for
// none.
func (c *connection) leave(id string) *operation {
	list := c.pending[id]
	if len(list) == 0 {
		return nil
	}
	c.pending[id] = list[1:]
	if len(list) == 1 {
		delete(c.pending, id)
	}
	return list[0]
}

// abandon says that the answer to an operation will not come or was not understood.
func (m *Model) abandon(o *operation) {
	if o.inner != nil {
		m.abandon(o.inner)
		return
	}
	if _, ok := o.Command.(smp.NEW); ok && o.Refusal == nil {
		m.nameless = true
	}
	if o.queue == nil || o.queue.lost() {
		return
	}
	o.ghost = true
	if o.unsure {
		o.queue.giveUp()
	}
	for _, s := range o.queue.states {
		s.forget(o.number)
	}
}

// lose ends that a connection means anything.
func (m *Model) lose(c *connection) {
	if c.lost {
		return
	}
	c.lost = true
	for _, o := range c.underWay() {
		m.abandon(o)
	}
	for _, q := range m.queues {
		for _, s := range q.states {
			s.excuse(func(e event) bool { return e.conn == c.number })
		}
	}
}

// Sent is of drive.Judge.
func (m *Model) Sent(b drive.Block) []drive.Breach {
	m.op = b.Op
	c := m.slots[b.Conn]
	if c == nil {
		return nil
	}
	if b.Desynchronised || b.Broken || b.Malformed {
		c.rude = true
	}
	for _, t := range b.Transmissions {
		m.send(c, t)
	}
	if b.Desynchronised {
		m.lose(c)
	}
	return nil
}

// send enters one transmission that was sent. Of one that is malformed nothing can be said
// but that it has no effect.
func (m *Model) send(c *connection, t drive.Sent) {
	if t.Refusal != nil && (t.Refusal.Code == smp.CodeBlock || t.Refusal.Code == smp.CodeSession) {
		c.rude = true
		return
	}
	o := m.operation(c, c.version, t)
	m.aim(o)
	m.aimInner(o)
	c.enter(o)
	if c.lost {
		m.abandon(o)
	}
}
