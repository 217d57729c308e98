package authorization

import (
	"slices"
	"strings"

	"smpcheck/conformance/fault"
	"smpcheck/reference/smp"
)

// guardedCommands are commands that have to be authorized, and the versions that have
// them.
var guardedCommands = []struct {
	tag  string
	from uint16
}{
	{"SUB", 6}, {"KEY", 6}, {"RKEY", 15}, {"ACK", 6}, {"GET", 6}, {"OFF", 6}, {"DEL", 6}, {"QUE", 6},
	{"SKEY", 9}, {"NEW", 6},
}

var authorizationFaults = slices.Concat(
	uncheckedCommands(), emptyAuthorizations(), otherUnchecked,
	byEitherID(), forUnknownQueues(), inexactIDs, schemeFaults, authenticatorFaults, coverageFaults, credentialFaults,
	elsewhereFaults,
)

// otherUnchecked are relays that do not verify commands with cases of their own.
var otherUnchecked = []fault.Fault{
	{
		ID:     "authorization/send-unchecked",
		Story:  "Whoever signs a SEND may send to a secured queue, with whatever key.",
		Breaks: []string{"SMP-SEND-SECURED-WRONG-KEY", "SMP-AUTH-WRONG-KEY"},
		Cases:  []string{"relay/authorization/wrong-key-send"},
		Apply:  fault.Unchecked("SEND"),
	},
	{
		ID:     "authorization/nkey-unchecked",
		Story:  "Everybody may replace the notifier of a queue, since notifications have no content.",
		Breaks: []string{"SMP-NTF-NKEY-AUTHORIZED"},
		Cases:  []string{"relay/notify/nkey-authorised"},
		Apply:  fault.Unchecked("NKEY"),
	},
	{
		ID:       "authorization/lset-unchecked",
		Story:    "The data of a link are taken from everybody, since they are public.",
		Breaks:   []string{"SMP-LINK-LSET-AUTHORIZED"},
		Cases:    []string{"relay/link/lset-authorised"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply:    fault.Unchecked("LSET"),
	},
}

// uncheckedCommands are relays that execute a command whoever has authorized it.
func uncheckedCommands() (faults []fault.Fault) {
	for _, c := range guardedCommands {
		name := strings.ToLower(c.tag)
		faults = append(faults, fault.Fault{
			ID:       "authorization/" + name + "-unchecked",
			Story:    "The authorization of " + c.tag + " is parsed and not verified.",
			Breaks:   []string{"SMP-" + c.tag + "-AUTHORIZED", "SMP-AUTH-WRONG-KEY"},
			Cases:    []string{"relay/authorization/wrong-key-" + name},
			Versions: fault.Since(c.from),
			Apply:    fault.Unchecked(c.tag),
		})
	}
	return faults
}

// emptyAuthorizations are relays that execute a command without any authorization.
func emptyAuthorizations() (faults []fault.Fault) {
	for _, c := range guardedCommands {
		name := strings.ToLower(c.tag)
		breaks := []string{"SMP-" + c.tag + "-AUTHORIZED", "SMP-AUTH-NO-AUTH"}
		if c.tag != "NEW" { // which is for no queue
			breaks = append(breaks, "SMP-AUTH-REQUIRED")
		}
		faults = append(faults, fault.Fault{
			ID:       "authorization/" + name + "-may-be-empty",
			Story:    "An empty authorization of " + c.tag + " is taken for one that needs no check.",
			Breaks:   breaks,
			Cases:    []string{"relay/authorization/unauthorised-" + name},
			Versions: fault.Since(c.from),
			Apply:    fault.Unsigned(c.tag),
		})
	}
	return faults
}
