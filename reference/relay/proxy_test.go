package relay_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// forwarding makes a relay forward.
func forwarding(change ...func(*relay.ProxyConfig)) func(*relay.Config) {
	return func(c *relay.Config) {
		c.Proxy = &relay.ProxyConfig{AllowPrivate: true, CommandTimeout: patience, ConnectTimeout: patience}
		for _, f := range change {
			f(c.Proxy)
		}
	}
}

// at is the relay of e as PRXY names it.
func at(t testing.TB, e *relay.Endpoint) smp.Server {
	t.Helper()
	return atAddress(t, e.Addr())
}

func atAddress(t testing.TB, a net.Addr) smp.Server {
	t.Helper()
	host, port, err := net.SplitHostPort(a.String())
	require.NoError(t, err)
	fingerprint := credentials().Fingerprint()
	return smp.Server{Hosts: []string{host}, Port: port, KeyHash: fingerprint[:]}
}

// prxy asks for a session, which has to come.
func (c *client) prxy(server smp.Server) smp.PKEY {
	c.t.Helper()
	answer := c.do(noKey, nil, smp.PRXY{Server: server})
	require.IsType(c.t, smp.PKEY{}, answer, "%v", answer)
	return answer.(smp.PKEY)
}

// someForward is a PFWD with a body of the usual length that nobody can decrypt.
func someForward(t testing.TB) smp.PFWD {
	t.Helper()
	body := make([]byte, smp.PaddedForwarded+box.Overhead)
	_, err := rand.Read(body)
	require.NoError(t, err)
	return smp.PFWD{Version: 17, Key: newKey(t, keys.X25519).Public(), Body: body}
}

// broken is an answer PROXY BROKER as a client reads it.
func broken(code smp.BrokerCode) smp.Response {
	b := smp.BrokerError{Code: code}
	if code == smp.BrokerNetwork {
		b.Network.Code = smp.NetworkFailed
	}
	return refused(smp.ProxyBrokerError(b))
}

func brokenTransport(e smp.TransportError) smp.Response {
	return refused(smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerTransport, Transport: e}))
}

func TestAllClientsShareTheSessionOfADestination(t *testing.T) {
	t.Parallel()
	conns := make(chan *transport.Conn, 10)
	far := start(t, func(c *relay.Config) {
		c.Versions = wire.Versions(6, 18)
		handshake := relay.DefaultStages().Handshake
		c.Stages.Handshake = func(ctx context.Context, raw net.Conn, cfg transport.ServerConfig) (*transport.Conn, error) {
			conn, err := handshake(ctx, raw, cfg)
			conns <- conn
			return conn, err
		}
	})
	near := start(t, forwarding())
	first := connect(t, near, 20).prxy(at(t, far))
	conn := <-conns
	require.Equal(t, conn.SessionID(), first.SessionID)
	require.Equal(t, wire.Versions(8, 18), first.Versions)
	require.Equal(t, credentials().Chain, first.Chain)
	require.Equal(t, conn.ServerHello().SignedKey, first.SignedKey)
	require.True(t, conn.Proxy())
	require.False(t, conn.Encrypted())
	require.Equal(t, uint16(18), conn.Version())
	require.NotNil(t, conn.Secret())

	c := connect(t, near, 8)
	require.Equal(t, first, c.prxy(at(t, far)))
	require.Equal(t, first, c.prxy(at(t, far)))
	again := at(t, far)
	again.Hosts = append(again.Hosts, "relay.example")
	require.Equal(t, first, c.prxy(again), "the first host counts")
	require.Empty(t, conns)
	require.Equal(t, 1, far.Connections())

	again.KeyHash = make([]byte, 32)
	require.Equal(t, broken(smp.BrokerNetwork), c.do(noKey, nil, smp.PRXY{Server: again}), "another identity")
	require.Equal(t, first, c.prxy(at(t, far)))
}

