package control_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/relay/control"
	"smpcheck/reference/smp"
)

const patience = 20 * time.Second

var _ control.Relay = (*relay.Relay)(nil)

// fake is a relay that notes what it is told.
type fake struct {
	mu      sync.Mutex
	told    []string
	infos   []smp.BlockingInfo
	err     error
	entered chan struct{} // has an element for each Stats under way
	leave   chan struct{} // ends Stats when it is closed; nil for at once
}

func (f *fake) Fingerprint() keys.Fingerprint { return keys.Fingerprint{1, 2, 3} }

func (f *fake) Block(id []byte, info smp.BlockingInfo) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told, f.infos = append(f.told, "block "+string(id)), append(f.infos, info)
	return f.err
}

func (f *fake) Unblock(id []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, "unblock "+string(id))
	return f.err
}

func (f *fake) Stats() relay.Stats {
	if f.leave != nil {
		f.entered <- struct{}{}
		<-f.leave
	}
	return relay.Stats{
		Uptime: 1500 * time.Millisecond, Connections: 1, Handshakes: 2, Queues: 3, Blocked: 4, Messages: 5, Destinations: 6,
		Commands: map[string]uint64{"NEW": 7}, Errors: map[string]uint64{"AUTH": 8}, BytesReceived: 9, BytesSent: 10,
	}
}

// private is a directory for a socket; its path is short enough for one.
func private(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "control")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o700))
	return dir
}

// run serves a relay at a socket for the time of the test.
func run(t *testing.T, r control.Relay) (path string) {
	t.Helper()
	path = filepath.Join(private(t), "socket")
	l, err := control.Listen(path)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- control.Serve(ctx, l, r) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
	return path
}

func call(t *testing.T, path string, request control.Request) (control.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return control.Call(ctx, path, request)
}

func TestRequests(t *testing.T) {
	t.Parallel()
	f := &fake{}
	path := run(t, f)
	fingerprint := f.Fingerprint()
	seconds, none := int64(60), int64(0)
	id := control.EncodeID([]byte("id"))
	for _, request := range []control.Request{
		{Command: control.CommandBlock, Queue: id, Reason: smp.BlockedSpam},
		{Command: control.CommandBlock, Queue: id + "=", Relay: fingerprint.String(), Reason: smp.BlockedContent, NoticeSeconds: &seconds},
		{Command: control.CommandBlock, Queue: id, Reason: smp.BlockedSpam, NoticeSeconds: &none},
		{Command: control.CommandUnblock, Queue: id},
	} {
		response, err := call(t, path, request)
		require.NoError(t, err)
		require.Zero(t, response)
	}
	require.Equal(t, []string{"block id", "block id", "block id", "unblock id"}, f.told)
	require.Equal(t, []smp.BlockingInfo{
		{Reason: smp.BlockedSpam},
		{Reason: smp.BlockedContent, Notice: &smp.ClientNotice{TTL: &seconds}},
		{Reason: smp.BlockedSpam, Notice: &smp.ClientNotice{}},
	}, f.infos)

	response, err := call(t, path, control.Request{Command: control.CommandStats})
	require.NoError(t, err)
	require.Equal(t, &control.Stats{
		UptimeSeconds: 1.5, Connections: 1, Handshakes: 2, Queues: 3, Blocked: 4, Messages: 5, Destinations: 6,
		Commands: map[string]uint64{"NEW": 7}, Errors: map[string]uint64{"AUTH": 8}, BytesReceived: 9, BytesSent: 10,
	}, response.Stats)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := &fake{err: relay.ErrNoQueue}
	path := run(t, f)
	id := control.EncodeID([]byte("id"))
	for reason, request := range map[string]control.Request{
		"no such queue":            {Command: control.CommandBlock, Queue: id},
		"unknown command":          {Command: "queues"},
		"not base64url":            {Command: control.CommandBlock, Queue: "é"},
		"of 1 to 255 bytes":        {Command: control.CommandUnblock},
		"another relay":            {Command: control.CommandUnblock, Queue: id, Relay: keys.Fingerprint{}.String()},
		"fingerprint of the relay": {Command: control.CommandUnblock, Queue: id, Relay: "x"},
		"does not end":             {Command: control.CommandUnblock, Queue: strings.Repeat("A", 5000)},
	} {
		_, err := call(t, path, request)
		require.ErrorIs(t, err, control.ErrRefused, reason)
		require.ErrorContains(t, err, reason)
	}
	require.Equal(t, []string{"block id"}, f.told)
	_, err := call(t, path+".other", control.Request{Command: control.CommandStats})
	require.ErrorIs(t, err, control.ErrNoRelay)
}

