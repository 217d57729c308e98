package recorded_test

import (
	"bytes"
	"errors"
	"fmt"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

// relay is what one relay knows, and its queues with the recorded keys of their owners.
type relay struct {
	server                                link.Server
	recipients, senders, notifiers, links map[string]*queue // by id
}

// queue is one queue. Keys that do not exist yet are zero.
type queue struct {
	recipientID, senderID                []byte
	recipientKey, senderKey, notifierKey keys.PublicKey
	delivery, notification               box.Key
	sent                                 []smp.SEND          // accepted and not delivered
	delivered                            map[string]smp.SEND // by message id
	stamps                               map[string]int64    // timestamps by message id
	owner                                *end                // nil where there are no agents
}

// request is a command that waits for its response.
type request struct {
	client       string // the participant that made it
	session      *session
	transmission smp.Transmission
	command      smp.Command
	queue        *queue
	authorized   bool
	forward      *forward // of PFWD and RFWD
}

// command handles a command that arrives on a connection.
func (w *walk) command(s *session, c smp.ReceivedCommand) error {
	if c.Err != nil {
		return c.Err
	}
	q := &request{client: s.Client, session: s, transmission: c.Transmission, command: c.Command}
	id := string(c.Transmission.CorrelationID)
	if s.pending[id] != nil {
		return errors.New("a correlation id twice")
	}
	s.pending[id] = q
	var err error
	switch c := c.Command.(type) {
	case smp.PFWD:
		err = w.forwardedCommand(q, c)
	case smp.RFWD:
		err = w.relayedCommand(q, c)
	default:
		err = w.execute(q)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.Command.Tag(), err)
	}
	return nil
}

// execute authorizes a command as the relay does and follows what it changes before its
// response.
func (w *walk) execute(q *request) error {
	if err := w.authorize(q); err != nil {
		return in(authorizations, err)
	}
	switch c := q.command.(type) {
	case smp.NEW:
		if c.Request != nil && c.Request.Link != nil {
			return w.linkData(c.Request.Link.LinkID, c.Request.Link.Data)
		}
	case smp.LSET:
		return w.linkData(c.LinkID, c.Data)
	case smp.KEY:
		if q.authorized {
			q.queue.senderKey = c.SenderKey
		}
	case smp.SKEY:
		if q.queue == nil {
			return errors.New("an unknown queue")
		}
		q.queue.senderKey = c.SenderKey
	case smp.SEND:
		if q.authorized {
			q.queue.sent = append(q.queue.sent, c)
			return w.sent(q.client, q.queue, c)
		}
	}
	return nil
}

// response handles a response or an event.
func (w *walk) response(s *session, r smp.ReceivedResponse) error {
	if r.Err != nil {
		return r.Err
	}
	q := s.pending[string(r.Transmission.CorrelationID)]
	if q == nil {
		if err := expect(len(r.Transmission.CorrelationID) == 0, "a response without command"); err != nil {
			return err
		}
		return w.event(s.relay, r.Transmission.EntityID, r.Response)
	}
	delete(s.pending, string(r.Transmission.CorrelationID))
	err := expect(bytes.Equal(q.transmission.EntityID, r.Transmission.EntityID) || q.transmission.EntityID == nil, "entity id differs")
	if err != nil {
		return err
	}
	switch r := r.Response.(type) {
	case smp.PRES:
		err = w.forwardedResponse(q, r)
	case smp.RRES:
		err = w.relayedResponse(q, r)
	case smp.PKEY:
		err = w.proxySession(r)
	default:
		err = w.answer(q, r)
	}
	if err != nil {
		return fmt.Errorf("%s to %s: %w", r.Response.Tag(), q.command.Tag(), err)
	}
	return nil
}

// answer follows what a response to an executed command says. A command that is not
// authorized has to be refused.
func (w *walk) answer(q *request, r smp.Response) error {
	if e, ok := r.(smp.ERR); ok {
		if s, ok := q.command.(smp.SEND); ok && q.authorized {
			q.queue.sent = q.queue.sent[:len(q.queue.sent)-1]
			if q.queue.owner != nil {
				return fmt.Errorf("a message of %d bytes was refused", len(s.Body))
			}
		}
		return expect(q.authorized || e.Err.Is(smp.ErrAuth), "unauthorized, expected AUTH")
	}
	if err := expect(q.authorized, "an unauthorized command was executed"); err != nil {
		return in(authorizations, err)
	}
	relay := q.session.relay
	switch r := r.(type) {
	case smp.IDS:
		return w.created(relay, q.command.(smp.NEW), r)
	case smp.NID:
		return w.notifier(relay, q.queue, q.command.(smp.NKEY).NotifierKeys, r.NotifierCredentials)
	case smp.LNK:
		return w.linkData(q.transmission.EntityID, r.Data)
	case smp.MSG:
		return w.event(relay, q.transmission.EntityID, r)
	}
	return nil
}

