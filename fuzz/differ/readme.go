package differ

import (
	"fmt"
	"strings"
)

// readme tells people about the finding in a folder.
func (f Finding) readme(folder string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nTwo relays do not show the same (%s).\n\n", f.Rule, f.In)
	for i, name := range names {
		fmt.Fprintf(&b, "- %s shows: %s\n", name, f.Shown[i])
		if f.Blames[i] != "" {
			fmt.Fprintf(&b, "  - the model of a relay objects: %s\n", f.Blames[i])
		}
		if f.Requirements[i] != "" {
			fmt.Fprintf(&b, "  - requirement: %s (smpcheck explain %s)\n", f.Requirements[i], f.Requirements[i])
		}
	}
	fmt.Fprintf(&b, "\nSMP versions %s; operation %d of the program, counted from 0:\n\n", f.Versions, f.Op)
	for _, line := range lines(f.Program) {
		fmt.Fprintf(&b, "    %s\n", line)
	}
	fmt.Fprintf(&b, "\nIt shows in %d of %d tries. Again:\n\n    smpcheck fuzz diff --program %s ADDRESS-A ADDRESS-B\n", f.Stable, f.Tried, folder)
	return b.String()
}
