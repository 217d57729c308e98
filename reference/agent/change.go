package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/agent/store"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/wire"
)

// change is one step of a connection: a transaction on its state. What it leaves to
// be done outside, by workers, starts when the transaction is committed.
type change struct {
	a   *Agent
	tx  *store.Tx
	c   *store.Connection
	now time.Time

	loaded, moved bool // the ratchet
	state         ratchet.State

	// cause is the queue with the message that the change takes, nil for none.
	cause *store.ReceiveQueue

	acks    []ack
	events  bool
	removed bool
}

// change runs f on a connection. Nothing happens if f fails.
func (a *Agent) change(ctx context.Context, id ConnID, f func(*change) error) error {
	var ch *change
	err := a.store.Update(ctx, func(tx *store.Tx) error {
		var err error
		if ch, err = a.begin(tx, id); err != nil {
			return err
		}
		if err := f(ch); err != nil {
			return err
		}
		return ch.save()
	})
	if err != nil {
		return err
	}
	ch.release()
	return nil
}

// begin begins a change in a transaction.
func (a *Agent) begin(tx *store.Tx, id ConnID) (*change, error) {
	c, err := tx.Connection(string(id))
	if err != nil {
		return nil, err
	}
	return &change{a: a, tx: tx, c: c, now: a.cfg.Now()}, nil
}

// create stores a new connection after f has run on it, with a ratchet if f set one.
func (a *Agent) create(ctx context.Context, c *store.Connection, r *ratchet.State, f func(*change) error) error {
	ch := &change{a: a, c: c, now: a.cfg.Now()}
	err := a.store.Update(ctx, func(tx *store.Tx) error {
		ch.tx = tx
		if err := tx.InsertConnection(c, r); err != nil {
			return err
		}
		if err := f(ch); err != nil {
			return err
		}
		return ch.save()
	})
	if err != nil {
		return err
	}
	ch.release()
	return nil
}

// save writes what f changed.
func (ch *change) save() error {
	if ch.removed {
		return ch.tx.DeleteConnection(ch.c.ID)
	}
	if ch.moved {
		if err := ch.tx.SetRatchet(ch.c.ID, ch.state); err != nil {
			return err
		}
	}
	return ch.tx.UpdateConnection(ch.c)
}

// release starts what the committed change asks for.
func (ch *change) release() {
	if ch.events {
		ch.a.pump.wake()
	}
	for _, k := range ch.acks {
		ch.a.acks.add(task{conn: ConnID(ch.c.ID), queue: k.queue}, k.id)
	}
	if !ch.removed {
		ch.a.wakeAll(ch.c)
	}
}

// id is the id of the connection.
func (ch *change) id() ConnID { return ConnID(ch.c.ID) }

// emit stores an event. The relay keeps the message that causes it until the
// application has acknowledged the event, so that no peer can fill the file of an
// application that does not read.
func (ch *change) emit(body EventBody) error {
	ch.events = true
	e := store.Event{Connection: ch.c.ID, Created: ch.now}
	if q := ch.cause; q != nil {
		q.Held = true
		e.Queue, e.RelayID = q.Number, q.Last
	}
	return insertEvent(ch.tx, e, body)
}

// problem stores the event Problem.
func (ch *change) problem(fatal bool, format string, args ...any) error {
	return ch.emit(Problem{Reason: fmt.Sprintf(format, args...), Fatal: fatal})
}

// ratchet returns the ratchet of the connection.
func (ch *change) ratchet() (ratchet.State, error) {
	if !ch.loaded {
		state, err := ch.tx.Ratchet(ch.c.ID)
		if err != nil {
			return state, err
		}
		ch.state, ch.loaded = state, true
	}
	return ch.state, nil
}

// setRatchet makes state the ratchet of the connection.
func (ch *change) setRatchet(state ratchet.State) { ch.state, ch.loaded, ch.moved = state, true, true }

// seal encrypts a message with the ratchet.
func (ch *change) seal(encoded []byte, padded int, pq ratchet.PQEncryption) ([]byte, error) {
	state, err := ch.ratchet()
	if err != nil {
		return nil, err
	}
	sealed, next, err := state.Encrypt(encoded, padded, ratchet.Options{PQ: pq})
	if err != nil {
		return nil, tooLarge(err)
	}
	ch.setRatchet(next)
	return sealed, nil
}

// kind says what a stored message is: the word of the agent message in lower case.
type kind string

