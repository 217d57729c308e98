package planted_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/planted"
)

// docs/planted-faults.md has a row for each fault, in the order of All.
func TestFaultsAreDocumented(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/planted-faults.md")
	require.NoError(t, err)
	var documented, expected []string
	for line := range strings.Lines(string(guide)) {
		if strings.HasPrefix(line, "| `") {
			documented = append(documented, strings.TrimSpace(line))
		}
	}
	for _, f := range planted.All() {
		expected = append(expected, fmt.Sprintf("| `%s` | %s | %s |", f.ID, f.Title, strings.Join(f.Finds, ", ")))
	}
	require.Equal(t, strings.Join(expected, "\n"), strings.Join(documented, "\n"))
	require.Contains(t, string(guide), fmt.Sprintf("%d faults", len(expected)))
}
