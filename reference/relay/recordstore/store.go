package recordstore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net/url"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"smpcheck/reference/relay"
)

// Store is an open file. It implements relay.RecordStore.
type Store struct {
	// Progress, if not nil, is called by Load now and then with the number of
	// records that it has read, and at the end.
	Progress func(records int)

	path   string
	db     *sql.DB
	put    *sql.Stmt
	remove *sql.Stmt
}

var _ relay.RecordStore = (*Store)(nil)

// pragmas are set before the file is touched.
var pragmas = []string{
	"busy_timeout(1000)", "locking_mode(EXCLUSIVE)", "synchronous(FULL)", "secure_delete(ON)",
	"temp_store(MEMORY)", "cache_size(-16384)",
}

// schema makes an empty file a store. It is executed without write-ahead log, so
// that the header of the file itself says what it is.
var schema = fmt.Sprintf(`
CREATE TABLE record (kind INTEGER NOT NULL, id BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
PRAGMA application_id = %d;
PRAGMA user_version = %d;`, applicationID, formatVersion)

// Open opens the file at path, or creates it in a folder that exists. A file that is
// refused is not changed. The errors are those of this package and of the file system.
func Open(path string) (*Store, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := prepare(absolute); err != nil {
		return nil, err
	}
	dsn := url.URL{Scheme: "file", Path: absolute, RawQuery: url.Values{"_txlock": {"immediate"}, "_pragma": pragmas}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // the one that has the lock
	s := &Store{path: absolute, db: db}
	if err := s.initialise(); err != nil {
		return nil, errors.Join(s.explain(err), db.Close())
	}
	return s, nil
}

// initialise creates the table of a new file, and switches to the write-ahead log.
func (s *Store) initialise() error {
	if err := s.update(func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRow("PRAGMA user_version").Scan(&version); err != nil || version != 0 {
			return err
		}
		_, err := tx.Exec(schema)
		return err
	}); err != nil {
		return err
	}
	var mode string
	if err := s.db.QueryRow("PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("journal mode %q, expected a write-ahead log", mode)
	}
	if err := s.Tidy(); err != nil {
		return err
	}
	var err error
	if s.put, err = s.db.Prepare("INSERT OR REPLACE INTO record (kind, id, value) VALUES (?, ?, ?)"); err != nil {
		return err
	}
	s.remove, err = s.db.Prepare("DELETE FROM record WHERE kind = ? AND id = ?")
	return err
}

// update runs f in a transaction, which is committed if f returns nil and undone
// otherwise.
func (s *Store) update(f func(*sql.Tx) error) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// explain turns SQLite's codes for what a user can do something about into errors
// of this package.
func (s *Store) explain(err error) error {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return err
	}
	switch failure.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%w: %s", ErrInUse, s.path)
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR:
		return fmt.Errorf("%w: %s: %w", ErrDamaged, s.path, err)
	}
	return err
}

// Commit implements relay.RecordStore.
func (s *Store) Commit(changes []relay.StoredRecord) error {
	return s.update(func(tx *sql.Tx) error {
		put, remove := tx.Stmt(s.put), tx.Stmt(s.remove)
		for _, c := range changes {
			var err error
			if c.Value == nil {
				_, err = remove.Exec(int64(c.Kind), c.ID)
			} else {
				_, err = put.Exec(int64(c.Kind), c.ID, seal(c))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// progressEvery is how many records Load reads between two calls of Progress.
const progressEvery = 1 << 14

// Load implements relay.RecordStore. It checks the file first: where records are
// missing, or not those that were written, it is ErrDamaged.
func (s *Store) Load(f func(relay.StoredRecord) error) (err error) {
	if err := s.check(); err != nil {
		return err
	}
	rows, err := s.db.QueryContext(context.Background(), "SELECT kind, id, value FROM record")
	if err != nil {
		return s.explain(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	n := 0
	var kind int64
	var id, value sql.RawBytes
	for ; rows.Next(); n++ {
		if s.Progress != nil && n%progressEvery == 0 {
			s.Progress(n)
		}
		if err := rows.Scan(&kind, &id, &value); err != nil {
			return fmt.Errorf("%w: %s: record %d: %w", ErrDamaged, s.path, n+1, err)
		}
		r := relay.StoredRecord{Kind: relay.RecordKind(kind), ID: id, Value: value}
		if !unseal(&r) {
			return fmt.Errorf("%w: %s: checksum of record %d", ErrDamaged, s.path, n+1)
		}
		if err := f(r); err != nil {
			return fmt.Errorf("%s: %w", s.path, err)
		}
	}
	if s.Progress != nil {
		s.Progress(n)
	}
	return s.explain(rows.Err())
}

// check looks for damage in the structure of the file.
func (s *Store) check() error {
	var result string
	if err := s.db.QueryRow("PRAGMA quick_check(1)").Scan(&result); err != nil {
		return s.explain(err)
	}
	if result != "ok" {
		return fmt.Errorf("%w: %s: its structure is broken", ErrDamaged, s.path)
	}
	return nil
}

// Tidy implements relay.RecordStore: it empties the write-ahead log.
func (s *Store) Tidy() error {
	_, err := s.db.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

// Close closes the file. Then there is no log beside it.
func (s *Store) Close() error { return s.db.Close() }

// checksumSize is the length of the checksum in front of a value, in bytes.
const checksumSize = crc32.Size

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is that of a whole record, so that one under another id does not fit.
func checksum(r *relay.StoredRecord, value []byte) uint32 {
	sum := crc32.Update(0, castagnoli, []byte{byte(r.Kind), byte(len(r.ID))})
	sum = crc32.Update(sum, castagnoli, r.ID)
	return crc32.Update(sum, castagnoli, value)
}

// seal is the value of a record as it is stored.
func seal(r relay.StoredRecord) []byte {
	sealed := make([]byte, checksumSize, checksumSize+len(r.Value))
	binary.BigEndian.PutUint32(sealed, checksum(&r, r.Value))
	return append(sealed, r.Value...)
}

// unseal takes the checksum off the value of a record, and reports whether it is
// right.
func unseal(r *relay.StoredRecord) bool {
	if len(r.Value) < checksumSize {
		return false
	}
	sum := binary.BigEndian.Uint32(r.Value)
	r.Value = r.Value[checksumSize:]
	return sum == checksum(r, r.Value)
}
