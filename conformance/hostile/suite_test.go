package hostile

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/relaycases"
	"smpcheck/conformance/target"
	"smpcheck/spec"
)

// The cases leave nothing behind in the process: no goroutine, no memory.
func TestSuiteLeavesNothingBehind(t *testing.T) {
	catalogue, err := spec.Load()
	require.NoError(t, err)
	registry := conformance.NewRegistry(catalogue)
	require.NoError(t, registry.Add(relaycases.All()...))
	names := []string{"session-id-long", "hello-silence", "deaf", "flood-messages", "flood-errors", "block-half", "answer-endless", "turns-silent"}
	wanted := func(b Behaviour) bool { return slices.Contains(names, b.Name) }
	forEach(t, wanted, func(t *testing.T, e *Endpoint) {
		server, err := target.ParseAddress(e.Address())
		require.NoError(t, err)
		info, err := probe.Preflight(t.Context(), target.At(server), 0.4)
		require.NoError(t, err)
		o := conformance.Options{Versions: []uint16{20}, TimeoutScale: 0.1, Parallel: 48}
		outcome := conformance.Execute(t.Context(), registry.Cases(), target.At(server), info, o)
		assert.Len(t, outcome.Results, len(registry.Cases()))
		for _, r := range outcome.Results {
			assert.Contains(t, conformance.Verdicts(), r.Verdict, r.Case.ID)
			assert.NotContains(t, r.Detail, "panic", r.Case.ID)
		}
	})
}
