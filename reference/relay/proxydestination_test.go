package relay_test

import (
	"context"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	proxyclient "smpcheck/reference/client"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// listen runs a server that is no relay, for the time of the test.
func listen(t *testing.T, serve func(net.Conn)) smp.Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			go serve(conn)
		}
	}()
	return atAddress(t, l.Addr())
}

// greet runs a server that proves to be the relay and then sends the content of
// a block.
func greet(t *testing.T, hello func(*transport.Secure) []byte) smp.Server {
	return listen(t, func(raw net.Conn) {
		s, err := transport.ServerTLS(context.Background(), raw, transport.ServerConfig{Credentials: credentials()})
		if err != nil {
			return
		}
		block, err := wire.Pad(nil, hello(s), smp.BlockSize)
		if err == nil {
			_, _ = s.Write(block)
		}
	})
}

func TestDestinationsThatCannotBeReached(t *testing.T) {
	t.Parallel()
	patient := start(t, forwarding())
	hasty := start(t, forwarding(func(c *relay.ProxyConfig) { c.ConnectTimeout = time.Second }))
	withHello := func(change func(*transport.ServerHello)) smp.Server {
		return greet(t, func(s *transport.Secure) []byte {
			hello := transport.ServerHello{Versions: wire.Versions(6, 20), SessionID: s.Binding().SessionID}
			change(&hello)
			content, err := hello.Encode()
			if err != nil {
				return nil
			}
			return content
		})
	}
	other := at(t, start(t))
	other.KeyHash = make([]byte, 32)
	closed := start(t)
	require.NoError(t, closed.Close())
	for name, test := range map[string]struct {
		server smp.Server
		want   smp.Response
	}{
		"nobody there":      {at(t, closed), broken(smp.BrokerNetwork)},
		"another relay":     {other, broken(smp.BrokerNetwork)},
		"silent":            {listen(t, func(net.Conn) {}), broken(smp.BrokerTimeout)},
		"closes":            {listen(t, func(c net.Conn) { _ = c.Close() }), broken(smp.BrokerNetwork)},
		"no TLS":            {listen(t, func(c net.Conn) { _, _ = c.Write([]byte("220 relay.example ESMTP\r\n")) }), broken(smp.BrokerNetwork)},
		"too old":           {at(t, start(t, func(c *relay.Config) { c.Versions = wire.Versions(6, 7) })), brokenTransport(smp.TransportVersion)},
		"malformed hello":   {greet(t, func(*transport.Secure) []byte { return []byte{0} }), brokenTransport(smp.TransportHandshakeParse)},
		"another session":   {withHello(func(h *transport.ServerHello) { h.SessionID = []byte("other") }), brokenTransport(smp.TransportSession)},
		"hello without key": {withHello(func(*transport.ServerHello) {}), brokenTransport(smp.TransportNoAuth)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "silent" {
				c := connect(t, hasty, 20)
				_, encoded := c.request(noKey, nil, smp.PRXY{Server: test.server})
				c.write(encoded)
				c.quiet()
				require.Equal(t, test.want, c.next().Response)
				return
			}
			c := connect(t, patient, 20)
			require.Equal(t, test.want, c.do(noKey, nil, smp.PRXY{Server: test.server}))
			require.Equal(t, test.want, c.do(noKey, nil, smp.PRXY{Server: test.server}), "again")
		})
	}
}

// replying is a destination that answers RFWD in a way of its own.
func replying(t *testing.T, forwarded func(*relay.Session, *relay.Request) smp.Response) *relay.Endpoint {
	return start(t, func(c *relay.Config) { c.Stages.Forwarded = forwarded })
}

