package plan_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
	"smpcheck/vectors/plan"
)

// notifications are the official tests about what notifications need: NKEY, its answer,
// the event and what is sealed in it. NDEL and NSUB are bare names.
var notifications = []struct {
	kind, group string
	least       int
}{
	{"commands", "NKEY", 2}, {"responses", "NID", 1}, {"responses", "NMSG", 1}, {"message_layers", "nmsg", 3},
}

// Every valid test of notifications is put to what makes the bytes and to what takes
// them apart. Metadata with an extension, which no relay makes, are taken apart only.
func TestNotificationsGoBothWays(t *testing.T) {
	t.Parallel()
	for _, scope := range notifications {
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
				makes, takes = makes || m, takes || k
			}
			found++
			oneWay := strings.HasPrefix(test.ID, "nmsg/parse")
			require.True(t, takes && (makes || oneWay), "%s %q: makes %t, takes apart %t", scope.kind, test.ID, makes, takes)
		}
		require.GreaterOrEqual(t, found, scope.least, "%s %s", scope.kind, scope.group)
	}
}
