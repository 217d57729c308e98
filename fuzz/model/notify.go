package model

import (
	"smpcheck/reference/smp"
)

// enableNotifier executes NKEY, which replaces the notifier that the queue had.
func (q *queue) enableNotifier(s *state, o *operation, c smp.NKEY) []outcome {
	n := s.clone()
	q.dismissWatcher(n, o)
	n.notifier = o.number
	q.model.notifierKeys[o.number] = q.model.key(c.AuthKey)
	outs := one(success("NID"), n)
	if q.model.isWeak(c.DHKey) {
		outs = append(outs, refuse(s, nil, smp.ErrCrypto, smp.ErrCmdSyntax)...)
	}
	return outs
}

// disableNotifier executes NDEL.
func (q *queue) disableNotifier(s *state, o *operation) []outcome {
	n := s.clone()
	q.dismissWatcher(n, o)
	return one(success("OK"), n)
}

// dismissWatcher removes the notifier. Whoever is subscribed may be told: the documents
// are silent about that.
func (q *queue) dismissWatcher(s *state, o *operation) {
	s.excuse(func(e event) bool { return e.kind == notificationEvent })
	if s.watcher != 0 {
		q.expect(s, event{conn: s.watcher, kind: deletedEvent, item: noItem, notifier: s.notifier, optional: true})
	}
	s.notifier, s.watcher, s.waiting, s.leaky = -1, 0, nil, false
}

// watch executes NSUB.
func (q *queue) watch(s *state, o *operation) []outcome {
	switch {
	case s.notifier != o.maker:
		return refuse(s, unknownQueueAccepted, smp.ErrAuth)
	case !o.by(q.model, q.model.notifierKeys[s.notifier]):
		return refuse(s, wrongKeyAccepted, smp.ErrAuth)
	}
	n := s.clone()
	if before := s.watcher; before != 0 && before != o.conn.number {
		if c := q.model.connection(before); c.rude || c.lost {
			// The relay may have closed it a while ago.
			for _, e := range n.events {
				if e.conn == before && e.kind == notificationEvent {
					n.wait(e.item)
				}
			}
			n.leaky = true
		}
		n.excuse(func(e event) bool { return e.conn == before && e.kind == notificationEvent })
		q.expect(n, event{conn: before, kind: endEvent, item: noItem, notifier: n.notifier, optional: o.ghost})
	}
	n.watcher = o.here()
	if o.ghost {
		n.leaky = true
	} else {
		for _, i := range n.waiting {
			q.expect(n, event{conn: o.conn.number, kind: notificationEvent, item: i, notifier: n.notifier, optional: n.leaky})
		}
		n.waiting = nil
	}
	if o.version < smp.VersionServices {
		return one(success("OK"), n)
	}
	return one(success("SOK"), n)
}
