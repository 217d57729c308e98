package main

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/conformance/report"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// A relay that still has the queues and links of a run is judged alike by the next run
// with the same seed. It meets no key twice either: there are relays that answer NEW for
// a known key with the queue that has it.
func TestTheSameSeedAgain(t *testing.T) {
	t.Parallel()
	var met keysMet
	address, stop, err := startChanged(t.Context(), met.record)
	require.NoError(t, err)
	t.Cleanup(stop)
	verdicts := func() map[string]conformance.Verdict {
		r := smpcheck(t, relaySuite(), "relay", "--seed", "7", "--versions", "20", "--timeout-scale", "4", "--report", "json=-",
			"--run", "relay/link/*,relay/new/*,relay/ids/*,relay/proxy/whole,relay/timing/lkey", address)
		var d report.Document
		require.NoError(t, json.Unmarshal([]byte(r.stdout), &d), r.stderr)
		all := make(map[string]conformance.Verdict)
		for _, c := range d.Cases {
			all[c.ID] = c.Verdict
		}
		return all
	}
	first := verdicts()
	firstKeys := met.take()
	second := verdicts()
	require.Equal(t, conformance.Pass, first["relay/link/new-contact"])
	require.Len(t, second, len(first))
	for id, verdict := range second {
		require.Equal(t, first[id], verdict, id)
	}
	require.NotEmpty(t, firstKeys)
	for key := range met.take() {
		require.False(t, firstKeys[key], "a key comes in both runs")
	}
}

// keysMet are the keys in the NEW commands that a relay has got.
type keysMet struct {
	mu   sync.Mutex
	keys map[string]bool
}

// record has a relay note the keys.
func (m *keysMet) record(c relay.Config) relay.Config {
	c.Stages = relay.DefaultStages()
	next := c.Stages.Execute
	c.Stages.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		if cmd, ok := r.Command.(smp.NEW); ok {
			m.mu.Lock()
			m.keys[string(cmd.AuthKey.SPKI())], m.keys[string(cmd.DHKey.SPKI())] = true, true
			m.mu.Unlock()
		}
		return next(s, r)
	}
	m.take()
	return c
}

// take returns the keys of a run, and begins another one.
func (m *keysMet) take() map[string]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.keys
	m.keys = make(map[string]bool)
	return taken
}
