package planted_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/planted"
)

// trigger does what shows a fault and reports whether it has shown. With the right relay
// it reports false.
type trigger func(r *relayed) bool

// triggers are those of all faults.
func triggers() map[string]trigger {
	all := make(map[string]trigger)
	for _, some := range []map[string]trigger{
		crashTriggers, hangTriggers, memoryTriggers, stateTriggers, acceptedTriggers, answerTriggers,
	} {
		maps.Copy(all, some)
	}
	return all
}

// silence is how long the answer of a relay that hangs is waited for.
const silence = 3 * time.Second

func TestFaults(t *testing.T) {
	t.Parallel()
	reference := start(t, noFault.ID)
	converse(&relayed{t: t, process: reference, patience: patience})
	for id, show := range triggers() {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			wrong := &relayed{t: t, process: start(t, id), wrong: true, patience: patience}
			converse(wrong)
			if strings.HasPrefix(id, "hang/") {
				wrong.patience = silence
			}
			require.True(t, show(wrong), "the fault does not show")
			if !strings.HasPrefix(id, "crash/") {
				select {
				case <-wrong.exited:
					t.Fatalf("the relay has ended: %s", wrong.stderr)
				default:
				}
			}

			control := &relayed{t: t, process: reference, patience: patience}
			if strings.HasPrefix(id, "memory/") {
				control.process = start(t, noFault.ID) // nobody else may use it
			}
			require.False(t, show(control), "the right relay shows the fault")
		})
	}
}

func TestEachFaultHasATrigger(t *testing.T) {
	t.Parallel()
	require.ElementsMatch(t, planted.IDs(), slices.Collect(maps.Keys(triggers())))
}

func TestFaultsAreDescribed(t *testing.T) {
	t.Parallel()
	kinds := []string{
		planted.Crash, planted.Hang, planted.Canary, planted.Protocol, planted.Accepted, planted.Violation, planted.Memory,
	}
	ids := regexp.MustCompile(`^(crash|hang|memory|state|accepted|answer)/[a-z0-9]+(-[a-z0-9]+)*$`)
	groups, titles := make(map[string]int), make(map[string]bool)
	for _, f := range planted.All() {
		require.Regexp(t, ids, f.ID)
		require.Regexp(t, `^[A-Z].*\.$`, f.Title, f.ID)
		require.False(t, titles[f.Title], "%s has the title of another fault", f.ID)
		titles[f.Title] = true
		require.NotEmpty(t, f.Finds, f.ID)
		require.Subset(t, kinds, f.Finds, f.ID)
		group, _, _ := strings.Cut(f.ID, "/")
		groups[group]++
		if slices.Contains(kinds, group) {
			require.Contains(t, f.Finds, group, f.ID)
		}
	}
	for group, n := range groups {
		require.GreaterOrEqual(t, n, 6, group)
	}
	sorted := slices.Sorted(slices.Values(planted.IDs()))
	require.Equal(t, slices.Compact(slices.Clone(sorted)), sorted, "an id is used twice")
}

func TestLookup(t *testing.T) {
	t.Parallel()
	for _, id := range planted.IDs() {
		f, ok := planted.Lookup(id)
		require.True(t, ok)
		require.Equal(t, id, f.ID)
	}
	_, ok := planted.Lookup("crash/none")
	require.False(t, ok)
}
