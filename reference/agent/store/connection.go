package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/ratchet"
)

// Connection is the state of a connection or of a contact address, except its
// ratchet.
type Connection struct {
	ID string `json:"-"`
	// Address is set for a contact address, which has one receive queue and nothing
	// else.
	Address bool `json:"address,omitempty"`
	// Version is the agreed agent version, 0 before there is one.
	Version uint16 `json:"version,omitempty"`
	// PQ is set if post-quantum keys are wanted and, once known, supported by the peer.
	PQ bool `json:"pq,omitempty"`
	// Ready is set when both sides can send.
	Ready bool `json:"ready,omitempty"`
	// Deleted is set when the connection is being removed; Drain if what is queued
	// is sent before.
	Deleted bool `json:"deleted,omitempty"`
	Drain   bool `json:"drain,omitempty"`
	// Initiator is set on the side that made the invitation.
	Initiator bool `json:"initiator,omitempty"`
	// Joining is set until the first message to the peer was sent; Invitation is then
	// what stands in the table of attempts.
	Joining    bool   `json:"joining,omitempty"`
	Invitation []byte `json:"invitation,omitempty"`
	// Request is the request that is being accepted, 0 for none.
	Request int64 `json:"request,omitempty"`
	// Ask is set until the request for a connection at a contact address was sent.
	Ask *Ask `json:"ask,omitempty"`

	Sent     message.Chain `json:"sent"`
	Received message.Chain `json:"received"`

	Receive []*ReceiveQueue `json:"receive,omitempty"`
	Send    []*SendQueue    `json:"send,omitempty"`
	// LastQueue is the number of the newest queue.
	LastQueue int `json:"last_queue,omitempty"`

	// Private are the X3DH keys of which the public half is with the peer.
	Private *ratchet.PrivateParameters `json:"private,omitempty"`
	// Reply are the peer's queues, from its confirmation until Allow.
	Reply []QueueInfo `json:"reply,omitempty"`

	// Sync is the state of ratchet synchronization, empty for "ok".
	Sync string `json:"sync,omitempty"`
	// RatchetKeys are hashes of the keys in the AgentRatchetKey that came last.
	RatchetKeys [][]byte `json:"ratchet_keys,omitempty"`
	// Former are the sender ids of send queues that were replaced, the newest last.
	Former [][]byte `json:"former,omitempty"`
	// Receipts wait until both sides have agreed on a ratchet.
	Receipts []Receipt `json:"receipts,omitempty"`
	// KeyInfo is the hash of the information in the AgentRatchetKey that came last, until
	// the message that follows it.
	KeyInfo []byte `json:"key_info,omitempty"`

	Link *Link `json:"link,omitempty"`

	// queues are the receive queues that are in their table.
	queues string
}

// Link is what the owner of a short link keeps.
type Link struct {
	ID      []byte     `json:"id"`
	Key     []byte     `json:"key"`
	RootKey PrivateKey `json:"root_key"`
	// Fixed is the signed fixed data, which never changes.
	Fixed []byte `json:"fixed"`
}

// Receipt is what is to be told about a received message.
type Receipt struct {
	ID   int64  `json:"id"`
	Hash []byte `json:"hash"`
	Info []byte `json:"info,omitempty"`
}

// QueueStatus is how far a queue is.
type QueueStatus string

// The states of queues. A receive queue is Confirmed when the secret with the sender
// is agreed, Secured when the relay has the sender's key, Active when a message came.
// A send queue is Secured by SKEY or LKEY, Confirmed when the confirmation was sent,
// Active when messages can be sent.
const (
	QueueNew       QueueStatus = "new"
	QueueConfirmed QueueStatus = "confirmed"
	QueueSecured   QueueStatus = "secured"
	QueueActive    QueueStatus = "active"
)