// The connection between proxy and destination shows nothing of what is on those
// of the clients, and the other way round.
func TestTheTwoLegsHaveNoBytesInCommon(t *testing.T) {
	t.Parallel()
	legs, inside := make(chan []byte, 2), make(chan smp.ForwardedCommand, 1)
	var sent smp.Transmission
	response := make([]byte, smp.PaddedForwarded+box.Overhead)
	_, err := rand.Read(response)
	require.NoError(t, err)
	far := start(t, func(c *relay.Config) {
		stages := relay.DefaultStages()
		c.Stages.Read = func(s *relay.Session) ([]byte, error) {
			content, err := stages.Read(s)
			if err == nil {
				legs <- bytes.Clone(content)
			}
			return content, err
		}
		c.Stages.Forwarded = func(s *relay.Session, r *relay.Request) smp.Response {
			inside <- openRFWD(t, s, r)
			return sealRRES(t, s, r, smp.ForwardedResponse{CorrelationID: sent.CorrelationID, Body: response})
		}
		c.Stages.Write = func(s *relay.Session, contents [][]byte) error {
			legs <- bytes.Clone(contents[0])
			return stages.Write(s, contents)
		}
	})
	c := connect(t, start(t, forwarding()), 20)
	session := c.prxy(at(t, far))
	pfwd := someForward(t)
	var encoded []byte
	sent, encoded = c.request(noKey, session.SessionID, pfwd)
	block, err := smp.EncodeBlock(encoded)
	require.NoError(t, err)
	c.writeContent(block)
	answer := c.next()
	require.Equal(t, sent.CorrelationID, answer.Transmission.CorrelationID)
	require.Equal(t, session.SessionID, answer.Transmission.EntityID)
	require.Equal(t, smp.PRES{Body: response}, answer.Response)

	rfwd, rres := <-legs, <-legs
	require.Empty(t, inCommon(block, rfwd))
	require.Empty(t, inCommon(response, rres))

	forwarded := smp.DecodeCommands(20, nil, rfwd)
	require.Len(t, forwarded, 1)
	tr := forwarded[0].Transmission
	require.Len(t, tr.CorrelationID, 24)
	require.Empty(t, tr.EntityID)
	require.Empty(t, tr.Authorization)
	require.Equal(t, smp.ForwardedCommand{
		CorrelationID: sent.CorrelationID,
		Version:       pfwd.Version,
		Key:           pfwd.Key,
		Body:          pfwd.Body,
	}, <-inside)
}

func boxKey(t testing.TB, secret []byte) box.Key {
	t.Helper()
	key, err := box.DeriveKey(secret)
	require.NoError(t, err)
	return key
}

// openRFWD decrypts what a proxy has forwarded.
func openRFWD(t testing.TB, s *relay.Session, r *relay.Request) smp.ForwardedCommand {
	t.Helper()
	key, nonce := boxKey(t, s.Conn().Secret()), smp.CorrelationNonce(r.Transmission.CorrelationID)
	content, err := box.Open(nil, r.Command.(smp.RFWD).Body, &nonce, &key)
	require.NoError(t, err)
	f, err := smp.DecodeForwardedCommand(content)
	require.NoError(t, err)
	return f
}

// sealRRES encrypts the answer to an RFWD.
func sealRRES(t testing.TB, s *relay.Session, r *relay.Request, f smp.ForwardedResponse) smp.RRES {
	t.Helper()
	key, nonce := boxKey(t, s.Conn().Secret()), smp.CorrelationNonce(r.Transmission.CorrelationID).Reverse()
	content, err := f.Encode()
	require.NoError(t, err)
	return smp.RRES{Body: box.Seal(nil, content, &nonce, &key)}
}

// inCommon returns eight bytes that both have, nil if there are none.
func inCommon(a, b []byte) []byte {
	const size = 8
	seen := make(map[string]bool)
	for i := range len(a) - size + 1 {
		seen[string(a[i:i+size])] = true
	}
	for i := range len(b) - size + 1 {
		if seen[string(b[i:i+size])] {
			return b[i : i+size]
		}
	}
	return nil
}

