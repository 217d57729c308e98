package agent

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/agent/network"
	"smpcheck/reference/agent/store"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/smp"
)

// readNetwork takes what relays deliver until the agent is closed.
func (a *Agent) readNetwork() {
	held := newHolding(a)
	defer held.close()
	for {
		select {
		case e, ok := <-a.net.Events():
			if !ok {
				return
			}
			a.networkEvent(held, e)
		case r := <-held.released:
			held.release(r)
		}
	}
}

func (a *Agent) networkEvent(held *holding, e network.Event) {
	now := a.cfg.Now()
	switch e := e.(type) {
	case network.Message:
		held.receive(e, false)
	case network.Up:
		a.pump.pass(Event{Time: now, Body: RelayUp{Server: e.Server}})
		a.wakeEverything()
	case network.Down:
		a.pump.pass(Event{Time: now, Body: RelayDown{Server: e.Server, Reason: e.Err.Error()}})
	case network.Ended:
		a.queueLost(e.Server.String(), e.RecipientID, "another client has subscribed to the queue at "+e.Server.String())
	case network.Deleted:
		a.queueLost(e.Server.String(), e.RecipientID, "the queue was deleted at "+e.Server.String())
	case network.SubscriptionFailed:
		if !network.Temporary(e.Err) {
			a.queueLost(e.Server.String(), e.RecipientID, e.Err.Error())
		}
	}
}

// queueLost tells the application that a receive queue delivers no more. A queue that
// is being deleted anyway is no loss.
func (a *Agent) queueLost(server string, recipient []byte, reason string) {
	id, err := a.byQueue(a.ctx, server, recipient)
	if err != nil {
		return
	}
	err = a.change(a.ctx, id, func(ch *change) error {
		for _, q := range ch.c.Receive {
			if string(q.Queue.RecipientID) == string(recipient) && q.Server.String() == server && !q.Deleted && !ch.c.Deleted {
				return ch.problem(true, "%s", reason)
			}
		}
		return nil
	})
	a.logFailure("a lost queue was not noted", err)
}

func (a *Agent) logFailure(what string, err error) {
	if err != nil && a.ctx.Err() == nil && !errors.Is(err, ErrNotFound) {
		a.cfg.Logger.Error(what, "error", err)
	}
}

// byQueue returns the connection with a receive queue.
func (a *Agent) byQueue(ctx context.Context, server string, recipient []byte) (id ConnID, err error) {
	err = a.store.Update(ctx, func(tx *store.Tx) error {
		found, err := tx.ByReceiveQueue(server, recipient)
		id = ConnID(found)
		return err
	})
	return id, err
}

// errHold: the message cannot be taken before messages in another queue.
var errHold = errors.New("messages before this one are in another queue")

// delivered is a message as a relay delivered it.
type delivered struct {
	time time.Time
	// force takes the message although others before it are missing.
	force bool
}

// receive takes a message that a relay delivered: it changes the connection, or is
// refused with an event; in either case it is acknowledged, at once or when the
// application has acknowledged the event. The error is errHold or that of the file.
func (a *Agent) receive(id ConnID, e network.Message, force bool) error {
	return a.change(a.ctx, id, func(ch *change) error {
		var q *store.ReceiveQueue
		for _, o := range ch.c.Receive {
			if string(o.Queue.RecipientID) == string(e.RecipientID) && o.Server.Server.Equal(e.Server) {
				q = o
			}
		}
		if q == nil || ch.c.Deleted && !ch.c.Drain {
			return nil
		}
		if string(q.Last) == string(e.Message.ID) {
			if !q.Held {
				ch.ack(q)
			}
			return nil
		}
		q.Last, q.Held, ch.cause = e.Message.ID, false, q
		err := ch.deliver(q, e.Message, force)
		var refused *refusedError
		if errors.As(err, &refused) {
			err = ch.problem(false, "a message was refused: %v", refused.reason)
		}
		if err == nil && !q.Held {
			ch.ack(q)
		}
		return err
	})
}

// ack acknowledges the last message of a queue when the change is committed.
func (ch *change) ack(q *store.ReceiveQueue) {
	ch.acks = append(ch.acks, ack{queue: q.Number, id: q.Last})
}

// refusedError: the message is wrong, which is the sender's or the relay's fault.
type refusedError struct{ reason error }

func (e *refusedError) Error() string { return e.reason.Error() }
func (e *refusedError) Unwrap() error { return e.reason }

func refuse(reason error) error { return &refusedError{reason} }

