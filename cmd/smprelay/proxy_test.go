package main

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
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
