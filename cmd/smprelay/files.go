package main

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"runtime"
)

// secretFrom returns the first line, at most limit bytes, of a file that others
// cannot read.
func secretFrom(path string, limit int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, usageError{err}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := refuse(info, path, 0o077, "600"); err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, int64(limit)+3))
	if err != nil {
		return nil, err
	}
	line, _, _ := bytes.Cut(content, []byte("\n"))
	if line = bytes.TrimSuffix(line, []byte("\r")); len(line) > limit {
		return nil, usage("the first line of %s has more than %d bytes", path, limit)
	}
	return line, nil
}

// checkUnchangeable refuses a file that others than its owner can change.
func checkUnchangeable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return usageError{err}
	}
	return refuse(info, path, 0o022, "go-w")
}

// refuse returns a usageError if others have one of the permissions on a file;
// change is what chmod has to be told. Windows has no such permissions in a file
// mode.
func refuse(info fs.FileInfo, path string, permissions fs.FileMode, change string) error {
	if perm := info.Mode().Perm(); perm&permissions != 0 && runtime.GOOS != "windows" {
		return usage("others can use %s (mode %04o); run chmod %s %s", path, perm, change, path)
	}
	return nil
}
