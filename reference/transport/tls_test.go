package transport

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
)

// byteConn reads and writes single bytes.
type byteConn struct{ net.Conn }

func (c byteConn) Read(b []byte) (int, error) { return c.Conn.Read(b[:min(1, len(b))]) }

func (c byteConn) Write(b []byte) (int, error) {
	for i := range b {
		if _, err := c.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}

// lateConn keeps what is written until the next read, so that records arrive
// together.
type lateConn struct {
	net.Conn
	kept []byte
}

func (c *lateConn) Write(b []byte) (int, error) {
	c.kept = append(c.kept, b...)
	return len(b), nil
}

func (c *lateConn) Read(b []byte) (int, error) {
	if err := c.flush(); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c *lateConn) flush() error {
	kept := c.kept
	c.kept = nil
	_, err := c.Conn.Write(kept)
	return err
}

// secure makes a TLS connection between our client and our server.
func secure(t testing.TB, rawClient, rawServer net.Conn, client ClientConfig, server ServerConfig) (*Secure, *Secure) {
	t.Helper()
	ctx := testContext(t)
	c, s := both(
		func() (*Secure, error) {
			s, err := ClientTLS(ctx, rawClient, client)
			if late, ok := rawClient.(*lateConn); ok && err == nil {
				err = late.flush()
			}
			return s, err
		},
		func() (*Secure, error) { return ServerTLS(ctx, rawServer, server) })
	require.NoError(t, c.err)
	require.NoError(t, s.err)
	return c.value, s.value
}

func TestBothSidesHaveTheSameSessionID(t *testing.T) {
	t.Parallel()
	plain := func(c net.Conn) net.Conn { return c }
	bytewise := func(c net.Conn) net.Conn { return byteConn{c} }
	late := func(c net.Conn) net.Conn { return &lateConn{Conn: c} }
	for _, version := range []struct {
		name string
		tls  uint16
		size int
	}{{"TLS 1.3", tls.VersionTLS13, 32}, {"TLS 1.2", tls.VersionTLS12, 12}} {
		for _, wrap := range []struct {
			name           string
			client, server func(net.Conn) net.Conn
		}{
			{"as it comes", plain, plain},
			{"single bytes to the server", plain, bytewise},
			{"single bytes from the client", bytewise, plain},
			{"single bytes everywhere", bytewise, bytewise},
			{"records together", late, plain},
			{"records together, then split", late, bytewise},
		} {
			for _, withService := range []bool{false, true} {
				name := version.name + ", " + wrap.name
				client := ClientConfig{KeyHash: keyHash(relay()), MinTLS: version.tls, MaxTLS: version.tls}
				if withService {
					name += ", client certificate"
					client.Service = &ServiceCredentials{Role: RoleNotifier, Credentials: service()}
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					a, b := tcpPair(t)
					c, s := secure(t, wrap.client(a), wrap.server(b), client,
						ServerConfig{Credentials: relay(), MinTLS: tls.VersionTLS12})
					require.Equal(t, version.tls, c.TLSVersion())
					require.Len(t, c.SessionID(), version.size)
					require.Equal(t, c.SessionID(), s.SessionID())
					require.NotEqual(t, make([]byte, version.size), c.SessionID())
					require.Equal(t, relay().Chain, c.PeerChain())
					require.Equal(t, Protocol, c.ALPN())
					require.Equal(t, Protocol, s.ALPN())
					require.Equal(t, withService, c.Binding().CertificateSent)
					if withService {
						require.Equal(t, service().Chain, s.PeerChain())
					} else {
						require.Empty(t, s.PeerChain())
					}
				})
			}
		}
	}
}

func TestSessionIDsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 3 {
		a, b := tcpPair(t)
		c, _ := secure(t, a, b, ClientConfig{KeyHash: keyHash(relay())}, ServerConfig{Credentials: relay()})
		require.False(t, seen[string(c.SessionID())])
		seen[string(c.SessionID())] = true
	}
}

