package residue

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// marked returns a pattern that stands nowhere yet.
func marked(name string) Pattern {
	p := Pattern{Name: name, Bytes: make([]byte, 32)}
	rand.Read(p.Bytes)
	return p
}

func TestPiecesOverlap(t *testing.T) {
	t.Parallel()
	p := marked("mark")
	for _, at := range []int{0, pieceSize - 32, pieceSize - 31, pieceSize - 1, pieceSize, 2*pieceSize - 20, 3*pieceSize - 32} {
		text := make([]byte, 3*pieceSize)
		copy(text[at:], p.Bytes)
		s := newSearcher([]Pattern{marked("other"), p})
		s.search("text", 0, int64(len(text)), bytes.NewReader(text).ReadAt)
		require.Equal(t, []Finding{{"mark", "text"}}, s.findings, at)
	}
	s := newSearcher([]Pattern{p})
	s.search("nothing", 0, 0, bytes.NewReader(nil).ReadAt)
	require.Empty(t, s.findings)
}

func TestPiecesThatCannotBeReadAreLeftOut(t *testing.T) {
	t.Parallel()
	p := marked("mark")
	text := make([]byte, 2*pieceSize)
	copy(text[pieceSize+100:], p.Bytes)
	s := newSearcher([]Pattern{p})
	s.search("text", 0, int64(len(text)), func(b []byte, at int64) (int, error) {
		if at < pieceSize {
			return 0, os.ErrPermission
		}
		return bytes.NewReader(text).ReadAt(b, at)
	})
	require.Len(t, s.findings, 1)
}

func TestFolder(t *testing.T) {
	t.Parallel()
	dir, p, name := t.TempDir(), marked("mark"), marked("name")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "a/b"), 0o700))
	encoded := map[string]string{
		"raw": "before" + string(p.Bytes), "hex": hex.EncodeToString(p.Bytes),
		"base64-0": base64.StdEncoding.EncodeToString(p.Bytes), "base64-1": base64.URLEncoding.EncodeToString(append([]byte("x"), p.Bytes...)),
		"base64-2": base64.RawStdEncoding.EncodeToString(append([]byte("xy"), p.Bytes...)),
	}
	for file, text := range encoded {
		path := filepath.Join(dir, "a/b", file)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		found, err := Folder(t.Context(), dir, Encoded([]Pattern{marked("other"), p}), 1<<20)
		require.NoError(t, err)
		require.NotEmpty(t, found, file)
		require.Equal(t, path, found[0].Place)
		require.NoError(t, os.Remove(path))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, hex.EncodeToString(name.Bytes)), nil, 0o600))
	found, err := Folder(t.Context(), dir, Encoded([]Pattern{p, name}), 1<<20)
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Contains(t, Describe(found), "name (hexadecimal) in the name of ")
	_, err = Folder(t.Context(), filepath.Join(dir, "none"), nil, 1)
	require.Error(t, err)
}

func TestOwnProcess(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		require.Error(t, Readable(os.Getpid()))
		return
	}
	require.NoError(t, Readable(os.Getpid()))
	tree, err := Tree(os.Getpid())
	require.NoError(t, err)
	require.Contains(t, tree, os.Getpid())

	p := marked("mark")
	found, err := Memory(t.Context(), []int{os.Getpid()}, []Pattern{p}, 2<<30)
	require.NoError(t, err)
	require.NotEmpty(t, found, "the pattern itself is in memory")

	f, err := os.Create(filepath.Join(t.TempDir(), "open"))
	require.NoError(t, err)
	defer f.Close()
	_, err = f.Write(p.Bytes)
	require.NoError(t, err)
	require.NoError(t, os.Remove(f.Name()))
	found, err = OpenFiles(t.Context(), []int{os.Getpid()}, []Pattern{p}, 1<<30)
	require.NoError(t, err)
	require.Len(t, found, 1, "a file without a name")
	require.Contains(t, found[0].Place, "open")
}

func TestProcessThatHasEnded(t *testing.T) {
	t.Parallel()
	const none = 1 << 30
	require.Error(t, Readable(none))
	if runtime.GOOS != "linux" {
		return
	}
	tree, err := Tree(none)
	require.NoError(t, err)
	require.Empty(t, tree)
	found, err := Memory(t.Context(), []int{none}, []Pattern{marked("mark")}, 1)
	require.NoError(t, err)
	require.Empty(t, found)
}
