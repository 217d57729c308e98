package agent

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/agent/store"
	"smpcheck/reference/client"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
)

// unsecured is how anyone sends to a queue.
func unsecured(q link.QueueInfo) client.SenderQueue { return client.SenderQueue{SenderID: q.SenderID} }

// SendOptions say how to send.
type SendOptions struct {
	// Silent asks for no notification of the other side.
	Silent bool
	// PQ says whether this side wants post-quantum keys from the next step of the ratchet
	// on; they are used while both sides want them. PQOff stands until PQOn, unless the
	// other side's next message has an answer to a key that was proposed before: then
	// this side wants them again, as with the official agent, and PQOff has to be
	// repeated. PQOn is an error if the other side does not support them.
	PQ ratchet.PQEncryption
	// In runs in the transaction that stores the message, for tables of the
	// application, with the number of the message.
	In func(tx *sql.Tx, number int64) error
}

// Send stores a message for the other side and returns its number; it is sent as soon
// as possible, after those before it. Sent or NotSent follow, and Delivered if the
// other side acknowledges it. Errors: ErrTooLarge, ErrNotFound, ErrState.
func (a *Agent) Send(ctx context.Context, id ConnID, body []byte, o SendOptions) (number int64, err error) {
	err = a.change(ctx, id, func(ch *change) error {
		switch {
		case ch.c.Deleted:
			return fmt.Errorf("%w: it is being deleted", ErrState)
		case !ch.c.Ready:
			return fmt.Errorf("%w: it is not connected yet", ErrState)
		case sendingProhibited(ch.syncState()):
			return fmt.Errorf("%w: encryption has to be agreed first", ErrState)
		}
		if n := MaxBody(ch.c.PQ); len(body) > n {
			return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(body), n)
		}
		if o.PQ == ratchet.PQOn && !ch.c.PQ {
			return fmt.Errorf("%w: it does not support post-quantum keys", ErrState)
		}
		number, err = ch.send(message.A_MSG{Body: body}, sending{kind: kindMessage, silent: o.Silent, pq: o.PQ})
		if err != nil || o.In == nil {
			return err
		}
		return o.In(ch.tx.SQL, number)
	})
	return number, err
}

// AckOptions say what goes with an acknowledgement.
type AckOptions struct {
	// Receipt tells the sender of a Received message that it arrived; ReceiptInfo goes
	// with it.
	Receipt     bool
	ReceiptInfo []byte
	// In runs in the transaction that forgets the event, for tables of the application.
	In func(*sql.Tx) error
}

// Ack forgets an event: it does not come again. For an event that a message of the other
// side caused this lets the relay deliver the next message. An event that is not stored
// is ignored; one that was acknowledged before is ErrNotFound.
func (a *Agent) Ack(ctx context.Context, e Event, o AckOptions) error {
	if e.ID == 0 {
		return nil
	}
	var ch *change
	err := a.store.Update(ctx, func(tx *store.Tx) error {
		stored, err := ackEvent(tx, e, o)
		if err != nil || stored.Queue == 0 {
			return err
		}
		if ch, err = a.begin(tx, e.Conn); errors.Is(err, ErrNotFound) {
			return nil // the connection was removed
		} else if err != nil {
			return err
		}
		if q := ch.c.ReceiveQueue(stored.Queue); q != nil && q.Held && string(q.Last) == string(stored.RelayID) {
			q.Held = false
			ch.ack(q)
		}
		if err := ch.sendReceipt(e, o); err != nil {
			return err
		}
		return ch.save()
	})
	if err == nil && ch != nil {
		ch.release()
	}
	return err
}

// ackEvent deletes a stored event together with what the application does.
func ackEvent(tx *store.Tx, e Event, o AckOptions) (store.Event, error) {
	stored, err := tx.Event(e.ID)
	if err != nil {
		return stored, err
	}
	if err := tx.DeleteEvent(e.ID); err != nil || o.In == nil {
		return stored, err
	}
	return stored, o.In(tx.SQL)
}

// sendReceipt acknowledges a message to its sender.
func (ch *change) sendReceipt(e Event, o AckOptions) error {
	received, ok := e.Body.(Received)
	if !ok || !o.Receipt || ch.c.Deleted || !ch.duplex() || ch.c.Version < message.VersionReceipts {
		return nil
	}
	receipt := store.Receipt{ID: received.MessageID, Hash: received.Hash, Info: o.ReceiptInfo}
	if !sendingProhibited(ch.syncState()) {
		return ch.sendReceiptNow(receipt)
	}
	if len(ch.c.Receipts) < maxReceipts {
		ch.c.Receipts = append(ch.c.Receipts, receipt)
	}
	return nil
}

// maxReceipts is how many receipts wait while the ratchet is being agreed.
const maxReceipts = 1000

func (ch *change) sendReceiptNow(r store.Receipt) error {
	receipt := message.Receipt{ID: r.ID, Hash: r.Hash, Info: r.Info}
	_, err := ch.send(message.A_RCVD{Receipts: []message.Receipt{receipt}}, sending{kind: kindReceipt, silent: true})
	return err
}

// sendReceipts sends what has waited for the ratchet.
func (ch *change) sendReceipts() error {
	waiting := ch.c.Receipts
	ch.c.Receipts = nil
	for _, r := range waiting {
		if err := ch.sendReceiptNow(r); err != nil {
			return err
		}
	}
	return nil
}
