package relaycases

import (
	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/smp"
)

// SMP, "SMP Transmission and transport block structure": many transmissions at once.
var batchCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/block/batch-with-message",
		Title:        "A message and any number of short answers to one block arrive, in one block or in several",
		Requirements: []string{"SMP-BLOCK-BATCH"},
		Edges:        true,
		Run: func(t *T) {
			requireGet(t)
			q, bodies := waiting(t, 1)
			c := probe.Dial(t)
			for n := 1; n <= 12; n++ {
				get := c.Transmission(q.RecipientID, q.Key, smp.GET{})
				pings := make([]smp.Transmission, n)
				for i := range pings {
					pings[i] = bare(c, smp.PING{})
				}
				c.Send(append(pings, get)...)
				for _, ping := range pings {
					c.Await("PING in a block with GET", ping).Expect(smp.PONG{})
				}
				expectContent(t, q, probe.ExpectA[smp.MSG](c.Await("GET in a block with PING", get)), bodies[0])
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/block/batch-255-often",
		Title:        "Blocks of 255 transmissions that come one after the other are each served",
		Requirements: []string{"SMP-BLOCK-BATCH-255"},
		Versions:     from(smp.VersionAuthenticators), // with session identifiers fewer fit
		Edges:        true,
		Run: func(t *T) {
			c := probe.Dial(t)
			var all []smp.Transmission
			for range 6 {
				pings := make([]smp.Transmission, smp.MaxTransmissions)
				for i := range pings {
					pings[i] = bare(c, smp.PING{})
				}
				c.Send(pings...)
				all = append(all, pings...)
			}
			for _, ping := range all {
				c.Await("PING in one of 6 blocks of 255", ping).Expect(smp.PONG{})
			}
		},
	}),
}