// say sends bytes to the socket and returns what comes until the end.
func say(t require.TestingT, path string, request []byte) string {
	conn, err := net.Dial("unix", path)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, _ = conn.Write(request) // the relay may have heard enough
	require.NoError(t, conn.(*net.UnixConn).CloseWrite())
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

func TestMalformedRequests(t *testing.T) {
	t.Parallel()
	f := &fake{}
	path := run(t, f)
	for request, reason := range map[string]string{
		"":                                       "does not end",
		"\n":                                     "EOF",
		`{"command":"stats"}`:                    "does not end",
		"{}\n":                                   "unknown command",
		"null\n":                                 "unknown command",
		"[]\n":                                   "cannot unmarshal",
		"hello\n":                                "invalid",
		"{\"command\":\"stats\",\"x\":1}\n":      "unknown field",
		"{\"command\":\"stats\"} {}\n":           "follows",
		strings.Repeat(" ", 4096) + "{}\n":       "does not end",
		"{\"command\":\"stats\"}\n{\"a\":\"b\"}": "",
	} {
		answer := say(t, path, []byte(request))
		require.True(t, strings.HasSuffix(answer, "}\n"), "%.40q: %q", request, answer)
		require.Equal(t, 1, strings.Count(answer, "\n"))
		if reason == "" {
			require.Contains(t, answer, `"uptime_seconds":1.5`)
		} else {
			require.Contains(t, answer, reason, "%.40q", request)
		}
	}
	require.Empty(t, f.told)
}

// Whatever comes, the answer is one line or none, and the next one is served.
func TestPropertyAnyRequest(t *testing.T) {
	f := &fake{}
	path := run(t, f)
	rapid.Check(t, func(t *rapid.T) {
		answer := say(t, path, rapid.SliceOfN(rapid.Byte(), 0, 5000).Draw(t, "request"))
		require.LessOrEqual(t, strings.Count(answer, "\n"), 1)
	})
	_, err := call(t, path, control.Request{Command: control.CommandStats})
	require.NoError(t, err)
}

// More clients than there may be are closed.
func TestManyClients(t *testing.T) {
	t.Parallel()
	f := &fake{entered: make(chan struct{}, 8), leave: make(chan struct{})}
	path := run(t, f)
	answers := make(chan error, 8)
	for range 8 {
		go func() {
			_, err := call(t, path, control.Request{Command: control.CommandStats})
			answers <- err
		}()
	}
	for range 8 {
		<-f.entered
	}
	require.Empty(t, say(t, path, nil))
	close(f.leave)
	for range 8 {
		require.NoError(t, <-answers)
	}
}

// Whoever holds the socket without saying anything is disconnected.
func TestSilentClient(t *testing.T) {
	t.Parallel()
	path := run(t, &fake{})
	conn, err := net.Dial("unix", path)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	b, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Empty(t, b)
}

func TestMalformedResponses(t *testing.T) {
	t.Parallel()
	for _, response := range []string{"", "{}", "hello\n", "{\"x\":1}\n", strings.Repeat("x", 70<<10) + "\n"} {
		path := filepath.Join(private(t), "socket")
		l, err := net.Listen("unix", path)
		require.NoError(t, err)
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.Copy(conn, bytes.NewReader([]byte(response)))
			_ = conn.Close()
		}()
		_, err = call(t, path, control.Request{Command: control.CommandStats})
		require.ErrorIs(t, err, control.ErrMessage, "%.40q", response)
		require.NoError(t, l.Close())
	}
}

func TestSocket(t *testing.T) {
	t.Parallel()
	path := run(t, &fake{})
	if runtime.GOOS != "windows" {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	_, err := control.Listen(path)
	require.ErrorIs(t, err, control.ErrSocket)
	require.ErrorContains(t, err, "in use")

	dir := private(t)
	left := filepath.Join(dir, "left")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: left, Net: "unix"})
	require.NoError(t, err)
	l.SetUnlinkOnClose(false)
	require.NoError(t, l.Close())
	again, err := control.Listen(left)
	require.NoError(t, err, "one that was left behind is replaced")
	require.NoError(t, again.Close())
	require.NoFileExists(t, left)

	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, []byte("mine"), 0o600))
	for path, reason := range map[string]string{
		file:                               "is no socket",
		filepath.Join(dir, "missing", "x"): "mkdir",
		filepath.Join(file, "x"):           "directory",
		filepath.Join(dir, strings.Repeat("x", 120)): "bytes",
	} {
		_, err := control.Listen(path)
		require.ErrorIs(t, err, control.ErrSocket)
		require.ErrorContains(t, err, reason)
	}
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "mine", string(content))
	if runtime.GOOS == "windows" {
		return // file modes say nothing there
	}
	for _, mode := range []os.FileMode{0o701, 0o710, 0o750, 0o755, 0o777, 0o702} {
		require.NoError(t, os.Chmod(dir, mode))
		_, err = control.Listen(filepath.Join(dir, "socket"))
		require.ErrorIs(t, err, control.ErrSocket)
		require.ErrorContains(t, err, "chmod 700")
	}
	require.NoFileExists(t, filepath.Join(dir, "socket"))
}

// The operator reaches a real relay.
func TestRelay(t *testing.T) {
	t.Parallel()
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	r, err := relay.New(relay.Config{Credentials: credentials})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	path := run(t, r)
	response, err := call(t, path, control.Request{Command: control.CommandStats})
	require.NoError(t, err)
	require.Zero(t, response.Stats.Queues)
	_, err = call(t, path, control.Request{Command: control.CommandBlock, Queue: "AAAA", Reason: "fun"})
	require.ErrorContains(t, err, "expected spam or content")
	_, err = call(t, path, control.Request{Command: control.CommandUnblock, Queue: "AAAA"})
	require.ErrorContains(t, err, relay.ErrNoQueue.Error())
}