// event handles what a relay sends without being asked.
func (w *walk) event(relay *relay, entityID []byte, r smp.Response) error {
	switch r := r.(type) {
	case smp.MSG:
		q := relay.recipients[string(entityID)]
		if q == nil {
			return errors.New("MSG of an unknown queue")
		}
		return w.delivered(q, r)
	case smp.NMSG:
		q := relay.notifiers[string(entityID)]
		if q == nil {
			return errors.New("NMSG of an unknown queue")
		}
		return w.notified(q, r)
	}
	return nil
}

// created adds a queue. Its delivery secret follows from the private key in the notes, or
// is in the recipient's database.
func (w *walk) created(relay *relay, c smp.NEW, r smp.IDS) error {
	q := &queue{
		recipientID: r.RecipientID, senderID: r.SenderID, recipientKey: c.AuthKey,
		delivered: map[string]smp.SEND{}, stamps: map[string]int64{},
	}
	relay.recipients[string(r.RecipientID)], relay.senders[string(r.SenderID)] = q, q
	if r.LinkID != nil {
		relay.links[string(r.LinkID)] = q
	}
	var err error
	if private, ok := w.private[string(c.DHKey.SPKI())]; ok {
		q.delivery, err = box.Agree(private, r.ServerDHKey)
	} else {
		for _, e := range w.ends {
			if bytes.Equal(e.ReceiveQueue.RecipientID, r.RecipientID) {
				q.owner = e
			}
		}
		if q.owner == nil {
			return errors.New("a queue of which no key is recorded")
		}
		if err := expect(bytes.Equal(q.owner.ReceiveQueue.SenderID, r.SenderID), "sender id differs"); err != nil {
			return err
		}
		q.delivery, err = box.DeriveKey(q.owner.ReceiveQueue.DHSecret)
	}
	if err != nil || c.Notifier == nil {
		return err
	}
	return w.notifier(relay, q, *c.Notifier, *r.Notifier)
}

func (w *walk) notifier(relay *relay, q *queue, k smp.NotifierKeys, c smp.NotifierCredentials) (err error) {
	relay.notifiers[string(c.NotifierID)], q.notifierKey = q, k.AuthKey
	private, ok := w.private[string(k.DHKey.SPKI())]
	if !ok {
		return errors.New("a notifier of which no key is recorded")
	}
	q.notification, err = box.Agree(private, c.ServerDHKey)
	return err
}

// delivered opens a message for the recipient and compares it with what was sent; then it
// makes the ciphertext again. A message that comes twice is opened twice.
func (w *walk) delivered(q *queue, m smp.MSG) error {
	m.Body = w.ciphertext(deliveries, m.Body)
	got, err := smp.OpenRcvMessage(m, &q.delivery)
	if err != nil {
		return in(deliveries, err)
	}
	again, err := got.Seal(m.ID, &q.delivery)
	if err := remade(again, m.Body, err); err != nil {
		return in(deliveries, err)
	}
	want, repeated := q.delivered[string(m.ID)]
	if !repeated {
		if len(q.sent) == 0 {
			return in(deliveries, errors.New("a message that was not sent"))
		}
		want, q.sent = q.sent[0], q.sent[1:]
		q.delivered[string(m.ID)], q.stamps[string(m.ID)] = want, got.Timestamp
	}
	if got.Quota || got.Notify != want.Notify || !bytes.Equal(got.Body, want.Body) || got.Timestamp != q.stamps[string(m.ID)] {
		return in(deliveries, errors.New("not the message that was sent"))
	}
	if repeated || q.owner == nil {
		return nil
	}
	return w.received(q, got.Body)
}

// notified opens the metadata of a notification, makes them again, and compares them with
// the message if that was delivered already.
func (w *walk) notified(q *queue, n smp.NMSG) error {
	n.Meta = w.ciphertext(notifications, n.Meta)
	got, err := smp.OpenNMsgMeta(n, &q.notification)
	if err != nil {
		return in(notifications, err)
	}
	again, err := got.Seal(n.Nonce, &q.notification)
	if err := remade(again.Meta, n.Meta, err); err != nil {
		return in(notifications, err)
	}
	at, ok := q.stamps[string(got.MessageID)]
	if !ok {
		q.stamps[string(got.MessageID)] = got.Timestamp
		return nil
	}
	return in(notifications, expect(at == got.Timestamp, "timestamp differs from that of the message"))
}
