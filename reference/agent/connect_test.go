package agent_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

func TestTwoPeopleTalkOverTwoRelays(t *testing.T) {
	alice := newPeer(t, "alice", []link.Server{startRelay(t, relay.Config{})})
	bob := newPeer(t, "bob", []link.Server{startRelay(t, relay.Config{})})
	a, b := connect(alice, bob)
	var last agent.Received
	for i := range 6 {
		say(alice, a, bob, b, fmt.Sprintf("to bob %d", i))
		last = say(bob, b, alice, a, fmt.Sprintf("to alice %d", i))
	}
	require.True(t, last.PQ, "the keys are post-quantum after some ratchet steps")
}

// The standard procedure is that of relays and links without queue modes.
func TestStandardProcedure(t *testing.T) {
	old := relay.Config{Versions: wire.Versions(6, 8)}
	alice := newPeer(t, "alice", []link.Server{startRelay(t, old)})
	bob := newPeer(t, "bob", []link.Server{startRelay(t, old)})
	a, b := connect(alice, bob)
	say(alice, a, bob, b, "hello")
	say(bob, b, alice, a, "hello back")
}

func TestContactAddress(t *testing.T) {
	server := startRelay(t, relay.Config{})
	alice := newPeer(t, "alice", []link.Server{server})
	bob := newPeer(t, "bob", []link.Server{startRelay(t, relay.Config{})})
	created, err := alice.CreateAddress(t.Context(), agent.CreateOptions{})
	require.NoError(t, err)
	resolved, err := bob.Resolve(t.Context(), created.Link)
	require.NoError(t, err)
	b, err := bob.Join(t.Context(), resolved, agent.JoinOptions{Info: []byte("bob asks")})
	require.NoError(t, err)
	request := expect[agent.Request](alice, created.Conn)
	require.Equal(t, "bob asks", string(request.Info))
	a, err := alice.Accept(t.Context(), request.RequestID, agent.JoinOptions{Info: []byte("alice")})
	require.NoError(t, err)
	require.Equal(t, "alice", string(expect[agent.Confirmation](bob, b).Info))
	require.NoError(t, bob.Allow(t.Context(), b, []byte("bob")))
	require.Equal(t, "bob", string(expect[agent.PeerInfo](alice, a).Info))
	expect[agent.Connected](alice, a)
	expect[agent.Connected](bob, b)
	say(alice, a, bob, b, "welcome")
	say(bob, b, alice, a, "thanks")
	require.ErrorIs(t, alice.Reject(t.Context(), request.RequestID), agent.ErrNotFound)
}

func TestShortLinks(t *testing.T) {
	server := startRelay(t, relay.Config{})
	alice := newPeer(t, "alice", []link.Server{server})
	bob := newPeer(t, "bob", []link.Server{startRelay(t, relay.Config{})})
	created, err := alice.CreateInvitation(t.Context(), agent.CreateOptions{Short: true, UserData: []byte("who alice is")})
	require.NoError(t, err)
	require.Nil(t, created.Link.Ratchet.KEM, "the full link stays small")
	short, err := link.ParseLink(created.Short.Text())
	require.NoError(t, err)
	resolved, err := bob.Resolve(t.Context(), short)
	require.NoError(t, err)
	require.Equal(t, "who alice is", string(resolved.UserData))
	require.NotNil(t, resolved.Connection.Ratchet.KEM)
	b := join(alice, bob, created.Conn, short)
	say(alice, a(created), bob, b, "hello")
	say(bob, b, alice, a(created), "hello back")

	carol := newPeer(t, "carol", []link.Server{server})
	_, err = carol.Resolve(t.Context(), short)
	require.ErrorIs(t, err, agent.ErrLinkUsed)
}

func a(c agent.Created) agent.ConnID { return c.Conn }

func TestPasswordOfTheRelay(t *testing.T) {
	server := startRelay(t, relay.Config{Password: smp.Password("secret")})
	alice := newPeer(t, "alice", []link.Server{server})
	_, err := alice.CreateInvitation(t.Context(), agent.CreateOptions{})
	require.NoError(t, err)
	wrong := server
	wrong.Password = "wrong"
	_, err = alice.CreateInvitation(t.Context(), agent.CreateOptions{Server: &wrong})
	require.ErrorContains(t, err, "password")
	all, err := alice.Connections(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1, "a failure leaves nothing behind")
}

func TestInvitationIsForOne(t *testing.T) {
	server := startRelay(t, relay.Config{})
	alice := newPeer(t, "alice", []link.Server{server})
	bob := newPeer(t, "bob", []link.Server{server})
	carol := newPeer(t, "carol", []link.Server{server})
	created, err := alice.CreateInvitation(t.Context(), agent.CreateOptions{})
	require.NoError(t, err)
	join(alice, bob, created.Conn, created.Link)
	resolved, err := carol.Resolve(t.Context(), created.Link)
	require.NoError(t, err)
	_, err = carol.Join(t.Context(), resolved, agent.JoinOptions{Info: []byte("carol")})
	require.ErrorIs(t, err, agent.ErrLinkUsed)
	require.Equal(t, "removed", carol.next().Body.Kind())
	all, err := carol.Connections(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)
}
