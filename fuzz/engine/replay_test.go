package engine

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/target"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/program"
	"smpcheck/reference/wire"
)

// crashing is a finding of a relay that crashes on an empty message.
func crashing(t *testing.T) Finding {
	t.Helper()
	h := onRelay(t, "crash/empty-body")
	in := parse(t, "NEW c0 q0 arg=1\nSEND c1 q0")
	seen := try(t.Context(), h, in, true).seen
	require.Len(t, seen, 1)
	return Finding{
		ID: seen[0].id(), Breach: seen[0].Breach, Place: seen[0].place, Program: in.Program, Seed: in.seed,
		Versions: wire.Versions(6, 20), TLS: "1.3", Model: true, Quota: 4, Prompt: true,
	}
}

func TestAFindingIsReplayed(t *testing.T) {
	t.Parallel()
	f := crashing(t)
	shown, last, err := Replay(t.Context(), Options{Command: relayCommand("crash/empty-body"), Scale: scale}, f, 5)
	require.NoError(t, err)
	assert.Equal(t, 5, shown)
	assert.Equal(t, Crash, last.Kind)

	shown, last, err = Replay(t.Context(), Options{Command: relayCommand(healthy), Scale: scale}, f, 2)
	require.NoError(t, err)
	assert.Zero(t, shown)
	assert.Zero(t, last)
}

func TestWhatAReplayShowsInPlaceOfTheFinding(t *testing.T) {
	t.Parallel()
	f := Finding{Breach: drive.Breach{Kind: drive.Violation, Rule: "one", Command: "NEW"}, Program: program.Program{Ops: []program.Op{{Kind: program.NEW}}}}
	other := drive.Breach{Kind: drive.Violation, Rule: "other", Command: "NEW"}
	b := &fakeRelay{broken: func([]input, input) []drive.Breach { return []drive.Breach{other} }}
	shown, last, err := replayOn(t.Context(), b, Options{}.withDefaults(), f, 3)
	require.NoError(t, err)
	assert.Zero(t, shown)
	assert.Equal(t, other, last)
}

func TestAReplayOfMemoryNeedsAProcess(t *testing.T) {
	t.Parallel()
	f := Finding{Breach: drive.Breach{Kind: Memory, Rule: "memory-growth"}, Program: program.Program{Ops: []program.Op{{Kind: program.NEW}}}}
	_, _, err := replayOn(t.Context(), &fakeRelay{}, Options{}.withDefaults(), f, 3)
	assert.ErrorIs(t, err, errNoProcess)
}

func TestAReplayOfNoRelay(t *testing.T) {
	t.Parallel()
	server, err := target.ParseAddress("smp://AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA@127.0.0.1:1")
	require.NoError(t, err)
	_, _, err = Replay(t.Context(), Options{Server: server}, Finding{}, 1)
	assert.ErrorIs(t, err, ErrUnreachable)
}
