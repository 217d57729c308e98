package agent

import (
	"context"
	"errors"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/agent/network"
	"smpcheck/reference/agent/store"
	"smpcheck/reference/client"
	"smpcheck/reference/smp"
)

// step does the next thing of a task.
func (a *Agent) step(ctx context.Context, t task) outcome {
	var err error
	out := idle
	switch {
	case t.queue == 0:
		err = a.remove(ctx, t.conn)
	case t.send:
		out, err = a.stepSend(ctx, t)
	default:
		out, err = a.stepReceive(ctx, t)
	}
	switch {
	case err == nil && out == retry, err != nil && a.ctx.Err() != nil:
		return retry
	case err == nil || errors.Is(err, ErrNotFound):
		return out
	case t.send:
		a.delayed(t, err.Error())
	}
	if network.Temporary(err) {
		a.cfg.Logger.Info("trying again", "reason", err)
		return retry
	}
	a.cfg.Logger.Error("step of a connection failed", "error", err)
	return retry
}

// refused reports whether trying again cannot help: a relay has answered with an error
// that is not about its own troubles, or the message cannot be encoded. A relay that has
// another identity than its address says is not such a case: it may be somebody in
// between, for a time, and nothing may be lost for that.
func refused(err error) bool {
	var unfit *unfitError
	return errors.As(err, &unfit) || smp.AnswerTo(err) != nil && !network.Temporary(err)
}

// unfitError: a stored message cannot be sent as it is.
type unfitError struct{ reason error }

func (e *unfitError) Error() string { return e.reason.Error() }
func (e *unfitError) Unwrap() error { return e.reason }

// look returns the state of a connection.
func (a *Agent) look(ctx context.Context, id ConnID) (c *store.Connection, err error) {
	err = a.store.Update(ctx, func(tx *store.Tx) error {
		c, err = tx.Connection(string(id))
		return err
	})
	return c, err
}

// stepReceive does what is due at the relay of a receive queue: acknowledge, delete,
// secure.
func (a *Agent) stepReceive(ctx context.Context, t task) (outcome, error) {
	c, err := a.look(ctx, t.conn)
	if err != nil {
		return idle, err
	}
	q := c.ReceiveQueue(t.queue)
	if q == nil {
		a.acks.done(t, a.acks.get(t))
		return idle, nil
	}
	if q.Deleted {
		return progress, a.deleteQueue(ctx, t, q)
	}
	if due := a.acks.get(t); due != nil {
		err := a.net.Ack(ctx, q.Server.Server, q.Queue.Queue, due.id)
		if err == nil || refused(err) {
			// NO_MSG and AUTH leave nothing to acknowledge.
			a.acks.done(t, due)
			err = nil
		}
		return progress, err
	}
	if !q.SenderKey.IsZero() {
		return progress, a.secure(ctx, t, q)
	}
	return idle, nil
}

// deleteQueue deletes a receive queue at its relay and forgets it.
func (a *Agent) deleteQueue(ctx context.Context, t task, q *store.ReceiveQueue) error {
	if err := a.net.Delete(ctx, q.Server.Server, q.Queue.Queue); err != nil && !refused(err) {
		return err
	}
	a.net.Unwatch(q.Server.Server, q.Queue.RecipientID)
	return a.change(ctx, t.conn, func(ch *change) error { return ch.queueDeleted(t.queue) })
}

// queueDeleted forgets a receive queue that is deleted at its relay, which completes
// its replacement by another one.
func (ch *change) queueDeleted(number int) error {
	q := ch.c.ReceiveQueue(number)
	if q == nil {
		return nil
	}
	kept := ch.c.Receive[:0]
	for _, o := range ch.c.Receive {
		if o.Number != number {
			kept = append(kept, o)
		}
	}
	ch.c.Receive = kept
	if q.Switch != store.SwitchReceived {
		return nil
	}
	for _, o := range ch.c.Receive {
		if o.Replaces == number {
			o.Replaces = 0
		}
	}
	return ch.emit(Switching{Receiving: true, Phase: SwitchCompleted})
}

