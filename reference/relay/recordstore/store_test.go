package recordstore_test

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/relay"
	"smpcheck/reference/relay/recordstore"
)

func open(t testing.TB, path string) *recordstore.Store {
	t.Helper()
	s, err := recordstore.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "queues.db") }

func put(id, value string) relay.StoredRecord {
	return relay.StoredRecord{Kind: relay.QueueRecord, ID: []byte(id), Value: []byte(value)}
}

func remove(id string) relay.StoredRecord {
	return relay.StoredRecord{Kind: relay.QueueRecord, ID: []byte(id)}
}

func commit(t testing.TB, s *recordstore.Store, changes ...relay.StoredRecord) {
	t.Helper()
	require.NoError(t, s.Commit(changes))
}

// key is a record's place.
type key struct {
	kind relay.RecordKind
	id   string
}

func contents(t require.TestingT, s *recordstore.Store) map[key]string {
	all := map[key]string{}
	require.NoError(t, s.Load(func(r relay.StoredRecord) error {
		all[key{r.Kind, string(r.ID)}] = string(r.Value)
		return nil
	}))
	return all
}

// files are the bytes of the file and of those beside it.
func files(t testing.TB, path string) []byte {
	t.Helper()
	names, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	var all []byte
	for _, name := range names {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		all = append(all, b...)
	}
	return all
}

// What was committed is there when the file is opened again, and nothing else.
func TestRandomCommits(t *testing.T) {
	path := newPath(t)
	rapid.Check(t, func(t *rapid.T) {
		require.NoError(t, os.RemoveAll(path))
		model := map[key]string{}
		var s *recordstore.Store
		for range rapid.IntRange(1, 4).Draw(t, "restarts") {
			var err error
			s, err = recordstore.Open(path)
			require.NoError(t, err)
			require.Equal(t, model, contents(t, s))
			for range rapid.IntRange(0, 4).Draw(t, "commits") {
				changes := rapid.SliceOfNDistinct(rapid.Custom(drawChange), 0, 6,
					func(r relay.StoredRecord) key { return key{r.Kind, string(r.ID)} }).Draw(t, "changes")
				require.NoError(t, s.Commit(changes))
				for _, c := range changes {
					if c.Value == nil {
						delete(model, key{c.Kind, string(c.ID)})
					} else {
						model[key{c.Kind, string(c.ID)}] = string(c.Value)
					}
				}
			}
			require.NoError(t, s.Close())
		}
	})
}

func drawChange(t *rapid.T) relay.StoredRecord {
	r := relay.StoredRecord{
		Kind: rapid.SampledFrom([]relay.RecordKind{relay.QueueRecord, 1, 255}).Draw(t, "kind"),
		ID:   []byte(rapid.SampledFrom([]string{"", "a", "b", "ab", string(make([]byte, 255))}).Draw(t, "id")),
	}
	if rapid.Bool().Draw(t, "put") {
		r.Value = bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, rapid.SampledFrom([]int{0, 1, 200, 40_000}).Draw(t, "length"))
	}
	return r
}

// A file that was never closed, as after kill -9, has everything too.
func TestWithoutClose(t *testing.T) {
	path, copied := newPath(t), newPath(t)
	s := open(t, path)
	commit(t, s, put("a", "1"), put("b", "2"))
	commit(t, s, remove("a"), put("b", "3"))
	for _, ending := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + ending)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(copied+ending, b, 0o600))
	}
	require.Equal(t, map[key]string{{relay.QueueRecord, "b"}: "3"}, contents(t, open(t, copied)))
}

func TestLoadStops(t *testing.T) {
	s := open(t, newPath(t))
	commit(t, s, put("a", "1"), put("b", "2"))
	failure, calls := errors.New("failure"), 0
	require.ErrorIs(t, s.Load(func(relay.StoredRecord) error { calls++; return failure }), failure)
	require.Equal(t, 1, calls)
	commit(t, s, put("c", "3"))
}

func TestProgress(t *testing.T) {
	s := open(t, newPath(t))
	commit(t, s, put("a", "1"), put("b", "2"))
	var told []int
	s.Progress = func(n int) { told = append(told, n) }
	require.Len(t, contents(t, s), 2)
	require.Equal(t, []int{0, 2}, told)
}

func TestModes(t *testing.T) {
	path := newPath(t)
	commit(t, open(t, path), put("a", "1"))
	names, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{path, path + "-wal"}, names)
	for _, name := range names {
		info, err := os.Stat(name)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
}

// What was removed or replaced is in no file any more, once the store was tidied.
func TestRemovedIsOverwritten(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	commit(t, s, put("first id", "first value"), put("second id", "second value"), put("third id", string(make([]byte, 20_000))+"third value"))
	require.Contains(t, string(files(t, path)), "second value")
	commit(t, s, remove("first id"), put("second id", "other"), remove("third id"))
	require.NoError(t, s.Tidy())
	for range 2 {
		all := string(files(t, path))
		for _, gone := range []string{"first id", "first value", "second value", "third id", "third value"} {
			require.NotContains(t, all, gone)
		}
		require.NoError(t, s.Close())
	}
}

func TestInUse(t *testing.T) {
	path := newPath(t)
	first := open(t, path)
	_, err := recordstore.Open(path)
	require.ErrorIs(t, err, recordstore.ErrInUse)
	require.ErrorContains(t, err, path)
	commit(t, first, put("a", "1"))
	require.NoError(t, first.Close())
	require.Len(t, contents(t, open(t, path)), 1)
}

