package network_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent/network"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// forwarding is a relay that forwards to relays on this machine.
func forwarding(t *testing.T, config relay.Config) *server {
	t.Helper()
	config.Proxy = &relay.ProxyConfig{AllowPrivate: true, AllowHost: func(wire.Host) bool { return true }}
	return start(t, config)
}

// All commands of senders go through the proxy, and survive that it or its
// connection is lost.
func TestProxy(t *testing.T) {
	t.Parallel()
	proxy, destination := forwarding(t, relay.Config{}), start(t, relay.Config{})
	alice := open(t, network.Config{})
	bob := open(t, network.Config{Proxies: []link.Server{proxy.address, destination.address}})
	q := newQueue(t, alice, destination.address)
	next[network.Up](t, alice)
	key, err := keys.Generate(keys.X25519, alice.Rand())
	require.NoError(t, err)
	require.NoError(t, bob.SecureBySender(within(t), destination.address, q.Sender(key)))
	require.ErrorIs(t, bob.Send(within(t), destination.address, unsecured(q), false, nil), smp.ErrAuth)
	require.Equal(t, 2, destination.relay.Connections(), "alice and the proxy")
	require.Equal(t, 1, proxy.listener.accepted())

	send := func(text string) {
		eventually(t, func() error {
			return bob.Send(within(t), destination.address, q.Sender(key), false, []byte(text))
		})
		for {
			e := <-alice.Events()
			m, ok := e.(network.Message)
			if !ok {
				continue // Down and Up
			}
			content, err := q.Decrypt(m.Message)
			require.NoError(t, err)
			eventually(t, func() error { return alice.Ack(within(t), destination.address, q, m.Message.ID) })
			if string(content.Body) == text {
				return
			}
		}
	}
	send("first")
	proxy.listener.cut()
	send("the proxy was away")
	destination.listener.cut()
	send("the destination was away")
	proxy.down()
	err = bob.Send(within(t), destination.address, q.Sender(key), false, nil)
	for network.Temporary(err) && !errors.Is(err, network.ErrNoProxy) {
		err = bob.Send(within(t), destination.address, q.Sender(key), false, nil)
	}
	require.ErrorIs(t, err, network.ErrNoProxy)
	require.Equal(t, fmt.Sprintf("relay %s: no relay forwards to it: relay %s: cannot be reached: connection refused",
		destination.listener.Addr(), proxy.listener.Addr()), err.Error())
	proxy.again()
	send("the proxy is back")
}

// A session that the proxy has lost is opened again, without the caller noticing.
func TestProxySessionLost(t *testing.T) {
	t.Parallel()
	proxy := forwarding(t, relay.Config{Stages: refusing[smp.PFWD](1, smp.ErrProxyNoSession)})
	destination := start(t, relay.Config{})
	n := open(t, network.Config{Proxies: []link.Server{proxy.address}})
	require.ErrorIs(t, n.Send(within(t), destination.address, someSender(t), false, nil), smp.ErrAuth, "by the destination")
	proxy.listener.cut()
	eventually(t, func() error { return n.Ping(within(t), proxy.address) })
	require.ErrorIs(t, n.Send(within(t), destination.address, someSender(t), false, nil), smp.ErrAuth, "over a new connection")
}

// A command that may have been executed does not go another way as well.
func TestProxyFallbackNotTwice(t *testing.T) {
	t.Parallel()
	proxy := forwarding(t, relay.Config{Stages: refusing[smp.PFWD](1, smp.ErrInternal)})
	destination := start(t, relay.Config{})
	n := open(t, network.Config{Proxies: []link.Server{proxy.address}, ProxyFallback: true})
	err := n.Send(within(t), destination.address, someSender(t), false, nil)
	require.True(t, network.Temporary(err), "%v", err)
	require.Equal(t, fmt.Sprintf("relay %s: it failed to do SEND", proxy.listener.Addr()), err.Error())
	require.ErrorIs(t, n.Send(within(t), destination.address, someSender(t), false, nil), smp.ErrAuth)
	require.Equal(t, 1, destination.listener.accepted(), "by the proxy")
}

// A link is followed through the proxy.
func TestProxyLink(t *testing.T) {
	t.Parallel()
	proxy, destination := forwarding(t, relay.Config{}), start(t, relay.Config{})
	alice := open(t, network.Config{})
	bob := open(t, network.Config{Proxies: []link.Server{proxy.address}})
	data := smp.LinkData{Fixed: make([]byte, link.FixedSize), User: make([]byte, link.UserSize)}
	o := client.LinkQueueOptions{QueueOptions: client.QueueOptions{Mode: smp.Messaging}, Data: data}
	copy(o.CorrelationID[:], "random and used only once")
	q, linkID, err := alice.CreateLinkQueue(within(t), destination.address, o)
	require.NoError(t, err)
	next[network.Up](t, alice)
	key, err := keys.Generate(keys.Ed25519, alice.Rand())
	require.NoError(t, err)
	for range 2 {
		followed, err := bob.SecureLink(within(t), destination.address, linkID, key)
		require.NoError(t, err)
		require.Equal(t, smp.LNK{SenderID: q.SenderID, Data: data}, followed)
	}
	require.NoError(t, bob.Send(within(t), destination.address, q.Sender(key), false, []byte("hello")))
	_, text := body(t, alice, q)
	require.Equal(t, "hello", text)

	o.Mode, o.LinkID = smp.Contact, make([]byte, link.LinkIDSize)
	o.CorrelationID[0]++
	q, linkID, err = alice.CreateLinkQueue(within(t), destination.address, o)
	require.NoError(t, err)
	data.User[0]++
	require.NoError(t, alice.SetLink(within(t), destination.address, q, linkID, data))
	followed, err := bob.GetLink(within(t), destination.address, linkID)
	require.NoError(t, err)
	require.Equal(t, smp.LNK{SenderID: q.SenderID, Data: data}, followed)
	require.NoError(t, alice.DeleteLink(within(t), destination.address, q))
	_, err = bob.GetLink(within(t), destination.address, linkID)
	require.ErrorIs(t, err, smp.ErrAuth)
	require.Equal(t, 2, destination.relay.Connections(), "alice and the proxy")
}

