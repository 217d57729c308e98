package transport

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
)

// credentialFiles writes credentials for openssl and returns its arguments.
func credentialFiles(t *testing.T, c keys.Credentials) []string {
	t.Helper()
	dir := t.TempDir()
	leaf, issuers, key := filepath.Join(dir, "leaf.pem"), filepath.Join(dir, "issuers.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, keys.SaveCredentials(c, leaf, key)) // openssl takes the first certificate
	c.Chain = c.Chain[1:]
	require.NoError(t, os.WriteFile(issuers, c.ChainPEM(), 0o600))
	return []string{"-cert", leaf, "-key", key, "-cert_chain", issuers}
}

// finishedMessage finds the Finished message of the client in what "openssl
// s_client -msg" or "s_server -msg" prints, and returns its verify_data.
// Direction is ">>>" for a message that openssl sent.
func finishedMessage(t *testing.T, output, direction string) []byte {
	t.Helper()
	lines := strings.Split(output, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, direction) || !strings.HasSuffix(line, "Handshake [length 0024], Finished") && !strings.HasSuffix(line, "Handshake [length 0010], Finished") {
			continue
		}
		var dump string
		for _, l := range lines[i+1:] {
			if !strings.HasPrefix(l, "    ") {
				break
			}
			dump += strings.ReplaceAll(l, " ", "")
		}
		message, err := hex.DecodeString(dump)
		require.NoError(t, err)
		require.EqualValues(t, messageFinished, message[0])
		return message[messageHeaderSize:]
	}
	t.Fatalf("openssl shows no Finished message %q:\n%s", direction, output)
	return nil
}

// openSSLClient runs "openssl s_client" against our server.
func openSSLClient(t *testing.T, server ServerConfig, args ...string) (*Secure, string, error) {
	t.Helper()
	raw, output := startClient(t, nil, args...)
	s, err := ServerTLS(testContext(t), raw, server)
	if err == nil {
		s.Close()
	}
	return s, output(), err
}

// startClient starts "openssl s_client" and returns the connection that it
// makes. output waits for its end.
func startClient(t *testing.T, environment []string, args ...string) (raw net.Conn, output func() string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	args = append([]string{"s_client", "-connect", l.Addr().String(), "-msg"}, args...)
	cmd := exec.CommandContext(testContext(t), "openssl", args...)
	cmd.Env = append(cmd.Environ(), environment...)
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	in, err := cmd.StdinPipe() // s_client ends when its input does
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	require.NoError(t, l.(*net.TCPListener).SetDeadline(time.Now().Add(patience)))
	raw, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { raw.Close() })
	return raw, func() string {
		raw.Close()
		_ = cmd.Wait() // the exit status says nothing about the handshake
		in.Close()
		return text.String()
	}
}

// dialTLS connects our client.
func dialTLS(t *testing.T, address string, cfg ClientConfig) (*Secure, error) {
	t.Helper()
	raw, err := net.Dial("tcp", address)
	require.NoError(t, err)
	return ClientTLS(testContext(t), raw, cfg)
}

// lowest is the TLS version that has session identifiers of the given size.
func lowest(size int) uint16 {
	if size == 12 {
		return tls.VersionTLS12
	}
	return tls.VersionTLS13
}

func TestOpenSSLClientAgreesOnSessionID(t *testing.T) {
	t.Parallel()
	cert := credentialFiles(t, service())
	for _, test := range []struct {
		name string
		size int
		args []string
	}{
		{"TLS 1.3", 32, []string{"-tls1_3", "-groups", "X25519"}},
		{"TLS 1.3 with HelloRetryRequest", 32, []string{"-tls1_3", "-groups", "P-256:X25519"}},
		{"TLS 1.3 with HelloRetryRequest as the official client", 32, []string{"-tls1_3", "-groups", "X448:X25519", "-sigalgs", "ed448:ed25519"}},
		{"TLS 1.3 with client certificate", 32, append([]string{"-tls1_3"}, cert...)},
		{"TLS 1.3 with client certificate and HelloRetryRequest", 32, append([]string{"-tls1_3", "-groups", "X448:X25519"}, cert...)},
		{"TLS 1.3 without middlebox compatibility", 32, []string{"-tls1_3", "-no_middlebox"}},
		{"TLS 1.3 in small records", 32, append([]string{"-tls1_3", "-max_send_frag", "512"}, cert...)},
		{"TLS 1.2", 12, []string{"-tls1_2", "-groups", "X25519"}},
		{"TLS 1.2 with client certificate", 12, append([]string{"-tls1_2"}, cert...)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, output, err := openSSLClient(t, ServerConfig{Credentials: relay(), MinTLS: lowest(test.size)},
				append([]string{"-alpn", Protocol}, test.args...)...)
			require.NoError(t, err, output)
			require.Len(t, s.SessionID(), test.size)
			require.Equal(t, finishedMessage(t, output, ">>>"), s.SessionID())
			require.Equal(t, Protocol, s.ALPN())
			require.Equal(t, slices.Contains(test.args, "-cert"), len(s.PeerChain()) == 2)
			require.Equal(t, strings.Contains(test.name, "HelloRetryRequest"), strings.Count(output, "ClientHello") == 2)
		})
	}
}

