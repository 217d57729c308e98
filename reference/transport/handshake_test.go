package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// handshake runs both sides in memory.
func handshake(t testing.TB, client ClientConfig, server ServerConfig) (outcome[*Conn], outcome[*Conn]) {
	t.Helper()
	c, s := memoryPair(t)
	clientBinding := Binding{SessionID: []byte("session"), PeerChain: server.Credentials.Chain, ALPN: Protocol, CertificateSent: true}
	serverBinding := Binding{SessionID: []byte("session"), ALPN: Protocol, CertificateSent: true}
	if client.NoALPN {
		clientBinding.ALPN, serverBinding.ALPN = "", ""
	}
	if client.Service != nil {
		serverBinding.PeerChain = client.Service.Credentials.Chain
	}
	ctx := testContext(t)
	return both(
		func() (*Conn, error) { return ClientHandshake(ctx, c, clientBinding, client) },
		func() (*Conn, error) { return ServerHandshake(ctx, s, serverBinding, server) })
}

func TestHandshakeAtEveryVersion(t *testing.T) {
	t.Parallel()
	for v := smp.MinVersion; v <= smp.MaxVersion; v++ {
		for _, side := range []string{"client", "server"} {
			t.Run(fmt.Sprintf("%s limits to %d", side, v), func(t *testing.T) {
				t.Parallel()
				client := ClientConfig{KeyHash: keyHash(relay())}
				server := ServerConfig{Credentials: relay()}
				if side == "client" {
					client.Versions = wire.Versions(smp.MinVersion, v)
				} else {
					server.Versions = wire.Versions(smp.MinVersion, v)
				}
				a, b := tcpPair(t)
				c, s := connect(t, a, b, client, server)
				for _, conn := range []*Conn{c, s} {
					require.Equal(t, v, conn.Version())
					require.Equal(t, wire.Versions(smp.MinVersion, v), conn.Versions())
					require.Equal(t, v >= smp.VersionBlockEncryption, conn.Encrypted())
					require.Equal(t, v >= smp.VersionAuthenticators, conn.Secret() != nil)
					require.Nil(t, conn.Service())
				}
				require.Equal(t, c.SessionID(), s.SessionID())
				require.Equal(t, c.Secret(), s.Secret())
				if v >= smp.VersionAuthenticators {
					require.Equal(t, s.SessionKey().Public(), c.PeerKey())
					require.Equal(t, c.SessionKey().Public(), s.PeerKey())
				}
				exchange(t, c, s)
				exchange(t, c, s)
			})
		}
	}
}

func TestProxyHasNoBlockEncryption(t *testing.T) {
	t.Parallel()
	for serverMax, agreed := range map[uint16]uint16{9: 9, 10: 10, 11: 10, 13: 10, 14: 14, 17: 17, 20: 20} {
		c, s := handshake(t, ClientConfig{KeyHash: keyHash(relay()), Proxy: true, Versions: wire.Versions(8, 20)},
			ServerConfig{Credentials: relay(), Versions: wire.Versions(6, serverMax)})
		require.NoError(t, c.err)
		require.NoError(t, s.err)
		require.Equal(t, agreed, c.value.Version())
		require.False(t, c.value.Encrypted())
		require.False(t, s.value.Encrypted())
		require.True(t, c.value.Proxy())
		require.Equal(t, agreed >= smp.VersionProxyFlag, s.value.Proxy())
		require.NotNil(t, c.value.Secret())
		exchange(t, c.value, s.value)
	}
}

func TestWithoutALPNOnlyVersion6(t *testing.T) {
	t.Parallel()
	a, b := tcpPair(t)
	c, s := connect(t, a, b, ClientConfig{KeyHash: keyHash(relay()), NoALPN: true}, ServerConfig{Credentials: relay()})
	require.Equal(t, uint16(6), c.Version())
	require.Equal(t, wire.Versions(6, 6), c.ServerHello().Versions)
	require.Nil(t, c.ServerHello().SignedKey)
	require.Nil(t, c.ServerHello().Chain)
	require.True(t, c.PeerKey().IsZero())
	exchange(t, c, s)

	refused, server := handshake(t, ClientConfig{KeyHash: keyHash(relay()), NoALPN: true},
		ServerConfig{Credentials: relay(), Versions: wire.Versions(7, 20)})
	require.ErrorIs(t, server.err, ErrVersion)
	require.ErrorIs(t, refused.err, io.EOF)
}