// secure gives the sender's key to the relay of a receive queue.
func (a *Agent) secure(ctx context.Context, t task, q *store.ReceiveQueue) error {
	err := a.net.Secure(ctx, q.Server.Server, q.Queue.Queue, q.SenderKey.PublicKey)
	if err != nil && !refused(err) {
		return err
	}
	return a.change(ctx, t.conn, func(ch *change) error {
		q := ch.c.ReceiveQueue(t.queue)
		if q == nil || q.SenderKey.IsZero() {
			return nil
		}
		q.SenderKey = store.PublicKey{}
		if err != nil {
			return ch.problem(true, "the relay %s does not let the other side in: %v", q.Server, err)
		}
		q.Status = store.QueueSecured
		return ch.secured(q)
	})
}

// secured goes on when the relay has the sender's key: with QUSE if the queue is to
// replace another, with HELLO on the side that joined.
func (ch *change) secured(q *store.ReceiveQueue) error {
	if q.Replaces != 0 {
		return ch.useQueue(q)
	}
	if ch.c.Initiator {
		return nil // the confirmation that waits for this is sent now
	}
	_, err := ch.send(message.HELLO{}, sending{kind: kindHello})
	return err
}

// stepSend sends the next message to a queue of the peer.
func (a *Agent) stepSend(ctx context.Context, t task) (outcome, error) {
	c, m, err := a.nextMessage(ctx, t)
	if err != nil {
		return idle, err
	}
	if m == nil {
		return idle, a.drained(ctx, c)
	}
	if c.Deleted && !c.Drain {
		return idle, nil
	}
	if kind(m.Kind) == kindRequest {
		return a.sendResult(ctx, t, c, *m, a.transmit(ctx, t, c, *m))
	}
	q := c.SendQueue(t.queue)
	if q == nil || waitsForKey(c) {
		return idle, nil
	}
	if q.Introduce {
		waits, err := a.hasDeliveries(ctx, c.ID, q.Replaces)
		if err != nil || waits {
			return idle, err
		}
	}
	return a.sendResult(ctx, t, c, *m, a.transmit(ctx, t, c, *m))
}

// nextMessage returns a connection and the message that a send queue has to take next,
// nil for none.
func (a *Agent) nextMessage(ctx context.Context, t task) (c *store.Connection, m *store.Message, err error) {
	err = a.store.Update(ctx, func(tx *store.Tx) error {
		if c, err = tx.Connection(string(t.conn)); err != nil {
			return err
		}
		next, err := tx.NextDelivery(c.ID, t.queue)
		switch {
		case err == nil:
			m = &next
		case errors.Is(err, ErrNotFound):
			return nil
		}
		return err
	})
	return c, m, err
}

// hasDeliveries reports whether a queue has still to take messages.
func (a *Agent) hasDeliveries(ctx context.Context, id string, queue int) (found bool, err error) {
	err = a.store.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.NextDelivery(id, queue)
		found = err == nil
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	})
	return found, err
}