func TestServerRefusesOpenSSLClients(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		alert int
		args  []string
	}{
		{"AES only", 40, []string{"-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"}},
		{"X448 only", 40, []string{"-tls1_3", "-groups", "X448"}},
		{"P-256 only", 40, []string{"-tls1_3", "-groups", "P-256"}},
		{"ECDSA only", 40, []string{"-tls1_3", "-sigalgs", "ecdsa_secp256r1_sha256"}},
		{"TLS 1.1", 70, []string{"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"}},
		{"AES only with TLS 1.2", 40, []string{"-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"}},
		{"no ECDHE", 40, []string{"-tls1_2", "-cipher", "AES128-SHA"}},
		{"other ALPN", 120, []string{"-tls1_3", "-alpn", "xftp/1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, output, err := openSSLClient(t, ServerConfig{Credentials: relay(), MinTLS: tls.VersionTLS12}, test.args...)
			require.Error(t, err, output)
			require.Contains(t, output, fmt.Sprintf("SSL alert number %d", test.alert))
		})
	}
}

func TestServerAcceptsPreferencesForAES(t *testing.T) {
	t.Parallel()
	s, output, err := openSSLClient(t, ServerConfig{Credentials: relay()},
		"-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256")
	require.NoError(t, err, output)
	require.Contains(t, output, "TLS_CHACHA20_POLY1305_SHA256")
	require.NotContains(t, output, "NewSessionTicket")
	require.Empty(t, s.ALPN())
}

func TestServerRefusesTLS12WithoutExtendedMasterSecret(t *testing.T) {
	t.Parallel()
	conf := filepath.Join(t.TempDir(), "openssl.cnf")
	require.NoError(t, os.WriteFile(conf, []byte("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nOptions = -ExtendedMasterSecret\n"), 0o600))
	raw, output := startClient(t, []string{"OPENSSL_CONF=" + conf}, "-tls1_2")
	_, err := ServerTLS(testContext(t), raw, ServerConfig{Credentials: relay(), MinTLS: tls.VersionTLS12})
	require.ErrorIs(t, err, ErrTLS, output())
	require.ErrorContains(t, err, "extended master secret")
}

func TestOpenSSLServerAgreesOnSessionID(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		size    int
		service bool
		args    []string
	}{
		{"TLS 1.3", 32, false, []string{"-tls1_3"}},
		{"TLS 1.3 with client certificate", 32, true, []string{"-tls1_3", "-verify", "4"}},
		{"TLS 1.3 with tickets", 32, false, []string{"-tls1_3", "-num_tickets", "3"}},
		{"TLS 1.2", 12, false, []string{"-tls1_2"}},
		{"TLS 1.2 with client certificate", 12, true, []string{"-tls1_2", "-verify", "4"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-msg", "-alpn", Protocol}, credentialFiles(t, relay())...)
			cmd := exec.CommandContext(testContext(t), "openssl", append(args, test.args...)...)
			address, output := startServer(t, cmd)
			cfg := ClientConfig{KeyHash: keyHash(relay()), MinTLS: tls.VersionTLS12}
			if test.service {
				cfg.Service = &ServiceCredentials{Role: RoleNotifier, Credentials: service()}
			}
			s, err := dialTLS(t, address, cfg)
			require.NoError(t, err)
			require.NoError(t, s.Close())
			text := output()
			require.Len(t, s.SessionID(), test.size)
			require.Equal(t, finishedMessage(t, text, "<<<"), s.SessionID())
			require.Equal(t, Protocol, s.ALPN())
			require.Equal(t, test.service, s.Binding().CertificateSent)
			require.Equal(t, relay().Chain, s.PeerChain())
		})
	}
}

func TestClientRefusesOpenSSLServers(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"AES only":   {"-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"},
		"P-256 only": {"-tls1_3", "-groups", "P-256"},
		"X448 only":  {"-tls1_3", "-groups", "X448"},
		"TLS 1.2":    {"-tls1_2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := append([]string{"s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-msg"}, credentialFiles(t, relay())...)
			address, output := startServer(t, exec.CommandContext(testContext(t), "openssl", append(all, args...)...))
			_, err := dialTLS(t, address, ClientConfig{KeyHash: keyHash(relay())})
			require.Error(t, err)
			output()
		})
	}
}

// startServer starts "openssl s_server" and waits until it says where it
// listens. output waits for its end.
func startServer(t *testing.T, cmd *exec.Cmd) (address string, output func() string) {
	t.Helper()
	in, err := cmd.StdinPipe() // s_server ends when its input does
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var rest bytes.Buffer
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { in.Close() })
	lines := bufio.NewReader(stdout)
	for address == "" {
		line, err := lines.ReadString('\n')
		require.NoError(t, err, rest.String())
		rest.WriteString(line)
		if found, ok := strings.CutPrefix(line, "ACCEPT "); ok {
			address = strings.TrimSpace(found)
		}
	}
	return address, func() string {
		_, err := rest.ReadFrom(lines)
		require.NoError(t, err)
		_ = cmd.Wait() // the exit status says nothing about the handshake
		return rest.String()
	}
}
