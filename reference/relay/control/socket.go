package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// ErrSocket: there cannot be a control socket at a path; the text says why.
var ErrSocket = errors.New("control socket")

// maxPath is the longest path of a socket on all systems, in bytes.
const maxPath = 103

// dialTimeout bounds looking for the relay behind a socket.
const dialTimeout = 5 * time.Second

// Listen makes the socket. Its directory has to exist and must not be for others
// than its owner. A socket that a relay has left behind is replaced; anything else
// at the path stays, and is ErrSocket, as is every other reason.
func Listen(path string) (net.Listener, error) {
	if len(path) > maxPath {
		return nil, fmt.Errorf("%w: the path has %d bytes, at most %d are possible", ErrSocket, len(path), maxPath)
	}
	if err := checkDirectory(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSocket, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrSocket, err), l.Close())
	}
	return l, nil
}

// checkDirectory refuses a directory that others can enter. Windows has no such
// permissions in a file mode.
func checkDirectory(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: there is no directory %s; make it with mkdir -m 700", ErrSocket, dir)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrSocket, err)
	case !info.IsDir():
		return fmt.Errorf("%w: %s is no directory", ErrSocket, dir)
	case info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows":
		return fmt.Errorf("%w: others can use the directory %s (mode %04o); run chmod 700 %s", ErrSocket, dir, info.Mode().Perm(), dir)
	}
	return nil
}

// removeStale removes a socket that nobody listens at.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%w: %w", ErrSocket, err)
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%w: %s exists and is no socket", ErrSocket, path)
	}
	if c, err := net.DialTimeout("unix", path, dialTimeout); err == nil {
		return errors.Join(fmt.Errorf("%w: %s is in use by another process", ErrSocket, path), c.Close())
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("%w: %w", ErrSocket, err)
	}
	return nil
}
