package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/relay/recordstore"
)

// client connects to the relay.
func (r *running) client(t *testing.T) *client.Client {
	t.Helper()
	parts := addressForm.FindStringSubmatch(r.address)
	require.NotNil(t, parts, "address %q", r.address)
	fingerprint, err := keys.ParseFingerprint(parts[1])
	require.NoError(t, err)
	c, err := client.Dial(t.Context(), client.Config{Address: parts[2], KeyHash: fingerprint[:]})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestStoreKeepsQueues(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	args := []string{"--dir", filepath.Join(folder, "identity"), "--store", filepath.Join(folder, "queues.db")}
	r := launch(t, args...)
	c := r.client(t)
	q, err := c.CreateQueue(t.Context(), client.QueueOptions{CreateOnly: true})
	require.NoError(t, err)
	require.NoError(t, c.SendMessage(t.Context(), q.Sender(keys.PrivateKey{}), false, []byte("lost")))
	require.Equal(t, exitOK, r.end(t))
	require.Contains(t, r.stderr.String(), "queues=0")
	require.NotContains(t, r.stderr.String(), "WARN")

	r = launch(t, args...)
	c = r.client(t)
	require.NoError(t, c.Subscribe(t.Context(), q))
	info, err := c.QueueInfo(t.Context(), q)
	require.NoError(t, err)
	require.Zero(t, info.Size)
	require.Equal(t, exitOK, r.end(t))
	require.Contains(t, r.stderr.String(), "queues=1")
}

// Without --store nothing is written, and the relay says so.
func TestMemoryOnly(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	r := launch(t)
	q, err := r.client(t).CreateQueue(t.Context(), client.QueueOptions{})
	require.NoError(t, err)
	require.NoError(t, r.client(t).SendMessage(t.Context(), q.Sender(keys.PrivateKey{}), false, []byte("in memory")))
	require.Equal(t, exitOK, r.end(t))
	require.Contains(t, r.stderr.String(), "everything is kept in memory only")
	require.Empty(t, content(t, folder))
}

// A relay whose clients cannot come back says so.
func TestStoreWithoutIdentity(t *testing.T) {
	t.Parallel()
	r := launch(t, "--store", filepath.Join(t.TempDir(), "queues.db"))
	require.Equal(t, exitOK, r.end(t))
	require.Contains(t, r.stderr.String(), "without --dir")
}

func TestHelpTellsWhatIsKept(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	require.Equal(t, exitOK, run(t.Context(), []string{"--help"}, &stdout, &stdout))
	require.Contains(t, stdout.String(), "in memory only")
	require.Contains(t, stdout.String(), "--store")
}

func TestStoresThatAreRefused(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	store := func(name string) string {
		path := filepath.Join(folder, name)
		s, err := recordstore.Open(path)
		require.NoError(t, err)
		require.NoError(t, s.Close())
		return path
	}
	shared := store("shared")
	require.NoError(t, os.Chmod(shared, 0o640))
	whole, err := os.ReadFile(store("whole"))
	require.NoError(t, err)
	inUse := filepath.Join(folder, "used")
	other := launch(t, "--store", inUse)
	for _, test := range []struct {
		path, text string
		code       int
	}{
		{"", "needs the name of a file", exitUsage},
		{filepath.Join(folder, "none", "queues.db"), "folder of the store does not exist", exitUsage},
		{folder, "not the store of a relay", exitFailure},
		{file("text", "a text that is not a database"), "not the store of a relay", exitFailure},
		{file("later", string(whole[:63])+"\x09"+string(whole[64:])), "later version", exitFailure},
		{file("damaged", string(whole[:4096])+string(make([]byte, 4096))), "damaged", exitFailure},
		{shared, "chmod 600", exitFailure},
		{inUse, "in use by another process", exitFailure},
	} {
		if test.path == shared && runtime.GOOS == "windows" {
			continue // file modes say nothing there
		}
		code, message := failure(t, "--listen", "127.0.0.1:0", "--log-level", "error", "--store", test.path)
		require.Equal(t, test.code, code, message)
		require.Contains(t, message, test.text)
		if test.path != "" {
			require.Contains(t, message, filepath.Dir(test.path))
		}
	}
	require.Equal(t, exitOK, other.end(t))
}

// A file with the record of something else is refused when it is read.
func TestForeignRecords(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "queues.db")
	s, err := recordstore.Open(path)
	require.NoError(t, err)
	require.NoError(t, s.Commit([]relay.StoredRecord{{Kind: relay.QueueRecord, ID: []byte("id"), Value: []byte{200}}}))
	require.NoError(t, s.Close())
	code, message := failure(t, "--listen", "127.0.0.1:0", "--log-level", "error", "--store", path)
	require.Equal(t, exitFailure, code)
	require.Contains(t, message, path)
	require.Contains(t, message, "version 200 of a queue")
}
