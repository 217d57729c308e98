package recordstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Errors of Open and Load. Their texts have the path of the file, and what to do.
var (
	// ErrFolder: the folder of the file does not exist.
	ErrFolder = errors.New("folder of the store does not exist")
	// ErrNotPrivate: others than the owner can use the file.
	ErrNotPrivate = errors.New("others can use the store")
	// ErrInUse: another process has the file open.
	ErrInUse = errors.New("store is in use by another process")
	// ErrFormat: the file is something else than the store of a relay.
	ErrFormat = errors.New("not the store of a relay")
	// ErrLater: a later version of this program made the file.
	ErrLater = errors.New("store was made by a later version")
	// ErrDamaged: the file is the store of a relay, and damaged.
	ErrDamaged = errors.New("store is damaged")
)

const (
	// applicationID marks the files of this package, in the header of SQLite.
	applicationID = 0x534d5052 // "SMPR"
	// formatVersion is the version of the tables, in the header of SQLite.
	formatVersion = 1
)

// The header of a SQLite file. SQLite, "Database File Format".
const (
	headerSize          = 100
	headerMagic         = "SQLite format 3\x00"
	headerUserVersion   = 60
	headerApplicationID = 68
)

// beside are the endings of the files that SQLite may have beside the file.
var beside = []string{"", "-wal", "-shm", "-journal"}

// prepare checks what is at path, and creates an empty file with mode 0600 if there
// is nothing. Nothing that exists is changed.
func prepare(path string) error {
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return fmt.Errorf("%w: %s", ErrFolder, folder)
	} else if err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%w: %s is no file", ErrFormat, path)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := checkHeader(path, f); err != nil {
		return err
	}
	for _, ending := range beside {
		if err := checkMode(path + ending); err != nil {
			return err
		}
	}
	return nil
}

// checkMode refuses a file that others can use. Windows has no such permissions in
// a file mode. No file is fine.
func checkMode(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("%w: %s has mode %04o; run chmod 600 %s", ErrNotPrivate, path, perm, path)
	}
	return nil
}

// checkHeader refuses a file that is not empty and not made by this package. The
// header never changes after the file was made, so that it need not be looked for
// in the log.
func checkHeader(path string, f io.ReaderAt) error {
	header := make([]byte, headerSize)
	n, err := f.ReadAt(header, 0)
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return nil
	case err != nil && !errors.Is(err, io.EOF):
		return err
	case n < headerSize || string(header[:len(headerMagic)]) != headerMagic:
		return fmt.Errorf("%w: %s", ErrFormat, path)
	case binary.BigEndian.Uint32(header[headerApplicationID:]) != applicationID:
		return fmt.Errorf("%w: %s is a database of another program", ErrFormat, path)
	}
	if version := binary.BigEndian.Uint32(header[headerUserVersion:]); version != formatVersion {
		return fmt.Errorf("%w: %s has format %d, this program knows %d", ErrLater, path, version, formatVersion)
	}
	return nil
}