// transmit sends a message to a queue, which it secures before if that is due.
func (a *Agent) transmit(ctx context.Context, t task, c *store.Connection, m store.Message) error {
	if kind(m.Kind) == kindRequest {
		return a.transmitRequest(ctx, c.Ask, m)
	}
	q := c.SendQueue(t.queue)
	if q == nil {
		return ErrNotFound
	}
	if q.SenderSecures && q.Status == store.QueueNew {
		if err := a.net.SecureBySender(ctx, q.Address.Server, client.SenderQueue{SenderID: q.Address.SenderID, Key: q.Key.PrivateKey}); err != nil {
			return err
		}
		err := a.change(ctx, t.conn, func(ch *change) error {
			if q := ch.c.SendQueue(t.queue); q != nil && q.Status == store.QueueNew {
				q.Status = store.QueueSecured
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	first := kind(m.Kind) == kindConfirmation
	body, err := a.sealForQueue(q, first, m.Envelope)
	if err != nil {
		return &unfitError{err}
	}
	sender := client.SenderQueue{SenderID: q.Address.SenderID, Key: q.Key.PrivateKey}
	if first && !q.SenderSecures {
		err := a.net.Send(ctx, q.Address.Server, unsecured(q.Address.QueueInfo), !m.Silent, body)
		if !errors.Is(err, smp.ErrAuth) {
			return err
		}
		// The recipient may have secured the queue already, with the key in a confirmation
		// that has arrived although its sender did not learn it.
	}
	return a.net.Send(ctx, q.Address.Server, sender, !m.Silent, body)
}

// transmitRequest sends a request for a connection to a contact address.
func (a *Agent) transmitRequest(ctx context.Context, ask *store.Ask, m store.Message) error {
	if ask == nil {
		return ErrNotFound
	}
	body, err := a.sealOnce(ask.Address.QueueInfo, m.Envelope)
	if err != nil {
		return &unfitError{err}
	}
	return a.net.Send(ctx, ask.Address.Server, unsecured(ask.Address.QueueInfo), !m.Silent, body)
}

// waitsForKey reports whether the first receive queue is still to be secured: nothing
// may be sent that makes the peer send to it.
func waitsForKey(c *store.Connection) bool {
	for _, q := range c.Receive {
		if q.Replaces == 0 && !q.SenderKey.IsZero() {
			return true
		}
	}
	return false
}

// sendResult stores what became of a message; before is the connection before it was
// sent.
func (a *Agent) sendResult(ctx context.Context, t task, before *store.Connection, m store.Message, err error) (outcome, error) {
	full := errors.Is(err, smp.ErrQuota)
	switch {
	case err == nil:
		return progress, a.change(ctx, t.conn, func(ch *change) error { return ch.sent(t.queue, m) })
	case refused(err), full && kind(m.Kind) == kindConfirmation,
		a.cfg.Now().Sub(m.Created) > a.cfg.MessageTimeout:
		return progress, a.change(ctx, t.conn, func(ch *change) error { return ch.notSent(t.queue, m, err) })
	case full && m.Kind == string(kindRequest):
		return retry, err
	case full:
		if q := before.SendQueue(t.queue); q != nil && q.Full {
			return retry, nil // the application knows, unless the peer has read meanwhile
		}
		return retry, a.change(ctx, t.conn, func(ch *change) error { return ch.queueFull(t.queue) })
	}
	return retry, err
}

// queueFull tells the application, once, that the peer's relay has no room.
func (ch *change) queueFull(number int) error {
	q := ch.c.SendQueue(number)
	if q == nil || q.Full {
		return nil
	}
	q.Full = true
	return ch.emit(QueueFull{})
}

// sent goes on when the relay has taken a message.
func (ch *change) sent(number int, m store.Message) error {
	if kind(m.Kind) == kindRequest {
		return ch.asked()
	}
	q := ch.c.SendQueue(number)
	if q == nil {
		return nil
	}
	q.Full, q.Introduce = false, false
	d, err := ch.tx.Delivered(ch.c.ID, number, m.Number, true, kind(m.Kind) == kindMessage)
	if err != nil {
		return err
	}
	switch kind(m.Kind) {
	case kindConfirmation:
		return ch.confirmationSent(q)
	case kindHello:
		return ch.helloSent(q)
	case kindMessage:
		if !d.Before { // with several queues the first success counts
			return ch.emit(Sent{MessageID: m.Number})
		}
	case kindKey:
		return ch.emit(Switching{Phase: SwitchConfirmed})
	case kindTest:
		return ch.testSent(q)
	}
	return nil
}

// notSent gives up sending a message to a queue.
func (ch *change) notSent(number int, m store.Message, reason error) error {
	if q := ch.c.SendQueue(number); kind(m.Kind) == kindTest && q != nil && q.Replaces != 0 {
		if err := ch.abandonQueue(q); err != nil {
			return err
		}
		return ch.problem(false, "the new queue of the other side cannot be used: %s", refusal(reason))
	}
	d, err := ch.tx.Delivered(ch.c.ID, number, m.Number, false, kind(m.Kind) == kindMessage)
	if err != nil {
		return err
	}
	if d.Left > 0 || d.Before {
		return nil // another queue takes it, or has taken it
	}
	switch kind(m.Kind) {
	case kindMessage:
		return ch.emit(NotSent{MessageID: m.Number, Reason: refusal(reason)})
	case kindReceipt, kindContinue:
		return nil
	case kindRequest, kindConfirmation, kindHello:
		if err := ch.problem(true, "the connection cannot be made: %s", refusal(reason)); err != nil || !ch.c.Joining {
			return err
		}
		return ch.delete(false)
	}
	return ch.problem(false, "%s was not sent: %s", m.Kind, refusal(reason))
}

// refusal says why a relay did not take a message.
func refusal(err error) string {
	if errors.Is(err, smp.ErrAuth) {
		return "the other side has deleted the queue, or its relay has lost it"
	}
	return err.Error()
}
