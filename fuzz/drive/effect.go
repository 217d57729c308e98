package drive

import (
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// unseal opens what a response carries, with the keys that the driver has.
func (r *runner) unseal(l *line, p *pending, got *Received) {
	switch resp := got.Response.(type) {
	case smp.MSG:
		q := r.queues.byRecipient[string(got.Transmission.EntityID)]
		if q == nil {
			r.stranger(l, "SMP-MSG-EVENT", resp)
			return
		}
		if !l.lost {
			q.receive(resp.ID)
		}
		if q.delivery == nil {
			return
		}
		m, err := smp.OpenRcvMessage(resp, q.delivery)
		if err != nil {
			got.OpenErr = err
			r.protocol("message-unreadable", "SMP-MSG-ENCRYPTED", "", "a message in the encryption of its queue", err.Error())
			return
		}
		got.Message = &m
	case smp.NMSG:
		key, known := r.queues.notifications[string(got.Transmission.EntityID)]
		if !known {
			r.stranger(l, "SMP-TX-EVENT-ENTITY", resp)
			return
		}
		if key == nil {
			return
		}
		m, err := smp.OpenNMsgMeta(resp, key)
		if err != nil {
			got.OpenErr = err
			r.protocol("notification-unreadable", "", "", "metadata in the encryption of its notifier", err.Error())
			return
		}
		got.Meta = &m
	case smp.PRES, smp.RRES:
		if p == nil || p.envelope == nil {
			return
		}
		inner, err := p.envelope.open(resp)
		if err != nil {
			got.OpenErr = err
			r.protocol("forwarded-unreadable", "SMP-PROXY-PRES-CLIENT", p.draft.tag, "a response in the encryption of its command", err.Error())
			return
		}
		if inner != nil {
			inner.Conn, inner.Op = got.Conn, got.Op
			got.Forwarded = inner
			r.inside(p, inner)
		}
	}
}

// stranger keeps an event about a queue that nobody here has. Where answers may be missing
// it may be one that was made.
func (r *runner) stranger(l *line, requirement string, resp smp.Response) {
	if !r.unknown {
		r.protocol("event-of-unknown-queue", requirement, "", "the id of a queue of this client", describe(resp)+" with another one")
	}
}

// inside looks at a forwarded response.
func (r *runner) inside(p *pending, got *Received) {
	if got.Err != nil {
		r.protocol("forwarded-malformed", "SMP-PROXY-PRES-BATCH", p.draft.tag, "a response of the protocol", got.Err.Error())
		return
	}
	sent := p.envelope.inside
	if sent == nil || sent.Refusal != nil {
		return
	}
	if !fits(sent.Command, got.Response) {
		r.protocol("answer-of-another-command", "SMP-TX-CORRELATION", p.draft.tag, "an answer to the forwarded "+sent.Command.Tag(), describe(got.Response))
	}
}

// effects keeps what follows from an answer for the operations to come.
func (r *runner) effects(l *line, p *pending, got *Received) {
	if p.sent == nil || got.Response == nil {
		return
	}
	if got.Forwarded != nil && p.envelope != nil && p.envelope.inside != nil {
		r.effect(l, p, *p.envelope.inside, got.Forwarded.Response)
		return
	}
	r.effect(l, p, *p.sent, got.Response)
}

// effect is effects for a command that may have been forwarded.
func (r *runner) effect(l *line, p *pending, sent Sent, resp smp.Response) {
	switch resp := resp.(type) {
	case smp.IDS:
		r.created(l, p, sent, resp)
		return
	case smp.PKEY:
		if u := tunnelOf(resp); u != nil {
			l.tunnel = u
		}
		return
	}
	q := r.queues.of(sent.Command, sent.EntityID)
	if q == nil {
		return
	}
	if e, refused := resp.(smp.ERR); refused {
		if _, send := sent.Command.(smp.SEND); send && e.Err.Equal(smp.ErrQuota) {
			q.full = true
		}
		return
	}
	switch c := sent.Command.(type) {
	case smp.SUB:
		q.subscriber, l.unsettled = l, true
	case smp.KEY:
		q.secured, q.senderKey = true, r.keys[c.SenderKey]
	case smp.SKEY:
		q.secured, q.senderKey = true, r.keys[c.SenderKey]
	case smp.LKEY:
		q.secured, q.senderKey = true, r.keys[c.SenderKey]
	case smp.RKEY:
		if len(c.Keys) > 0 {
			q.recipientKey = r.keys[c.Keys[0]]
		}
	case smp.SEND:
		q.waiting, q.full = q.waiting+1, false
		r.unsettle()
	case smp.ACK:
		q.waiting = max(0, q.waiting-1)
		l.unsettled = true
	case smp.OFF:
		q.suspended = true
	case smp.DEL:
		q.deleted, q.subscriber = true, nil
	case smp.NKEY:
		if nid, ok := resp.(smp.NID); ok {
			r.notified(q, c.NotifierKeys, nid.NotifierCredentials)
		}
	case smp.NDEL:
		q.notified = false
	case smp.LSET:
		q.linked, q.linkID = true, c.LinkID
		r.queues.byLink[string(c.LinkID)] = q
	case smp.LDEL:
		q.linked = false
	}
}

// unsettle says that messages may be under way.
func (r *runner) unsettle() {
	for _, l := range r.lines {
		if l != nil {
			l.unsettled = true
		}
	}
}

// created keeps a new queue.
func (r *runner) created(l *line, p *pending, sent Sent, ids smp.IDS) {
	c, ok := sent.Command.(smp.NEW)
	if !ok || p.draft.makes == nil {
		return
	}
	q := p.draft.makes
	q.recipientID, q.senderID, q.linkID, q.mode = ids.RecipientID, ids.SenderID, ids.LinkID, ids.Mode
	q.recipientKey = r.keys[c.AuthKey]
	q.linked = ids.LinkID != nil
	q.delivery = r.agreedWith(c.DHKey, ids.ServerDHKey)
	if c.Subscribe {
		q.subscriber = l
	}
	r.queues.byRecipient[string(q.recipientID)] = q
	r.queues.bySender[string(q.senderID)] = q
	if q.linkID != nil {
		r.queues.byLink[string(q.linkID)] = q
	}
	if c.Notifier != nil && ids.Notifier != nil {
		r.notified(q, *c.Notifier, *ids.Notifier)
	}
	r.queues.all = append(r.queues.all, q)
	q.slot.queue = q
	q.raced = p.draft.raced // another connection may have taken the slot as well
}

// notified keeps the notifier of a queue.
func (r *runner) notified(q *queue, k smp.NotifierKeys, c smp.NotifierCredentials) {
	q.notified, q.notifierID, q.notifierKey = true, c.NotifierID, r.keys[k.AuthKey]
	r.queues.notifications[string(c.NotifierID)] = r.agreedWith(k.DHKey, c.ServerDHKey)
	r.queues.byNotifier[string(c.NotifierID)] = q
}

// agreedWith is agreed as a pointer, nil if the driver has no such key.
func (r *runner) agreedWith(own, peer keys.PublicKey) *box.Key {
	key, ok := r.agreed(own, peer)
	if !ok {
		return nil
	}
	return &key
}
