package tlsprobe

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var allSchemes = []SignatureScheme{Ed25519, Ed448, ECDSAP256SHA256, ECDSAP384SHA384, RSAPSSRSAESHA256, RSAPSSRSAESHA384, RSAPSSRSAESHA512}

const allSuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

// compact leaves only the hexadecimal digits of a message dump together.
func compact(t testing.TB, path string) string {
	t.Helper()
	dump, err := os.ReadFile(path)
	require.NoError(t, err)
	return strings.ToLower(strings.Join(strings.Fields(string(dump)), ""))
}

// Every chain, group and suite completes; both Finished messages are those that
// openssl dumps, and all secrets those of its key log.
func TestOpenSSLMatrix(t *testing.T) {
	t.Parallel()
	wantScheme := map[string]SignatureScheme{
		"Ed25519": Ed25519, "Ed448": Ed448, "P-256": ECDSAP256SHA256, "P-384": ECDSAP384SHA384, "RSA": RSAPSSRSAESHA256,
	}
	for kind, scheme := range wantScheme {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			chain := newChain(t, kind)
			dir := t.TempDir()
			keyLog, messages := filepath.Join(dir, "keys"), filepath.Join(dir, "messages")
			server := startOpenSSL(t, chain, "-rev", "-groups", "X25519:X448:P-256", "-ciphersuites", allSuites,
				"-keylogfile", keyLog, "-msg", "-msgfile", messages)
			want := [][]byte{readDER(t, chain.leaf), readDER(t, chain.root)}
			for _, group := range []Group{X25519, X448, P256} {
				for suite := range suites {
					var ours strings.Builder
					c := connect(t, server.address, &Config{
						CipherSuites: []CipherSuite{suite}, Groups: []Group{group},
						SignatureSchemes: allSchemes, KeyLogWriter: &ours,
					})
					requireReversed(t, c, "ping")
					state := c.State()
					require.True(t, state.Complete)
					require.Equal(t, TLS13, state.Version)
					require.Equal(t, suite, state.CipherSuite)
					require.Equal(t, group, state.Group)
					require.Equal(t, scheme, state.SignatureScheme)
					require.Equal(t, want, state.PeerCertificates)
					require.False(t, state.HelloRetryRequest)
					require.NoError(t, VerifyCertificate(state.PeerCertificates[0], state.PeerCertificates[1]))

					dump, theirs := compact(t, messages), compact(t, keyLog)
					for _, verifyData := range [][]byte{state.ClientFinished, state.ServerFinished} {
						require.Contains(t, dump, fmt.Sprintf("140000%02x%x", suites[suite].hashLen(), verifyData))
					}
					lines := strings.Split(strings.TrimSpace(ours.String()), "\n")
					require.Len(t, lines, 5)
					for _, line := range lines {
						require.Contains(t, theirs, compactLine(line))
					}
					require.NoError(t, c.Close())
				}
			}
		})
	}
}

func compactLine(line string) string {
	return strings.ToLower(strings.Join(strings.Fields(line), ""))
}

// A server that wants another group asks again, whether it got a share for the
// wrong group or none at all; both hashes of the transcript are tried.
func TestOpenSSLHelloRetryRequest(t *testing.T) {
	t.Parallel()
	server := startOpenSSL(t, newChain(t, "Ed448"), "-rev", "-groups", "X448", "-ciphersuites", allSuites)
	for suite := range suites {
		for _, shares := range [][]Group{{X25519}, {P256, X25519}, {}} {
			c := connect(t, server.address, &Config{
				CipherSuites: []CipherSuite{suite}, Groups: []Group{X25519, P256, X448}, KeyShares: shares,
			})
			requireReversed(t, c, "again")
			require.True(t, c.State().HelloRetryRequest)
			require.Equal(t, X448, c.State().Group)
			require.NoError(t, c.Close())
		}
	}
}

// A stateless server sends a cookie, which the second ClientHello echoes. (This
// s_server stumbles over ChangeCipherSpec, of its own client as well.)
func TestOpenSSLCookie(t *testing.T) {
	t.Parallel()
	server := startOpenSSL(t, newChain(t, "Ed25519"), "-stateless")
	c := connect(t, server.address, &Config{NoCompatMode: true})
	require.True(t, c.State().HelloRetryRequest)
	_, err := c.Write([]byte("cookie eaten\n"))
	require.NoError(t, err)
	server.waitLine(t, "cookie eaten")
}

