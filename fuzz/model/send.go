package model

import (
	"slices"

	"smpcheck/reference/smp"
)

// send executes SEND. SMP, "Send message".
func (q *queue) send(s *state, o *operation, c smp.SEND) []outcome {
	if why, ok := q.maySend(s, o); !ok {
		return refuse(s, why, gone(o)...)
	}
	var outs []outcome
	if most := smp.MaxMessageLength(o.version); len(c.Body) > most {
		errs := []*smp.Error{smp.ErrLargeMsg}
		if s.suspended {
			errs = append(errs, smp.ErrAuth)
		}
		outs = refuse(s, largeAccepted, errs...)
		// The limits of old versions stand in no document.
		if most == smp.MaxMessageLength(smp.MaxVersion) || len(c.Body) > smp.MaxRcvBody {
			return outs
		}
	}
	if s.suspended {
		return append(outs, refuse(s, suspendedAccepted, smp.ErrAuth)...)
	}
	return append(outs, q.store(s, o, c)...)
}

// maySend reports whether the sender has the right to send, or which rule the relay breaks
// otherwise.
func (q *queue) maySend(s *state, o *operation) (*Rule, bool) {
	switch {
	case s.sender == 0 && o.signed():
		return needlessKeyAccepted, false
	case s.sender != 0 && !o.signed():
		return unsignedAccepted, false
	case s.sender != 0 && !o.by(q.model, s.sender):
		return wrongKeyAccepted, false
	}
	return nil, true
}

// store puts a message into the queue, or finds it full. Of a queue whose limit is not
// known, any number may be too many.
func (q *queue) store(s *state, o *operation, c smp.SEND) []outcome {
	n := s.clone()
	if s.sender != 0 && q.mode == smp.Messaging || q.mode == 0 && s.sender != 0 {
		n.linkFades = n.link != 0
	}
	if s.full && len(s.messages) > 0 {
		return refuse(n, quotaAccepted, smp.ErrQuota)
	}
	n.full = false
	quota, held := q.model.config.Quota, len(s.messages)
	full := n.clone()
	full.full = true
	full.messages = append(full.messages, marker(o))
	q.push(full)
	if quota > 0 && held >= quota {
		return refuse(full, quotaExceeded, smp.ErrQuota)
	}
	i := item(o.number)
	n.messages = append(n.messages, i)
	q.push(n)
	if c.Notify && n.notifier >= 0 {
		q.announce(n, i)
	}
	outs := one(success("OK"), n)
	if quota == 0 && held > 0 {
		outs = append(outs, refuse(full, quotaAccepted, smp.ErrQuota)...)
	}
	return outs
}

// announce tells the notifier about a message, now or when somebody subscribes.
func (q *queue) announce(s *state, i item) {
	if s.watcher == 0 {
		s.wait(i)
		return
	}
	q.expect(s, event{conn: s.watcher, kind: notificationEvent, item: i, notifier: s.notifier})
}

// wait keeps a notification until somebody subscribes.
func (s *state) wait(i item) {
	s.waiting = append(s.waiting, i)
	slices.Sort(s.waiting)
	s.waiting = slices.Compact(s.waiting)
}