func TestPasswordOfAProxy(t *testing.T) {
	t.Parallel()
	far := start(t)
	c := connect(t, start(t, forwarding(), func(c *relay.Config) { c.Password = smp.Password("secret") }), 20)
	for _, password := range []smp.Password{nil, smp.Password("secre"), smp.Password("secrets")} {
		answer := c.do(noKey, nil, smp.PRXY{Server: at(t, far), Password: password})
		require.Equal(t, refused(smp.ErrProxyBasicAuth), answer)
	}
	require.Zero(t, far.Connections())
	answer := c.do(noKey, nil, smp.PRXY{Server: at(t, far), Password: smp.Password("secret")})
	require.IsType(t, smp.PKEY{}, answer)

	c = connect(t, start(t), 20)
	require.Equal(t, refused(smp.ErrProxyBasicAuth), c.do(noKey, nil, smp.PRXY{Server: at(t, far)}))
	require.Equal(t, refused(smp.ErrProxyNoSession), c.do(noKey, newID(), someForward(t)))
}

func TestHostsOfAProxy(t *testing.T) {
	t.Parallel()
	far := start(t)
	dialled := make(chan string, 1)
	c := connect(t, start(t, forwarding(func(c *relay.ProxyConfig) {
		c.AllowHost = func(h wire.Host) bool { return h.Kind() == wire.Domain }
		c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			dialled <- network + " " + address
			return net.Dial("tcp", far.Addr().String())
		}
	})), 20)
	server := at(t, far)
	require.Equal(t, broken(smp.BrokerHost), c.do(noKey, nil, smp.PRXY{Server: server}))
	server.Hosts, server.Port = append(server.Hosts, "relay.example", "other.example"), ""
	c.prxy(server)
	require.Equal(t, "tcp relay.example:5223", <-dialled)
	require.Empty(t, dialled)
}

func TestConfigurationOfAProxy(t *testing.T) {
	t.Parallel()
	for _, bad := range []relay.ProxyConfig{
		{ConnectTimeout: -1}, {CommandTimeout: -1}, {IdleTimeout: -1}, {MaxDestinations: -1}, {MaxCommands: -1},
		{MaxClientDestinations: -1},
	} {
		_, err := relay.New(relay.Config{Credentials: credentials(), Proxy: &bad})
		require.ErrorIs(t, err, relay.ErrConfig)
	}
	mine := relay.ProxyConfig{}
	start(t, func(c *relay.Config) { c.Proxy = &mine })
	require.Zero(t, mine.MaxCommands, "the configuration of the caller stays as it is")
}

// One client cannot take the places of all others. A destination that is gone
// makes room.
func TestLimitOfDestinationsOfAClient(t *testing.T) {
	t.Parallel()
	near := start(t, forwarding(func(c *relay.ProxyConfig) { c.MaxClientDestinations = 2 }))
	first, second, third := start(t), start(t), start(t)
	c := connect(t, near, 20)
	c.prxy(at(t, first))
	c.prxy(at(t, second))
	require.Equal(t, broken(smp.BrokerNetwork), c.do(noKey, nil, smp.PRXY{Server: at(t, third)}))
	c.prxy(at(t, first))
	connect(t, near, 20).prxy(at(t, third))
	require.NoError(t, first.Close())
	require.Eventually(t, func() bool { return near.Stats().Destinations == 2 }, patience, time.Millisecond)
	c.prxy(at(t, third))
}

func TestLimitOfDestinations(t *testing.T) {
	t.Parallel()
	near := start(t, forwarding(func(c *relay.ProxyConfig) { c.MaxDestinations = 1 }))
	c := connect(t, near, 20)
	closed := at(t, start(t))
	closed.KeyHash = make([]byte, 32)
	require.Equal(t, broken(smp.BrokerNetwork), c.do(noKey, nil, smp.PRXY{Server: closed}))
	first, second := start(t), start(t)
	session := c.prxy(at(t, first))
	require.Equal(t, broken(smp.BrokerNetwork), c.do(noKey, nil, smp.PRXY{Server: at(t, second)}))
	require.Equal(t, session, c.prxy(at(t, first)))
	require.NoError(t, first.Close())
	require.Eventually(t, func() bool {
		_, ok := c.do(noKey, nil, smp.PRXY{Server: at(t, second)}).(smp.PKEY)
		return ok
	}, patience, time.Millisecond)
}