func TestFolderIsMissing(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "none")
	_, err := recordstore.Open(filepath.Join(folder, "queues.db"))
	require.ErrorIs(t, err, recordstore.ErrFolder)
	require.NoDirExists(t, folder)
	file := newPath(t)
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = recordstore.Open(filepath.Join(file, "queues.db"))
	require.Error(t, err)
}

func TestOthersCanUseTheFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // file modes say nothing there
	}
	path := newPath(t)
	require.NoError(t, open(t, path).Close())
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o602, 0o666} {
		require.NoError(t, os.Chmod(path, mode))
		_, err := recordstore.Open(path)
		require.ErrorIs(t, err, recordstore.ErrNotPrivate)
		require.ErrorContains(t, err, "chmod 600 "+path)
	}
	require.NoError(t, os.Chmod(path, 0o600))
	require.NoError(t, os.WriteFile(path+"-wal", nil, 0o644))
	_, err := recordstore.Open(path)
	require.ErrorIs(t, err, recordstore.ErrNotPrivate)
	require.ErrorContains(t, err, path+"-wal")
}

// Files that are something else are refused and stay as they are.
func TestOtherFiles(t *testing.T) {
	database := func(statements string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			db, err := sql.Open("sqlite", path)
			require.NoError(t, err)
			_, err = db.Exec(statements)
			require.NoError(t, err)
			require.NoError(t, db.Close())
			require.NoError(t, os.Chmod(path, 0o600))
		}
	}
	text := func(content string) func(*testing.T, string) {
		return func(t *testing.T, path string) { require.NoError(t, os.WriteFile(path, []byte(content), 0o600)) }
	}
	for name, test := range map[string]struct {
		make func(*testing.T, string)
		want error
	}{
		"text":              {text("a text"), recordstore.ErrFormat},
		"a long text":       {text(string(bytes.Repeat([]byte("text "), 1000))), recordstore.ErrFormat},
		"start of a header": {text("SQLite format 3\x00"), recordstore.ErrFormat},
		"other database":    {database("CREATE TABLE record (x)"), recordstore.ErrFormat},
		"other program":     {database("PRAGMA application_id = 7; PRAGMA user_version = 1; CREATE TABLE record (x)"), recordstore.ErrFormat},
		"later version":     {database("PRAGMA application_id = 1397575762; PRAGMA user_version = 2"), recordstore.ErrLater},
		"no table":          {database("PRAGMA application_id = 1397575762; PRAGMA user_version = 1"), recordstore.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			test.make(t, path)
			before, err := os.ReadFile(path)
			require.NoError(t, err)
			_, err = recordstore.Open(path)
			require.ErrorIs(t, err, test.want)
			require.ErrorContains(t, err, path)
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			if !errors.Is(test.want, recordstore.ErrDamaged) {
				require.Equal(t, before, after, "the file was changed")
			}
		})
	}
	_, err := recordstore.Open(t.TempDir())
	require.ErrorIs(t, err, recordstore.ErrFormat)
}

// A file of which any part was changed is refused, or has the same records as
// before: no record is another one.
func TestRandomDamage(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	for i := range 300 {
		id := binary.BigEndian.AppendUint32(nil, uint32(i))
		commit(t, s, put(string(id), string(bytes.Repeat(id, 30))))
	}
	all := contents(t, s)
	require.NoError(t, s.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	damaged := newPath(t)
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(whole)
		if rapid.Bool().Draw(t, "cut") {
			b = b[:rapid.IntRange(1, len(b)-1).Draw(t, "length")]
		} else {
			b[rapid.IntRange(0, len(b)-1).Draw(t, "offset")] ^= rapid.ByteRange(1, 255).Draw(t, "difference")
		}
		for _, ending := range []string{"", "-wal", "-journal"} {
			require.NoError(t, os.RemoveAll(damaged+ending))
		}
		require.NoError(t, os.WriteFile(damaged, b, 0o600))
		s, err := recordstore.Open(damaged)
		if err == nil {
			found := map[key]string{}
			err = s.Load(func(r relay.StoredRecord) error {
				found[key{r.Kind, string(r.ID)}] = string(r.Value)
				return nil
			})
			require.NoError(t, s.Close())
			if err == nil {
				require.Equal(t, all, found)
			}
		}
		if err != nil {
			require.Condition(t, func() bool {
				return errors.Is(err, recordstore.ErrDamaged) || errors.Is(err, recordstore.ErrFormat) || errors.Is(err, recordstore.ErrLater)
			}, "%v", err)
			require.ErrorContains(t, err, damaged)
		}
	})
}

// A page that says that it has one record less is not believed, though all records
// that are left are right.
func TestMissingRecord(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	for i := range 100 {
		commit(t, s, put(string(binary.BigEndian.AppendUint32(nil, uint32(i))), string(make([]byte, 200))))
	}
	require.NoError(t, s.Close())
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	const pageSize, leaf, cells = 4096, 0x0a, 3
	last := b[len(b)-pageSize:]
	require.EqualValues(t, leaf, last[0], "not a page with records")
	binary.BigEndian.PutUint16(last[cells:], binary.BigEndian.Uint16(last[cells:])-1)
	require.NoError(t, os.WriteFile(path, b, 0o600))
	s = open(t, path)
	require.ErrorIs(t, s.Load(func(relay.StoredRecord) error { return nil }), recordstore.ErrDamaged)
}
