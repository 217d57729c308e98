package tlsprobe

import (
	"bufio"
	"context"
	"encoding/pem"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience bounds every wait of these tests; nothing waits that long on its way
// to success.
const patience = 20 * time.Second

// keyArguments are the openssl arguments for each kind of key.
var keyArguments = map[string][]string{
	"Ed25519": {"-algorithm", "ed25519"},
	"Ed448":   {"-algorithm", "ed448"},
	"P-256":   {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"},
	"P-384":   {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"},
	"RSA":     {"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"},
}

// chainFiles are a root and a leaf that it signed, in PEM files.
type chainFiles struct{ rootKey, root, leafKey, leaf string }

func openssl(t testing.TB, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput()
	require.NoError(t, err, "openssl %v: %s", args, out)
}

// newChain has openssl make a root and a leaf with keys of one kind; extra
// arguments go to the signing of both.
func newChain(t testing.TB, kind string, extra ...string) chainFiles {
	t.Helper()
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	c := chainFiles{file("root.key"), file("root.pem"), file("leaf.key"), file("leaf.pem")}
	for _, path := range []string{c.rootKey, c.leafKey} {
		openssl(t, append([]string{"genpkey", "-out", path}, keyArguments[kind]...)...)
	}
	openssl(t, append([]string{"req", "-x509", "-new", "-key", c.rootKey, "-subj", "/CN=root", "-out", c.root}, extra...)...)
	openssl(t, append([]string{"req", "-x509", "-new", "-key", c.leafKey, "-CA", c.root, "-CAkey", c.rootKey,
		"-subj", "/CN=leaf", "-addext", "basicConstraints=CA:FALSE", "-out", c.leaf}, extra...)...)
	return c
}

func readDER(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	block, _ := pem.Decode(data)
	require.NotNil(t, block, "%s holds no PEM", path)
	return block.Bytes
}

// opensslServer is a running openssl s_server.
type opensslServer struct {
	address string
	stdin   io.Writer
	lines   <-chan string
}

// startOpenSSL starts s_server with the chain on a free port of the loopback
// interface, which the system chooses and s_server prints.
func startOpenSSL(t testing.TB, c chainFiles, args ...string) *opensslServer {
	t.Helper()
	args = append([]string{"s_server", "-accept", "127.0.0.1:0", "-key", c.leafKey, "-cert", c.leaf, "-cert_chain", c.root}, args...)
	cmd := exec.Command("openssl", args...)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	lines := make(chan string, 4096)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(lines)
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			select {
			case lines <- scanner.Text():
			default:
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("openssl %v: %s", args, stderr.String())
		}
	})
	s := &opensslServer{stdin: stdin, lines: lines}
	line := s.waitLine(t, "ACCEPT ")
	s.address = strings.TrimPrefix(line, "ACCEPT ")
	return s
}

// waitLine waits for a line that holds text.
func (s *opensslServer) waitLine(t testing.TB, text string) string {
	t.Helper()
	expired := time.After(patience)
	for {
		select {
		case line, ok := <-s.lines:
			require.True(t, ok, "openssl ended before it printed %q", text)
			if strings.Contains(line, text) {
				return line
			}
		case <-expired:
			require.FailNow(t, "openssl did not print "+text)
		}
	}
}

// attempt makes one connection; both ends are closed with the test.
func attempt(t testing.TB, address string, cfg *Config) (*Conn, error) {
	t.Helper()
	nc, err := net.DialTimeout("tcp", address, patience)
	require.NoError(t, err)
	t.Cleanup(func() { _ = nc.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := Client(ctx, nc, cfg)
	if err != nil {
		_ = nc.Close()
		return nil, err
	}
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	return c, nil
}

func connect(t testing.TB, address string, cfg *Config) *Conn {
	t.Helper()
	c, err := attempt(t, address, cfg)
	require.NoError(t, err)
	return c
}

// requireReversed sends a line to an s_server -rev and reads it back reversed.
func requireReversed(t testing.TB, c *Conn, line string) {
	t.Helper()
	_, err := c.Write([]byte(line + "\n"))
	require.NoError(t, err)
	requireRead(t, c, reversed(line)+"\n")
}

func requireRead(t testing.TB, c *Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	_, err := io.ReadFull(c, got)
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

func reversed(line string) string {
	b := []byte(line)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}