func TestClientWithoutKey(t *testing.T) {
	t.Parallel()
	c, s := handshake(t, ClientConfig{KeyHash: keyHash(relay()), NoKey: true}, ServerConfig{Credentials: relay()})
	require.NoError(t, c.err)
	require.NoError(t, s.err)
	require.Equal(t, smp.MaxVersion, c.value.Version())
	require.False(t, c.value.Encrypted())
	require.False(t, s.value.Encrypted())
	require.True(t, c.value.SessionKey().IsZero())
	require.True(t, s.value.PeerKey().IsZero())
	require.False(t, c.value.PeerKey().IsZero(), "authenticators need the relay's key")
	exchange(t, c.value, s.value)
}

func TestServices(t *testing.T) {
	t.Parallel()
	for _, role := range []Role{RoleMessaging, RoleNotifier, RoleProxy} {
		for _, n := range []int{1, 2, 3, 4} {
			creds := mustCredentials(keys.Ed25519, n)
			var accepted Service
			a, b := tcpPair(t)
			c, s := connect(t, a, b,
				ClientConfig{KeyHash: keyHash(relay()), Service: &ServiceCredentials{Role: role, Credentials: creds}},
				ServerConfig{Credentials: relay(), Service: func(_ context.Context, s Service, chain [][]byte) ([]byte, error) {
					require.Equal(t, creds.Chain, chain)
					accepted = s
					return []byte("service id"), nil
				}})
			for _, got := range []*Service{c.Service(), s.Service()} {
				require.Equal(t, role, got.Role)
				require.Equal(t, []byte("service id"), got.ID)
				require.Equal(t, creds.Fingerprint(), got.Fingerprint)
				require.Equal(t, accepted.Key, got.Key)
			}
			require.Equal(t, c.Service().Key, c.Service().PrivateKey.Public())
			require.True(t, s.Service().PrivateKey.IsZero())
			exchange(t, c, s)
		}
	}
}

func TestServiceIsRefused(t *testing.T) {
	t.Parallel()
	offer := func(change func(*ServiceCredentials)) *ServiceCredentials {
		s := &ServiceCredentials{Role: RoleNotifier, Credentials: service()}
		change(s)
		return s
	}
	unchanged := func(*ServiceCredentials) {}
	store := errors.New("store failed")
	for _, test := range []struct {
		name   string
		offer  *ServiceCredentials
		answer func(context.Context, Service, [][]byte) ([]byte, error)
		err    error
	}{
		{"relay without services", offer(unchanged), nil, ErrBadService},
		{"store fails", offer(unchanged), func(context.Context, Service, [][]byte) ([]byte, error) { return nil, store }, ErrBadService},
		{"relay names another error", offer(unchanged), func(context.Context, Service, [][]byte) ([]byte, error) { return nil, ErrNoAuth }, ErrNoAuth},
		{"key signed by somebody else", offer(func(s *ServiceCredentials) { s.Credentials.Key = relay().Key }), nil, ErrBadAuth},
		{"session key is no Ed25519 key", offer(func(s *ServiceCredentials) { s.Key = newKey(t, keys.X25519) }), nil, ErrBadAuth},
	} {
		c, s := handshake(t, ClientConfig{KeyHash: keyHash(relay()), Service: test.offer},
			ServerConfig{Credentials: relay(), Service: test.answer})
		require.ErrorIs(t, c.err, test.err, test.name)
		require.ErrorIs(t, s.err, test.err, test.name)
		if test.name == "store fails" {
			require.ErrorIs(t, s.err, store)
		}
	}

	long := offer(func(s *ServiceCredentials) { s.Credentials = mustCredentials(keys.Ed25519, 5) })
	c, _ := handshake(t, ClientConfig{KeyHash: keyHash(relay()), Service: long}, ServerConfig{Credentials: relay()})
	require.ErrorIs(t, c.err, keys.ErrChainLength, "our client does not even offer five certificates")
}

