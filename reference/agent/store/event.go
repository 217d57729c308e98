package store

import "time"

// Event is something that the application has to learn.
type Event struct {
	ID         int64
	Connection string
	Kind       string
	Body       []byte // JSON
	Created    time.Time
	// Queue and RelayID name the message that the relay holds until the application
	// has acknowledged the event; Queue is 0 if there is none.
	Queue   int
	RelayID []byte
}

// InsertEvent stores an event and returns its id.
func (tx *Tx) InsertEvent(e Event) (int64, error) {
	return tx.insert(`INSERT INTO events(connection, kind, body, created, queue, relay_id) VALUES(?, ?, ?, ?, ?, ?)`,
		e.Connection, e.Kind, e.Body, e.Created.UnixMilli(), e.Queue, e.RelayID)
}

// Events returns at most limit events with ids above after, in order.
func (tx *Tx) Events(after int64, limit int) (all []Event, err error) {
	err = tx.rows(`SELECT id, connection, kind, body, created, queue, relay_id FROM events WHERE id > ? ORDER BY id LIMIT ?`,
		[]any{after, limit}, func(scan func(...any) error) error {
			e, err := scanEvent(scan)
			all = append(all, e)
			return err
		})
	return all, err
}

// Event returns an event, or ErrNotFound.
func (tx *Tx) Event(id int64) (Event, error) {
	return scanEvent(func(dest ...any) error {
		return tx.row(`SELECT id, connection, kind, body, created, queue, relay_id FROM events WHERE id = ?`, []any{id}, dest...)
	})
}

func scanEvent(scan func(...any) error) (e Event, err error) {
	var created int64
	err = scan(&e.ID, &e.Connection, &e.Kind, &e.Body, &created, &e.Queue, &e.RelayID)
	e.Created = time.UnixMilli(created)
	return e, err
}

// LastEvent returns the id of the newest event, 0 if there is none.
func (tx *Tx) LastEvent() (id int64, err error) {
	err = tx.row(`SELECT coalesce(max(id), 0) FROM events`, nil, &id)
	return id, err
}

// DeleteEvent forgets an event.
func (tx *Tx) DeleteEvent(id int64) error { return tx.exec(`DELETE FROM events WHERE id = ?`, id) }

// DeleteEvents forgets all events of a connection.
func (tx *Tx) DeleteEvents(connection string) error {
	return tx.exec(`DELETE FROM events WHERE connection = ?`, connection)
}
