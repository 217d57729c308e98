package model

import (
	"smpcheck/reference/smp"
)

// outcome is what can come of an operation: the answer, and the state after it.
type outcome struct {
	want  want
	state *state
}

func one(w want, s *state) []outcome { return []outcome{{w, s}} }

// refuse is the outcome of an operation that changes nothing.
func refuse(s *state, why *Rule, errs ...*smp.Error) []outcome { return one(refusal(why, errs...), s) }

// execute returns everything that can come of an operation in a state.
func (q *queue) execute(s *state, o *operation) []outcome {
	if s.gone {
		return refuse(s, deletedQueueAccepted, gone(o)...)
	}
	if o.ServiceSignature != nil {
		return refuse(s, serviceAccepted, smp.ErrService, smp.ErrAuth)
	}
	if o.party == recipientParty {
		if !o.byAny(q.model, s.recipients) {
			return refuse(s, wrongKeyAccepted, smp.ErrAuth)
		}
		return q.executeRecipient(s, o)
	}
	switch c := o.Command.(type) {
	case smp.SEND:
		return q.send(s, o, c)
	case smp.SKEY:
		return q.secureBySender(s, o, c)
	case smp.NSUB:
		return q.watch(s, o)
	case smp.LKEY:
		return q.secureByLink(s, o, c)
	case smp.LGET:
		return q.readLink(s, o)
	}
	return one(anything, s)
}

// gone are the answers to an operation for a queue that is not there.
func gone(o *operation) []*smp.Error {
	errs := []*smp.Error{smp.ErrAuth}
	if c, ok := o.Command.(smp.SEND); ok && len(c.Body) > smp.MaxMessageLength(o.version) {
		errs = append(errs, smp.ErrLargeMsg)
	}
	if o.ServiceSignature != nil {
		errs = append(errs, smp.ErrService)
	}
	return errs
}

func (q *queue) executeRecipient(s *state, o *operation) []outcome {
	switch c := o.Command.(type) {
	case smp.SUB:
		return q.subscribe(s, o)
	case smp.GET:
		return q.get(s, o)
	case smp.ACK:
		return q.acknowledge(s, o, string(c.MsgID))
	case smp.KEY:
		return q.secure(s, q.model.key(c.SenderKey), success("OK"))
	case smp.RKEY:
		return q.replaceKeys(s, c)
	case smp.NKEY:
		return q.enableNotifier(s, o, c)
	case smp.NDEL:
		return q.disableNotifier(s, o)
	case smp.LSET:
		return q.setLink(s, o, c)
	case smp.LDEL:
		n := s.clone()
		n.link, n.linkFades = 0, false
		return one(success("OK"), n)
	case smp.OFF:
		n := s.clone()
		n.suspended = true
		return one(success("OK"), n)
	case smp.DEL:
		return q.remove(s, o)
	case smp.QUE:
		return one(want{tag: "INFO", info: q.describe(s)}, s)
	}
	return one(anything, s)
}

// remove executes DEL.
func (q *queue) remove(s *state, o *operation) []outcome {
	n := s.clone()
	n.excuse(func(e event) bool { return e.kind == messageEvent || e.kind == notificationEvent })
	if c := s.subscriber.conn; c != 0 && c != o.conn.number {
		q.expect(n, event{conn: c, kind: deletedEvent, notifier: -1, item: noItem, optional: o.ghost})
	}
	q.dismissWatcher(n, o)
	*n = state{gone: true, notifier: -1, events: n.events, done: n.done, ids: n.ids,
		subscriber: reader{delivered: noItem}}
	return one(success("OK"), n)
}

// describe is what INFO may say. The marker of a full queue may count as a message or not.
func (q *queue) describe(s *state) info {
	i := info{secured: s.sender != 0, notifier: s.notifier >= 0, least: len(s.messages), most: len(s.messages)}
	if i.most > 0 && s.messages[i.most-1].isMarker() {
		i.least--
	}
	return i
}

// secure sets the key of the sender, or finds that another one is set.
func (q *queue) secure(s *state, key int, answer want) []outcome {
	if s.sender != 0 && s.sender != key {
		return refuse(s, secondKeyAccepted, smp.ErrAuth)
	}
	n := s.clone()
	n.sender = key
	return one(answer, n)
}

func (q *queue) secureBySender(s *state, o *operation, c smp.SKEY) []outcome {
	key := q.model.key(c.SenderKey)
	switch {
	case !o.by(q.model, key):
		return refuse(s, wrongKeyAccepted, smp.ErrAuth)
	case q.mode != smp.Messaging:
		return refuse(s, notSecurableAccepted, smp.ErrAuth)
	}
	return q.secure(s, key, success("OK"))
}

// replaceKeys executes RKEY. The document restricts it to nothing, the official relay to
// contact queues.
func (q *queue) replaceKeys(s *state, c smp.RKEY) []outcome {
	n := s.clone()
	n.recipients = q.model.keyList(c.Keys...)
	outs := one(success("OK"), n)
	if q.mode != smp.Contact {
		outs = append(outs, outcome{refusal(wrongIDAccepted, smp.ErrAuth), s})
	}
	return outs
}