func TestOpenSSLALPN(t *testing.T) {
	t.Parallel()
	server := startOpenSSL(t, newChain(t, "Ed25519"), "-rev", "-alpn", "smp/1")
	c := connect(t, server.address, &Config{ALPN: []string{"h2", "smp/1"}, ServerName: "relay.example"})
	require.Equal(t, "smp/1", c.State().ALPN)
	require.NoError(t, c.Close())

	c = connect(t, server.address, nil)
	require.Empty(t, c.State().ALPN)
	require.NoError(t, c.Close())

	_, err := attempt(t, server.address, &Config{ALPN: []string{"h2"}})
	requireAlert(t, err, AlertNoApplicationProto)
}

func requireAlert(t testing.TB, err error, want Alert) {
	t.Helper()
	var alert *AlertError
	require.ErrorAs(t, err, &alert)
	require.Equal(t, want, alert.Description)
}

// Data goes both ways whole and at once, in records of any size.
func TestOpenSSLData(t *testing.T) {
	t.Parallel()
	server := startOpenSSL(t, newChain(t, "Ed25519"), "-rev", "-ciphersuites", allSuites)
	for _, test := range []struct {
		recordSize, lines, length int
	}{{1, 3, 50}, {100, 20, 5000}, {MaxPlaintext, 100, 10000}} {
		for suite := range suites {
			c := connect(t, server.address, &Config{CipherSuites: []CipherSuite{suite}, RecordSize: test.recordSize})
			line := func(i int) string { return strings.Repeat(string(rune('a'+i%26)), test.length) + "z" }
			sent := make(chan error, 1)
			go func() {
				for i := range test.lines {
					if _, err := c.Write([]byte(line(i) + "\n")); err != nil {
						sent <- err
						return
					}
				}
				sent <- nil
			}()
			for i := range test.lines {
				requireRead(t, c, reversed(line(i))+"\n")
			}
			require.NoError(t, <-sent)
			require.NoError(t, c.Close())
		}
	}
}

// Key updates that openssl starts (k: plain, K: with a request for ours) change
// the keys of the reader, and on request those of the writer before its next data.
func TestOpenSSLKeyUpdate(t *testing.T) {
	t.Parallel()
	server := startOpenSSL(t, newChain(t, "Ed25519"), "-msg")
	c := connect(t, server.address, nil)
	server.waitLine(t, "CIPHER is")
	for _, command := range []string{"k", "K", "K"} {
		read, written := string(c.in.secret), string(c.out.secret)
		_, err := io.WriteString(server.stdin, command+"\n")
		require.NoError(t, err)
		server.waitLine(t, ">>> TLS 1.3, Handshake [length 0005], KeyUpdate")
		_, err = io.WriteString(server.stdin, "after "+command+"\n")
		require.NoError(t, err)
		requireRead(t, c, "after "+command+"\n")
		_, err = c.Write([]byte("answer\n"))
		require.NoError(t, err)
		server.waitLine(t, "answer")
		require.NotEqual(t, read, string(c.in.secret))
		require.Equal(t, command == "K", written != string(c.out.secret))
	}
	read := string(c.in.secret)
	require.NoError(t, c.UpdateKeys(true))
	_, err := io.WriteString(server.stdin, "done\n")
	require.NoError(t, err)
	_, err = c.Write([]byte("more\n"))
	require.NoError(t, err)
	server.waitLine(t, "more")
	_, err = io.WriteString(server.stdin, "last\n")
	require.NoError(t, err)
	requireRead(t, c, "done\nlast\n")
	require.NotEqual(t, read, string(c.in.secret))
}

func clientCertificate(t testing.TB, c chainFiles) *Certificate {
	t.Helper()
	return &Certificate{Chain: [][]byte{readDER(t, c.leaf), readDER(t, c.root)}, Key: readKey(t, c.leafKey)}
}

