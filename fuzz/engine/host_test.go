package engine

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/target"
	"smpcheck/fuzz/program"
	"smpcheck/reference/wire"
)

// parse reads the text of a program.
func parse(t *testing.T, text string) input {
	t.Helper()
	p, err := program.Parse(text)
	require.NoError(t, err)
	return input{p, 1}
}

func TestARelayIsMetAndWatched(t *testing.T) {
	t.Parallel()
	h := onRelay(t, healthy)
	assert.Equal(t, wire.Versions(6, 20), h.versions)
	assert.Equal(t, "1.3", h.tls)
	assert.Len(t, h.canary.lanes, 2)
	for range 20 {
		require.Nil(t, h.check(t.Context(), true))
	}
	for _, l := range h.canary.lanes {
		assert.GreaterOrEqual(t, l.sent, 20)
		assert.Empty(t, l.expected)
	}
	assert.False(t, h.disturbed())
	r := try(t.Context(), h, parse(t, "NEW c0 q0 arg=1\nSEND c1 q0 arg=100\nACK c0 q0"), true)
	assert.Empty(t, r.seen)
	assert.Equal(t, 3, r.outcome.Ops)
	assert.False(t, r.failed || r.sick)
}

func TestACrashIsSeenAndTheRelayStartedAgain(t *testing.T) {
	t.Parallel()
	h := onRelay(t, "crash/empty-body")
	before := h.relay.(interface{ PID() int }).PID()
	in := parse(t, "NEW c0 q0 arg=1\nSEND c1 q0")
	r := try(t.Context(), h, in, false)
	require.True(t, r.sick)
	require.Len(t, r.seen, 1)
	assert.Equal(t, Crash, r.seen[0].Kind)
	assert.Contains(t, r.seen[0].place, "planted.")
	assert.Contains(t, r.seen[0].detail, "panic: ")
	assert.Contains(t, r.seen[0].detail, "goroutine ")
	assert.Contains(t, r.seen[0].Actual, "panic: ")
	require.NoError(t, h.renew(t.Context()))
	assert.NotEqual(t, before, h.relay.(interface{ PID() int }).PID())
	require.Nil(t, h.check(t.Context(), true))
	assert.Equal(t, r.seen[0].id(), try(t.Context(), h, in, false).seen[0].id(), "it is the same crash")
}

func TestTheEndOfARelayIsACrash(t *testing.T) {
	t.Parallel()
	h := onRelay(t, healthy)
	h.tree.look()
	require.NoError(t, kill(h.tree.root))
	s := h.check(t.Context(), true)
	require.NotNil(t, s)
	assert.Equal(t, Crash, s.Kind)
	assert.Contains(t, s.Actual, "killed")
	assert.Contains(t, s.place, "killed")
}

func TestARelayThatCannotBeReached(t *testing.T) {
	t.Parallel()
	server, err := target.ParseAddress("smp://AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA@127.0.0.1:1")
	require.NoError(t, err)
	for name, o := range map[string]Options{
		"nobody listens": {Server: server},
		"no program":     {Command: target.Command{"/no/such/program"}},
		"no address":     {Command: target.Command{"env"}},
		"no version":     {Command: relayCommand(healthy), Versions: wire.Versions(30, 40)},
	} {
		_, err := Run(t.Context(), o)
		assert.ErrorIs(t, err, ErrUnreachable, name)
		assert.NotEqual(t, ErrUnreachable.Error(), err.Error(), "%s: the reason is missing", name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Run(ctx, Options{Command: relayCommand(healthy)})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestOnlyAskedVersionsAreUsed(t *testing.T) {
	t.Parallel()
	o := Options{Command: relayCommand(healthy), Versions: wire.Versions(9, 14), Scale: scale}
	h, err := newHost(t.Context(), o.withDefaults())
	require.NoError(t, err)
	defer h.close()
	assert.Equal(t, wire.Versions(9, 14), h.versions)
	assert.Equal(t, uint16(14), h.canary.lanes[0].version)
	assert.Equal(t, uint16(9), h.canary.lanes[1].version)
}

func TestUsableVersions(t *testing.T) {
	t.Parallel()
	bad := func(versions ...uint16) map[uint16]string {
		m := make(map[uint16]string)
		for _, v := range versions {
			m[v] = "nothing"
		}
		return m
	}
	for name, c := range map[string]struct {
		info   target.Info
		wanted wire.VersionRange
		want   wire.VersionRange
	}{
		"all":            {target.Info{Versions: wire.Versions(1, 30)}, wire.VersionRange{}, wire.Versions(6, 20)},
		"wanted":         {target.Info{Versions: wire.Versions(6, 20)}, wire.Versions(4, 9), wire.Versions(6, 9)},
		"newest is bad":  {target.Info{Versions: wire.Versions(6, 20), Unusable: bad(20, 19)}, wire.VersionRange{}, wire.Versions(6, 18)},
		"one is bad":     {target.Info{Versions: wire.Versions(6, 20), Unusable: bad(6, 7, 11)}, wire.VersionRange{}, wire.Versions(12, 20)},
		"only one is ok": {target.Info{Versions: wire.Versions(6, 8), Unusable: bad(6, 8)}, wire.VersionRange{}, wire.Versions(7, 7)},
	} {
		got, err := usable(c.info, c.wanted)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got, name)
	}
	_, err := usable(target.Info{Versions: wire.Versions(6, 7), Unusable: bad(6, 7)}, wire.VersionRange{})
	assert.Error(t, err)
	_, err = usable(target.Info{Versions: wire.Versions(21, 22)}, wire.VersionRange{})
	assert.Error(t, err)
}

func TestAReferenceRelayKeepsWhatNobodyCanDelete(t *testing.T) {
	t.Parallel()
	h := onRelay(t, healthy)
	assert.False(t, h.keeps(t.Context(), parse(t, "NEW c0 q0 arg=1\nNEW c0 q0 arg=1\nSEND c1 q0 arg=100\nClose c0 q0")))
}

func TestAPromptRelay(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]arrival{healthy: atOnce, "state/takeover-without-end": never} {
		h := onRelay(t, id)
		assert.Equal(t, want, h.promptness(t.Context(), h.server(), h.options.scaled(shortLimit)/4), id)
	}
}