func TestUnusedDestinationsAreLeft(t *testing.T) {
	t.Parallel()
	const idle = 400 * time.Millisecond
	busy := make(chan struct{})
	far := start(t, func(c *relay.Config) {
		c.Stages.Forwarded = func(*relay.Session, *relay.Request) smp.Response {
			<-busy
			return smp.ERR{Err: smp.ErrQuota}
		}
	})
	c := connect(t, start(t, forwarding(func(c *relay.ProxyConfig) { c.IdleTimeout = idle })), 20)
	session := c.prxy(at(t, far))
	_, encoded := c.request(noKey, session.SessionID, someForward(t))
	c.write(encoded)
	time.AfterFunc(2*idle, func() { close(busy) })
	require.Equal(t, refused(smp.ProxyProtocolError(smp.ErrQuota)), c.next().Response, "left while it was used")
	require.Eventually(t, func() bool { return far.Connections() == 0 }, patience, time.Millisecond)
	require.Equal(t, refused(smp.ErrProxyNoSession), c.do(noKey, session.SessionID, someForward(t)))
	require.NotEqual(t, session.SessionID, c.prxy(at(t, far)).SessionID)
}

// Answers wait for a client that does not read, and the client for them.
func TestAnswersOfAProxyWaitForRoom(t *testing.T) {
	t.Parallel()
	far := start(t)
	c := connect(t, start(t, forwarding(), func(c *relay.Config) { c.MaxOutput = relay.MinOutput }), 20)
	session := c.prxy(at(t, far))
	const commands = 200
	var block [][]byte
	for range commands {
		_, encoded := c.request(noKey, nil, smp.PRXY{Server: at(t, far)})
		block = append(block, encoded)
	}
	c.write(block[:commands/2]...)
	c.write(block[commands/2:]...)
	for range commands {
		require.Equal(t, session, c.next().Response)
	}
}

func TestCommandsOfAProxyAreLimited(t *testing.T) {
	t.Parallel()
	const limit = 3
	var running, most atomic.Int32
	release, started := make(chan struct{}), make(chan struct{}, 2*limit+1)
	near := start(t, forwarding(func(c *relay.ProxyConfig) { c.MaxCommands = limit }), func(c *relay.Config) {
		c.Stages.Proxy = func(context.Context, *relay.Session, *relay.Request) smp.Response {
			if n := running.Add(1); n > most.Load() {
				most.Store(n)
			}
			started <- struct{}{}
			<-release
			running.Add(-1)
			return smp.ERR{Err: smp.ErrProxyNoSession}
		}
	})
	c := connect(t, near, 20)
	forward := func() {
		_, encoded := c.request(noKey, newID(), someForward(t))
		c.write(encoded)
	}
	for range limit {
		forward()
		<-started
	}
	c.quiet()
	connect(t, near, 20).quiet()
	ping, encoded := c.request(noKey, nil, smp.PING{})
	_, prxy := c.request(noKey, nil, smp.PRXY{Server: at(t, near)})
	c.write(encoded, prxy)
	require.Equal(t, ping.CorrelationID, c.next().Transmission.CorrelationID, "what was before it does not wait")
	for range limit {
		forward()
	}
	sent, encoded := c.request(noKey, nil, smp.PING{})
	c.write(encoded)
	close(release)
	pong := false
	for range limit + 1 + limit + 1 {
		r := c.next()
		pong = pong || bytes.Equal(r.Transmission.CorrelationID, sent.CorrelationID)
	}
	require.True(t, pong)
	require.LessOrEqual(t, most.Load(), int32(limit))
}

// A proxy whose stage fails to answer leaves the connection as it is.
func TestProxyThatAnswersNothing(t *testing.T) {
	t.Parallel()
	near := start(t, forwarding(), func(c *relay.Config) {
		c.Stages.Proxy = func(context.Context, *relay.Session, *relay.Request) smp.Response { return nil }
	})
	c := connect(t, near, 20)
	_, encoded := c.request(noKey, newID(), someForward(t))
	c.write(encoded)
	c.quiet()
}

var errTest = errors.New("failure of a test")
