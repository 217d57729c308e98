package regression

import (
	"fmt"
	"time"

	"smpcheck/conformance"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/engine"
	"smpcheck/fuzz/model"
	"smpcheck/reference/wire"
)

// endLimit is how long the end of a process may take to be seen, at time scale 1.
const endLimit = 2 * time.Second

// unreachable is the rule of package engine for a relay that serves nobody any more.
const unreachable = "relay-unreachable"

// run carries out the program, with the version of t as the newest, and fails if the relay
// shows again what the case is about. Something else that is wrong is not the matter of
// the case, but keeps it from being judged.
func (c *Case) run(t *conformance.T) {
	if c.Shows.Kind == engine.Crash || c.Shows.Kind == engine.Canary || c.Shows.Rule == unreachable {
		c.runWatched(t)
		return
	}
	config := drive.Config{
		Server: t.Server(), Versions: c.versions(t), TLS: t.Info().TLS, Scale: scaleOf(t), Seed: c.Seed, Recorder: t.Trace(),
	}
	if c.Model {
		config.Judge = model.New(model.Config{Password: t.Server().Password, Quota: c.Quota, Prompt: c.Prompt})
	}
	outcome, err := drive.Run(t.Context(), config, c.Program.Program)
	for _, b := range outcome.Breaches {
		if c.Shows.match(b) {
			t.Fail(b.Expected, b.Actual)
		}
	}
	if err != nil {
		t.Broken(err)
	}
	for _, b := range outcome.Breaches {
		blocked(t, b)
	}
}

// runWatched runs the program beside two clients that do nothing unusual, and looks after
// the process.
func (c *Case) runWatched(t *conformance.T) {
	f := c.Replayed()
	f.Versions = c.versions(t)
	shown, last, err := engine.Replay(t.Context(), engine.Options{Server: t.Server(), Scale: scaleOf(t)}, f, 1)
	switch {
	case c.Shows.Kind == engine.Crash && ended(t, err != nil || last.Rule != ""):
		t.Fail("a relay that goes on", t.Target().Obituary())
	case shown > 0:
		t.Fail(last.Expected, last.Actual)
	case c.Shows.Kind == engine.Crash && last.Rule != "" && gone(t):
		t.Fail("a relay that goes on", "nobody listens any more")
	case err != nil:
		t.Broken(err)
	case last.Rule != "":
		blocked(t, last)
	}
}

// ended reports whether the process of the target has ended; if something is wrong it
// waits for the news.
func ended(t *conformance.T, wrong bool) bool {
	patience := time.Duration(0)
	if wrong && t.Target().Done() != nil {
		patience = t.Timeout(endLimit)
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-t.Target().Done():
		return true
	case <-timer.C:
		return false
	}
}

// gone reports whether nobody listens at the address of the target: all that is seen of the
// end of a process that somebody else has started.
func gone(t *conformance.T) bool {
	_, err := t.Dial()
	return err != nil
}

func blocked(t *conformance.T, b drive.Breach) {
	t.Block(fmt.Sprintf("the relay shows something else, %s %s: expected %s, got %s", b.Kind, b.Rule, b.Expected, b.Actual))
}

// versions are those of the case that the relay has, up to that of t.
func (c *Case) versions(t *conformance.T) wire.VersionRange {
	return wire.Versions(max(c.Versions[0], t.Info().Versions.Min), t.Version())
}

// match reports whether the breach is the one of the case.
func (s Shows) match(b drive.Breach) bool {
	return b.Kind == s.Kind && b.Rule == s.Rule && b.Command == s.Command
}

// scaleOf is the time scale of the run.
func scaleOf(t *conformance.T) float64 { return float64(t.Timeout(time.Second)) / float64(time.Second) }

// Replayed is the case as the finding that it was made of, to run it again.
func (c *Case) Replayed() engine.Finding {
	b := drive.Breach{
		Kind: c.Shows.Kind, Rule: c.Shows.Rule, Command: c.Shows.Command,
		Expected: c.Shows.Expected, Actual: c.Shows.Actual,
	}
	if len(c.Requirements) > 0 {
		b.Requirement = c.Requirements[0]
	}
	return engine.Finding{
		ID: c.ID, Breach: b, Place: c.Shows.Place, Program: c.Program.Program, Original: c.Program.Program, Seed: c.Seed,
		Versions: wire.Versions(c.Versions[0], c.Versions[1]), Model: c.Model, Quota: c.Quota, Prompt: c.Prompt,
		Shrunk: len(c.Program.Ops), From: len(c.Program.Ops),
	}
}
