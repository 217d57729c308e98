package book

import (
	"database/sql"
	"errors"
	"fmt"
)

// Errors of names and ids that a person gave.
var (
	// ErrNoContact: there is no contact of that name.
	ErrNoContact = errors.New("no contact of that name")
	// ErrNoRequest: there is no request with that number.
	ErrNoRequest = errors.New("no request with that number")
	// ErrNoAddress: no contact address was made.
	ErrNoAddress = errors.New("there is no contact address")
	// ErrNameTaken: another contact has the name.
	ErrNameTaken = errors.New("another contact has that name")
	// ErrName: a name is empty, too long, or not one line of text.
	ErrName = errors.New("not a name")
)

// Tables are the statements that create the tables, for agent.Config. Times are
// Unix milliseconds.
var Tables = []string{
	`CREATE TABLE IF NOT EXISTS app_settings (
		id INTEGER PRIMARY KEY CHECK (id = 1),
		value TEXT NOT NULL)`,

	// conn is empty once the agent has no connection for the contact any more.
	// named is set if the name was chosen here and is not that of the profile.
	`CREATE TABLE IF NOT EXISTS app_contacts (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		name TEXT NOT NULL UNIQUE,
		named INTEGER NOT NULL,
		conn TEXT NOT NULL,
		status TEXT NOT NULL,
		peer TEXT NOT NULL DEFAULT '',
		link TEXT NOT NULL DEFAULT '',
		full INTEGER NOT NULL DEFAULT 0,
		created INTEGER NOT NULL)`,
	`CREATE INDEX IF NOT EXISTS app_contacts_conn ON app_contacts (conn)`,

	// number is the agent's of a message; a peer may use one twice.
	`CREATE TABLE IF NOT EXISTS app_messages (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		contact INTEGER NOT NULL REFERENCES app_contacts(id) ON DELETE CASCADE,
		incoming INTEGER NOT NULL,
		number INTEGER NOT NULL,
		type TEXT NOT NULL,
		body BLOB NOT NULL,
		status TEXT NOT NULL,
		problem TEXT NOT NULL DEFAULT '',
		time INTEGER NOT NULL)`,
	`CREATE INDEX IF NOT EXISTS app_messages_number ON app_messages (contact, incoming, number)`,
	`CREATE INDEX IF NOT EXISTS app_messages_status ON app_messages (status, id)`,

	`CREATE TABLE IF NOT EXISTS app_requests (
		id INTEGER PRIMARY KEY,
		conn TEXT NOT NULL,
		peer TEXT NOT NULL,
		created INTEGER NOT NULL)`,

	`CREATE TABLE IF NOT EXISTS app_addresses (
		conn TEXT PRIMARY KEY,
		link TEXT NOT NULL,
		short TEXT NOT NULL,
		automatic INTEGER NOT NULL)`,
}

// one runs a statement that has to change exactly one row, and returns missing if
// it changes none.
func one(tx *sql.Tx, missing error, query string, args ...any) error {
	result, err := tx.Exec(query, args...)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return missing
	}
	return nil
}

// all reads every row of a query with scan.
func all[T any](tx *sql.Tx, scan func(func(...any) error) (T, error), query string, args ...any) (list []T, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// single reads one row with scan, or returns missing.
func single[T any](tx *sql.Tx, missing error, scan func(func(...any) error) (T, error), query string, args ...any) (T, error) {
	v, err := scan(tx.QueryRow(query, args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return v, missing
	}
	return v, err
}

// quoted puts what was asked for into an error.
func quoted(err error, what string) error { return fmt.Errorf("%w: %q", err, what) }