func TestAnswersOfDestinations(t *testing.T) {
	t.Parallel()
	blocked := smp.BlockedError(smp.BlockedSpam, nil)
	for name, test := range map[string]struct {
		forwarded func(*relay.Session, *relay.Request) smp.Response
		want      smp.Response
	}{
		"an error": {
			func(*relay.Session, *relay.Request) smp.Response { return smp.ERR{Err: smp.ErrQuota} },
			refused(smp.ProxyProtocolError(smp.ErrQuota)),
		},
		"an error with more in it": {
			func(*relay.Session, *relay.Request) smp.Response { return smp.ERR{Err: blocked} },
			refused(smp.ProxyProtocolError(blocked)),
		},
		"an error of a proxy": {
			func(*relay.Session, *relay.Request) smp.Response { return smp.ERR{Err: smp.ErrProxyNoSession} },
			refused(smp.ProxyProtocolError(smp.ErrProxyNoSession)),
		},
		"garbage in RRES": {
			func(*relay.Session, *relay.Request) smp.Response { return smp.RRES{Body: make([]byte, 16000)} },
			refused(smp.ErrCrypto),
		},
		"empty RRES": {
			func(*relay.Session, *relay.Request) smp.Response { return smp.RRES{} },
			refused(smp.ErrCrypto),
		},
		"malformed content of RRES": {
			func(s *relay.Session, r *relay.Request) smp.Response {
				key, nonce := boxKey(t, s.Conn().Secret()), smp.CorrelationNonce(r.Transmission.CorrelationID).Reverse()
				return smp.RRES{Body: box.Seal(nil, []byte{24}, &nonce, &key)}
			},
			refused(smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerResponse, Text: "CMD SYNTAX"})),
		},
		"RRES for another PFWD": {
			func(s *relay.Session, r *relay.Request) smp.Response {
				return sealRRES(t, s, r, smp.ForwardedResponse{CorrelationID: newID()})
			},
			refused(smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerUnexpected, Text: "RRES with another one"})),
		},
		"PONG": {
			func(*relay.Session, *relay.Request) smp.Response { return smp.PONG{} },
			refused(smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerUnexpected, Text: "PONG"})),
		},
		"OK": { // which has to have an entity id
			func(*relay.Session, *relay.Request) smp.Response { return smp.OK{} },
			refused(smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerUnexpected, Text: "OK without"})),
		},
		"nothing": {
			func(*relay.Session, *relay.Request) smp.Response { return nil },
			broken(smp.BrokerTimeout),
		},
		"the end of the connection": {
			func(s *relay.Session, _ *relay.Request) smp.Response { s.Close(); return nil },
			broken(smp.BrokerNetwork),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := patience
			if name == "nothing" {
				timeout = time.Second
			}
			near := start(t, forwarding(func(c *relay.ProxyConfig) { c.CommandTimeout = timeout }))
			far := replying(t, test.forwarded)
			c := connect(t, near, 20)
			session := c.prxy(at(t, far))
			sent, encoded := c.request(noKey, session.SessionID, someForward(t))
			c.write(encoded)
			if name == "nothing" {
				c.quiet()
			}
			got := c.next()
			require.Equal(t, sent.CorrelationID, got.Transmission.CorrelationID)
			require.Equal(t, session.SessionID, got.Transmission.EntityID)
			require.Equal(t, test.want, got.Response)
			if name == "the end of the connection" {
				require.Equal(t, refused(smp.ErrProxyNoSession), c.do(noKey, session.SessionID, someForward(t)))
				require.NotEqual(t, session.SessionID, c.prxy(at(t, far)).SessionID)
				return
			}
			require.Equal(t, test.want, c.do(noKey, session.SessionID, someForward(t)), "the session goes on")
			require.Equal(t, session, c.prxy(at(t, far)))
		})
	}
}

