package relay_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	proxyclient "smpcheck/reference/client"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// fault is a destination that fails, and what its clients are told.
type fault struct {
	server smp.Server
	// connecting: it fails when the proxy connects to it, and otherwise when a
	// command is forwarded.
	connecting bool
	want       smp.Response
	// lost: the session ends with it.
	lost bool
}

// faults are the ways in which a destination fails. Those that wait for a deadline have
// the one that the relay is configured with; all others have to be answered at once.
var faults = map[string]struct {
	deadline bool
	start    func(*testing.T) fault
}{
	"down": {start: func(t *testing.T) fault {
		e := start(t)
		require.NoError(t, e.Close())
		return fault{server: at(t, e), connecting: true, want: broken(smp.BrokerNetwork)}
	}},
	"slow to accept": {deadline: true, start: func(t *testing.T) fault {
		return fault{server: listen(t, func(net.Conn) {}), connecting: true, want: broken(smp.BrokerTimeout)}
	}},
	"slow to answer": {deadline: true, start: func(t *testing.T) fault {
		e := replying(t, func(*relay.Session, *relay.Request) smp.Response { return nil })
		return fault{server: at(t, e), want: broken(smp.BrokerTimeout)}
	}},
	"wrong identity": {start: func(t *testing.T) fault {
		server := at(t, start(t))
		server.KeyHash = make([]byte, len(server.KeyHash))
		return fault{server: server, connecting: true, want: broken(smp.BrokerNetwork)}
	}},
	"old version": {start: func(t *testing.T) fault {
		e := start(t, func(c *relay.Config) { c.Versions = wire.Versions(6, 7) })
		return fault{server: at(t, e), connecting: true, want: brokenTransport(smp.TransportVersion)}
	}},
	"garbage instead of TLS": {start: func(t *testing.T) fault {
		server := listen(t, func(c net.Conn) { _, _ = c.Write(make([]byte, 100)) })
		return fault{server: server, connecting: true, want: broken(smp.BrokerNetwork)}
	}},
	"garbage instead of a hello": {start: func(t *testing.T) fault {
		server := greet(t, func(*transport.Secure) []byte { return []byte("garbage") })
		return fault{server: server, connecting: true, want: brokenTransport(smp.TransportHandshakeParse)}
	}},
	"garbage instead of a block": {start: func(t *testing.T) fault {
		e := start(t, func(c *relay.Config) {
			c.Stages.Encode = func(*relay.Session, []relay.Output) ([][]byte, error) { return [][]byte{{0}}, nil }
		})
		return fault{server: at(t, e), want: brokenTransport(smp.TransportBlock), lost: true}
	}},
	"garbage instead of a response": {start: func(t *testing.T) fault {
		e := replying(t, func(*relay.Session, *relay.Request) smp.Response { return smp.PONG{} })
		want := refused(smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerUnexpected, Text: "PONG"}))
		return fault{server: at(t, e), want: want}
	}},
	"garbage instead of what is encrypted": {start: func(t *testing.T) fault {
		e := replying(t, func(*relay.Session, *relay.Request) smp.Response { return smp.RRES{Body: []byte("garbage")} })
		return fault{server: at(t, e), want: refused(smp.ErrCrypto)}
	}},
	"dies in the middle of a forward": {start: func(t *testing.T) fault {
		e := replying(t, func(s *relay.Session, _ *relay.Request) smp.Response { s.Close(); return nil })
		return fault{server: at(t, e), want: broken(smp.BrokerNetwork), lost: true}
	}},
}

// TestFaultsOfDestinations shows for each fault what the client is told, at the deadline
// or long before it, and that clients of another destination are served before, while
// and after it happens.
func TestFaultsOfDestinations(t *testing.T) {
	t.Parallel()
	for name, test := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			healthy := replying(t, func(*relay.Session, *relay.Request) smp.Response { return smp.ERR{Err: smp.ErrQuota} })
			deadline := time.Hour
			if test.deadline {
				deadline = 300 * time.Millisecond
			}
			f := test.start(t)
			near := start(t, forwarding(func(c *relay.ProxyConfig) {
				c.ConnectTimeout, c.CommandTimeout = deadline, deadline
			}), withoutDeadlines(healthy.Addr().String(), !f.connecting))
			first, other := connect(t, near, 20), connect(t, near, 20)
			served := func() {
				t.Helper()
				for _, c := range []*client{first, other} {
					session := c.prxy(at(t, healthy))
					answer := c.do(noKey, session.SessionID, someForward(t))
					require.Equal(t, refused(smp.ProxyProtocolError(smp.ErrQuota)), answer)
				}
			}
			served()
			faulty := connect(t, near, 20)
			var session []byte
			var command smp.Command = smp.PRXY{Server: f.server}
			if !f.connecting {
				session, command = faulty.prxy(f.server).SessionID, someForward(t)
			}
			begun := time.Now()
			sent, encoded := faulty.request(noKey, session, command)
			faulty.write(encoded)
			served()
			got := faulty.next()
			require.Equal(t, sent.CorrelationID, got.Transmission.CorrelationID)
			require.Equal(t, f.want, got.Response)
			if test.deadline {
				require.GreaterOrEqual(t, time.Since(begun), deadline)
			}
			if f.lost {
				require.Equal(t, refused(smp.ErrProxyNoSession), faulty.do(noKey, session, someForward(t)))
			}
			served()
			require.Equal(t, 1, healthy.Connections(), "on one connection all the time")
		})
	}
}

// withoutDeadlines lets a relay be patient with the destination at one address, and with
// all of them while it connects if connecting is true.
func withoutDeadlines(address string, connecting bool) func(*relay.Config) {
	return func(c *relay.Config) {
		stages := relay.DefaultStages()
		c.Stages.Connect = func(ctx context.Context, r *relay.Relay, to string, keyHash []byte) (*proxyclient.Client, error) {
			if to != address && !connecting {
				return stages.Connect(ctx, r, to, keyHash)
			}
			conn, err := transport.Dial(context.WithoutCancel(ctx), to, transport.ClientConfig{
				KeyHash: keyHash, Proxy: true, Timeout: patience, Versions: wire.Versions(smp.VersionProxy, smp.MaxVersion),
			})
			if err != nil {
				return nil, err
			}
			return proxyclient.New(conn, proxyclient.Config{CommandTimeout: patience})
		}
		c.Stages.Forward = func(ctx context.Context, to *proxyclient.Client, command smp.ForwardedCommand) ([]byte, error) {
			if to.Conn().NetConn().RemoteAddr().String() == address {
				ctx = context.WithoutCancel(ctx)
			}
			return stages.Forward(ctx, to, command)
		}
	}
}
