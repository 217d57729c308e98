package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent/store"
)

// at is a time as the file keeps it, in milliseconds.
var at = time.UnixMilli(1_700_000_000_123)

func open(t *testing.T, path string, statements ...string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path, statements...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newStore(t *testing.T) *store.Store { return open(t, filepath.Join(t.TempDir(), "agent.db")) }

func update(t *testing.T, s *store.Store, f func(*store.Tx) error) {
	t.Helper()
	require.NoError(t, s.Update(t.Context(), f))
}

func TestModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.db")
	require.NoError(t, os.WriteFile(path, nil, 0o644))
	open(t, path)
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	require.Contains(t, files, path+"-wal")
	for _, f := range files {
		info, err := os.Stat(f)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), f)
	}
}

func TestInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.db")
	first := open(t, path)
	_, err := store.Open(t.Context(), path)
	require.ErrorIs(t, err, store.ErrInUse)
	require.NoError(t, first.Close())
	open(t, path)
}

func TestClosed(t *testing.T) {
	s := newStore(t)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Update(t.Context(), func(*store.Tx) error { return nil }), store.ErrClosed)
}

func TestNotTheFileOfAnAgent(t *testing.T) {
	for name, content := range map[string]string{
		"text":   "this is no database, and long enough to be read as one, which has a header of a hundred bytes or more",
		"header": "SQLite format 3\x00 and nothing of what has to follow, but again more than a hundred bytes in all of this",
	} {
		path := filepath.Join(t.TempDir(), "agent.db")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := store.Open(t.Context(), path)
		require.ErrorIs(t, err, store.ErrFormat, name)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, content, string(after), "%s: the file is left alone", name)
	}
}

func TestLaterFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.db")
	s := open(t, path)
	update(t, s, func(tx *store.Tx) error {
		_, err := tx.SQL.Exec("PRAGMA user_version = 1000")
		return err
	})
	require.NoError(t, s.Close())
	_, err := store.Open(t.Context(), path)
	require.ErrorIs(t, err, store.ErrFormat)
	require.ErrorContains(t, err, "1000")
}

func TestFolderThatDoesNotExist(t *testing.T) {
	_, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "none", "agent.db"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestPragmas(t *testing.T) {
	update(t, newStore(t), func(tx *store.Tx) error {
		for name, expected := range map[string]string{
			"secure_delete": "1", "foreign_keys": "1", "synchronous": "2", "journal_mode": "wal", "locking_mode": "exclusive",
		} {
			var value string
			if err := tx.SQL.QueryRow("PRAGMA " + name).Scan(&value); err != nil {
				return err
			}
			require.Equal(t, expected, value, name)
		}
		return nil
	})
}

// What was deleted is not in the file any more, once the log is in the file.
func TestDeletedRowsAreOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.db")
	s := open(t, path)
	const secret = "very secret words that nobody should find"
	var id int64
	update(t, s, func(tx *store.Tx) (err error) {
		id, err = tx.InsertEvent(store.Event{Connection: "c", Kind: "k", Body: []byte(secret), Created: at})
		return err
	})
	update(t, s, func(tx *store.Tx) error { return tx.DeleteEvent(id) })
	require.NoError(t, s.Close())
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		require.NotContains(t, string(b), secret, f)
	}
}

func TestUpdateIsUndone(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "agent.db"), `CREATE TABLE IF NOT EXISTS app_x (n INTEGER)`)
	insert := func(tx *store.Tx) error {
		_, err := tx.SQL.Exec(`INSERT INTO app_x VALUES(1)`)
		return errors.Join(err, tx.InsertConnection(&store.Connection{ID: "c"}, nil))
	}
	failure := errors.New("failure")
	require.ErrorIs(t, s.Update(t.Context(), func(tx *store.Tx) error { return errors.Join(insert(tx), failure) }), failure)
	func() {
		defer func() { require.Equal(t, "panic", recover()) }()
		_ = s.Update(t.Context(), func(tx *store.Tx) error {
			require.NoError(t, insert(tx))
			panic("panic")
		})
	}()
	ctx, cancel := context.WithCancel(t.Context())
	require.ErrorIs(t, s.Update(ctx, func(tx *store.Tx) error {
		require.NoError(t, insert(tx))
		cancel()
		return nil
	}), context.Canceled)
	update(t, s, func(tx *store.Tx) error {
		var n int
		require.NoError(t, tx.SQL.QueryRow(`SELECT count(*) FROM app_x`).Scan(&n))
		require.Zero(t, n)
		_, err := tx.Connection("c")
		require.ErrorIs(t, err, store.ErrNotFound)
		return nil
	})
}
