package soak_test

import (
	"bytes"

	"smpcheck/reference/smp"
)

// answer takes the answer to a command.
func (w *worker) answer(o *op, r smp.Response) {
	w.m.count(o.command.Tag() + " " + r.Tag() + " " + string(refusal(r)))
	switch o.command.(type) {
	case smp.PING:
		w.require(o, r, r.Tag() == "PONG")
	case smp.NEW:
		w.createdAnswer(o, r)
	case smp.KEY:
		w.require(o, r, r.Tag() == "OK")
	case smp.SEND, smp.SKEY, smp.LGET, smp.LKEY:
		w.m.senderAnswer(o, r)
	case smp.SUB:
		w.subscribedAnswer(o, r)
	case smp.GET:
		w.gotAnswer(o, r)
	case smp.ACK:
		w.ackedAnswer(o, r)
	case smp.OFF:
		w.endedAnswer(o, r, o.queue.off)
	case smp.DEL:
		o.changes.end(o.answered, true) // by this command or another one
		w.endedAnswer(o, r, o.queue.del)
	case smp.NKEY:
		w.enabledAnswer(o, r)
	case smp.NSUB:
		w.notifiedAnswer(o, r)
	case smp.SUBS, smp.NSUBS:
		w.allAnswer(o, r)
	case smp.NDEL, smp.LSET, smp.LDEL:
		w.changedAnswer(o, r, r.Tag() == "OK")
	}
}

// require reports an answer that the command must not have.
func (w *worker) require(o *op, r smp.Response, ok bool) { w.m.require(o, r, ok) }

func (m *model) require(o *op, r smp.Response, ok bool) {
	if !ok {
		number := -1
		if o.queue != nil {
			number = o.queue.number
		}
		m.fail("%s for queue %d was answered with %s %s", o.command.Tag(), number, r.Tag(), refusal(r))
	}
}

// senderAnswer takes the answer to a command of a sender, on whatever way it came.
func (m *model) senderAnswer(o *op, r smp.Response) {
	switch o.command.(type) {
	case smp.SEND:
		m.sentAnswer(o, r)
	case smp.SKEY:
		m.require(o, r, r.Tag() == "OK" || refusal(r) == smp.CodeAuth && o.queue.del != nil)
	case smp.LGET, smp.LKEY:
		if err := m.linkAnswer(o, r); err != nil {
			m.fail("%s for queue %d was answered with %v", o.command.Tag(), o.queue.number, err)
		}
	}
}

func (m *model) sentAnswer(o *op, r smp.Response) {
	q := o.queue
	over := q.off != nil && q.off.before(o.asked) || q.del != nil && q.del.before(o.asked)
	ended := q.off != nil || q.del != nil
	full := o.waiting-q.acked >= quota
	code := refusal(r)
	if o.changes != nil {
		o.changes.end(o.answered, r.Tag() == "OK" || code == smp.CodeQuota)
	}
	if r.Tag() == "OK" {
		q.sent(o.message, o.answered, accepted)
	} else {
		q.sent(o.message, o.answered, refused)
	}
	switch {
	case r.Tag() == "OK":
		m.require(o, r, !over && !full)
	case code == smp.CodeQuota:
		m.require(o, r, !over)
	default:
		m.require(o, r, code == smp.CodeAuth && ended)
	}
}

// exists checks an answer AUTH: somebody has to have asked for the end of the queue. A
// command for a queue whose deletion was answered before has to be answered with AUTH.
func (w *worker) exists(o *op, r smp.Response) bool {
	q := o.queue
	if refusal(r) == smp.CodeAuth {
		w.require(o, r, q.del != nil)
		return false
	}
	w.require(o, r, q.del == nil || !q.del.before(o.asked))
	return true
}

func (w *worker) subscribedAnswer(o *op, r smp.Response) {
	u := w.use(o.topic)
	ok := w.isSubscribed(r)
	u.asking--
	w.claimedBy(o, ok)
	if !w.exists(o, r) {
		return
	}
	if refusal(r) == smp.CodeCmd {
		w.require(o, r, u.got)
		return
	}
	w.require(o, r, ok)
	w.subscribed(u, o.asked)
}

func (w *worker) gotAnswer(o *op, r smp.Response) {
	u := w.use(&o.queue.topic)
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
		again := u.active != o.heldSince || u.since > o.heldSince // the subscription that brought it was replaced
		w.require(o, r, u.got || again || u.mayDisplace(w.id, o.heldSince) || w.mayBeReplaced(o.heldSince))
		return
	}
	if bytes.Equal(u.held, o.command.(smp.ACK).MsgID) {
		u.held, u.message = nil, nil // it came a second time
	}
	if o.message != nil && o.message.done == 0 {
		o.message.done = w.m.tick()
	}
	if msg, ok := r.(smp.MSG); ok {
		w.message(u, msg)
		return
	}
	w.require(o, r, r.Tag() == "OK")
}

func (w *worker) endedAnswer(o *op, r smp.Response, first *span) {
	over := o.queue.del != nil
	gone := refusal(r) == smp.CodeAuth && over
	if first.answered == 0 && (r.Tag() == "OK" || gone && first == o.queue.del) {
		first.answered = o.answered
	}
	w.require(o, r, r.Tag() == "OK" || gone)
}
