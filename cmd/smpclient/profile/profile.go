// Package profile is the directory in which one user of the text client has
// everything: the agent's file with all keys, contacts and messages, and the socket
// through which other commands reach the process that has the file open.
//
//	agent.db         mode 0600, SQLite
//	control.sock     mode 0600, while a process serves it
//	control.path     mode 0600, only if the path of control.sock is too long for a
//	                 socket: where the socket is instead
//
// The directory has mode 0700.
package profile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"smpcheck/cmd/smpclient/book"
)

// Variable is the environment variable that names the directory of the profile.
const Variable = "SMPCLIENT_PROFILE"

const databaseFile = "agent.db"

var (
	// ErrNone: there is no profile in the directory.
	ErrNone = errors.New("no profile")
	// ErrExists: there is a profile, or something else, where one was to be made.
	ErrExists = errors.New("already there")
	// ErrOpen: others than their owner can use the directory or a file in it.
	ErrOpen = errors.New("others on this machine can use it")
	// ErrBusy: another process has the file open.
	ErrBusy = errors.New("the profile is in use by another process")
)

// Profile is a directory.
type Profile struct{ Dir string }

// Find returns the profile that the flag names, or the environment, or the one in
// the user's own folder of settings. It need not exist.
func Find(flag string) (Profile, error) {
	dir := flag
	if dir == "" {
		dir = os.Getenv(Variable)
	}
	if dir == "" {
		settings, err := os.UserConfigDir()
		if err != nil {
			return Profile{}, fmt.Errorf("no directory for the profile: %w; --profile names one", err)
		}
		dir = filepath.Join(settings, "smpclient")
	}
	absolute, err := filepath.Abs(dir)
	return Profile{Dir: absolute}, err
}

// Database is the path of the agent's file.
func (p Profile) Database() string { return filepath.Join(p.Dir, databaseFile) }

// Create makes the directory. It has to be new or empty: nothing is overwritten
// (ErrExists). The result removes what was made, for a caller that fails later.
func (p Profile) Create() (undo func(), err error) {
	entries, err := os.ReadDir(p.Dir)
	switch {
	case err == nil && len(entries) > 0:
		return nil, fmt.Errorf("%w: %s is not empty", ErrExists, p.Dir)
	case err == nil:
		if err := os.Chmod(p.Dir, 0o700); err != nil {
			return nil, err
		}
		return func() { p.clear(false) }, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(p.Dir), 0o700); err != nil {
		return nil, err
	}
	if err := os.Mkdir(p.Dir, 0o700); err != nil {
		return nil, err
	}
	return func() { p.clear(true) }, os.Chmod(p.Dir, 0o700)
}

// clear removes the files that Create's caller may have made.
func (p Profile) clear(directory bool) {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		_ = os.Remove(p.Database() + suffix)
	}
	if directory {
		_ = os.Remove(p.Dir)
	}
}

// Check returns ErrNone if there is no profile, and ErrOpen if others can use it.
func (p Profile) Check() error {
	for _, file := range []string{p.Dir, p.Database()} {
		info, err := os.Stat(file)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
			return fmt.Errorf("%w in %s; smpclient init makes one", ErrNone, p.Dir)
		}
		if err != nil {
			return err
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
			return fmt.Errorf("%w: %s has mode %o; chmod go= %s", ErrOpen, file, mode, file)
		}
	}
	return nil
}

// Settings reads the settings while no process has the file open; otherwise the
// error is ErrBusy.
func (p Profile) Settings(ctx context.Context) (s book.Settings, err error) {
	if err := p.Check(); err != nil {
		return s, err
	}
	parameters := url.Values{"mode": {"rw"}, "_txlock": {"immediate"}, "_pragma": {"busy_timeout(100)", "locking_mode(EXCLUSIVE)"}}
	dsn := url.URL{Scheme: "file", Path: p.Database(), RawQuery: parameters.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return s, busy(err)
	}
	// Nothing was changed.
	defer func() { _ = tx.Rollback() }()
	return book.LoadSettings(tx)
}
