package profile

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	socketFile = "control.sock"
	pathFile   = "control.path"
	// maxSocketPath is what every system takes as the path of a socket.
	maxSocketPath = 100
)

// Listen makes the socket of the profile, of which the caller has the agent's file
// open: what is left of a process that was killed is removed. Closing the listener
// removes the socket.
//
// If the path in the profile is too long for a socket it is in a new directory for
// temporary files instead, which nobody else can enter, and control.path has its path.
func (p Profile) Listen() (net.Listener, error) {
	if err := p.removeSocket(); err != nil {
		return nil, err
	}
	path := filepath.Join(p.Dir, socketFile)
	if len(path) <= maxSocketPath {
		return listen(path, nil)
	}
	dir, err := os.MkdirTemp("", "smpclient-")
	if err != nil {
		return nil, err
	}
	path = filepath.Join(dir, socketFile)
	if err := os.WriteFile(filepath.Join(p.Dir, pathFile), []byte(path), 0o600); err != nil {
		return nil, errors.Join(err, os.Remove(dir))
	}
	return listen(path, func() error {
		return errors.Join(os.Remove(filepath.Join(p.Dir, pathFile)), os.Remove(dir))
	})
}

// listener is a socket and what has to be removed with it.
type listener struct {
	net.Listener
	remove func() error
}

func (l *listener) Close() error {
	err := l.Listener.Close()
	if err == nil && l.remove != nil {
		return l.remove()
	}
	return err
}

func listen(path string, remove func() error) (net.Listener, error) {
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &listener{l, remove}, nil
}

// removeSocket removes the socket of a process that is gone.
func (p Profile) removeSocket() error {
	path, recorded, err := p.socket()
	if err != nil {
		return err
	}
	gone := func(name string) error {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if !recorded {
		return gone(path)
	}
	return errors.Join(gone(path), gone(filepath.Dir(path)), gone(filepath.Join(p.Dir, pathFile)))
}

// socket is the path of the socket, and whether a file in the profile has it.
func (p Profile) socket() (path string, recorded bool, err error) {
	content, err := os.ReadFile(filepath.Join(p.Dir, pathFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return filepath.Join(p.Dir, socketFile), false, nil
	case err != nil:
		return "", false, err
	}
	path = string(content)
	if filepath.Base(path) != socketFile || !strings.HasPrefix(filepath.Base(filepath.Dir(path)), "smpclient-") {
		return "", false, errors.New("control.path in the profile does not have the path of a socket; remove it")
	}
	return path, true, nil
}

// Dial connects to the process that serves the profile, if there is one.
func (p Profile) Dial(ctx context.Context) (net.Conn, error) {
	path, _, err := p.socket()
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: 2 * time.Second}
	return dialer.DialContext(ctx, "unix", path)
}