// goClient makes a TLS connection from crypto/tls to our server. The session
// identifier of the client is read from its own finishedReader.
func goClient(t *testing.T, server ServerConfig, config *tls.Config) (outcome[*tls.Conn], outcome[*Secure], *tap) {
	t.Helper()
	ctx := testContext(t)
	a, b := tcpPair(t)
	tap := &tap{Conn: a, client: true, finished: new(finishedReader)}
	config.InsecureSkipVerify = true
	config.KeyLogWriter = tap.finished
	conn := tls.Client(tap, config)
	c, s := both(
		func() (*tls.Conn, error) {
			if err := conn.HandshakeContext(ctx); err != nil {
				return nil, err
			}
			// An alert of the server arrives after the client's handshake.
			_, err := conn.Read(make([]byte, 1))
			return conn, err
		},
		func() (*Secure, error) {
			s, err := ServerTLS(ctx, b, server)
			if err == nil {
				_, err = s.Write([]byte{0})
			}
			return s, err
		})
	return c, s, tap
}

func TestHelloRetryRequest(t *testing.T) {
	t.Parallel()
	// The key share of the client is of its first group.
	c, s, tap := goClient(t, ServerConfig{Credentials: relay()}, &tls.Config{
		CurvePreferences: []tls.CurveID{tls.SecP256r1MLKEM768, tls.X25519},
		NextProtos:       []string{Protocol},
	})
	require.NoError(t, c.err)
	require.NoError(t, s.err)
	require.True(t, c.value.ConnectionState().HelloRetryRequest)
	id, err := tap.finished.verifyData()
	require.NoError(t, err)
	require.Equal(t, id, s.value.SessionID())
}

func TestServerRefusesOtherSettings(t *testing.T) {
	t.Parallel()
	tls12 := ServerConfig{Credentials: relay(), MinTLS: tls.VersionTLS12}
	for _, test := range []struct {
		name   string
		server ServerConfig
		client *tls.Config
	}{
		{"TLS 1.2 without the option", ServerConfig{Credentials: relay()}, &tls.Config{MaxVersion: tls.VersionTLS12}},
		{"TLS 1.1", tls12, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}},
		{"P-256 only", tls12, &tls.Config{CurvePreferences: []tls.CurveID{tls.CurveP256}}},
		{"P-256 only, TLS 1.2", tls12, &tls.Config{CurvePreferences: []tls.CurveID{tls.CurveP256}, MaxVersion: tls.VersionTLS12}},
		{"AES only, TLS 1.2", tls12, &tls.Config{
			CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, MaxVersion: tls.VersionTLS12}},
		{"other ALPN", tls12, &tls.Config{NextProtos: []string{"xftp/1"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, s, _ := goClient(t, test.server, test.client)
			require.Error(t, c.err)
			require.Error(t, s.err)
		})
	}
}

func TestALPN(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		offer  []string
		agreed string
	}{
		{"none", nil, ""},
		{"smp/1", []string{Protocol}, Protocol},
		{"smp/1 after others", []string{"h2", "http/1.1", Protocol}, Protocol},
		{"smp/1 before others", []string{Protocol, "h2"}, Protocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, s, _ := goClient(t, ServerConfig{Credentials: relay()}, &tls.Config{NextProtos: test.offer})
			require.NoError(t, c.err)
			require.NoError(t, s.err)
			require.Equal(t, test.agreed, c.value.ConnectionState().NegotiatedProtocol)
			require.Equal(t, test.agreed, s.value.ALPN())
		})
	}
}

func TestServerSendsNoTicketAndResumesNothing(t *testing.T) {
	t.Parallel()
	cache := tls.NewLRUClientSessionCache(1)
	for range 2 {
		c, s, _ := goClient(t, ServerConfig{Credentials: relay()}, &tls.Config{ClientSessionCache: cache, ServerName: "relay"})
		require.NoError(t, c.err)
		require.NoError(t, s.err)
		require.False(t, c.value.ConnectionState().DidResume)
		_, ok := cache.Get("relay")
		require.False(t, ok, "server sent a session ticket")
	}
}