// Client certificates of both kinds pass a server that insists on a valid one;
// none, and a signature by another key, are refused with the alert for it.
func TestOpenSSLClientCertificate(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"Ed25519", "Ed448"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			client, other := newChain(t, kind), newChain(t, kind)
			server := startOpenSSL(t, newChain(t, "Ed25519"), "-rev", "-Verify", "3", "-verify_return_error",
				"-CAfile", client.root, "-ciphersuites", allSuites)
			for _, recordSize := range []int{0, 7} {
				c := connect(t, server.address, &Config{
					Certificate: clientCertificate(t, client), RecordSize: recordSize,
					CipherSuites: []CipherSuite{AES256GCMSHA384},
				})
				require.True(t, c.State().CertificateRequested)
				require.Contains(t, c.State().RequestedSchemes, Ed448)
				requireReversed(t, c, "it is me")
				require.NoError(t, c.Close())
			}
			refuses := func(certificate *Certificate, want Alert) {
				c, err := attempt(t, server.address, &Config{Certificate: certificate})
				if err == nil {
					_, err = c.Read(make([]byte, 1))
				}
				requireAlert(t, err, want)
			}
			refuses(nil, AlertCertificateRequired)
			forged := clientCertificate(t, client)
			forged.Key = readKey(t, other.leafKey)
			refuses(forged, AlertDecryptError)
		})
	}
}

// Tickets are counted, and a server that still knows one resumes with it; one
// started anew does not, and shows its certificate.
func TestOpenSSLResumption(t *testing.T) {
	t.Parallel()
	chain := newChain(t, "Ed25519")
	server := startOpenSSL(t, chain, "-rev", "-num_tickets", "3", "-groups", "X25519", "-ciphersuites", allSuites)
	another := startOpenSSL(t, chain, "-rev", "-ciphersuites", allSuites)
	for suite := range suites {
		cfg := Config{CipherSuites: []CipherSuite{suite}, PSKModes: true}
		c := connect(t, server.address, &cfg)
		requireReversed(t, c, "first")
		state := c.State()
		require.Equal(t, 3, state.TicketCount)
		require.Len(t, state.Tickets, 3)
		require.False(t, state.Resumed)
		require.NoError(t, c.Close())

		for _, share := range []Group{X25519, X448} {
			cfg.Ticket, cfg.KeyShares = state.Tickets[0], []Group{share}
			c = connect(t, server.address, &cfg)
			requireReversed(t, c, "second")
			require.True(t, c.State().Resumed)
			require.Empty(t, c.State().PeerCertificates)
			require.Equal(t, share == X448, c.State().HelloRetryRequest)
			require.NoError(t, c.Close())
		}
		c = connect(t, another.address, &cfg)
		requireReversed(t, c, "third")
		require.False(t, c.State().Resumed)
		require.Len(t, c.State().PeerCertificates, 2)
		require.NoError(t, c.Close())
	}
}

// Offers of old versions show what the server makes of them.
func TestOpenSSLOldVersions(t *testing.T) {
	t.Parallel()
	chain := newChain(t, "P-256")
	modern := startOpenSSL(t, chain, "-tls1_3")
	old := startOpenSSL(t, chain, "-tls1_2")
	const ecdheChaCha CipherSuite = 0xcca9
	offer := func(legacy Version, versions ...Version) *Config {
		return &Config{
			LegacyVersion: legacy, SupportedVersions: append([]Version{}, versions...),
			CipherSuites: []CipherSuite{ChaCha20Poly1305SHA256, ecdheChaCha}, SignatureSchemes: allSchemes,
			Groups: []Group{X25519, P256},
		}
	}
	for _, cfg := range []*Config{offer(TLS12), offer(TLS12, TLS12), offer(TLS12, TLS13, TLS12)} {
		_, err := attempt(t, old.address, cfg)
		var version *VersionError
		require.ErrorAs(t, err, &version)
		require.Equal(t, VersionError{TLS12, ecdheChaCha}, *version)
	}
	_, err := attempt(t, old.address, offer(TLS12, TLS13))
	requireAlert(t, err, AlertProtocolVersion)
	for _, cfg := range []*Config{offer(TLS12), offer(TLS11), offer(TLS10), offer(TLS12, TLS12, TLS11)} {
		_, err := attempt(t, modern.address, cfg)
		requireAlert(t, err, AlertProtocolVersion)
	}
}

// A server that ends in order is told from one that just goes, and the end stays.
func TestOpenSSLClose(t *testing.T) {
	t.Parallel()
	server := startOpenSSL(t, newChain(t, "Ed25519"), "-rev")
	c := connect(t, server.address, nil)
	_, err := c.Write([]byte("CLOSE\n"))
	require.NoError(t, err)
	for range 2 {
		_, err = c.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
	}
	require.Equal(t, AlertCloseNotify, c.State().Alert.Description)
}