// prohibited refuses a message that is well formed but has no place in the state of
// the connection. A_PROHIBITED of the official agent.
func prohibited(what string) error { return refuse(errors.New(what)) }

// deliver opens a message layer by layer and does what it says.
func (ch *change) deliver(q *store.ReceiveQueue, msg smp.MSG, force bool) error {
	rcv, err := q.Queue.Decrypt(msg)
	if err != nil {
		return refuse(err)
	}
	d := delivered{time: time.Unix(rcv.Timestamp, 0), force: force}
	if year := d.time.UTC().Year(); year < 1970 || year > 9998 {
		return refuse(errors.New("the relay's time of the message is none"))
	}
	if rcv.Quota {
		return ch.queueRead(q)
	}
	o, err := open(q, rcv.Body)
	if err != nil {
		return refuse(err)
	}
	first := q.Peer.IsZero()
	if !first && !o.dhKey.IsZero() && string(o.dhKey.SPKI()) != string(q.Peer.SPKI()) {
		return prohibited("a second key for the queue")
	}
	switch content := o.Content.(type) {
	case message.AgentConfirmation:
		if !first {
			return nil // it comes again because the sender did not learn that it had arrived
		}
		return ch.confirmation(q, o, content)
	case message.AgentInvitation:
		if !ch.c.Address || !o.senderKey.IsZero() {
			return prohibited("a request for a connection in a queue that is no contact address")
		}
		return ch.request(content)
	case message.AgentMsgEnvelope:
		if first && !introduces(q, o) {
			return prohibited("a message before the confirmation")
		}
		return ch.message(q, o, d, content.Encrypted)
	case message.AgentRatchetKey:
		if first || !ch.duplex() {
			return prohibited("ratchet keys before the confirmation")
		}
		ch.peerVersion(o.Version)
		return ch.ratchetKey(content)
	}
	return prohibited("an envelope of unknown content")
}

// introduces reports whether a message may stand in the place of QKEY, as it does when a
// queue is replaced by the fast procedure: it has the sender's key. Anybody can say so who
// knows the queue; the sender is who can encrypt for the ratchet too.
func introduces(q *store.ReceiveQueue, o opened) bool {
	return q.Replaces != 0 && !o.dhKey.IsZero() && o.senderKey.IsZero()
}

// duplex reports whether there are queues in both directions.
func (ch *change) duplex() bool { return len(ch.c.Receive) > 0 && len(ch.c.Send) > 0 }

// peerVersion raises the agreed agent version to what the peer's envelope shows that
// it supports.
func (ch *change) peerVersion(version uint16) {
	if version < agentVersions.Min {
		return
	}
	if v := min(version, agentVersions.Max); v > ch.c.Version {
		ch.c.Version = v
	}
}

// queueRead tells the peer that a queue that was full has room again.
func (ch *change) queueRead(q *store.ReceiveQueue) error {
	if !ch.duplex() || ch.c.Deleted {
		return nil
	}
	_, err := ch.send(message.A_QCONT{Queue: addressOf(q)}, sending{kind: kindContinue, silent: true})
	return err
}

// addressOf is the address under which the peer knows a receive queue.
func addressOf(q *store.ReceiveQueue) message.QueueAddress {
	server := q.Server.Server
	server.Password = ""
	return message.QueueAddress{Server: server, SenderID: q.Queue.SenderID}
}

