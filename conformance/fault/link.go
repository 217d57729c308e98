package fault

import (
	"slices"
	"strings"

	"smpcheck/reference/relay"
)

// linkFaults are mistakes in short links.
var linkFaults = slices.Concat(
	linkNewFaults,
	linkTakenFaults,
	linkReadFaults,
	linkNameFaults,
	linkKeyFaults,
	linkTakeFaults,
	linkSetFaults,
	linkOwnerFaults,
	linkDeleteFaults,
)

// linkFault is a mistake in short links. The requirements that it breaks and the cases
// that notice are separated by spaces; the cases without relay/link/.
func linkFault(id, story, breaks, cases string, apply func(*relay.Config)) Fault {
	f := Fault{ID: "link/" + id, Story: story, Breaks: strings.Fields(breaks), Apply: apply}
	for _, name := range strings.Fields(cases) {
		f.Cases = append(f.Cases, "relay/link/"+name)
	}
	return f
}