// What is no response of SMP at all, and what is no block.
func TestDestinationsThatSendGarbage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		content func(*relay.Session, []relay.Output) []byte
		want    smp.Response
		lost    bool
	}{
		"a response that does not exist": {
			func(_ *relay.Session, outs []relay.Output) []byte {
				transmission, err := (&smp.Transmission{CorrelationID: outs[0].CorrelationID, Command: []byte("WTF")}).Encode(20)
				require.NoError(t, err)
				content, err := smp.EncodeBlock(transmission)
				require.NoError(t, err)
				return content
			}, refused(smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerResponse, Text: "CMD UNKNOWN"})), false,
		},
		"no block": {
			func(*relay.Session, []relay.Output) []byte { return []byte{0} },
			brokenTransport(smp.TransportBlock), true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			far := start(t, func(c *relay.Config) {
				c.Stages.Encode = func(s *relay.Session, outs []relay.Output) ([][]byte, error) {
					return [][]byte{test.content(s, outs)}, nil
				}
			})
			c := connect(t, start(t, forwarding()), 20)
			session := c.prxy(at(t, far))
			require.Equal(t, test.want, c.do(noKey, session.SessionID, someForward(t)))
			again := test.want
			if test.lost {
				again = refused(smp.ErrProxyNoSession)
			}
			require.Equal(t, again, c.do(noKey, session.SessionID, someForward(t)))
		})
	}
}

// A destination that sends what nobody asked for does not fill the proxy.
func TestDestinationThatSendsUnasked(t *testing.T) {
	t.Parallel()
	far := start(t, func(c *relay.Config) {
		execute := relay.DefaultStages().Execute
		c.Stages.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			for range 40 {
				s.Send(relay.Output{EntityID: newID(), Response: smp.END{}})
			}
			return execute(s, r)
		}
	})
	c := connect(t, start(t, forwarding()), 20)
	session := c.prxy(at(t, far))
	for range 50 {
		answer := c.do(noKey, session.SessionID, someForward(t))
		require.Equal(t, refused(smp.ProxyProtocolError(smp.ErrCrypto)), answer)
	}
}

// Destinations that do not answer hinder neither other destinations nor other clients.
func TestSilentDestinationsHinderNobody(t *testing.T) {
	t.Parallel()
	near := start(t, forwarding())
	deaf := replying(t, func(*relay.Session, *relay.Request) smp.Response { return nil })
	healthy := replying(t, func(*relay.Session, *relay.Request) smp.Response { return smp.ERR{Err: smp.ErrQuota} })
	c, other := connect(t, near, 20), connect(t, near, 20)
	session := c.prxy(at(t, deaf))
	_, connecting := c.request(noKey, nil, smp.PRXY{Server: listen(t, func(net.Conn) {})})
	_, waiting := c.request(noKey, session.SessionID, someForward(t))
	c.write(connecting)
	c.write(waiting)
	for _, client := range []*client{c, other} {
		session := client.prxy(at(t, healthy))
		for range 3 {
			require.Equal(t, refused(smp.ProxyProtocolError(smp.ErrQuota)), client.do(noKey, session.SessionID, someForward(t)))
		}
		client.quiet()
	}
}

func TestForwardThatDoesNotFit(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t, forwarding()), 20)
	session := c.prxy(at(t, start(t)))
	large := someForward(t)
	large.Body = append(large.Body, make([]byte, 4)...)
	require.Equal(t, brokenTransport(smp.TransportLargeMsg), c.do(noKey, session.SessionID, large))
	large.Body = large.Body[:len(large.Body)-2]
	require.Equal(t, brokenTransport(smp.TransportLargeMsg), c.do(noKey, session.SessionID, large))
	require.Equal(t, refused(smp.ProxyProtocolError(smp.ErrCrypto)), c.do(noKey, session.SessionID, someForward(t)))
}

// A client that leaves before it has its session harms nobody.
func TestSenderThatLeavesEarly(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	far := start(t, func(c *relay.Config) {
		c.Stages.Accept = func(conn net.Conn) (net.Conn, error) {
			close(arrived)
			<-release
			return conn, nil
		}
	})
	near := start(t, forwarding())
	first, second := connect(t, near, 20), connect(t, near, 20)
	_, encoded := first.request(noKey, nil, smp.PRXY{Server: at(t, far)})
	first.write(encoded)
	<-arrived
	_, encoded = second.request(noKey, nil, smp.PRXY{Server: at(t, far)})
	second.write(encoded)
	first.close()
	second.quiet()
	close(release)
	require.IsType(t, smp.PKEY{}, second.next().Response)
	require.Eventually(t, func() bool { return near.Connections() == 1 }, patience, time.Millisecond)
}

