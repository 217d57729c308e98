package main

import (
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// A relay forwards unless it is told not to, and to relays in private networks, as
// it is one, only if it is told to.
func TestProxy(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args     []string
		password string
		want     *smp.Error
	}{
		{[]string{"--proxy-private"}, "", nil},
		{nil, "", smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerHost})},
		{[]string{"--proxy=false"}, "", smp.ErrProxyBasicAuth},
		{[]string{"--proxy-allow", "127.0.0.0/8"}, "", nil},
		{[]string{"--proxy-allow", "127.0.0.1,relay.example"}, "", nil},
		{[]string{"--proxy-allow", "relay.example", "--proxy-private"}, "", smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerHost})},
		{[]string{"--proxy-private", "--proxy-deny", "127.0.0.1"}, "", smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerHost})},
		{[]string{"--proxy-private", "--proxy-deny", "127.0.0.2", "--proxy-deny", "relay.example"}, "", nil},
		{[]string{"--password", "secret"}, "", smp.ErrProxyBasicAuth},
		{[]string{"--password", "secret", "--proxy-private"}, "secret", nil},
	} {
		r := launch(t, test.args...)
		parts := addressForm.FindStringSubmatch(r.address)
		fingerprint, err := keys.ParseFingerprint(parts[1])
		require.NoError(t, err)
		c, err := client.Dial(t.Context(), client.Config{Address: parts[2], KeyHash: fingerprint[:]})
		require.NoError(t, err)
		host, port, err := net.SplitHostPort(parts[2])
		require.NoError(t, err)
		server := smp.Server{Hosts: []string{host}, Port: port, KeyHash: fingerprint[:]}
		_, err = c.Proxy(t.Context(), server, smp.Password(test.password))
		if test.want == nil {
			require.NoError(t, err)
		} else {
			var refused *client.ProxyError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, test.want, refused.Answer)
		}
		require.NoError(t, c.Close())
		require.Equal(t, exitOK, r.end(t))
		require.NotContains(t, r.stderr.String(), "127.0.0.1")
	}
	for _, flag := range []string{"--proxy-connect-timeout", "--proxy-command-timeout"} {
		code, _ := failure(t, flag, "0s")
		require.Equal(t, exitUsage, code)
	}
}

func TestProxyHosts(t *testing.T) {
	t.Parallel()
	list, err := parseHosts("proxy-deny", []string{"Relay.Example.", "*.example.org", "10.0.0.0/8", "192.0.2.7", "::ffff:192.0.2.8", "2001:db8::/32"})
	require.NoError(t, err)
	for text, in := range map[string]bool{
		"relay.example": true, "RELAY.example.": true, "other.relay.example": false, "a.example.org": true, "a.b.EXAMPLE.org": true,
		"example.org": false, "badexample.org": false, "10.1.2.3": true, "11.0.0.1": false, "192.0.2.7": true, "192.0.2.8": true,
		"192.0.2.9": false, "2001:db8::1": true, "[2001:db8::1]": true, "2001:db9::1": false,
	} {
		host, err := wire.ParseHost(text)
		require.NoError(t, err)
		require.Equal(t, in, list.host(host), text)
	}
	// A name that stands for an address in the list.
	o := proxyOptions{enabled: true, private: true, allow: []string{"*.example"}, deny: []string{"10.0.0.0/8"}}
	config, err := o.config()
	require.NoError(t, err)
	require.True(t, config.AllowAddress(netip.MustParseAddr("192.168.1.1")))
	require.False(t, config.AllowAddress(netip.MustParseAddr("10.0.0.1")))
	require.False(t, config.AllowAddress(netip.MustParseAddr("::ffff:10.0.0.1")))
	require.False(t, config.AllowAddress(netip.MustParseAddr("64:ff9b::10.0.0.1")))
	list, err = parseHosts("proxy-deny", []string{"64:ff9b::/96"})
	require.NoError(t, err)
	require.True(t, list.address(netip.MustParseAddr("64:ff9b::10.0.0.1")))

	for _, flag := range []string{"--proxy-allow", "--proxy-deny"} {
		code, message := failure(t, flag, "")
		require.Equal(t, exitUsage, code)
		require.Contains(t, message, flag+" is empty")
	}
	for _, text := range []string{"*", "*.", "a.*.example", "10.0.0", "*.7", "10.0.0.300", "10.0.0.0/33", "::ffff:10.0.0.0/104", "fe80::1%eth0", "name:5223", "smp://x"} {
		for _, flag := range []string{"--proxy-allow", "--proxy-deny"} {
			code, message := failure(t, flag, "good.example", flag, text)
			require.Equal(t, exitUsage, code, text)
			require.Contains(t, message, flag+` "`+text+`", expected a domain name, *.NAME, an IP address or a range of them`)
		}
	}
	code, message := failure(t, "--proxy=false", "--proxy-deny", "relay.example")
	require.Equal(t, exitUsage, code)
	require.Contains(t, message, "--proxy-deny has no effect with --proxy=false")
}
