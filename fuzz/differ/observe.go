package differ

import (
	"crypto/sha256"
	"fmt"

	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/model"
	"smpcheck/reference/smp"
)

// observer makes the record of a run. It is a drive.Judge that finds nothing wrong.
type observer struct {
	record record
	// names are what stands for an id that the relay or the run has made.
	names map[string]string
	// bodies are what stands for the body of a message.
	bodies map[[sha256.Size]byte]string
	// waiting are the exchanges without an answer, by connection and correlation id.
	waiting map[string][]*exchange
	// deliveries are those since the last checkpoint.
	deliveries map[string][]string
	lastOp     int
	// lost are the connections on which nothing means anything any more.
	lost map[int]bool
	// opened are the connections as they were opened last.
	opened map[int]drive.Opened
}

func newObserver() *observer {
	return &observer{
		names: make(map[string]string), bodies: make(map[[sha256.Size]byte]string),
		waiting: make(map[string][]*exchange), deliveries: make(map[string][]string), lost: make(map[int]bool),
		opened: make(map[int]drive.Opened),
	}
}

// Opened begins a connection: what was there before does not wait any more.
func (o *observer) Opened(c drive.Opened) []drive.Breach {
	delete(o.lost, c.Conn)
	o.opened[c.Conn] = c
	return nil
}

// Sent begins exchanges.
func (o *observer) Sent(b drive.Block) []drive.Breach {
	o.lastOp = b.Op
	if b.Desynchronised {
		o.lost[b.Conn] = true
	}
	if b.Broken || b.Malformed || b.Desynchronised {
		e := &exchange{op: b.Op, sent: malformedBlock, answer: nothing, void: o.lost[b.Conn]}
		if b.Broken {
			e.sent = brokenBlock
		}
		o.await(b.Conn, nil, e)
		return nil
	}
	for i := range b.Transmissions {
		t := &b.Transmissions[i]
		e := &exchange{op: b.Op, place: i, command: t.Tag, answer: nothing, void: o.lost[b.Conn]}
		for _, err := range model.Lacks(o.opened[b.Conn].Version, *t) {
			e.lacks = append(e.lacks, "ERR "+err.Error())
		}
		correlation := t.CorrelationID
		if o.opened[b.Conn].KeyUnread {
			e.sent = keyUnread
		}
		if t.Refusal != nil {
			e.sent = t.Refusal.Error()
			if t.Refusal.Code == smp.CodeBlock {
				correlation = nil
			}
		}
		o.learn(t, e)
		o.await(b.Conn, correlation, e)
	}
	return nil
}

// learn names what the run has chosen: bodies and link ids.
func (o *observer) learn(t *drive.Sent, e *exchange) {
	switch c := t.Command.(type) {
	case smp.SEND:
		o.bodies[sha256.Sum256(c.Body)] = fmt.Sprintf("message of %s", e.name())
	case smp.LSET:
		o.names[string(c.LinkID)] = fmt.Sprintf("link of %s", e.name())
	}
	if t.Forwarded != nil {
		o.learn(t.Forwarded, e)
	}
}

// name tells exchanges apart.
func (e *exchange) name() string {
	if e.place == 0 {
		return fmt.Sprintf("operation %d", e.op)
	}
	return fmt.Sprintf("operation %d.%d", e.op, e.place)
}

func key(conn int, correlation []byte) string { return fmt.Sprintf("%d %x", conn, correlation) }

func (o *observer) await(conn int, correlation []byte, e *exchange) {
	o.record.exchanges = append(o.record.exchanges, e)
	k := key(conn, correlation)
	o.waiting[k] = append(o.waiting[k], e)
}

// answered returns the exchange that a transmission answers, nil for events.
func (o *observer) answered(r drive.Received) *exchange {
	if len(r.CorrelationID) == 0 && !isError(r.Response) {
		return nil
	}
	if e := o.take(key(r.Conn, r.CorrelationID)); e != nil || !isError(r.Response) {
		return e
	}
	// A relay that could read the correlation id of what it calls malformed may give it.
	return o.take(key(r.Conn, nil))
}

// take returns the first exchange that waits for what the key stands for, nil for none.
func (o *observer) take(k string) *exchange {
	waiting := o.waiting[k]
	if len(waiting) == 0 {
		return nil
	}
	o.waiting[k] = waiting[1:]
	return waiting[0]
}

func isError(r smp.Response) bool {
	_, ok := r.(smp.ERR)
	return ok
}

// Received ends an exchange, or notes a delivery.
func (o *observer) Received(r drive.Received) []drive.Breach {
	e := o.answered(r)
	answer := o.describe(r)
	if e != nil {
		e.answer = answer
		o.nameIDs(r.Response, e)
	}
	if _, message := r.Response.(smp.MSG); (message || e == nil) && !o.lost[r.Conn] {
		o.deliver(r, answer)
	}
	return nil
}

// nameIDs names the ids that the relay has made.
func (o *observer) nameIDs(r smp.Response, e *exchange) {
	of := func(what string, id []byte) {
		if len(id) > 0 {
			o.names[string(id)] = fmt.Sprintf("%s of %s", what, e.name())
		}
	}
	switch r := r.(type) {
	case smp.IDS:
		of("queue", r.RecipientID)
		of("sender", r.SenderID)
		of("link", r.LinkID)
		if r.Notifier != nil {
			of("notifier", r.Notifier.NotifierID)
		}
	case smp.NID:
		of("notifier", r.NotifierID)
	case smp.PKEY:
		of("session", r.SessionID)
	}
}

// deliver notes what came for a queue.
func (o *observer) deliver(r drive.Received, what string) {
	k := fmt.Sprintf("connection %d, %s", r.Conn, o.named(r.EntityID))
	o.deliveries[k] = append(o.deliveries[k], what)
}

// named is what stands for an id.
func (o *observer) named(id []byte) string {
	if len(id) == 0 {
		return "no queue"
	}
	if name, ok := o.names[string(id)]; ok {
		return name
	}
	return "an unknown queue"
}

// Missing says nothing new: the exchanges have no answer.
func (o *observer) Missing(int, [][]byte) []drive.Breach { return nil }

// Closed ends the exchanges that wait on a connection.
func (o *observer) Closed(conn int, how drive.Ending) []drive.Breach {
	prefix := fmt.Sprintf("%d ", conn)
	for k, waiting := range o.waiting {
		if len(k) < len(prefix) || k[:len(prefix)] != prefix {
			continue
		}
		for _, e := range waiting {
			if how == drive.ByUs {
				e.void = true
			} else {
				e.answer = closed
			}
		}
		delete(o.waiting, k)
	}
	return nil
}

// Settled makes a checkpoint.
func (o *observer) Settled() []drive.Breach {
	o.record.checkpoints = append(o.record.checkpoints, checkpoint{
		after: len(o.record.exchanges), op: o.lastOp, deliveries: o.deliveries,
	})
	o.deliveries = make(map[string][]string)
	return nil
}

// Finish makes the last checkpoint if there is something to compare.
func (o *observer) Finish(settled bool) []drive.Breach {
	if settled {
		o.Settled()
	}
	return nil
}
