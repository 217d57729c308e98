package main

import (
	"smpcheck/conformance/fault/all"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/relaycases"
	"smpcheck/conformance/target"
	"smpcheck/fuzz/differ"
	"smpcheck/fuzz/engine"
)

// relaySuite is the suite that tests relays.
func relaySuite() suite {
	return suite{
		cases: relaycases.All, faults: all.Faults, preflight: probe.Preflight, survey: probe.Survey, embed: startEmbedded,
		fuzz: engine.Run, replay: engine.Replay, diff: differ.Run, rediff: differ.Replay, names: target.Names{Known: embeddedName},
	}
}
