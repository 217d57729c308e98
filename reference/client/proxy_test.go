package client_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// serverOf is the relay of a client configuration as PRXY names it.
func serverOf(t *testing.T, cfg client.Config) smp.Server {
	t.Helper()
	host, port, err := net.SplitHostPort(cfg.Address)
	require.NoError(t, err)
	return smp.Server{Hosts: []string{host}, Port: port, KeyHash: cfg.KeyHash}
}

// forwarding is a relay that forwards.
func forwarding() relay.Config { return relay.Config{Proxy: &relay.ProxyConfig{AllowPrivate: true}} }

// proxied makes a session with the relay of cfg.
func proxied(t *testing.T, c *client.Client, cfg client.Config) *client.ProxySession {
	t.Helper()
	s, err := c.Proxy(t.Context(), serverOf(t, cfg), nil)
	require.NoError(t, err)
	return s
}

func TestProxyAtEveryVersion(t *testing.T) {
	t.Parallel()
	for version := smp.VersionProxy; version <= smp.MaxVersion; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			config := forwarding()
			config.Versions = wire.Versions(smp.MinVersion, version)
			near, far := listen(t, config), listen(t, relay.Config{Quota: 2})
			alice, bob := dial(t, far), dial(t, near)
			session := proxied(t, bob, far)
			want := version
			if 10 < version && version < smp.VersionProxyFlag {
				want = 10
			}
			require.Equal(t, want, session.Version())
			require.NotEqual(t, bob.SessionID(), session.SessionID())
			sendThrough(t, alice, session)
		})
	}
}

func TestProxyAtTheVersionOfTheDestination(t *testing.T) {
	t.Parallel()
	for version, want := range map[uint16]uint16{8: 8, 10: 10, 11: 10, 13: 10, 14: 14, 17: 17} {
		near := listen(t, forwarding())
		far := listen(t, relay.Config{Versions: wire.Versions(smp.MinVersion, version), Quota: 2})
		session := proxied(t, dial(t, near), far)
		require.Equal(t, want, session.Version(), "destination at %d", version)
		sendThrough(t, dial(t, far), session)
	}
}

// sendThrough sends to a queue of alice through a proxy, as long as it takes
// messages: two.
func sendThrough(t *testing.T, alice *client.Client, bob *client.ProxySession) {
	ctx := t.Context()
	for _, alg := range []keys.Algorithm{keys.Ed25519, keys.X25519} {
		q, err := alice.CreateQueue(ctx, client.QueueOptions{Mode: smp.Messaging})
		require.NoError(t, err)
		sender := q.Sender(someQueue(t, alg).Key)
		if bob.Version() >= smp.VersionSenderKeys {
			require.NoError(t, bob.SecureBySender(ctx, sender))
			require.ErrorIs(t, bob.SecureBySender(ctx, q.Sender(someQueue(t, alg).Key)), smp.ErrAuth)
		} else {
			require.NoError(t, alice.Secure(ctx, q, sender.Key.Public()))
		}
		err = bob.SendMessage(ctx, q.Sender(keys.PrivateKey{}), false, nil)
		require.ErrorIs(t, err, smp.ErrAuth)
		require.NotErrorAs(t, err, new(*client.ProxyError), "an answer of the destination")

		largest := make([]byte, smp.MaxMessageLength(bob.Version()))
		require.ErrorIs(t, bob.SendMessage(ctx, sender, false, append(largest, 0)), smp.ErrLargeMsg)
		require.NoError(t, bob.SendMessage(ctx, sender, true, []byte("hello")))
		require.NoError(t, bob.SendMessage(ctx, sender, false, largest))
		require.ErrorIs(t, bob.SendMessage(ctx, sender, false, nil), smp.ErrQuota)

		message, content := receives(t, alice, q)
		require.Equal(t, "hello", string(content.Body))
		require.True(t, content.Notify)
		require.NoError(t, alice.Ack(ctx, q, message.ID))
		_, content = receives(t, alice, q)
		require.Equal(t, largest, content.Body)
	}
}