// message decrypts a numbered message and does what it says. Before it is decrypted it
// changes nothing but, in a queue whose sender is known, whether the ratchet is in order.
func (ch *change) message(q *store.ReceiveQueue, o opened, d delivered, encrypted []byte) error {
	hash := sha256.Sum256(encrypted)
	before, err := ch.ratchet()
	if errors.Is(err, ErrNotFound) {
		return prohibited("a message before the ratchet was agreed")
	} else if err != nil {
		return err
	}
	encoded, after, err := before.Decrypt(ch.a.newKeys(), encrypted)
	switch {
	case errors.Is(err, ratchet.ErrBody) && !d.force && ch.missingElsewhere(q):
		// The sender has turned the KEM off with a message before this one: without that
		// message nothing of its chain opens.
		return errHold
	case err != nil && q.Peer.IsZero():
		return refuse(err)
	case err != nil:
		return ch.undecryptable(hash[:], err)
	}
	m, err := message.DecodeMessage(encoded)
	numbered, ok := m.(message.AgentMessage)
	if err == nil && !ok {
		err = errors.New("a message without number")
	}
	if err != nil {
		ch.setRatchet(after)
		return refuse(err)
	}
	integrity := ch.check(numbered.Header)
	if integrity.Verdict == message.Skipped && !d.force && ch.missingElsewhere(q) {
		return errHold
	}
	ch.setRatchet(boundSkipped(after))
	ch.peerVersion(o.Version)
	if q.Peer.IsZero() {
		q.Peer, q.Status = store.PublicKey{PublicKey: o.dhKey}, store.QueueSecured
		q.ClientVersion = min(q.ClientVersion, o.version)
	}
	last := ch.c.Received.ID
	ch.c.Received.Advance(numbered.Header.ID, encoded)
	ch.c.KeyInfo = nil
	if _, err := ch.tx.MarkReceived(ch.c.ID, hash[:], ch.now); err != nil {
		return err
	}
	if err := ch.messageArrived(q); err != nil {
		return err
	}
	if err := ch.synchronized(); err != nil {
		return err
	}
	return ch.content(q, incoming{
		delivered: d, number: numbered.Header.ID, integrity: integrity, hash: message.Hash(encoded),
		pq: after.ReceiveKEM, before: before, last: last,
	}, numbered.Body)
}

// check is Chain.Check, but knows that AgentRatchetKey takes a number without showing it:
// where the official agent reports a message that is missing, none is.
func (ch *change) check(h message.Header) message.Integrity {
	integrity := ch.c.Received.Check(h)
	key := ch.c.KeyInfo
	if integrity.Verdict == message.Skipped && integrity.From == integrity.To && key != nil && string(h.PreviousHash) == string(key) {
		return message.Integrity{Verdict: message.OK, From: h.ID, To: h.ID}
	}
	return integrity
}

// incoming is a decrypted message with what is known of it.
type incoming struct {
	delivered
	number    int64
	integrity message.Integrity
	hash      []byte
	pq        bool
	before    ratchet.State // the ratchet before it
	last      int64         // the number of the message before it
}

// content does what a message says.
func (ch *change) content(q *store.ReceiveQueue, in incoming, body message.AMessage) error {
	switch m := body.(type) {
	case message.A_MSG:
		return ch.emit(Received{
			MessageID: in.number, Integrity: in.integrity, Body: m.Body, Sent: in.time, PQ: in.pq, Hash: in.hash,
		})
	case message.HELLO:
		return ch.hello(q, in)
	}
	if !ch.duplex() {
		return prohibited(body.Tag() + " before the connection was made")
	}
	switch m := body.(type) {
	case message.A_RCVD:
		return ch.receipts(m)
	case message.A_QCONT:
		return ch.continueSending(m)
	case message.EREADY:
		return ch.ready(in.before, in.last)
	case message.QADD:
		return ch.addQueue(m)
	case message.QKEY:
		return ch.keyQueue(m)
	case message.QUSE:
		return ch.switchSending(m)
	}
	return nil // QTEST: that it came is all it says
}

// receipts matches receipts with the messages that they are about.
func (ch *change) receipts(m message.A_RCVD) error {
	var known []DeliveryReceipt
	for _, r := range m.Receipts {
		sent, err := ch.tx.Message(ch.c.ID, r.ID)
		if errors.Is(err, ErrNotFound) || err == nil && kind(sent.Kind) != kindMessage {
			continue // a second receipt, or one for what was never sent
		} else if err != nil {
			return err
		}
		intact := string(sent.Hash) == string(r.Hash)
		known = append(known, DeliveryReceipt{MessageID: r.ID, Intact: intact, Info: r.Info})
		// A message whose envelope is still there is being sent to another queue, or its
		// sending was interrupted after the relay had taken it.
		if intact && sent.Envelope == nil {
			if err := ch.tx.DeleteMessage(ch.c.ID, r.ID); err != nil {
				return err
			}
		}
	}
	if len(known) == 0 {
		return nil
	}
	return ch.emit(Delivered{Receipts: known})
}

// continueSending goes on with a queue that was full.
func (ch *change) continueSending(m message.A_QCONT) error {
	q := sendQueue(ch.c, m.Queue)
	if q == nil && slices.ContainsFunc(ch.c.Former, func(id []byte) bool { return string(id) == string(m.Queue.SenderID) }) {
		return nil // what waited for it goes to the queue that replaced it
	}
	if q == nil {
		return prohibited("QCONT for an unknown queue")
	}
	q.Full = false
	return ch.emit(Continue{})
}
