package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
	"smpcheck/vectors/plan"
)

// services are the official tests about what client services need: credentials in the
// hello and the answer to them, signatures of commands, subscriptions and their answers.
// SUBS, NSUBS and ALLS at the versions of the tests are bare names.
var services = []struct {
	kind, group string
	least       int
}{
	{"handshake", "service", 5}, {"handshake", "service v16", 1}, {"transmissions", "service command", 1},
	{"responses", "SOK", 2}, {"responses", "SOKS", 1}, {"responses", "ENDS", 1},
}

// Every valid test of services is put to what makes the bytes and to what takes them
// apart: in the handshake that is both sides.
func TestServicesGoBothWays(t *testing.T) {
	t.Parallel()
	for _, scope := range services {
		f, err := vectors.Load(scope.kind)
		require.NoError(t, err)
		found := 0
		for g, test := range f.All() {
			if g.Name != scope.group || test.Invalid() {
				continue
			}
			calls, err := plan.Calls(f, g, test)
			require.NoError(t, err)
			makes, takes := false, false
			for _, c := range calls {
				m, k := directions(&c)
				m, k = m || c.Operation.Name == "client_handshake" && !c.Refuse, k || c.Operation.Name == "server_handshake" && !c.Refuse
				makes, takes = makes || m, takes || k
			}
			found++
			require.True(t, takes && makes, "%s %q: makes %t, takes apart %t", scope.kind, test.ID, makes, takes)
		}
		require.GreaterOrEqual(t, found, scope.least, "%s %s", scope.kind, scope.group)
	}
}
