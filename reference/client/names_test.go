package client_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// directory is a relay.Resolver that knows one name.
type directory struct{}

var alice = smp.NameRecord{
	Name: "alice", SimplexContact: []string{"simplex:/a#x"}, SimplexChannel: []string{},
	Owner: "0x" + strings.Repeat("0", 40), Resolver: "0x" + strings.Repeat("1", 40),
}

func (directory) Resolve(_ context.Context, name string) (smp.NameRecord, error) {
	if name != "alice.simplex" {
		return smp.NameRecord{}, smp.ErrNameNotFound
	}
	return alice, nil
}

func TestResolve(t *testing.T) {
	t.Parallel()
	near := listen(t, forwarding())
	far := listen(t, relay.Config{Names: &relay.NamesConfig{Resolver: directory{}}})
	ctx := t.Context()
	for name, resolve := range map[string]func(context.Context, string) (smp.NameRecord, error){
		"directly": dial(t, far).Resolve, "through a proxy": proxied(t, dial(t, near), far).Resolve,
	} {
		record, err := resolve(ctx, "Alice.simplex")
		require.NoError(t, err, name)
		require.Equal(t, alice, record)
		_, err = resolve(ctx, "bob.simplex")
		require.ErrorIs(t, err, smp.ErrNameNotFound)
		_, err = resolve(ctx, "alice")
		require.ErrorIs(t, err, smp.ErrName, "it is not sent")
	}
	_, err := dial(t, near).Resolve(ctx, "alice.simplex")
	require.ErrorIs(t, err, smp.ErrNameNoResolver)
	far.Versions = wire.Versions(smp.MinVersion, 19)
	_, err = dial(t, far).Resolve(ctx, "alice.simplex")
	require.ErrorIs(t, err, transport.ErrVersion)
}

func TestUnexpectedAnswerToResolve(t *testing.T) {
	t.Parallel()
	c, f := connect(t, 20, client.Config{})
	done := async(func() error {
		_, err := c.Resolve(t.Context(), "alice.simplex")
		return err
	})
	command := f.command()
	require.Equal(t, smp.RSLV{Domain: "alice.simplex"}, command.Command)
	require.Empty(t, command.Transmission.EntityID)
	require.Empty(t, command.Transmission.Authorization)
	f.send(to(command, smp.PONG{}))
	require.ErrorContains(t, <-done, "RNAME")
}
