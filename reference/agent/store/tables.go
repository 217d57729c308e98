package store

import "fmt"

// formatVersion is that of the tables below, kept in SQLite's user_version.
const formatVersion = 1

// tables are created in this order. Times are Unix milliseconds.
var tables = []string{
	// One row for each connection and each contact address; state and ratchet are
	// JSON (Connection, ratchet.State).
	`CREATE TABLE IF NOT EXISTS connections (
		id TEXT PRIMARY KEY,
		state BLOB NOT NULL,
		ratchet BLOB)`,

	// Where a message that a relay delivers belongs.
	`CREATE TABLE IF NOT EXISTS receive_queues (
		server TEXT NOT NULL,
		recipient BLOB NOT NULL,
		connection TEXT NOT NULL REFERENCES connections(id) ON DELETE CASCADE,
		queue INTEGER NOT NULL,
		PRIMARY KEY (server, recipient))`,

	// Sent messages: the envelope until it is delivered, number and hash until the
	// receipt comes. sent is set when one relay has taken it.
	`CREATE TABLE IF NOT EXISTS messages (
		connection TEXT NOT NULL REFERENCES connections(id) ON DELETE CASCADE,
		number INTEGER NOT NULL,
		kind TEXT NOT NULL,
		hash BLOB NOT NULL,
		silent INTEGER NOT NULL,
		envelope BLOB,
		created INTEGER NOT NULL,
		sent INTEGER NOT NULL DEFAULT 0,
		PRIMARY KEY (connection, number))`,

	// Which queues a message has still to be sent to.
	`CREATE TABLE IF NOT EXISTS deliveries (
		connection TEXT NOT NULL,
		queue INTEGER NOT NULL,
		number INTEGER NOT NULL,
		PRIMARY KEY (connection, queue, number),
		FOREIGN KEY (connection, number) REFERENCES messages ON DELETE CASCADE)`,

	// Hashes of what was received encrypted, to tell a repetition from an attack.
	`CREATE TABLE IF NOT EXISTS received (
		connection TEXT NOT NULL REFERENCES connections(id) ON DELETE CASCADE,
		hash BLOB NOT NULL,
		at INTEGER NOT NULL,
		PRIMARY KEY (connection, hash))`,

	// What the application has not acknowledged. queue and relay_id belong to the
	// message that waits for it at the relay.
	`CREATE TABLE IF NOT EXISTS events (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		connection TEXT NOT NULL,
		kind TEXT NOT NULL,
		body BLOB NOT NULL,
		created INTEGER NOT NULL,
		queue INTEGER,
		relay_id BLOB)`,

	// Requests that came through a contact address and wait for an answer.
	`CREATE TABLE IF NOT EXISTS requests (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		connection TEXT NOT NULL REFERENCES connections(id) ON DELETE CASCADE,
		invitation TEXT NOT NULL,
		info BLOB NOT NULL)`,

	// Keys with which an invitation was secured, so that a second attempt to join
	// succeeds where the first one was interrupted.
	`CREATE TABLE IF NOT EXISTS attempts (
		invitation BLOB PRIMARY KEY,
		key BLOB NOT NULL,
		at INTEGER NOT NULL)`,
}

// createTables creates what is missing and checks the version of what is there.
func (tx *Tx) createTables(application []string) error {
	var version int
	if err := tx.row("PRAGMA user_version", nil, &version); err != nil {
		return err
	}
	if version > formatVersion {
		return fmt.Errorf("%w: format %d, this program reads %d", ErrFormat, version, formatVersion)
	}
	for _, statement := range append(tables[:len(tables):len(tables)], application...) {
		if err := tx.exec(statement); err != nil {
			return err
		}
	}
	return tx.exec(fmt.Sprintf("PRAGMA user_version = %d", formatVersion))
}
