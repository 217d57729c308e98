package relay

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"errors"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// create executes NEW. SMP, "Create queue command".
func (s *Session) create(r *Request, c smp.NEW) smp.Response {
	relay := s.relay
	if want := relay.config.Password; want != nil && subtle.ConstantTimeCompare(want, c.Password) != 1 {
		return fail(smp.ErrAuth)
	}
	if s.service != nil && !c.Subscribe {
		return fail(smp.ErrCmdProhibited)
	}
	q := &Queue{record: newRecord(c.AuthKey)}
	relay.adopt(q)
	if c.Request != nil {
		q.record.Mode = c.Request.Mode
		if err := s.requestLink(q, r, c.Request); err != nil {
			return fail(err)
		}
	}
	serverKey, err := keys.Generate(keys.X25519, relay.config.Rand)
	if err == nil {
		q.deliveryKey, err = box.Agree(serverKey, c.DHKey)
	}
	var notifierDHKey keys.PublicKey
	if err == nil {
		notifierDHKey, err = s.requestNotifier(q, c.Notifier)
	}
	if errors.Is(err, keys.ErrLowOrder) {
		return fail(smp.ErrCrypto)
	}
	if err != nil {
		return s.internal(err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	switch err := s.addQueue(q, r); {
	case errors.Is(err, errFull), q.link != nil && errors.Is(err, errDuplicate):
		return fail(smp.ErrAuth)
	case err != nil:
		return s.internal(err)
	}
	if c.Subscribe {
		s.subscribeNew(q)
	}
	r.commit = relay.created(q)
	return smp.IDS{
		RecipientID: q.recipientID,
		SenderID:    q.senderID,
		ServerDHKey: serverKey.Public(),
		Mode:        q.record.Mode,
		LinkID:      q.linkID(),
		ServiceID:   s.serviceID(),
		Notifier:    q.notifier.credentials(notifierDHKey),
	}
}

// idAttempts is how often new ids are made for a queue if they are taken.
const idAttempts = 3

// addQueue gives the queue its ids and enters it into the store.
func (s *Session) addQueue(q *Queue, r *Request) (err error) {
	if q.link != nil {
		return s.addLinkedQueue(q, r)
	}
	for range idAttempts {
		if q.recipientID, err = s.relay.stages.NewID(s, r, RecipientID); err != nil {
			return err
		}
		if q.senderID, err = s.relay.stages.NewID(s, r, SenderID); err != nil {
			return err
		}
		if err = s.nameNotifier(q, r); err != nil {
			return err
		}
		if err = s.relay.store.add(q); !errors.Is(err, errDuplicate) {
			return err
		}
	}
	return err
}

// internal notes a failure of the relay itself and answers that there was one.
func (s *Session) internal(err error) smp.Response {
	s.relay.log.Error("command failed", "reason", reason(err))
	return fail(smp.ErrInternal)
}

// subscribe executes SUB. The message that waits comes after the answers to all
// commands of the block, as from the official relay, so that a client with many
// queues has its answers soon; before the answer to a command that follows for
// the same queue. It comes again if the connection is subscribed already and
// did not acknowledge it.
func (s *Session) subscribe(q *Queue) smp.Response {
	if q.getter(s) != nil {
		return fail(smp.ErrCmdProhibited)
	}
	s.takeOver()
	if after := q.state(); after.service != s.service {
		after.service = s.service
		s.relay.become(q, after, s)
	} else {
		s.take(q)
	}
	return smp.SOK{ServiceID: s.serviceID()}
}

// take makes the session the subscriber of a queue, which from now on belongs to the
// service of the session, or to none.
func (s *Session) take(q *Queue) {
	if displaced := s.claim(q); displaced != nil {
		s.relay.stages.Push(displaced, q, Output{EntityID: q.recipientID, Response: smp.END{}})
	}
	s.relay.postpone(q)
}

// subscribeNew makes the session the subscriber of a queue that nobody else knows yet.
func (s *Session) subscribeNew(q *Queue) {
	s.takeOver()
	q.setService(s.service)
	q.subscribe(s)
}

// getMessage executes GET. The connection that used it may not subscribe.
func (s *Session) getMessage(q *Queue, out *Output) {
	if q.subscription(s) != nil {
		out.Response = fail(smp.ErrCmdProhibited)
		return
	}
	sub := q.getter(s)
	if sub == nil {
		sub = q.get(s)
	}
	sub.answer(q, out, s.relay.stages.Head(q))
}

// acknowledge executes ACK. A message that expired since it was delivered is
// acknowledged like another one; an empty id stands for whatever was delivered,
// which stays in the queue. Both as the official relay does.
func (s *Session) acknowledge(q *Queue, c smp.ACK, out *Output) {
	sub, next := q.subscription(s), true
	if sub == nil {
		sub, next = q.getter(s), false
	}
	if sub == nil || sub.delivered == nil || len(c.MsgID) > 0 && !bytes.Equal(c.MsgID, sub.delivered) {
		out.Response = fail(smp.ErrNoMsg)
		return
	}
	s.relay.stages.Remove(q, c.MsgID)
	var m *Message
	if next {
		m = s.relay.stages.Head(q)
	}
	sub.answer(q, out, m)
}

// answer makes out deliver m, or say OK if there is no message.
func (sub *Subscription) answer(q *Queue, out *Output, m *Message) {
	if m == nil {
		sub.delivered = nil
		out.Response = smp.OK{}
		return
	}
	sub.delivered = m.ID
	out.Message, out.Queue = m, q
}

// secure executes KEY and SKEY.
func secure(q *Queue, key keys.PublicKey) smp.Response {
	if !q.secure(key) {
		return fail(smp.ErrAuth)
	}
	return smp.OK{}
}

// setRecipientKeys executes RKEY, which replaces the whole list.
func setRecipientKeys(q *Queue, c smp.RKEY) smp.Response {
	if q.record.Mode != smp.Contact {
		return fail(smp.ErrAuth)
	}
	q.Change(func(r *Record) { r.RecipientKeys = c.Keys })
	return smp.OK{}
}

// info executes QUE. SMP, "Get queue state".
func (s *Session) info(q *Queue) smp.Response {
	state := smp.QueueInfo{Secured: !q.record.SenderKey.IsZero(), Notifier: q.notifier != nil, Size: int64(q.mailbox.Len())}
	encode := base64.StdEncoding.EncodeToString
	sub, thread := q.subscription(s), smp.NoSubscription
	if sub == nil {
		sub, thread = q.getter(s), smp.SubscriptionProhibited
	}
	if sub != nil {
		state.Subscription = &smp.SubscriptionInfo{Thread: thread}
		if sub.delivered != nil {
			id := encode(sub.delivered)
			state.Subscription.Delivered = &id
		}
	}
	if m := s.relay.stages.Head(q); m != nil {
		state.Message = &smp.MessageInfo{ID: encode(m.ID), Time: m.Time.UTC(), Type: smp.MessageSent}
		if m.Quota {
			state.Message.Type = smp.MessageQuota
		}
	}
	return smp.INFO{Queue: state}
}
