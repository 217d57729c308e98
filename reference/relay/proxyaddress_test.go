package relay_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

func TestIsPublic(t *testing.T) {
	t.Parallel()
	for _, private := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.1",
		"169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1",
		"198.19.255.255", "203.0.113.7", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::10.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b::7f00:1", "64:ff9b:1::808:808",
		"100::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001::1", "2001:db8::1", "2002:a00:1::", "3fff::1",
	} {
		require.False(t, relay.IsPublic(netip.MustParseAddr(private)), private)
	}
	for _, public := range []string{
		"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.0.0.1", "128.0.0.1", "172.15.0.1", "172.32.0.1",
		"192.0.1.1", "192.169.0.1", "223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700::1111", "2a01::1", "2001:200::1",
	} {
		require.True(t, relay.IsPublic(netip.MustParseAddr(public)), public)
	}
	require.False(t, relay.IsPublic(netip.Addr{}))
}

// A relay connects to no private address unless it is told to, whatever name
// stands for it.
func TestPrivateDestinations(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	accepted := make(chan struct{})
	go func() {
		if _, err := l.Accept(); err == nil {
			close(accepted)
		}
	}()
	near := start(t, forwarding(func(c *relay.ProxyConfig) { c.AllowPrivate = false }))
	c := connect(t, near, 20)
	server := atAddress(t, l.Addr())
	for _, host := range []string{"127.0.0.1", "localhost", "0.0.0.0"} {
		server.Hosts = []string{host}
		require.Equal(t, broken(smp.BrokerHost), c.do(noKey, nil, smp.PRXY{Server: server}), host)
	}
	select {
	case <-accepted:
		require.FailNow(t, "the relay has connected")
	default:
	}
}