// Proxies that cannot be used are passed over; without one that can, only
// ProxyFallback lets a command go directly.
func TestProxyFallback(t *testing.T) {
	t.Parallel()
	good, destination := forwarding(t, relay.Config{}), start(t, relay.Config{})
	refusing, locked := start(t, relay.Config{}), forwarding(t, relay.Config{Password: smp.Password("secret")})
	away := start(t, relay.Config{})
	away.down()
	t.Cleanup(away.again)
	unusable := []link.Server{refusing.address, locked.address, away.address}

	alice := open(t, network.Config{})
	q := newQueue(t, alice, destination.address)
	send := func(config network.Config) error {
		n := open(t, config)
		for range 5 {
			if err := n.Send(within(t), destination.address, unsecured(q), false, []byte("hello")); err != nil {
				return err
			}
		}
		return n.Close()
	}
	require.NoError(t, send(network.Config{Proxies: append([]link.Server{good.address}, unusable...)}))
	require.Equal(t, 2, destination.relay.Connections(), "alice and the proxy")
	accepted := destination.listener.accepted()

	err := send(network.Config{Proxies: unusable})
	require.ErrorIs(t, err, network.ErrNoProxy)
	require.True(t, network.Temporary(err))
	require.Equal(t, accepted, destination.listener.accepted(), "nothing went directly")
	require.NoError(t, send(network.Config{Proxies: unusable, ProxyFallback: true}))
	require.Equal(t, accepted+1, destination.listener.accepted())

	unlocked := locked.address
	unlocked.Password = "secret"
	require.NoError(t, send(network.Config{Proxies: []link.Server{unlocked}}))
}

// What is wrong with the destination is no reason to tell further proxies of it.
func TestProxyDestinationFails(t *testing.T) {
	t.Parallel()
	first, second := forwarding(t, relay.Config{}), forwarding(t, relay.Config{})
	destination := start(t, relay.Config{})
	n := open(t, network.Config{Proxies: []link.Server{first.address, second.address}})
	other := destination.address
	other.KeyHash = make([]byte, 32)
	err := n.Send(within(t), other, someSender(t), false, nil)
	require.Error(t, err)
	require.NotErrorIs(t, err, network.ErrNoProxy)

	destination.down()
	t.Cleanup(destination.again)
	err = n.Send(within(t), destination.address, someSender(t), false, nil)
	require.True(t, network.Temporary(err), "%v", err)
	require.Equal(t, fmt.Sprintf("relay %s: the relay that forwards to it cannot connect", destination.listener.Addr()), err.Error())
	require.Less(t, first.listener.accepted()+second.listener.accepted(), 3)
}

// Each destination has a proxy chosen at random, and keeps it while it works.
func TestProxyIsKept(t *testing.T) {
	t.Parallel()
	first, second := forwarding(t, relay.Config{}), forwarding(t, relay.Config{})
	destination := start(t, relay.Config{})
	n := open(t, network.Config{Proxies: []link.Server{first.address, second.address}})
	send := func() {
		t.Helper()
		eventually(t, func() error {
			err := n.Send(within(t), destination.address, someSender(t), false, nil)
			if errors.Is(err, smp.ErrAuth) {
				return nil // the destination has answered
			}
			return err
		})
	}
	for range 20 {
		send()
	}
	used, other := first, second
	if used.listener.accepted() == 0 {
		used, other = second, first
	}
	require.Equal(t, 1, used.listener.accepted())
	require.Zero(t, other.listener.accepted())

	used.down()
	t.Cleanup(used.again)
	send()
	require.Equal(t, 1, other.listener.accepted())
}

// A proxy that does not reach the destination is not kept.
func TestProxyIsNotKept(t *testing.T) {
	t.Parallel()
	proxies := []*server{forwarding(t, relay.Config{}), forwarding(t, relay.Config{})}
	destination := start(t, relay.Config{})
	n := open(t, network.Config{Proxies: []link.Server{proxies[0].address, proxies[1].address}})
	require.ErrorIs(t, n.Send(within(t), destination.address, someSender(t), false, nil), smp.ErrAuth)
	destination.down()
	t.Cleanup(destination.again)
	ctx := within(t)
	for proxies[0].listener.accepted() == 0 || proxies[1].listener.accepted() == 0 {
		require.NoError(t, ctx.Err())
		require.Error(t, n.Send(ctx, destination.address, someSender(t), false, nil))
	}
}

// Which proxy is chosen depends on chance alone.
func TestProxyIsRandom(t *testing.T) {
	t.Parallel()
	proxies := []*server{forwarding(t, relay.Config{}), forwarding(t, relay.Config{})}
	destination := start(t, relay.Config{})
	ctx := within(t)
	for proxies[0].listener.accepted() == 0 || proxies[1].listener.accepted() == 0 {
		n := open(t, network.Config{Proxies: []link.Server{proxies[0].address, proxies[1].address}})
		require.ErrorIs(t, n.Send(ctx, destination.address, someSender(t), false, nil), smp.ErrAuth)
		require.NoError(t, n.Close())
	}
}
