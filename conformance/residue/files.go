package residue

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
)

// Folder looks for the patterns in the names and the contents of all files in a folder
// and those below it. It follows no links. A file that vanishes while it is read is no
// error. At most limit bytes are read.
func Folder(ctx context.Context, dir string, patterns []Pattern, limit int64) ([]Finding, error) {
	s := newSearcher(patterns)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if os.IsNotExist(err) && path != dir {
				return nil
			}
			return err
		}
		s.look("the name of "+path, []byte(path))
		if entry.Type().IsRegular() && limit > 0 {
			limit -= s.file(path, path, limit)
		}
		return nil
	})
	return s.findings, err
}

// file looks into a file that may be gone, and returns how many bytes it has.
func (s *searcher) file(path, name string, limit int64) int64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	size := min(info.Size(), limit)
	s.search(name, 0, size, f.ReadAt)
	return size
}
