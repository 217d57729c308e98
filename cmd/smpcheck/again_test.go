package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/conformance/report"
)

// A relay that still has the queues and links of a run is judged alike by the next run
// with the same seed.
func TestTheSameSeedAgain(t *testing.T) {
	t.Parallel()
	address, stop, err := startEmbedded(t.Context())
	require.NoError(t, err)
	t.Cleanup(stop)
	verdicts := func() map[string]conformance.Verdict {
		r := smpcheck(t, relaySuite(), "relay", "--seed", "7", "--versions", "20", "--timeout-scale", "4", "--report", "json=-",
			"--run", "relay/link/*,relay/new/*,relay/ids/*,relay/key/*,relay/skey/*,relay/rkey/*", address)
		var d report.Document
		require.NoError(t, json.Unmarshal([]byte(r.stdout), &d), r.stderr)
		all := make(map[string]conformance.Verdict)
		for _, c := range d.Cases {
			all[c.ID] = c.Verdict
		}
		return all
	}
	first, second := verdicts(), verdicts()
	require.Equal(t, conformance.Pass, first["relay/link/new-contact"])
	require.Len(t, second, len(first))
	for id, verdict := range second {
		require.Equal(t, first[id], verdict, id)
	}
}