// Closing a relay ends what it waits for.
func TestClosingAProxy(t *testing.T) {
	t.Parallel()
	got := make(chan struct{}, 1)
	far := replying(t, func(*relay.Session, *relay.Request) smp.Response { got <- struct{}{}; return nil })
	silent := listen(t, func(net.Conn) { got <- struct{}{} })
	near, err := relay.Listen(context.Background(), "127.0.0.1:0", relay.Config{
		Credentials: credentials(),
		Proxy:       &relay.ProxyConfig{CommandTimeout: time.Hour, ConnectTimeout: time.Hour},
	})
	require.NoError(t, err)
	c := connect(t, near, 20)
	session := c.prxy(at(t, far))
	for _, command := range []smp.Command{someForward(t), smp.PRXY{Server: silent}} {
		var entity []byte
		if command.Tag() == "PFWD" {
			entity = session.SessionID
		}
		_, encoded := c.request(noKey, entity, command)
		c.write(encoded)
		<-got
	}
	done := make(chan error, 1)
	go func() { done <- near.Close() }()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(patience):
		t.Fatal("the relay does not end")
	}
}

// Nothing that a relay has started goes on after Close.
func TestClosingWaitsForForwards(t *testing.T) {
	t.Parallel()
	started := make(chan struct{})
	var ended atomic.Bool
	near, err := relay.Listen(context.Background(), "127.0.0.1:0", relay.Config{
		Credentials: credentials(),
		Proxy:       &relay.ProxyConfig{},
		Stages: relay.Stages{Proxy: func(ctx context.Context, _ *relay.Session, _ *relay.Request) smp.Response {
			close(started)
			<-ctx.Done()
			<-time.After(50 * time.Millisecond)
			ended.Store(true)
			return nil
		}},
	})
	require.NoError(t, err)
	c := connect(t, near, 20)
	_, encoded := c.request(noKey, newID(), someForward(t))
	c.write(encoded)
	<-started
	require.NoError(t, near.Close())
	require.True(t, ended.Load())
}

// Failures are noted without saying which relay it was.
func TestLogOfAProxy(t *testing.T) {
	t.Parallel()
	text := new(buffer)
	near := start(t, forwarding(), func(c *relay.Config) {
		c.Logger = slog.New(slog.NewTextHandler(text, nil))
	})
	closed := start(t)
	require.NoError(t, closed.Close())
	server := at(t, closed)
	require.Equal(t, broken(smp.BrokerNetwork), connect(t, near, 20).do(noKey, nil, smp.PRXY{Server: server}))
	require.Eventually(t, func() bool { return text.String() != "" }, patience, time.Millisecond)
	require.NotContains(t, text.String(), server.Port)
	require.NotContains(t, text.String(), server.Hosts[0])
}

func TestStagesOfAProxy(t *testing.T) {
	t.Parallel()
	far := start(t)
	var forwarded []smp.ForwardedCommand
	near := start(t, forwarding(), func(c *relay.Config) {
		stages := relay.DefaultStages()
		c.Stages.Connect = func(ctx context.Context, r *relay.Relay, address string, keyHash []byte) (*proxyclient.Client, error) {
			if address == "relay.example:5223" {
				return stages.Connect(ctx, r, far.Addr().String(), keyHash)
			}
			return nil, errTest
		}
		c.Stages.Forward = func(_ context.Context, _ *proxyclient.Client, command smp.ForwardedCommand) ([]byte, error) {
			forwarded = append(forwarded, command)
			return []byte("response"), nil
		}
	})
	c := connect(t, near, 20)
	require.Equal(t, broken(smp.BrokerNetwork), c.do(noKey, nil, smp.PRXY{Server: at(t, far)}))
	server := at(t, far)
	server.Hosts, server.Port = []string{"relay.example"}, ""
	session := c.prxy(server)
	pfwd := someForward(t)
	require.Equal(t, smp.PRES{Body: []byte("response")}, c.do(noKey, session.SessionID, pfwd))
	require.Len(t, forwarded, 1)
	require.Equal(t, pfwd.Body, forwarded[0].Body)
}
