package soak_test

import (
	"bytes"
	"slices"

	"smpcheck/reference/smp"
)

// answer takes the answer to a command.
func (w *worker) answer(o *op, r smp.Response) {
	w.m.count(o.command.Tag() + " " + r.Tag() + " " + string(refusal(r)))
	switch o.command.(type) {
	case smp.PING:
		w.require(o, r, r.Tag() == "PONG")
	case smp.NEW:
		ids, ok := r.(smp.IDS)
		w.require(o, r, ok)
		o.ids, o.queue.rcvID, o.queue.sndID = ids, slices.Clone(ids.RecipientID), slices.Clone(ids.SenderID)
	case smp.KEY:
		w.require(o, r, r.Tag() == "OK")
	case smp.SEND:
		w.sentAnswer(o, r)
	case smp.SUB:
		w.subscribedAnswer(o, r)
	case smp.GET:
		w.gotAnswer(o, r)
	case smp.ACK:
		w.ackedAnswer(o, r)
	case smp.OFF:
		w.endedAnswer(o, r, o.queue.off)
	case smp.DEL:
		w.endedAnswer(o, r, o.queue.del)
	}
}

// require reports an answer that the command must not have.
func (w *worker) require(o *op, r smp.Response, ok bool) {
	if !ok {
		number := -1
		if o.queue != nil {
			number = o.queue.number
		}
		w.m.fail("%s for queue %d was answered with %s %s", o.command.Tag(), number, r.Tag(), refusal(r))
	}
}

func (w *worker) sentAnswer(o *op, r smp.Response) {
	q := o.queue
	q.mu.Lock()
	over := q.off != nil && q.off.before(o.asked) || q.del != nil && q.del.before(o.asked)
	ended := q.off != nil || q.del != nil
	full := o.waiting-q.acked >= quota
	if r.Tag() == "OK" {
		o.message.state = accepted
		q.accepted++
	} else {
		o.message.state = refused
	}
	q.mu.Unlock()
	switch code := refusal(r); {
	case r.Tag() == "OK":
		w.require(o, r, !over && !full)
	case code == smp.CodeQuota:
		w.require(o, r, !over)
	default:
		w.require(o, r, code == smp.CodeAuth && ended)
	}
}

// exists checks an answer AUTH: somebody has to have asked for the end of the queue. A
// command for a queue whose deletion was answered before has to be answered with AUTH.
func (w *worker) exists(o *op, r smp.Response) bool {
	q := o.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if refusal(r) == smp.CodeAuth {
		w.require(o, r, q.del != nil)
		return false
	}
	w.require(o, r, q.del == nil || !q.del.before(o.asked))
	return true
}

func (w *worker) subscribedAnswer(o *op, r smp.Response) {
	u := w.use(o.queue)
	u.asking--
	o.queue.mu.Lock()
	now := w.m.tick()
	o.asking.answered, o.asking.done = now, r.Tag() == "OK" || r.Tag() == "SOK"
	o.queue.mu.Unlock()
	if !w.exists(o, r) {
		return
	}
	if refusal(r) == smp.CodeCmd {
		w.require(o, r, u.got)
		return
	}
	w.require(o, r, r.Tag() == "OK" || r.Tag() == "SOK")
	u.subscribed, u.active, u.answered = true, o.asked, now
}

func (w *worker) gotAnswer(o *op, r smp.Response) {
	u := w.use(o.queue)
	if !w.exists(o, r) {
		return
	}
	switch e := r.(type) {
	case smp.MSG:
		u.got = true
		w.message(u, e)
	case smp.OK:
		u.got = true
	default:
		w.require(o, r, refusal(r) == smp.CodeCmd && u.since != 0)
	}
}

func (w *worker) ackedAnswer(o *op, r smp.Response) {
	if !w.exists(o, r) {
		return
	}
	u := o.use
	if refusal(r) == smp.CodeNoMsg {
		again := u.since != o.heldSince // the subscription that brought it was replaced
		w.require(o, r, u.got || again || u.queue.mayDisplace(w.id, o.heldSince))
		return
	}
	if bytes.Equal(u.held, o.command.(smp.ACK).MsgID) {
		u.held, u.message = nil, nil // it came a second time
	}
	if o.message != nil {
		o.queue.mu.Lock()
		if o.message.done == 0 {
			o.message.done = w.m.tick()
		}
		o.queue.mu.Unlock()
	}
	if msg, ok := r.(smp.MSG); ok {
		w.message(u, msg)
		return
	}
	w.require(o, r, r.Tag() == "OK")
}

func (w *worker) endedAnswer(o *op, r smp.Response, first *span) {
	o.queue.mu.Lock()
	over := o.queue.del != nil
	if r.Tag() == "OK" && first.answered == 0 {
		first.answered = w.m.tick()
	}
	o.queue.mu.Unlock()
	w.require(o, r, r.Tag() == "OK" || refusal(r) == smp.CodeAuth && over)
}
