package planted_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/planted"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

func TestServePrintsItsAddressAndEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	printed, out := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- planted.Serve(ctx, noFault, out) }()
	line, err := bufio.NewReader(printed).ReadString('\n')
	require.NoError(t, err)
	server, err := link.ParseServer(line[:len(line)-1])
	require.NoError(t, err)
	require.Len(t, server.KeyHash, 32)
	require.Equal(t, "127.0.0.1", server.Hosts[0].String())
	cancel()
	require.NoError(t, <-served)
}

func TestServeNeedsSomewhereToPrint(t *testing.T) {
	t.Parallel()
	full := errors.New("no room")
	closed, out := io.Pipe()
	require.NoError(t, closed.CloseWithError(full))
	require.ErrorIs(t, planted.Serve(t.Context(), noFault, out), full)
}

// What a fault remembers begins anew with each relay.
func TestFaultsForgetTheRelayBefore(t *testing.T) {
	t.Parallel()
	f, ok := planted.Lookup("state/same-queue-twice")
	require.True(t, ok)
	key, id := newKey(keys.Ed25519), randomID()
	var made [][]byte
	for range 2 {
		e, err := planted.Listen(t.Context(), f)
		require.NoError(t, err)
		server, err := link.ParseServer(e.Address())
		require.NoError(t, err)
		p := (&relayed{t: t, process: &process{t: t, server: server}, patience: patience}).dial()
		c := p.transmission(noKey, nil, smp.NEW{AuthKey: key.Public(), DHKey: newKey(keys.X25519).Public()})
		c.CorrelationID = id
		answer := p.submit(p.authorized(key, c, p.conn.SessionID()))
		require.IsType(t, smp.IDS{}, answer)
		made = append(made, answer.(smp.IDS).RecipientID)
		p.abort()
		require.NoError(t, e.Close())
	}
	require.NotEqual(t, made[0], made[1])
}