func TestServiceHasToShowItsCertificatesInTLS(t *testing.T) {
	t.Parallel()
	near, far := memoryPair(t)
	ctx := testContext(t)
	c, s := both(
		func() (*Conn, error) {
			return ClientHandshake(ctx, near, Binding{PeerChain: relay().Chain, CertificateSent: true},
				ClientConfig{KeyHash: keyHash(relay()), Service: &ServiceCredentials{Role: RoleProxy, Credentials: service()}})
		},
		func() (*Conn, error) {
			return ServerHandshake(ctx, far, Binding{ALPN: Protocol}, ServerConfig{Credentials: relay()})
		})
	require.ErrorIs(t, c.err, ErrBadAuth)
	require.ErrorIs(t, s.err, ErrBadAuth)

	near, far = memoryPair(t)
	c, s = both(
		func() (*Conn, error) {
			return ClientHandshake(ctx, near, Binding{PeerChain: relay().Chain},
				ClientConfig{KeyHash: keyHash(relay()), Service: &ServiceCredentials{Role: RoleProxy, Credentials: service()}})
		},
		func() (*Conn, error) {
			return ServerHandshake(ctx, far, Binding{ALPN: Protocol}, ServerConfig{Credentials: relay()})
		})
	require.NoError(t, c.err)
	require.NoError(t, s.err)
	require.Nil(t, c.value.Service(), "credentials that TLS did not show must not be offered")
}

func TestClientChecksTheServerHello(t *testing.T) {
	t.Parallel()
	own := relay()
	key := newKey(t, keys.X25519)
	sign := func(pub keys.PublicKey, signer keys.PrivateKey) []byte {
		der, err := keys.SignKey(pub, signer)
		require.NoError(t, err)
		return der
	}
	good := ServerHello{Versions: wire.Versions(6, 20), SessionID: []byte("session"), Chain: own.Chain, SignedKey: sign(key.Public(), own.Key)}
	with := func(change func(*ServerHello)) ServerHello {
		h := good
		change(&h)
		return h
	}
	for _, test := range []struct {
		name  string
		hello ServerHello
		err   error
	}{
		{"no version in common", with(func(h *ServerHello) { h.Versions = wire.Versions(21, 30) }), ErrVersion},
		{"too old", with(func(h *ServerHello) { h.Versions = wire.Versions(1, 5) }), ErrVersion},
		{"other session", with(func(h *ServerHello) { h.SessionID = []byte("sessioN") }), ErrSessionID},
		{"longer session", with(func(h *ServerHello) { h.SessionID = []byte("session ") }), ErrSessionID},
		{"no session", with(func(h *ServerHello) { h.SessionID = nil }), ErrSessionID},
		{"one certificate", with(func(h *ServerHello) { h.Chain = own.Chain[:1] }), ErrBadAuth},
		{"five certificates", with(func(h *ServerHello) { h.Chain = append(bytesCopy(own.Chain), own.Chain[1], own.Chain[1], own.Chain[1]) }), ErrBadAuth},
		{"other identity", with(func(h *ServerHello) { h.Chain = service().Chain }), ErrBadAuth},
		{"key signed by somebody else", with(func(h *ServerHello) { h.SignedKey = sign(key.Public(), service().Key) }), ErrBadAuth},
		{"key is X448", with(func(h *ServerHello) { h.SignedKey = sign(newKey(t, keys.X448).Public(), own.Key) }), ErrBadAuth},
		{"key is Ed25519", with(func(h *ServerHello) { h.SignedKey = sign(own.Key.Public(), own.Key) }), ErrBadAuth},
		{"key of low order", with(func(h *ServerHello) { h.SignedKey = sign(lowOrder(t), own.Key) }), ErrBadAuth},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			content, err := test.hello.Encode()
			require.NoError(t, err)
			require.ErrorIs(t, clientAnswersTo(t, content), test.err)
		})
	}
	content, err := good.Encode()
	require.NoError(t, err)
	require.NoError(t, clientAnswersTo(t, content))
	require.ErrorIs(t, clientAnswersTo(t, nil), ErrHandshakeParse)
}

func bytesCopy(list [][]byte) [][]byte { return append([][]byte(nil), list...) }

// lowOrder is a key with which every agreement gives the zero secret.
func lowOrder(t testing.TB) keys.PublicKey {
	t.Helper()
	key, err := keys.NewPublic(keys.X25519, make([]byte, 32))
	require.NoError(t, err)
	return key
}