// ReceiveQueue is a queue that this side receives from.
type ReceiveQueue struct {
	Number int    `json:"number"`
	Server Server `json:"server"`
	Queue  Queue  `json:"queue"`
	// DHKey is the private half of the key that the sender agrees the secret of the
	// queue with; Peer is the sender's, zero before its confirmation.
	DHKey PrivateKey `json:"dh_key"`
	Peer  PublicKey  `json:"peer"`
	// ClientVersion is the SMP client version, at first the highest that is offered.
	ClientVersion uint16      `json:"client_version"`
	Status        QueueStatus `json:"status"`
	// SenderKey is to be given to the relay with KEY; zero if there is nothing to do.
	SenderKey PublicKey `json:"sender_key"`
	// Last is the relay's id of the last message that was processed, Held is set while
	// the application has not acknowledged it.
	Last []byte `json:"last,omitempty"`
	Held bool   `json:"held,omitempty"`
	// Replaces is the number of the queue that this one is to replace.
	Replaces int `json:"replaces,omitempty"`
	// Switch is the state of the replacement of this queue by another.
	Switch SwitchState `json:"switch,omitempty"`
	// Deleted is set if the queue is to be deleted at its relay.
	Deleted bool `json:"deleted,omitempty"`
}

// SwitchState is how far the replacement of a queue is, at the queue that is
// replaced. The names are of what was sent or received last.
type SwitchState string

// The states: Started to SwitchReceived of receive queues, SentQKEY and SentQTEST of
// send queues.
const (
	SwitchStarted  SwitchState = "started" // the new queue is to be created
	SentQADD       SwitchState = "qadd"
	SentQUSE       SwitchState = "quse"
	SwitchReceived SwitchState = "received" // a message came through the new queue
	SentQKEY       SwitchState = "qkey"
	SentQTEST      SwitchState = "qtest"
)

// SendQueue is a queue that this side sends to.
type SendQueue struct {
	Number  int       `json:"number"`
	Address QueueInfo `json:"address"`
	// Key authorizes commands, DHKey agrees the secret of the queue.
	Key    PrivateKey  `json:"key"`
	DHKey  PrivateKey  `json:"dh_key"`
	Status QueueStatus `json:"status"`
	// SenderSecures is set if the queue is to be secured by SKEY or is secured by LKEY.
	SenderSecures bool `json:"sender_secures,omitempty"`
	// Introduce is set while messages carry the public half of DHKey.
	Introduce bool `json:"introduce,omitempty"`
	// Full is set while the relay has no room.
	Full     bool        `json:"full,omitempty"`
	Replaces int         `json:"replaces,omitempty"`
	Switch   SwitchState `json:"switch,omitempty"`
}

// InsertConnection stores a new connection with its ratchet, which may be nil.
func (tx *Tx) InsertConnection(c *Connection, r *ratchet.State) error {
	if err := tx.exec(`INSERT INTO connections(id, state) VALUES(?, x'')`, c.ID); err != nil {
		return err
	}
	if r != nil {
		if err := tx.SetRatchet(c.ID, *r); err != nil {
			return err
		}
	}
	return tx.UpdateConnection(c)
}

// UpdateConnection stores the state of a connection.
func (tx *Tx) UpdateConnection(c *Connection) error {
	state, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("state of the connection: %w", err)
	}
	if err := tx.exec(`UPDATE connections SET state = ? WHERE id = ?`, state, c.ID); err != nil {
		return err
	}
	queues := c.receiveQueues()
	if queues == c.queues {
		return nil
	}
	c.queues = queues
	if err := tx.exec(`DELETE FROM receive_queues WHERE connection = ?`, c.ID); err != nil {
		return err
	}
	for _, q := range c.Receive {
		err := tx.exec(`INSERT INTO receive_queues(server, recipient, connection, queue) VALUES(?, ?, ?, ?)`,
			q.Server.String(), q.Queue.RecipientID, c.ID, q.Number)
		if err != nil {
			return err
		}
	}
	return nil
}

// Connection returns the connection with an id, or ErrNotFound.
func (tx *Tx) Connection(id string) (*Connection, error) {
	var state []byte
	if err := tx.row(`SELECT state FROM connections WHERE id = ?`, []any{id}, &state); err != nil {
		return nil, err
	}
	return parseConnection(id, state)
}

