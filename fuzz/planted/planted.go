package planted

import (
	"slices"

	"smpcheck/reference/relay"
)

// The kinds of findings that prove that a fault was found: how package engine names them.
const (
	// Crash: the process has ended.
	Crash = "crash"
	// Hang: an answer does not come, or a connection neither goes on nor ends.
	Hang = "hang"
	// Canary: two clients that do nothing unusual lose, miss or repeat messages, or are
	// disconnected.
	Canary = "canary"
	// Protocol: what came is not of the protocol, or answers something else.
	Protocol = "protocol"
	// Accepted: something malformed or unauthorised was taken.
	Accepted = "accepted"
	// Violation: an answer or event that no right relay sends after what came before.
	Violation = "violation"
	// Memory: the process grows with what it is sent.
	Memory = "memory"
)

// Fault is one thing that is wrong with a relay.
type Fault struct {
	// ID is the name for ever: group and fault as lower-case words joined by hyphens, such
	// as "crash/link-data-length".
	ID string
	// Title says what is wrong, in one line.
	Title string
	// Finds are the kinds of findings of which each proves that the fault was found.
	Finds []string
	// Apply makes the relay wrong. All stages are set when it is called, and what the
	// fault remembers begins anew with each call.
	Apply func(*relay.Config)
}

// All returns all faults, always in the same order.
func All() []Fault {
	return slices.Concat(
		crashesOfBlocks(),
		crashesOfFields(),
		crashesOfConnections(),
		crashesOfState(),
		hangsOfConnections(),
		hangsOfCommands(),
		memoryFaults(),
		subscriptionFaults(),
		messageFaults(),
		quotaFaults(),
		queueFaults(),
		linkFaults(),
		notifierFaults(),
		acceptedForms(),
		acceptedAuthorizations(),
		acceptedConnections(),
		answerFaults(),
	)
}

// Lookup returns the fault with the id.
func Lookup(id string) (Fault, bool) {
	all := All()
	i := slices.IndexFunc(all, func(f Fault) bool { return f.ID == id })
	if i < 0 {
		return Fault{}, false
	}
	return all[i], true
}

// IDs returns the ids of all faults, in the order of All.
func IDs() []string {
	all := All()
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	return ids
}
