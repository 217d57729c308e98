package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrInUse: another process has the file open.
	ErrInUse = errors.New("the file is in use by another process")
	// ErrFormat: the file is no agent's, or of a later version of this program.
	ErrFormat = errors.New("not the file of an agent, or of a later version")
	// ErrNotFound: no such row.
	ErrNotFound = errors.New("not found")
	// ErrClosed: Close was called.
	ErrClosed = errors.New("agent is closed")
)

// Store is an open file. Its methods are safe for concurrent use.
type Store struct {
	db       *sql.DB
	prepared prepared
	closed   atomic.Bool
}

// Tx is a transaction. The application's own statements use its SQL.
type Tx struct {
	SQL *sql.Tx
	ctx context.Context

	prepared *prepared
}

// Open opens the file at path or creates it, in a folder that exists. Statements
// create tables of the application if they do not exist. The errors are ErrInUse,
// ErrFormat and those of the file system.
func Open(ctx context.Context, path string, statements ...string) (*Store, error) {
	if err := prepareFile(path); err != nil {
		return nil, err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	parameters := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(1000)", "locking_mode(EXCLUSIVE)", "journal_mode(WAL)", "synchronous(FULL)",
		"foreign_keys(ON)", "secure_delete(ON)",
	}}
	dsn := url.URL{Scheme: "file", Path: absolute, RawQuery: parameters.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	// One connection makes transactions queue up instead of failing.
	db.SetMaxOpenConns(1)
	s := &Store{db: db}
	if err := s.Update(ctx, func(tx *Tx) error { return tx.createTables(statements) }); err != nil {
		_ = db.Close()
		return nil, explain(err)
	}
	s.prepared.init()
	return s, nil
}

// prepareFile creates the file with the mode that it keeps; SQLite gives the same
// mode to the files beside it.
func prepareFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Chmod(path, 0o600)
}

// explain turns SQLite's codes for what a user can cause into errors of this package.
func explain(err error) error {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return err
	}
	switch failure.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return ErrInUse
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return err
}

// Close closes the file.
func (s *Store) Close() error {
	s.closed.Store(true)
	return s.db.Close()
}

// Update runs f in a transaction, which is committed if f returns nil and undone
// otherwise. f must not call Update. After Close it is ErrClosed, and the error of ctx
// if that ended the transaction.
func (s *Store) Update(ctx context.Context, f func(*Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil && s.closed.Load() {
		return ErrClosed
	} else if err != nil {
		return explain(err)
	}
	defer s.prepared.prepare(ctx, s.db)
	// The deferred rollback does nothing after the commit.
	defer func() { _ = tx.Rollback() }()
	err = f(&Tx{SQL: tx, ctx: ctx, prepared: &s.prepared})
	if err == nil {
		err = tx.Commit()
	}
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// exec runs a statement.
func (tx *Tx) exec(query string, args ...any) error {
	_, err := tx.execute(query, args)
	return err
}

// insert runs a statement and returns the number of the new row.
func (tx *Tx) insert(query string, args ...any) (int64, error) {
	result, err := tx.execute(query, args)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// row reads one row into dest, or returns ErrNotFound.
func (tx *Tx) row(query string, args []any, dest ...any) error {
	err := tx.queryRow(query, args).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// rows calls f for every row.
func (tx *Tx) rows(query string, args []any, f func(scan func(...any) error) error) (err error) {
	rows, err := tx.query(query, args)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