func parseConnection(id string, state []byte) (*Connection, error) {
	c := &Connection{ID: id}
	err := json.Unmarshal(state, c)
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return nil, fmt.Errorf("stored state of a connection: %w", err)
	}
	c.queues = c.receiveQueues()
	return c, nil
}

var errNoQueue = errors.New("a queue is missing or has no relay")

// check refuses a state, which somebody has changed, whose queues cannot be used.
func (c *Connection) check() error {
	for _, q := range c.Receive {
		if q == nil || len(q.Server.Hosts) == 0 {
			return errNoQueue
		}
	}
	for _, q := range c.Send {
		if q == nil || len(q.Address.Server.Hosts) == 0 {
			return errNoQueue
		}
	}
	for _, q := range c.Reply {
		if len(q.Server.Hosts) == 0 {
			return errNoQueue
		}
	}
	if c.Ask != nil && len(c.Ask.Address.Server.Hosts) == 0 {
		return errNoQueue
	}
	return nil
}

// receiveQueues is a text that changes with the set of receive queues.
func (c *Connection) receiveQueues() string {
	var text strings.Builder
	for _, q := range c.Receive {
		fmt.Fprintf(&text, "%d %s %x,", q.Number, q.Server, q.Queue.RecipientID)
	}
	return text.String()
}

// Connections returns all connections in the order of their creation.
func (tx *Tx) Connections() (all []*Connection, err error) {
	err = tx.rows(`SELECT id, state FROM connections ORDER BY rowid`, nil, func(scan func(...any) error) error {
		var id string
		var state []byte
		if err := scan(&id, &state); err != nil {
			return err
		}
		c, err := parseConnection(id, state)
		all = append(all, c)
		return err
	})
	return all, err
}

// ByReceiveQueue returns the id of the connection with a receive queue, or
// ErrNotFound.
func (tx *Tx) ByReceiveQueue(server string, recipient []byte) (id string, err error) {
	err = tx.row(`SELECT connection FROM receive_queues WHERE server = ? AND recipient = ?`, []any{server, recipient}, &id)
	return id, err
}

// DeleteConnection deletes a connection with all that belongs to it, except events
// that the application has not acknowledged.
func (tx *Tx) DeleteConnection(id string) error {
	return tx.exec(`DELETE FROM connections WHERE id = ?`, id)
}

// Ratchet returns the ratchet of a connection, or ErrNotFound.
func (tx *Tx) Ratchet(id string) (state ratchet.State, err error) {
	var text []byte
	if err := tx.row(`SELECT ratchet FROM connections WHERE id = ?`, []any{id}, &text); err != nil {
		return state, err
	}
	if text == nil {
		return state, ErrNotFound
	}
	return state, json.Unmarshal(text, &state)
}

// SetRatchet stores the ratchet of a connection.
func (tx *Tx) SetRatchet(id string, state ratchet.State) error {
	text, err := json.Marshal(state)
	if err != nil {
		return errors.New("ratchet cannot be stored")
	}
	return tx.exec(`UPDATE connections SET ratchet = ? WHERE id = ?`, text, id)
}

// ReceiveQueue returns the receive queue with a number, nil if there is none.
func (c *Connection) ReceiveQueue(number int) *ReceiveQueue {
	for _, q := range c.Receive {
		if q.Number == number {
			return q
		}
	}
	return nil
}

// SendQueue returns the send queue with a number, nil if there is none.
func (c *Connection) SendQueue(number int) *SendQueue {
	for _, q := range c.Send {
		if q.Number == number {
			return q
		}
	}
	return nil
}

// Ask is a contact address at which a connection is being asked for.
type Ask struct {
	// Number is that of the queue of the address, among those of the connection.
	Number  int       `json:"number"`
	Address QueueInfo `json:"address"`
}

// NextQueue returns a number for a new queue.
func (c *Connection) NextQueue() int {
	c.LastQueue++
	return c.LastQueue
}
