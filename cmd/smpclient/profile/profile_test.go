package profile

import (
	"context"
	"database/sql"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/cmd/smpclient/book"
)

// made returns a profile with settings.
func made(t *testing.T) (Profile, book.Settings) {
	t.Helper()
	p := Profile{filepath.Join(t.TempDir(), "deep", "profile")}
	_, err := p.Create()
	require.NoError(t, err)
	file, err := os.OpenFile(p.Database(), os.O_CREATE, 0o600)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	db, err := sql.Open("sqlite", p.Database())
	require.NoError(t, err)
	tx, err := db.Begin()
	require.NoError(t, err)
	for _, statement := range book.Tables {
		_, err := tx.Exec(statement)
		require.NoError(t, err)
	}
	want := book.Settings{Name: "alice", Servers: []string{"smp://x"}, NoPQ: true}
	require.NoError(t, book.SaveSettings(tx, want))
	require.NoError(t, tx.Commit())
	require.NoError(t, db.Close())
	return p, want
}

func TestSettings(t *testing.T) {
	t.Parallel()
	p, want := made(t)
	got, err := p.Settings(context.Background())
	require.NoError(t, err)
	require.Equal(t, want, got)

	// While another process has the file open nothing can be read.
	db, err := sql.Open("sqlite", p.Database())
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec("BEGIN IMMEDIATE")
	require.NoError(t, err)
	_, err = p.Settings(context.Background())
	require.ErrorIs(t, err, ErrBusy)
}

func TestNoProfile(t *testing.T) {
	t.Parallel()
	p := Profile{filepath.Join(t.TempDir(), "none")}
	require.ErrorIs(t, p.Check(), ErrNone)
	_, err := p.Create()
	require.NoError(t, err)
	require.ErrorIs(t, p.Check(), ErrNone)
	_, err = p.Settings(context.Background())
	require.ErrorIs(t, err, ErrNone)
}

func TestCreateOverwritesNothing(t *testing.T) {
	t.Parallel()
	p, _ := made(t)
	_, err := p.Create()
	require.ErrorIs(t, err, ErrExists)

	empty := Profile{t.TempDir()}
	undo, err := empty.Create()
	require.NoError(t, err)
	info, err := os.Stat(empty.Dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	undo()
	_, err = os.Stat(empty.Dir)
	require.NoError(t, err, "it was there before")

	fresh := Profile{filepath.Join(empty.Dir, "a", "b")}
	undo, err = fresh.Create()
	require.NoError(t, err)
	undo()
	_, err = os.Stat(fresh.Dir)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestOthersMustNotUseIt(t *testing.T) {
	t.Parallel()
	p, _ := made(t)
	require.NoError(t, p.Check())
	require.NoError(t, os.Chmod(p.Database(), 0o640))
	require.ErrorIs(t, p.Check(), ErrOpen)
}

func TestFind(t *testing.T) {
	t.Setenv(Variable, "/from/environment")
	p, err := Find("")
	require.NoError(t, err)
	require.Equal(t, "/from/environment", p.Dir)
	p, err = Find("/from/flag")
	require.NoError(t, err)
	require.Equal(t, "/from/flag", p.Dir)
	t.Setenv(Variable, "")
	t.Setenv("XDG_CONFIG_HOME", "/settings")
	t.Setenv("HOME", "/home")
	p, err = Find("")
	require.NoError(t, err)
	require.Equal(t, "smpclient", filepath.Base(p.Dir))
}

func TestSocket(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"short", strings.Repeat("long", 30)} {
		p := Profile{filepath.Join(t.TempDir(), name)}
		_, err := p.Create()
		require.NoError(t, err)
		_, err = p.Dial(context.Background())
		require.Error(t, err, "nobody serves it")
		var paths []string
		var last net.Listener
		for range 2 {
			last, err = p.Listen()
			require.NoError(t, err)
			conn, err := p.Dial(context.Background())
			require.NoError(t, err)
			require.NoError(t, conn.Close())
			path, recorded, err := p.socket()
			require.NoError(t, err)
			require.Equal(t, name != "short", recorded)
			// The first one ends as if its process was killed: nothing is removed.
			paths = append(paths, path)
		}
		require.NoError(t, last.Close())
		for _, path := range paths {
			_, err = os.Stat(path)
			require.ErrorIs(t, err, os.ErrNotExist)
		}
	}
}

func TestRecordedPathIsChecked(t *testing.T) {
	t.Parallel()
	p := Profile{t.TempDir()}
	for _, path := range []string{"", "/etc/passwd", "/tmp/control.sock"} {
		require.NoError(t, os.WriteFile(filepath.Join(p.Dir, pathFile), []byte(path), 0o600))
		_, err := p.Listen()
		require.ErrorContains(t, err, "control.path")
		_, err = p.Dial(context.Background())
		require.ErrorContains(t, err, "control.path")
	}
}
