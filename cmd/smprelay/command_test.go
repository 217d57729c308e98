package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/transport"
)

const patience = 20 * time.Second

// running is the program in this process.
type running struct {
	address string
	stop    context.CancelFunc
	code    chan int
	rest    chan string // what came on standard output after the address
	stderr  *bytes.Buffer
}

// launch runs the program until it printed its address.
func launch(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	out, in := io.Pipe()
	r := &running{stop: stop, code: make(chan int, 1), rest: make(chan string, 1), stderr: new(bytes.Buffer)}
	go func() {
		r.code <- run(ctx, append([]string{"--listen", "127.0.0.1:0"}, args...), in, r.stderr)
		_ = in.Close()
	}()
	reader := bufio.NewReader(out)
	line, err := reader.ReadString('\n')
	require.NoError(t, err, "no address")
	go func() {
		rest, _ := io.ReadAll(reader)
		r.rest <- string(rest)
	}()
	r.address = strings.TrimSuffix(line, "\n")
	return r
}

// end stops the program and returns its exit code.
func (r *running) end(t *testing.T) int {
	t.Helper()
	r.stop()
	select {
	case code := <-r.code:
		require.Empty(t, <-r.rest, "more than the address on standard output")
		return code
	case <-time.After(patience):
		t.Fatal("the relay did not stop")
		return -1
	}
}

var addressForm = regexp.MustCompile(`^smp://([A-Za-z0-9_-]{43}=)@(127\.0\.0\.1:\d+)$`)

func (r *running) connect(t *testing.T) *transport.Conn {
	t.Helper()
	parts := addressForm.FindStringSubmatch(r.address)
	require.NotNil(t, parts, "address %q", r.address)
	fingerprint, err := keys.ParseFingerprint(parts[1])
	require.NoError(t, err)
	conn, err := transport.Dial(context.Background(), parts[2], transport.ClientConfig{KeyHash: fingerprint[:]})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestServes(t *testing.T) {
	t.Parallel()
	r := launch(t)
	require.Equal(t, uint16(20), r.connect(t).Version())
	require.Equal(t, exitOK, r.end(t))
	require.NotContains(t, r.stderr.String(), "127.0.0.1")
}

func TestVersions(t *testing.T) {
	t.Parallel()
	r := launch(t, "--versions", "7-9", "--chain", "4", "--log-level", "error")
	conn := r.connect(t)
	require.Equal(t, uint16(9), conn.Version())
	require.Len(t, conn.PeerChain(), 4)
	require.Equal(t, exitOK, r.end(t))
	require.Empty(t, r.stderr.String())
}

func TestHost(t *testing.T) {
	t.Parallel()
	r := launch(t, "--host", "relay.example")
	require.Regexp(t, `^smp://[^@]+@relay\.example:\d+$`, r.address)
	require.Equal(t, exitOK, r.end(t))
}

func TestIdentityIsKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "relay")
	identityOf := func() string {
		r := launch(t, "--dir", dir)
		require.Equal(t, exitOK, r.end(t))
		return addressForm.FindStringSubmatch(r.address)[1]
	}
	first := identityOf()
	require.Equal(t, first, identityOf())
	require.Equal(t, first, identityOf(), "after the second restart too")

	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	info, err = os.Stat(filepath.Join(dir, keyFile))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

// failure runs the program with arguments that it must refuse.
func failure(t *testing.T, args ...string) (code int, message string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	code = run(ctx, args, &stdout, &stderr)
	require.NoError(t, ctx.Err(), "the relay ran")
	require.Empty(t, stdout.String())
	require.Equal(t, 1, strings.Count(stderr.String(), "\n"), "one line: %s", stderr.String())
	return code, stderr.String()
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	for _, args := range [][]string{
		{"--unknown"}, {"argument"}, {"--quota", "x"}, {"--quota", "0"}, {"--quota", "-1"},
		{"--versions", "5-20"}, {"--versions", "6-21"}, {"--versions", "9-7"}, {"--versions", "x"}, {"--versions", ""},
		{"--versions", "6-"}, {"--versions", "65542"}, {"--message-ttl", "0"}, {"--message-ttl", "1"}, {"--chain", "1"},
		{"--chain", "5"}, {"--log-level", "loud"}, {"--max-connections", "0"}, {"--password", "with space"},
		{"--password", "a", "--password-file", "b"}, {"--password-file", empty},
		{"--listen", "nonsense"}, {"--listen", "127.0.0.1:65536"}, {"--listen", "127.0.0.1:-1"}, {"--listen", ""},
	} {
		code, message := failure(t, args...)
		require.Equal(t, exitUsage, code, "%q: %s", args, message)
	}
	_, message := failure(t, "--password", "sec:ret")
	require.NotContains(t, message, "sec")
}

func TestListenFails(t *testing.T) {
	t.Parallel()
	r := launch(t)
	code, message := failure(t, "--listen", addressForm.FindStringSubmatch(r.address)[2], "--log-level", "error")
	require.Equal(t, exitFailure, code)
	require.Contains(t, message, "listening")
	require.Equal(t, exitOK, r.end(t))
}

func TestPasswordFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "password")
	for content, want := range map[string]string{"secret": "secret", "secret\n": "secret", "secret\r\nmore\n": "secret"} {
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
		password, err := options{passwordFile: name}.readPassword()
		require.NoError(t, err)
		require.Equal(t, want, string(password))
	}
	_, err := options{passwordFile: name + ".missing"}.readPassword()
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(name, bytes.Repeat([]byte{'x'}, maxPassword+1), 0o600))
	_, err = options{passwordFile: name}.readPassword()
	require.ErrorAs(t, err, &usageError{})
}