// clientAnswersTo gives our client the hello of a relay and returns its error.
func clientAnswersTo(t *testing.T, hello []byte) error {
	t.Helper()
	near, far := memoryPair(t)
	ctx := testContext(t)
	c, _ := both(
		func() (*Conn, error) {
			return ClientHandshake(ctx, near, Binding{SessionID: []byte("session"), PeerChain: relay().Chain, ALPN: Protocol},
				ClientConfig{KeyHash: keyHash(relay())})
		},
		func() (struct{}, error) {
			peer := &Conn{conn: far}
			err := peer.WriteBlock(hello)
			_, readErr := peer.ReadBlock()
			return struct{}{}, errors.Join(err, readErr)
		})
	return c.err
}

func TestServerChecksTheClientHello(t *testing.T) {
	t.Parallel()
	good := ClientHello{Version: 18, KeyHash: keyHash(relay()), Key: newKey(t, keys.X25519).Public()}
	with := func(change func(*ClientHello)) ClientHello {
		h := good
		change(&h)
		return h
	}
	for _, test := range []struct {
		name  string
		hello ClientHello
		err   error
	}{
		{"good", good, nil},
		{"hash of the leaf", with(func(h *ClientHello) { fp := keys.FingerprintOf(relay().Chain[0]); h.KeyHash = fp[:] }), ErrIdentity},
		{"empty hash", with(func(h *ClientHello) { h.KeyHash = nil }), ErrIdentity},
		{"hash cut", with(func(h *ClientHello) { h.KeyHash = h.KeyHash[:31] }), ErrIdentity},
		{"version below", with(func(h *ClientHello) { h.Version = 6 }), ErrVersion},
		{"version above", with(func(h *ClientHello) { h.Version = 19 }), ErrVersion},
		{"version 0", with(func(h *ClientHello) { h.Version = 0 }), ErrVersion},
		{"key of low order", with(func(h *ClientHello) { h.Key = lowOrder(t) }), ErrBadAuth},
		{"wrong hash before wrong version", with(func(h *ClientHello) { h.KeyHash = nil; h.Version = 1 }), ErrIdentity},
	} {
		content, err := test.hello.Encode()
		require.NoError(t, err)
		_, err = serverAnswersTo(t, content)
		if test.err == nil {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, test.err, test.name)
	}
}

// serverAnswersTo gives our relay, which speaks versions 7 to 18, the hello of a
// client.
func serverAnswersTo(t testing.TB, hello []byte) (*Conn, error) {
	t.Helper()
	near, far := memoryPair(t)
	ctx := testContext(t)
	s, _ := both(
		func() (*Conn, error) {
			return ServerHandshake(ctx, near, Binding{SessionID: []byte("session"), ALPN: Protocol},
				ServerConfig{Credentials: relay(), Versions: wire.Versions(7, 18)})
		},
		func() (struct{}, error) {
			peer := &Conn{conn: far}
			_, err := peer.ReadBlock()
			return struct{}{}, errors.Join(err, peer.WriteBlock(hello))
		})
	return s.value, s.err
}

func TestKeyThatCannotBeParsedIsAbsent(t *testing.T) {
	t.Parallel()
	x448 := newKey(t, keys.X448).Public().SPKI()
	for _, test := range []struct {
		name string
		key  []byte
	}{
		{"empty", []byte{0}},
		{"X448", append([]byte{byte(len(x448))}, x448...)},
		{"longer than the hello", []byte{200, 1, 2}},
		{"garbage", append([]byte{44}, bytes.Repeat([]byte{7}, 44)...)},
	} {
		for _, v := range []uint16{7, 11, 13, 14, 18} {
			w := wire.NewWriter(nil)
			w.Uint16(v)
			w.Short(keyHash(relay()))
			w.Raw(test.key)
			content, err := w.Bytes()
			require.NoError(t, err)
			c, err := serverAnswersTo(t, content)
			if v >= smp.VersionProxyFlag { // the key is misread as the proxy flag
				require.ErrorIs(t, err, ErrHandshakeParse, "%s at %d", test.name, v)
				continue
			}
			require.NoError(t, err, "%s at %d", test.name, v)
			require.False(t, c.Encrypted())
			require.True(t, c.PeerKey().IsZero())
		}
	}
}
