package soak_test

import (
	"bytes"

	"smpcheck/reference/smp"
)

// enableNotifications sends NKEY.
func (w *worker) enableNotifications(q *queue) error {
	n, err := newNotifier(q)
	if err != nil {
		return err
	}
	o := w.change(&op{command: smp.NKEY{NotifierKeys: n.keys()}, queue: q, made: n}, func(s *span) { q.replace(s, n) })
	return w.ask(o, q.rcvKey, q.rcvID)
}

// enabledAnswer takes the answer to NKEY.
func (w *worker) enabledAnswer(o *op, r smp.Response) {
	nid, ok := r.(smp.NID)
	w.changedAnswer(o, r, ok)
	if !ok {
		return
	}
	if err := w.m.made(o.made, o.changes, nid.NotifierCredentials); err != nil {
		w.m.fail("the notifier in NID: %v", err)
	}
}

// disableNotifications sends NDEL.
func (w *worker) disableNotifications(q *queue) error {
	o := w.change(&op{command: smp.NDEL{}, queue: q}, func(s *span) { q.replace(s, nil) })
	return w.ask(o, q.rcvKey, q.rcvID)
}

// subscribeNotifications sends NSUB for the last notifier that the queue got, if any.
func (w *worker) subscribeNotifications(q *queue) error {
	w.m.mu.Lock()
	var n *notifier
	if last := len(q.notifiers) - 1; last >= 0 {
		n = q.notifiers[last]
	}
	w.m.mu.Unlock()
	if n == nil {
		return nil
	}
	return w.subscribeTo(&n.topic, smp.NSUB{}, n.key)
}

// notifiedAnswer takes the answer to NSUB.
func (w *worker) notifiedAnswer(o *op, r smp.Response) {
	n, u := o.topic.notifier, w.use(o.topic)
	ok := w.isSubscribed(r)
	u.asking--
	w.claimedBy(o, ok)
	may, must := n.queue.notifier.compare(n, o.asked, o.answered)
	if !ok {
		w.require(o, r, refusal(r) == smp.CodeAuth && !must)
		return
	}
	w.require(o, r, may)
	w.subscribed(u, o.asked)
}

// isSubscribed reports whether an answer to SUB or NSUB says that the connection is
// subscribed, and the topic belongs to the service that it is.
func (w *worker) isSubscribed(r smp.Response) bool {
	sok, ok := r.(smp.SOK)
	if w.service == nil {
		return r.Tag() == "OK" || ok && sok.ServiceID == nil
	}
	return ok && bytes.Equal(sok.ServiceID, w.serviceID())
}
