package book

import (
	"database/sql"
	"fmt"
	"time"

	"smpcheck/reference/agent"
)

// Request is someone who asks for a connection through a contact address.
type Request struct {
	// ID is the agent's.
	ID      int64
	Conn    agent.ConnID
	Peer    string
	Created time.Time
}

func scanRequest(scan func(...any) error) (Request, error) {
	var r Request
	var created int64
	err := scan(&r.ID, &r.Conn, &r.Peer, &created)
	r.Created = time.UnixMilli(created)
	return r, err
}

// AddRequest adds a request, or replaces the one with its id.
func AddRequest(tx *sql.Tx, r Request) error {
	_, err := tx.Exec(`INSERT OR REPLACE INTO app_requests (id, conn, peer, created) VALUES (?, ?, ?, ?)`,
		r.ID, r.Conn, r.Peer, r.Created.UnixMilli())
	return err
}

// Requests returns all requests that wait for an answer, the oldest first.
func Requests(tx *sql.Tx) ([]Request, error) {
	return all(tx, scanRequest, `SELECT id, conn, peer, created FROM app_requests ORDER BY id`)
}

// RequestWith returns a request, or ErrNoRequest.
func RequestWith(tx *sql.Tx, id int64) (Request, error) {
	return single(tx, fmt.Errorf("%w: %d", ErrNoRequest, id), scanRequest, `SELECT id, conn, peer, created FROM app_requests WHERE id = ?`, id)
}

// RemoveRequest removes a request that was answered.
func RemoveRequest(tx *sql.Tx, id int64) error {
	return one(tx, fmt.Errorf("%w: %d", ErrNoRequest, id), `DELETE FROM app_requests WHERE id = ?`, id)
}

// Address is a contact address.
type Address struct {
	Conn agent.ConnID
	Link string
	// Short is empty if no short link was made.
	Short string
	// Automatic is set if requests are accepted without asking.
	Automatic bool
}

func scanAddress(scan func(...any) error) (Address, error) {
	var a Address
	err := scan(&a.Conn, &a.Link, &a.Short, &a.Automatic)
	return a, err
}

// AddAddress adds an address.
func AddAddress(tx *sql.Tx, a Address) error {
	_, err := tx.Exec(`INSERT INTO app_addresses (conn, link, short, automatic) VALUES (?, ?, ?, ?)`, a.Conn, a.Link, a.Short, a.Automatic)
	return err
}

// Addresses returns the addresses, in no order that means anything.
func Addresses(tx *sql.Tx) ([]Address, error) {
	return all(tx, scanAddress, `SELECT conn, link, short, automatic FROM app_addresses`)
}

// AddressWith returns the address with the connection, or ErrNoAddress.
func AddressWith(tx *sql.Tx, conn agent.ConnID) (Address, error) {
	return single(tx, ErrNoAddress, scanAddress, `SELECT conn, link, short, automatic FROM app_addresses WHERE conn = ?`, conn)
}

// SetLinks stores the links of an address, which are known after it was made.
func SetLinks(tx *sql.Tx, conn agent.ConnID, full, short string) error {
	return one(tx, ErrNoAddress, `UPDATE app_addresses SET link = ?, short = ? WHERE conn = ?`, full, short, conn)
}

// SetAutomatic tells whether requests through any address are accepted without
// asking.
func SetAutomatic(tx *sql.Tx, automatic bool) error {
	_, err := tx.Exec(`UPDATE app_addresses SET automatic = ?`, automatic)
	return err
}

// RemoveAddress removes an address with the requests that came through it.
func RemoveAddress(tx *sql.Tx, conn agent.ConnID) error {
	if _, err := tx.Exec(`DELETE FROM app_requests WHERE conn = ?`, conn); err != nil {
		return err
	}
	return one(tx, ErrNoAddress, `DELETE FROM app_addresses WHERE conn = ?`, conn)
}
