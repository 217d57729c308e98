package agent_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
)

// Each side sends through the relay on which it receives.
func TestThroughProxies(t *testing.T) {
	config := relay.Config{Proxy: &relay.ProxyConfig{AllowPrivate: true}}
	first, second := startRelay(t, config), startRelay(t, config)
	alice := newPeer(t, "alice", []link.Server{first}, func(c *agent.Config) { c.Network.Proxies = []link.Server{first} })
	bob := newPeer(t, "bob", []link.Server{second}, func(c *agent.Config) { c.Network.Proxies = []link.Server{second} })
	a, b := connect(alice, bob)
	for range 3 {
		say(alice, a, bob, b, "through a proxy")
		say(bob, b, alice, a, "and back")
	}
	created, err := alice.CreateInvitation(t.Context(), agent.CreateOptions{Short: true})
	require.NoError(t, err)
	joined := join(alice, bob, created.Conn, *created.Short)
	say(bob, joined, alice, created.Conn, "by a short link")
}
