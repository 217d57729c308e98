package engine

import (
	"errors"
	"os"
	"path/filepath"
)

// writeFile writes a file at once: whoever reads it, also after this program was killed or
// the machine has lost its power, finds all of it or what was there before.
func writeFile(name string, content []byte) error {
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err == nil {
		err = syncFolder(dir)
	}
	return err
}

// syncFolder makes names last. Systems that cannot open folders do so by themselves.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	_ = d.Sync() // some file systems refuse it
	return d.Close()
}
