package proxy

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// tableFaults are mistakes in keeping the connections to destinations.
var tableFaults = []fault.Fault{
	{
		ID:     "proxy/session-per-client",
		Story:  "Every client has a connection of its own to the destination, which sees them apart.",
		Breaks: []string{"SMP-PROXY-SESSION-SHARED", "SMP-PROXY-HOPS-SESSION"},
		Cases:  []string{"relay/proxy/shared", "relay/proxy/shared-at-once", "relay/proxy/hops-session"},
		Apply:  tables(false, perClient),
	},
	{
		ID:     "proxy/session-per-request",
		Story:  "Every PRXY makes a new connection to the destination.",
		Breaks: []string{"SMP-PROXY-SESSION-SHARED", "SMP-PROXY-SESSION-REPEATED"},
		Cases:  []string{"relay/proxy/shared", "relay/proxy/repeated"},
		Apply:  tables(false, perRequest()),
	},
	{
		ID:     "proxy/session-raced",
		Story:  "Two clients that ask at the same time both find no connection and both make one.",
		Breaks: []string{"SMP-PROXY-SESSION-SHARED"},
		Cases:  []string{"relay/proxy/shared-at-once"},
		Apply:  tables(false, func(_ *relay.Session, c smp.PRXY) string { return destinationOf(c) }),
	},
	{
		ID:     "proxy/session-by-address",
		Story:  "Connections to destinations are found by the address alone, and the fingerprint in a later PRXY is not compared.",
		Breaks: []string{"SMP-PROXY-DESTINATION-IDENTITY"},
		Cases:  []string{"relay/proxy/identity"},
		Apply:  tables(false, func(_ *relay.Session, c smp.PRXY) string { return addressOf(c) }),
	},
	{
		ID:     "proxy/session-survives",
		Story:  "A session stands for a destination, and PFWD for one that has ended goes over the next connection.",
		Breaks: []string{"SMP-PROXY-PFWD-CLOSED-SESSION"},
		Cases:  []string{"relay/proxy/dies"},
		Apply:  tables(true, func(_ *relay.Session, c smp.PRXY) string { return destinationOf(c) }),
	},
}