const (
	kindRequest      kind = "request"
	kindConfirmation kind = "confirmation"
	kindRatchetKey   kind = "ratchet-key"
	kindHello        kind = "hello"
	kindMessage      kind = "message"
	kindReceipt      kind = "receipt"
	kindContinue     kind = "continue"
	kindReady        kind = "ratchet-ready"
	kindAdd          kind = "queue-add"
	kindKey          kind = "queue-key"
	kindUse          kind = "queue-use"
	kindTest         kind = "queue-test"
)

// sending is a message on its way into the file.
type sending struct {
	kind   kind
	silent bool
	pq     ratchet.PQEncryption
	queues []int // nil: those that messages take now
	padded int   // 0: as messages are
}

// send numbers, encrypts and stores a message, and returns its number. Errors:
// ErrTooLarge, and those of encoding.
func (ch *change) send(body message.AMessage, s sending) (int64, error) {
	header := ch.c.Sent.Next()
	encoded, err := message.EncodeMessage(message.AgentMessage{Header: header, Body: body})
	if err != nil {
		return 0, err
	}
	if s.padded == 0 {
		s.padded = message.PaddedMessage(ch.c.Version, ch.c.PQ)
	}
	sealed, err := ch.seal(encoded, s.padded, s.pq)
	if err != nil {
		return 0, err
	}
	// The envelope carries the highest version that is supported, whatever was agreed:
	// the peer learns from it what can be agreed.
	envelope := message.Envelope{Version: agentVersions.Max, Content: message.AgentMsgEnvelope{Encrypted: sealed}}
	return ch.store(encoded, envelope, s)
}

// confirm encrypts and stores the confirmation with which a queue to the peer starts.
func (ch *change) confirm(info message.Message, parameters *ratchet.Parameters, queue int) (int64, error) {
	encoded, err := message.EncodeMessage(info)
	if err != nil {
		return 0, err
	}
	pq := ratchet.PQUnchanged
	if ch.c.PQ {
		pq = ratchet.PQOn
	}
	sealed, err := ch.seal(encoded, message.PaddedConnInfo(ch.c.Version, ch.c.PQ), pq)
	if err != nil {
		return 0, err
	}
	envelope := message.Envelope{
		Version: ch.c.Version,
		Content: message.AgentConfirmation{Parameters: parameters, Encrypted: sealed},
	}
	return ch.store(encoded, envelope, sending{kind: kindConfirmation, queues: []int{queue}})
}

// store stores an envelope as the next message of the chain.
func (ch *change) store(encoded []byte, envelope message.Envelope, s sending) (int64, error) {
	b, err := envelope.Encode()
	if err != nil {
		return 0, err
	}
	number := ch.c.Sent.Next().ID
	ch.c.Sent.Advance(number, encoded)
	if s.queues == nil {
		s.queues = sendQueues(ch.c)
	}
	if len(s.queues) == 0 {
		return 0, fmt.Errorf("%w: there is no queue to send to", ErrState)
	}
	m := store.Message{
		Number: number, Kind: string(s.kind), Hash: ch.c.Sent.Hash, Silent: s.silent, Envelope: b, Created: ch.now,
	}
	return number, ch.tx.InsertMessage(ch.c.ID, m, s.queues)
}

// sendQueues are the numbers of the queues that a message is sent to: all but those
// that are not ready yet and those that are being replaced by one that is.
func sendQueues(c *store.Connection) (numbers []int) {
	for _, q := range c.Send {
		waiting := q.Replaces != 0 && q.Status == store.QueueNew && !q.Introduce
		if !waiting && q.Switch != store.SentQTEST {
			numbers = append(numbers, q.Number)
		}
	}
	return numbers
}

// sendQueue returns the send queue with an address of the peer, nil if there is none.
func sendQueue(c *store.Connection, address message.QueueAddress) *store.SendQueue {
	for _, q := range c.Send {
		if sameQueue(q.Address.Server, q.Address.SenderID, address) {
			return q
		}
	}
	return nil
}

// receiveQueue returns the receive queue with an address, nil if there is none.
func receiveQueue(c *store.Connection, address message.QueueAddress) *store.ReceiveQueue {
	for _, q := range c.Receive {
		if sameQueue(q.Server.Server, q.Queue.SenderID, address) {
			return q
		}
	}
	return nil
}

// sameQueue compares the id and the identity of the relay. Hosts and port may be written
// in other ways by the peer.
func sameQueue(server link.Server, senderID []byte, address message.QueueAddress) bool {
	return string(senderID) == string(address.SenderID) && string(server.KeyHash) == string(address.Server.KeyHash)
}

// tooLarge gives the errors of padding their name here.
func tooLarge(err error) error {
	if errors.Is(err, wire.ErrPadTooLong) {
		return ErrTooLarge
	}
	return err
}
