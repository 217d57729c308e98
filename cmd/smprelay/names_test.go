package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

const someRecord = `{"name": "alice", "nickname": "", "website": "", "location": "", "simplexContact": [], "simplexChannel": [],
	"owner": "0x0000000000000000000000000000000000000001", "resolver": "0x0000000000000000000000000000000000000002"}`

// written makes a file with a mode.
func written(t *testing.T, content string, mode os.FileMode) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(name, []byte(content), mode))
	require.NoError(t, os.Chmod(name, mode)) // whatever the umask is
	return name
}

// resolve asks the program for alice.simplex.
func (r *running) resolve(t *testing.T) error {
	t.Helper()
	parts := addressForm.FindStringSubmatch(r.address)
	require.NotNil(t, parts)
	fingerprint, err := keys.ParseFingerprint(parts[1])
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := client.Dial(ctx, client.Config{Address: parts[2], KeyHash: fingerprint[:]})
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	record, err := c.Resolve(ctx, "alice.simplex")
	if err == nil {
		require.Equal(t, "alice", record.Name)
	}
	return err
}

func TestNamesOfAFile(t *testing.T) {
	t.Parallel()
	r := launch(t, "--proxy=false", "--names-file", written(t, `{"alice.simplex": `+someRecord+`}`, 0o644))
	require.NoError(t, r.resolve(t))
	require.Equal(t, exitOK, r.end(t))
	r = launch(t, "--names-file", written(t, "{}", 0o600), "--proxy")
	require.ErrorIs(t, r.resolve(t), smp.ErrNameNotFound)
	require.Equal(t, exitOK, r.end(t))
	r = launch(t)
	require.ErrorIs(t, r.resolve(t), smp.ErrNameNoResolver)
	require.Equal(t, exitOK, r.end(t))
}

func TestNamesOfAnEndpoint(t *testing.T) {
	t.Parallel()
	headers := make(chan string, 2)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers <- r.Header.Get("Authorization")
		_, _ = w.Write([]byte(someRecord))
	}))
	t.Cleanup(s.Close)
	for _, test := range []struct {
		args   []string
		header string
	}{
		{nil, ""},
		{[]string{"--names-auth-file", written(t, "Bearer secret\n", 0o600)}, "Bearer secret"},
	} {
		r := launch(t, append([]string{"--proxy=false", "--names-url", s.URL, "--log-level", "debug"}, test.args...)...)
		require.NoError(t, r.resolve(t))
		require.Equal(t, test.header, <-headers)
		require.Equal(t, exitOK, r.end(t))
		require.NotContains(t, r.stderr.String(), "secret")
		require.NotContains(t, r.stderr.String(), "alice")
	}
}

func TestNamesAndProxyAreNotOnTogetherByDefault(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--names-file", written(t, "{}", 0o600)}, {"--names-url", "http://127.0.0.1:1"}} {
		code, message := failure(t, args...)
		require.Equal(t, exitUsage, code)
		require.Contains(t, message, "choose --proxy=false")
	}
}

func TestNamesThatAreRefused(t *testing.T) {
	t.Parallel()
	good := written(t, "{}", 0o600)
	for reason, args := range map[string][]string{
		"exclude each other":              {"--names-file", good, "--names-url", "http://127.0.0.1:1"},
		"expected a JSON":                 {"--names-file", written(t, "", 0o600)},
		"no such file":                    {"--names-file", good + ".missing"},
		"chmod go-w":                      {"--names-file", written(t, "{}", 0o622)},
		"--names-file is":                 {"--names-file", ""},
		"need version 20":                 {},
		"scheme":                          {"--names-url", "ftp://127.0.0.1"},
		"in clear":                        {"--names-url", "http://10.0.0.1", "--names-auth-file", written(t, "Bearer secret", 0o600)},
		"chmod 600":                       {"--names-url", "http://127.0.0.1", "--names-auth-file", written(t, "Bearer secret", 0o640)},
		"such as Bearer":                  {"--names-url", "http://127.0.0.1", "--names-auth-file", written(t, "secret", 0o600)},
		"more than 4096":                  {"--names-url", "http://127.0.0.1", "--names-auth-file", written(t, strings.Repeat("x", 5000), 0o600)},
		"--names-auth-file has no effect": {"--names-file", good, "--names-auth-file", good},
		"--names-timeout has no effect":   {"--names-timeout", "1s"},
		"--names-timeout has to be":       {"--names-file", good, "--names-timeout", "0s"},
	} {
		if strings.HasPrefix(reason, "need version") {
			args = []string{"--names-file", good, "--versions", "6-19"}
		}
		code, message := failure(t, append(args, "--proxy=false")...)
		require.Equal(t, exitUsage, code, message)
		require.Contains(t, message, reason)
		require.NotContains(t, message, "secret")
	}
}
