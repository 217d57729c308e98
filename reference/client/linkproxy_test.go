package client_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// officialData has the sizes that link data have for all clients.
var officialData = smp.LinkData{Fixed: bytes.Repeat([]byte{1}, 2048), User: bytes.Repeat([]byte{2}, 13824)}

func TestLinksThroughAProxy(t *testing.T) {
	t.Parallel()
	near, far := listen(t, forwarding()), listen(t, relay.Config{})
	for version := smp.VersionShortLinks; version <= smp.MaxVersion; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			atVersion := near
			atVersion.Versions = wire.Versions(smp.MinVersion, version)
			alice, bob := dial(t, far), proxied(t, dial(t, atVersion), far)
			require.Equal(t, version, bob.Version())
			takeThrough(t, alice, bob)
			readThrough(t, alice, bob)
		})
	}
}

func takeThrough(t *testing.T, alice *client.Client, bob *client.ProxySession) {
	ctx := t.Context()
	o := invitation(t)
	o.Data = officialData
	q, linkID, err := alice.CreateLinkQueue(ctx, o)
	require.NoError(t, err)
	_, _, err = bob.GetLink(ctx, linkID)
	require.ErrorIs(t, err, smp.ErrAuth)
	for _, alg := range []keys.Algorithm{keys.X25519, keys.Ed25519} {
		sender := q.Sender(someQueue(t, alg).Key)
		senderID, data, err := bob.SecureLink(ctx, linkID, sender.Key)
		if alg == keys.Ed25519 {
			require.ErrorIs(t, err, smp.ErrAuth, "the second one")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, q.SenderID, senderID)
		require.Equal(t, officialData, data)
		_, _, err = bob.SecureLink(ctx, linkID, sender.Key)
		require.NoError(t, err, "again")
		require.NoError(t, bob.SendMessage(ctx, sender, false, []byte("confirmation")))
		receives(t, alice, q)
	}
}

func readThrough(t *testing.T, alice *client.Client, bob *client.ProxySession) {
	ctx := t.Context()
	o := address(t)
	o.Data = officialData
	q, linkID, err := alice.CreateLinkQueue(ctx, o)
	require.NoError(t, err)
	senderID, data, err := bob.GetLink(ctx, linkID)
	require.NoError(t, err)
	require.Equal(t, q.SenderID, senderID)
	require.Equal(t, officialData, data)
	_, _, err = bob.SecureLink(ctx, linkID, q.Key)
	require.ErrorIs(t, err, smp.ErrAuth)
	require.NoError(t, alice.DeleteLink(ctx, q))
	_, _, err = bob.GetLink(ctx, linkID)
	require.ErrorIs(t, err, smp.ErrAuth)
	require.NotErrorAs(t, err, new(*client.ProxyError), "an answer of the destination")
}

func TestLinksThroughAProxyNeedTheirVersion(t *testing.T) {
	t.Parallel()
	near := listen(t, forwarding())
	far := listen(t, relay.Config{Versions: wire.Versions(smp.MinVersion, smp.VersionShortLinks-1)})
	bob := proxied(t, dial(t, near), far)
	_, _, err := bob.SecureLink(t.Context(), []byte("id"), someQueue(t, keys.Ed25519).Key)
	require.ErrorIs(t, err, transport.ErrVersion)
	_, _, err = bob.GetLink(t.Context(), []byte("id"))
	require.ErrorIs(t, err, transport.ErrVersion)
}
