package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
	"smpcheck/vectors/plan"
)

// operations are the names of the operations that a test is used with.
func operations(t *testing.T, f *vectors.File, g *vectors.Group, test *vectors.Test) []string {
	t.Helper()
	calls, err := plan.Calls(f, g, test)
	require.NoError(t, err)
	var names []string
	for _, call := range calls {
		names = append(names, call.Operation.Name)
	}
	return names
}

func TestBothSidesOfAHandshakeAreRun(t *testing.T) {
	t.Parallel()
	f, err := vectors.Load("handshake")
	require.NoError(t, err)
	for g, test := range f.All() {
		names := operations(t, f, g, test)
		switch {
		case g.Name == "received":
			require.Contains(t, []string{"client_handshake", "server_handshake", "handshake"}, names[len(names)-1], test.ID)
		case test.Invalid():
			require.Equal(t, []string{"server_hello", "client_handshake"}, names, test.ID)
		default:
			require.Contains(t, names, "client_handshake", test.ID)
			require.Contains(t, names, "server_handshake", test.ID)
			require.Contains(t, names, "credentials", test.ID)
		}
	}
}

// Two ranges may have the same versions in common after a wrong copy of one of them. The
// id of the test has the ranges too.
func TestRangesAreComparedWithTheID(t *testing.T) {
	t.Parallel()
	f, err := vectors.Load("misc")
	require.NoError(t, err)
	g, ok := f.Group("versions")
	require.True(t, ok)
	for i := range g.Tests {
		require.Contains(t, operations(t, f, g, &g.Tests[i]), "parse_version_range", g.Tests[i].ID)
	}
}

func TestAGroupThatNobodyKnowsHasNoPlan(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"misc", "handshake"} {
		f := &vectors.File{Kind: kind}
		test := &vectors.Test{ID: "unknown/1", Inputs: vectors.Value("{}"), Output: vectors.Value("{}"), Result: vectors.Valid}
		_, err := plan.Calls(f, &vectors.Group{Name: "unknown"}, test)
		require.ErrorIs(t, err, plan.ErrNoPlan, kind)
	}
}
