package store

import (
	"time"
)

// Request is a request for a connection that came through a contact address.
type Request struct {
	ID int64
	// Connection is the contact address.
	Connection string
	// Invitation is the link of the one who asks; Info is what it says of itself.
	Invitation string
	Info       []byte
}

// InsertRequest stores a request and returns its id.
func (tx *Tx) InsertRequest(r Request) (int64, error) {
	return tx.insert(`INSERT INTO requests(connection, invitation, info) VALUES(?, ?, ?)`, r.Connection, r.Invitation, r.Info)
}

// Request returns a request, or ErrNotFound.
func (tx *Tx) Request(id int64) (r Request, err error) {
	err = tx.row(`SELECT id, connection, invitation, info FROM requests WHERE id = ?`, []any{id},
		&r.ID, &r.Connection, &r.Invitation, &r.Info)
	return r, err
}

// DeleteRequest forgets a request; it is ErrNotFound if there is none.
func (tx *Tx) DeleteRequest(id int64) error {
	if _, err := tx.Request(id); err != nil {
		return err
	}
	return tx.exec(`DELETE FROM requests WHERE id = ?`, id)
}

// CountRequests returns how many requests wait at a contact address.
func (tx *Tx) CountRequests(connection string) (n int, err error) {
	err = tx.row(`SELECT count(*) FROM requests WHERE connection = ?`, []any{connection}, &n)
	return n, err
}

// Attempt returns the key with which an invitation was secured before, or ErrNotFound.
func (tx *Tx) Attempt(invitation []byte) (key PrivateKey, err error) {
	var text []byte
	if err := tx.row(`SELECT key FROM attempts WHERE invitation = ?`, []any{invitation}, &text); err != nil {
		return key, err
	}
	return key, key.UnmarshalText(text)
}

// SetAttempt remembers the key with which an invitation is going to be secured.
func (tx *Tx) SetAttempt(invitation []byte, key PrivateKey, at time.Time) error {
	text, err := key.MarshalText()
	if err != nil {
		return err
	}
	return tx.exec(`INSERT OR REPLACE INTO attempts(invitation, key, at) VALUES(?, ?, ?)`, invitation, text, at.UnixMilli())
}

// DeleteAttempt forgets an attempt.
func (tx *Tx) DeleteAttempt(invitation []byte) error {
	return tx.exec(`DELETE FROM attempts WHERE invitation = ?`, invitation)
}
