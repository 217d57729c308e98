package relay

import "errors"

// RecordStore keeps what a relay has to know about its queues and the services that
// they belong to after a restart: Config.Store. It never gets a message, a number of messages, a delivery, a
// subscription or the time when a queue was used. Its methods are called by one
// goroutine at a time. Errors are logged, so their texts must not show records.
type RecordStore interface {
	// Load calls f for every record, in any order, until f returns an error,
	// which it returns. What f gets is valid during the call only. It is called
	// once, before all other methods.
	Load(f func(StoredRecord) error) error

	// Commit makes all changes durable, or none of them if it returns an error:
	// when it returns nil they survive the end of the process and of the
	// machine. There is one change for an id at most.
	Commit(changes []StoredRecord) error

	// Tidy removes what is left of records that were changed or removed, such
	// as old pages of a database. It is called some seconds after a commit.
	Tidy() error
}

// StoredRecord is a record, or a change: the record is written under its kind and
// id, whether there was one before or not, or removed if Value is nil.
type StoredRecord struct {
	Kind  RecordKind
	ID    []byte
	Value []byte
}

// RecordKind says what a record is about. Each kind has ids of its own.
type RecordKind byte

// The kinds of records.
const (
	// QueueRecord is the record of a queue: the id is its recipient id.
	QueueRecord RecordKind = 'Q'
	// ClientServiceRecord is the record of a client service: the id is the
	// fingerprint of its identity certificate.
	ClientServiceRecord RecordKind = 'S'
)

// ErrRecord: a stored record is not one that this relay could have written; the
// text says why.
var ErrRecord = errors.New("stored record cannot be read")

// errStore: the store did not take a change. The error of the store itself is
// logged once for a commit.
var errStore = errors.New("the store failed")