func TestProxyTakesOnlyCommandsOfSenders(t *testing.T) {
	t.Parallel()
	near, far := listen(t, forwarding()), listen(t, relay.Config{})
	alice, session := dial(t, far), proxied(t, dial(t, near), far)
	q, err := alice.CreateQueue(t.Context(), client.QueueOptions{})
	require.NoError(t, err)
	for _, command := range []smp.Command{smp.SUB{}, smp.GET{}, smp.OFF{}, smp.DEL{}, smp.QUE{}} {
		_, err := session.Do(t.Context(), q.RecipientID, q.Key, command)
		require.ErrorIs(t, err, smp.ErrCmdProhibited, command.Tag())
	}
	_, err = session.Do(t.Context(), nil, keys.PrivateKey{}, smp.PING{})
	require.ErrorIs(t, err, smp.ErrCmdProhibited)
	_, err = session.Do(t.Context(), nil, keys.PrivateKey{}, smp.PRXY{Server: serverOf(t, near)})
	require.ErrorIs(t, err, smp.ErrCmdProhibited)
	_, err = session.Do(t.Context(), q.SenderID, q.Key, smp.LGET{})
	require.ErrorIs(t, err, smp.ErrCmdHasAuth)
	_, err = session.Do(t.Context(), nil, keys.PrivateKey{}, nil)
	require.ErrorIs(t, err, client.ErrNoCommand)
	info, err := alice.QueueInfo(t.Context(), q)
	require.NoError(t, err)
	require.NotNil(t, info.Subscription, "the queue is as it was")
}

func TestProxyWithPassword(t *testing.T) {
	t.Parallel()
	config := forwarding()
	config.Password = smp.Password("secret")
	near, far := listen(t, config), listen(t, relay.Config{Password: smp.Password("other")})
	bob := dial(t, near)
	for _, password := range []smp.Password{nil, smp.Password("other")} {
		_, err := bob.Proxy(t.Context(), serverOf(t, far), password)
		requireProxyError(t, err, false, smp.ErrProxyBasicAuth)
	}
	_, err := bob.Proxy(t.Context(), serverOf(t, far), smp.Password("secret"))
	require.NoError(t, err)

	_, err = dial(t, listen(t, relay.Config{})).Proxy(t.Context(), serverOf(t, far), nil)
	requireProxyError(t, err, false, smp.ErrProxyBasicAuth)
}

// requireProxyError checks an error of a proxy, which has no *smp.Error in its
// chain.
func requireProxyError(t *testing.T, err error, destination bool, answer *smp.Error) {
	t.Helper()
	var e *client.ProxyError
	require.ErrorAs(t, err, &e)
	require.NotErrorAs(t, err, new(*smp.Error))
	require.Equal(t, destination, e.Destination, "%v", err)
	require.Equal(t, answer, e.Answer, "%v", err)
}

func TestProxyCannotReachTheDestination(t *testing.T) {
	t.Parallel()
	near, far := listen(t, forwarding()), listen(t, relay.Config{})
	bob := dial(t, near)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	_, port, err := net.SplitHostPort(closed.Addr().String())
	require.NoError(t, err)
	network := smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerNetwork, Network: smp.NetworkError{Code: smp.NetworkFailed}})
	host := smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerHost})
	for name, test := range map[string]struct {
		change func(*smp.Server)
		want   *smp.Error
	}{
		"nobody listens":       {func(s *smp.Server) { s.Port = port }, network},
		"another identity":     {func(s *smp.Server) { s.KeyHash = make([]byte, 32) }, network},
		"a short fingerprint":  {func(s *smp.Server) { s.KeyHash = s.KeyHash[:31] }, network},
		"a port that is none":  {func(s *smp.Server) { s.Port = "65536" }, network},
		"only onion hosts":     {func(s *smp.Server) { s.Hosts = []string{strings.Repeat("a", 56) + ".onion"} }, host},
		"a name of no service": {func(s *smp.Server) { s.Port = "https" }, network},
	} {
		server := serverOf(t, far)
		test.change(&server)
		_, err := bob.Proxy(t.Context(), server, nil)
		require.Error(t, err, name)
		requireProxyError(t, err, true, test.want)
	}
	server := serverOf(t, far)
	server.Hosts = append([]string{strings.Repeat("a", 56) + ".onion"}, server.Hosts...)
	_, err = bob.Proxy(t.Context(), server, nil)
	require.NoError(t, err, "a public host after an onion host")
}

func TestProxySessionEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	near := listen(t, forwarding())
	far, err := relay.Listen(context.Background(), "127.0.0.1:0", relay.Config{Credentials: credentials()})
	require.NoError(t, err)
	fingerprint := far.Fingerprint()
	cfg := client.Config{Address: far.Addr().String(), KeyHash: fingerprint[:]}
	bob := dial(t, near)
	session := proxied(t, bob, cfg)
	q := someQueue(t, keys.Ed25519).Sender(keys.PrivateKey{})
	require.ErrorIs(t, session.SendMessage(t.Context(), q, false, nil), smp.ErrAuth)
	require.NoError(t, far.Close())

	var failure *client.ProxyError
	for {
		err := session.SendMessage(t.Context(), q, false, nil)
		require.ErrorAs(t, err, &failure)
		if !failure.Destination { // the proxy has noticed
			require.ErrorIs(t, err, client.ErrProxySession)
			break
		}
	}
	_, err = bob.Proxy(t.Context(), serverOf(t, cfg), nil)
	require.ErrorAs(t, err, &failure)
	require.True(t, failure.Destination)

	again, err := relay.Listen(context.Background(), cfg.Address, relay.Config{Credentials: credentials()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, again.Close()) })
	renewed := proxied(t, bob, cfg)
	require.ErrorIs(t, renewed.SendMessage(t.Context(), q, false, nil), smp.ErrAuth)
	require.ErrorIs(t, session.SendMessage(t.Context(), q, false, nil), client.ErrProxySession, "not on the new connection")
}

func TestProxySessionsSideBySide(t *testing.T) {
	t.Parallel()
	near := listen(t, forwarding())
	bob := dial(t, near)
	var all sync.WaitGroup
	for range 4 {
		far := listen(t, relay.Config{})
		alice, session := dial(t, far), proxied(t, bob, far)
		q, err := alice.CreateQueue(t.Context(), client.QueueOptions{})
		require.NoError(t, err)
		const messages = 25
		for i := range messages {
			all.Go(func() {
				err := session.SendMessage(t.Context(), q.Sender(keys.PrivateKey{}), false, fmt.Appendf(nil, "%d", i))
				require.NoError(t, err)
			})
		}
		all.Go(func() {
			got := make(map[string]bool)
			for range messages {
				message, content := receives(t, alice, q)
				got[string(content.Body)] = true
				require.NoError(t, alice.Ack(t.Context(), q, message.ID))
			}
			require.Len(t, got, messages)
		})
	}
	all.Wait()
}

// A proxy of version 7 cannot be asked for a session, and one with another range of
// versions than the destination gets none.
func TestProxyVersions(t *testing.T) {
	t.Parallel()
	near := listen(t, forwarding())
	far := listen(t, relay.Config{Versions: wire.Versions(6, 9)})
	old := listen(t, relay.Config{Versions: wire.Versions(6, 7), Proxy: &relay.ProxyConfig{AllowPrivate: true}})
	_, err := dial(t, old).Proxy(t.Context(), serverOf(t, far), nil)
	requireProxyError(t, err, false, nil)
	require.ErrorIs(t, err, transport.ErrVersion)
	near.Versions = wire.Versions(10, 20)
	_, err = dial(t, near).Proxy(t.Context(), serverOf(t, far), nil)
	requireProxyError(t, err, false, nil)
	_, err = dial(t, near).Proxy(t.Context(), serverOf(t, old), nil)
	requireProxyError(t, err, true,
		smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerTransport, Transport: smp.TransportVersion}))
}

// A relay can be its own destination.
func TestProxyToItself(t *testing.T) {
	t.Parallel()
	near := listen(t, relay.Config{Proxy: &relay.ProxyConfig{AllowPrivate: true}, Quota: 2})
	sendThrough(t, dial(t, near), proxied(t, dial(t, near), near))
}

func newCredentials(t *testing.T, certificates int) keys.Credentials {
	t.Helper()
	c, err := keys.NewCredentials(rand.Reader, keys.Ed25519, certificates)
	require.NoError(t, err)
	return c
}