func TestClientRefusesOtherRelays(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 5; n++ {
		creds := mustCredentials(keys.Ed25519, n)
		a, b := tcpPair(t)
		ctx := testContext(t)
		hash := keyHash(relay())
		if n != 5 {
			hash = keyHash(creds)
		}
		c, _ := both(
			func() (*Secure, error) { return ClientTLS(ctx, a, ClientConfig{KeyHash: hash}) },
			func() (*Secure, error) { return ServerTLS(ctx, b, ServerConfig{Credentials: creds}) })
		if n >= 2 && n <= 4 {
			require.NoError(t, c.err, "%d certificates", n)
			continue
		}
		require.ErrorIs(t, c.err, keys.ErrChainLength, "%d certificates", n)
	}

	a, b := tcpPair(t)
	ctx := testContext(t)
	c, s := both(
		func() (*Secure, error) { return ClientTLS(ctx, a, ClientConfig{KeyHash: keyHash(service())}) },
		func() (*Secure, error) { return ServerTLS(ctx, b, ServerConfig{Credentials: relay()}) })
	var wrong *keys.FingerprintError
	require.ErrorAs(t, c.err, &wrong)
	require.Equal(t, keyHash(service()), wrong.Expected)
	require.Equal(t, keyHash(relay()), wrong.Actual)
	require.Error(t, s.err)
}

func TestClientSendsNoServerName(t *testing.T) {
	t.Parallel()
	hello := make(chan *tls.ClientHelloInfo, 1)
	a, b := tcpPair(t)
	own, err := certificate(relay())
	require.NoError(t, err)
	server := tls.Server(b, &tls.Config{
		Certificates: []tls.Certificate{own},
		GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			hello <- h
			return nil, nil
		},
		NextProtos: []string{Protocol},
	})
	ctx := testContext(t)
	c, s := both(
		func() (*Secure, error) { return ClientTLS(ctx, a, ClientConfig{KeyHash: keyHash(relay())}) },
		func() (struct{}, error) { return struct{}{}, server.HandshakeContext(ctx) })
	require.NoError(t, c.err)
	require.NoError(t, s.err)
	got := <-hello
	require.Empty(t, got.ServerName)
	require.Equal(t, []string{Protocol}, got.SupportedProtos)
	require.Equal(t, []uint16{tls.TLS_CHACHA20_POLY1305_SHA256}, got.CipherSuites)
	require.Equal(t, []tls.CurveID{tls.X25519}, got.SupportedCurves)
	require.Equal(t, []uint16{tls.VersionTLS13}, got.SupportedVersions)
}

func TestServerRefusesBadServiceCertificates(t *testing.T) {
	t.Parallel()
	broken := service()
	broken.Chain = [][]byte{broken.Chain[0], relay().Chain[1]}
	long := mustCredentials(keys.Ed25519, 5)
	for name, test := range map[string]struct {
		creds keys.Credentials
		err   error
	}{
		"signed by somebody else": {broken, keys.ErrSignature},
		"five certificates":       {long, keys.ErrChainLength},
	} {
		own, err := certificate(test.creds)
		require.NoError(t, err)
		c, s, _ := goClient(t, ServerConfig{Credentials: relay()}, &tls.Config{
			NextProtos:           []string{Protocol},
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil },
		})
		require.Error(t, c.err, name)
		require.ErrorIs(t, s.err, test.err, name)
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	for name, cfg := range map[string]ServerConfig{
		"TLS 1.1":            {Credentials: relay(), MinTLS: tls.VersionTLS11},
		"empty range":        {Credentials: relay(), MaxTLS: tls.VersionTLS12},
		"Ed448 certificates": {Credentials: mustCredentials(keys.Ed448, 2)},
		"no certificates":    {},
	} {
		a, b := tcpPair(t)
		_, err := ServerTLS(ctx, b, cfg)
		require.ErrorIs(t, err, ErrTLS, name)
		_, err = a.Read(make([]byte, 1))
		require.Error(t, err, "%s: connection is still open", name)
	}
	a, _ := tcpPair(t)
	_, err := ClientTLS(ctx, a, ClientConfig{KeyHash: keyHash(relay()), Service: &ServiceCredentials{Credentials: mustCredentials(keys.Ed448, 1)}})
	require.ErrorIs(t, err, ErrTLS)
}

func TestOneBlockIsOneRecord(t *testing.T) {
	t.Parallel()
	a, b := tcpPair(t)
	counted := &recorder{Conn: a}
	client, server := connect(t, counted, b, ClientConfig{KeyHash: keyHash(relay())}, ServerConfig{Credentials: relay()})
	exchange(t, client, server)
	counted.mu.Lock()
	counted.written, counted.writes = nil, 0
	counted.mu.Unlock()
	exchange(t, client, server)
	counted.mu.Lock()
	defer counted.mu.Unlock()
	require.Equal(t, 1, counted.writes)
	require.Len(t, counted.written, recordHeaderSize+BlockSize+1+16) // with type and tag
}
