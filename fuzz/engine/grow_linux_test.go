package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/program"
)

func TestTheMemoryOfAProcess(t *testing.T) {
	t.Parallel()
	h := onRelay(t, healthy)
	m, ok := h.memory()
	require.True(t, ok)
	assert.Greater(t, m.private, int64(1<<20))
	assert.GreaterOrEqual(t, m.resident, m.private)
	require.NoError(t, kill(h.tree.root))
	<-h.relay.Done()
	_, ok = h.memory()
	assert.False(t, ok)
}

// suspectsOf are programs of which the second one makes a relay grow that keeps something
// for each unknown command.
func suspectsOf(t *testing.T) []input {
	return []input{
		parse(t, "NEW c0 q0 arg=1\nSEND c1 q0 arg=100\nACK c0 q0"),
		parse(t, "NEW c0 q0 arg=1\nPING c1 q0 field[0]:set(0,90)\nSEND c1 q0 arg=100\nACK c0 q0"),
	}
}

func TestAProcessThatGrowsIsFound(t *testing.T) {
	t.Parallel()
	h := onRelay(t, "memory/unknown-tag")
	f, err := newFuzzer(h.options, h, fakeAuthor{})
	require.NoError(t, err)
	f.options.Findings = t.TempDir()
	f.cabinet.dir = f.options.Findings
	for _, in := range suspectsOf(t) {
		f.history.add(in)
	}
	f.options.Scale *= 4 // nobody waits for that if all goes well
	require.NoError(t, f.examine(t.Context()))
	require.Len(t, f.found, 1)
	found := f.found[0]
	assert.Equal(t, Memory, found.Kind)
	assert.Equal(t, "PING", found.Command)
	require.Len(t, found.Program.Ops, 1)
	assert.Equal(t, program.PING, found.Program.Ops[0].Kind)
	assert.Contains(t, found.Detail, "KiB")
	assert.Equal(t, found.ID, f.found[0].ID)
	loaded, err := LoadFinding(f.options.Findings + "/" + found.ID)
	require.NoError(t, err)
	assert.Equal(t, found.Program, loaded.Program)
	assert.True(t, f.watch.patience.After(time.Now()))

	shown, last, err := Replay(t.Context(), Options{Command: relayCommand("memory/unknown-tag"), Scale: 4 * scale}, loaded, 3)
	require.NoError(t, err)
	assert.Positive(t, shown)
	assert.Equal(t, Memory, last.Kind)
	shown, _, err = Replay(t.Context(), Options{Command: relayCommand(healthy), Scale: 4 * scale}, loaded, 3)
	require.NoError(t, err)
	assert.Zero(t, shown)
}

func TestAProcessThatDoesNotGrowIsNotFound(t *testing.T) {
	t.Parallel()
	h := onRelay(t, healthy)
	f, err := newFuzzer(h.options, h, fakeAuthor{})
	require.NoError(t, err)
	for _, in := range suspectsOf(t) {
		f.history.add(in)
	}
	require.NoError(t, f.examine(t.Context()))
	assert.Empty(t, f.found)
}
