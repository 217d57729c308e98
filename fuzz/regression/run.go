package regression

import (
	"fmt"
	"time"

	"smpcheck/conformance"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/engine"
	"smpcheck/reference/wire"
)

// run carries out the program at the version of t and fails if the relay shows again what
// the case is about. Something else that is wrong is not the matter of the case, but keeps
// it from being judged.
func (c *Case) run(t *conformance.T) {
	outcome, err := drive.Run(t.Context(), drive.Config{
		Server:   t.Server(),
		Versions: wire.Versions(t.Version(), t.Version()),
		TLS:      t.Info().TLS,
		Scale:    scaleOf(t),
		Judge:    c.judge(),
		Seed:     c.Seed,
		Recorder: t.Trace(),
	}, c.Program)
	if err != nil {
		t.Broken(err)
	}
	for _, b := range outcome.Breaches {
		if c.Shows.match(b) {
			t.Fail(b.Expected, b.Actual)
		}
	}
	for _, b := range outcome.Breaches {
		t.Block(fmt.Sprintf("the relay shows something else: %s %s, %s", b.Kind, b.Rule, b.Actual))
	}
}

// match reports whether the breach is the one of the case.
func (s Shows) match(b drive.Breach) bool {
	return b.Kind == s.Kind && b.Rule == s.Rule && b.Command == s.Command
}

// scaleOf is the time scale of the run.
func scaleOf(t *conformance.T) float64 { return float64(t.Timeout(time.Second)) / float64(time.Second) }

// judge is what watches the run.
func (c *Case) judge() drive.Judge { return nil }

// Replayed is the case as the finding that it was made of, to run it again.
func (c *Case) Replayed() engine.Finding {
	b := drive.Breach{
		Kind: c.Shows.Kind, Rule: c.Shows.Rule, Command: c.Shows.Command,
		Expected: c.Shows.Expected, Actual: c.Shows.Actual,
	}
	if len(c.Requirements) > 0 {
		b.Requirement = c.Requirements[0]
	}
	return engine.Finding{ID: c.ID, Breach: b, Program: c.Program, Original: c.Program, Seed: c.Seed, Shrunk: len(c.Program.Ops), From: len(c.Program.Ops)}
}
