// Package link holds the mistakes in short links: in the queues that are created with one,
// and in the commands that read, set and delete its data.
package link

import (
	"slices"
	"strings"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
)

// Faults returns them.
func Faults() []fault.Fault {
	return slices.Concat(
		newFaults,
		takenFaults,
		readFaults,
		nameFaults,
		keyFaults,
		takeFaults,
		setFaults,
		ownerFaults,
		deleteFaults,
	)
}

// mistake is a mistake in short links. The requirements that it breaks and the cases
// that notice are separated by spaces; the cases without relay/link/.
func mistake(id, story, breaks, cases string, apply func(*relay.Config)) fault.Fault {
	f := fault.Fault{ID: "link/" + id, Story: story, Breaks: strings.Fields(breaks), Apply: apply}
	for _, name := range strings.Fields(cases) {
		f.Cases = append(f.Cases, "relay/link/"+name)
	}
	return f
}
