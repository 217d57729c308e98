package store

import "time"

// Message is a message to be sent.
type Message struct {
	// Number is that of the chain; Kind says what it is, in words of the agent.
	Number int64
	Kind   string
	// Hash is that of the encoded message.
	Hash []byte
	// Silent asks for no notification of the peer.
	Silent bool
	// Envelope is the encoded agent envelope, nil when it is delivered.
	Envelope []byte
	Created  time.Time
}

// InsertMessage stores a message and the queues that it is to be sent to.
func (tx *Tx) InsertMessage(connection string, m Message, queues []int) error {
	err := tx.exec(`INSERT INTO messages(connection, number, kind, hash, silent, envelope, created) VALUES(?, ?, ?, ?, ?, ?, ?)`,
		connection, m.Number, m.Kind, m.Hash, m.Silent, m.Envelope, m.Created.UnixMilli())
	if err != nil {
		return err
	}
	for _, queue := range queues {
		if err := tx.InsertDelivery(connection, queue, m.Number); err != nil {
			return err
		}
	}
	return nil
}

// InsertDelivery asks for a stored message to be sent to one more queue; asking twice
// changes nothing.
func (tx *Tx) InsertDelivery(connection string, queue int, number int64) error {
	return tx.exec(`INSERT OR IGNORE INTO deliveries(connection, queue, number) VALUES(?, ?, ?)`, connection, queue, number)
}

// NextDelivery returns the first message that is to be sent to a queue, or
// ErrNotFound.
func (tx *Tx) NextDelivery(connection string, queue int) (m Message, err error) {
	var created int64
	err = tx.row(`SELECT m.number, m.kind, m.hash, m.silent, m.envelope, m.created
		FROM deliveries d JOIN messages m ON m.connection = d.connection AND m.number = d.number
		WHERE d.connection = ? AND d.queue = ? ORDER BY d.number LIMIT 1`, []any{connection, queue},
		&m.Number, &m.Kind, &m.Hash, &m.Silent, &m.Envelope, &created)
	m.Created = time.UnixMilli(created)
	return m, err
}

// Message returns a sent message, or ErrNotFound.
func (tx *Tx) Message(connection string, number int64) (m Message, err error) {
	var created int64
	err = tx.row(`SELECT number, kind, hash, silent, envelope, created FROM messages WHERE connection = ? AND number = ?`,
		[]any{connection, number}, &m.Number, &m.Kind, &m.Hash, &m.Silent, &m.Envelope, &created)
	m.Created = time.UnixMilli(created)
	return m, err
}

// Pending returns how many deliveries wait for a connection, each message counted for
// each queue.
func (tx *Tx) Pending(connection string) (n int, err error) {
	err = tx.row(`SELECT count(*) FROM deliveries WHERE connection = ?`, []any{connection}, &n)
	return n, err
}

// Delivery is the state of a message that one queue is done with.
type Delivery struct {
	// Left is how many other queues the message has still to be sent to.
	Left int
	// Before is set if another queue has taken it before.
	Before bool
}

// Delivered removes a delivery; ok tells whether the relay took the message. When no
// queue is left the envelope is removed, and, unless keep is set and some relay took
// it, the message.
func (tx *Tx) Delivered(connection string, queue int, number int64, ok, keep bool) (d Delivery, err error) {
	err = tx.exec(`DELETE FROM deliveries WHERE connection = ? AND queue = ? AND number = ?`, connection, queue, number)
	if err != nil {
		return d, err
	}
	err = tx.row(`SELECT sent, (SELECT count(*) FROM deliveries d WHERE d.connection = m.connection AND d.number = m.number)
		FROM messages m WHERE connection = ? AND number = ?`, []any{connection, number}, &d.Before, &d.Left)
	if err != nil {
		return d, err
	}
	taken := ok || d.Before
	switch {
	case d.Left == 0 && keep && taken:
		return d, tx.exec(`UPDATE messages SET sent = 1, envelope = NULL WHERE connection = ? AND number = ?`, connection, number)
	case d.Left == 0:
		return d, tx.DeleteMessage(connection, number)
	}
	return d, tx.exec(`UPDATE messages SET sent = ? WHERE connection = ? AND number = ?`, taken, connection, number)
}

// DeleteMessage forgets a sent message.
func (tx *Tx) DeleteMessage(connection string, number int64) error {
	return tx.exec(`DELETE FROM messages WHERE connection = ? AND number = ?`, connection, number)
}

// CopyDeliveries makes a queue take also what waits for another one, in order.
func (tx *Tx) CopyDeliveries(connection string, from, to int) error {
	return tx.exec(`INSERT OR IGNORE INTO deliveries(connection, queue, number)
		SELECT connection, ?, number FROM deliveries WHERE connection = ? AND queue = ?`, to, connection, from)
}

// DropDeliveries forgets what waits for a queue.
func (tx *Tx) DropDeliveries(connection string, queue int) error {
	return tx.exec(`DELETE FROM deliveries WHERE connection = ? AND queue = ?`, connection, queue)
}

// PruneMessages forgets delivered messages older than a time whose receipt never
// came, hashes of received ones, and attempts to join.
func (tx *Tx) PruneMessages(before time.Time) error {
	at := before.UnixMilli()
	if err := tx.exec(`DELETE FROM messages WHERE envelope IS NULL AND created < ?`, at); err != nil {
		return err
	}
	if err := tx.exec(`DELETE FROM attempts WHERE at < ?`, at); err != nil {
		return err
	}
	return tx.exec(`DELETE FROM received WHERE at < ?`, at)
}

// MarkReceived remembers the hash of something received; before tells whether it was
// known.
func (tx *Tx) MarkReceived(connection string, hash []byte, at time.Time) (before bool, err error) {
	var n int
	err = tx.row(`SELECT count(*) FROM received WHERE connection = ? AND hash = ?`, []any{connection, hash}, &n)
	if err != nil || n > 0 {
		return n > 0, err
	}
	return false, tx.exec(`INSERT INTO received(connection, hash, at) VALUES(?, ?, ?)`, connection, hash, at.UnixMilli())
}
