package main

import (
	"smpcheck/conformance/probe"
	"smpcheck/conformance/relaycases"
)

// relaySuite is the suite that tests relays.
func relaySuite() suite {
	return suite{cases: relaycases.All, preflight: probe.Preflight, embed: startEmbedded}
}
