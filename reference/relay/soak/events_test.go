package soak_test

import (
	"bytes"

	"smpcheck/reference/smp"
)

// read takes one thing that the relay sent, in a round of commands.
func (w *worker) read(r *smp.ReceivedResponse, round int) {
	var id string
	o := w.ops[string(r.Transmission.CorrelationID)]
	switch unasked := len(r.Transmission.CorrelationID) == 0; {
	case unasked:
		id = string(r.Transmission.EntityID)
	case o == nil:
		w.m.fail("an answer to nothing: %T", r.Response)
		return
	case o.queue != nil:
		id = string(o.queue.rcvID)
	}
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	if o == nil {
		w.event(id, r.Response)
		return
	}
	if len(w.rounds) == round {
		w.rounds = append(w.rounds, w.m.tick())
	}
	delete(w.ops, string(r.Transmission.CorrelationID))
	w.fresh = max(w.fresh, o.asked)
	o.answered = w.m.tick()
	w.answer(o, r.Response)
}

// event takes what the relay sent by itself.
func (w *worker) event(id string, r smp.Response) {
	if _, ok := r.(smp.MSG); !ok {
		w.m.count(r.Tag())
	}
	switch e := r.(type) {
	case smp.ENDS:
		w.ends(e)
		return
	case smp.ALLS:
		w.alls()
		return
	}
	u := w.uses[id]
	if u == nil {
		if u = w.associated(id); u == nil {
			w.m.fail("%T about a queue that the connection did not subscribe to", r)
			return
		}
	}
	switch e := r.(type) {
	case smp.MSG:
		w.receiving(u)
		w.message(u, e)
	case smp.NMSG:
		w.receiving(u)
		w.notification(u, e)
	case smp.END, smp.DELD:
		w.ended(u, e)
	default:
		w.m.fail("an event %T", e)
	}
}

// receiving checks that the connection may receive from a topic.
func (w *worker) receiving(u *use) {
	if u.subscribed || u.asking > 0 {
		return
	}
	if w.associated(string(u.id)) == nil {
		w.m.fail("an event of %s %d after its subscription ended", u.name, u.queue.number)
		return
	}
	w.subscribed(u, w.claimed)
	u.round++ // the command may be one of this round
}

// subscribed notes that a topic is subscribed to, by a command that was written at a
// moment.
func (w *worker) subscribed(u *use, asked int64) {
	u.attended(w.session, asked) // until the end of the block what comes may wait again
	u.began, u.round = asked, len(w.rounds)
	u.subscribed, u.active, u.answered = true, asked, w.m.tick()
}

// ended takes the end of one subscription.
func (w *worker) ended(u *use, e smp.Response) {
	since := u.active
	if w.service != nil {
		since = w.claimed
	}
	if !u.mayBeGone(since, w.m.tick()) && (e.Tag() == "DELD" || !u.mayDisplace(w.id, since)) {
		w.m.fail("%s of %s %d, which nobody deleted or subscribed to", e.Tag(), u.name, u.queue.number)
	}
	u.attended(w.session, never)
	u.subscribed = false
}

// mayBeGone reports whether the topic may have been deleted since a moment. Versions
// before 10 are told so with END.
func (u *use) mayBeGone(since, now int64) bool {
	if u.notifier == nil {
		return u.queue.del != nil
	}
	return !u.queue.notifier.must(u.notifier, since, now)
}

// over is a moment at which the blocks before a round, and what they have left for later,
// were over: the answer to a block that came after another one.
func (s *session) over(round int) (moment int64, ok bool) {
	if round+1 >= len(s.rounds) {
		return 0, false
	}
	return s.rounds[round+1], true
}

// attended notes that the connection has read everything from a topic that came up to
// an end.
func (u *use) attended(s *session, end int64) {
	from, ok := s.over(u.round)
	if !u.subscribed || !ok {
		return
	}
	if s.service != nil {
		end = s.service.undisturbed(s.id, s.claimed, end)
	}
	u.periods = append(u.periods, period{from: from, to: u.undisturbed(s.id, u.began, end)})
}

// message takes a delivery.
func (w *worker) message(u *use, msg smp.MSG) {
	q := u.queue
	m, err := smp.OpenRcvMessage(msg, &q.secret)
	if err != nil {
		w.m.fail("a delivery of queue %d: %v", q.number, err)
		return
	}
	u.held, u.heldSince, u.message, u.came = bytes.Clone(msg.ID), u.active, nil, true
	if m.Quota {
		w.m.count("quota markers")
		return
	}
	if u.message, err = q.delivered(msg.ID, m, w.fresh); err != nil {
		w.m.fail("%v", err)
	}
	w.m.count("deliveries")
}

// notification takes a notification.
func (w *worker) notification(u *use, msg smp.NMSG) {
	if u.notifier == nil {
		w.m.fail("a notification under the recipient id of queue %d", u.queue.number)
		return
	}
	meta, err := smp.OpenNMsgMeta(msg, &u.notifier.secret)
	if err == nil {
		err = u.notifier.notify(meta)
	}
	if err != nil {
		w.m.fail("a notification of queue %d: %v", u.queue.number, err)
	}
}

// refusal is the code of an answer ERR, empty for another answer.
func refusal(r smp.Response) smp.ErrorCode {
	if e, ok := r.(smp.ERR); ok {
		return e.Err.Code
	}
	return ""
}
