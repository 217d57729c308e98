package main

import (
	"smpcheck/fuzz/planted/trial"
)

// trialDocument is the report of fuzz planted as JSON.
type trialDocument struct {
	Seed        uint64        `json:"seed"`
	DurationMS  float64       `json:"duration_ms"` // for each relay
	Interrupted bool          `json:"interrupted"`
	Found       int           `json:"found"`
	Survived    int           `json:"survived"`
	Broken      int           `json:"broken"`
	Relays      []trialResult `json:"relays"` // the one without a fault first
}

// trialResult is what came of one relay.
type trialResult struct {
	ID      string        `json:"id"`
	Title   string        `json:"title"`
	Outcome trial.Outcome `json:"outcome"`
	// Kind, Rule and Command are those of the finding; empty for none.
	Kind    string `json:"kind"`
	Rule    string `json:"rule"`
	Command string `json:"command"`
	// AfterMS and Operations are until the finding, or until the end.
	AfterMS    float64 `json:"after_ms"`
	Operations int     `json:"operations"`
	// Size of the program after shrinking, From before; 0 without a finding.
	Size int `json:"size"`
	From int `json:"from"`
	// Shown of Tries is how often it showed again.
	Shown  int    `json:"shown"`
	Tries  int    `json:"tries"`
	Others int    `json:"other_findings"`
	Detail string `json:"detail,omitempty"`
}

func newTrialDocument(r trial.Report) trialDocument {
	d := trialDocument{
		Seed: r.Seed, DurationMS: milliseconds(r.Duration), Interrupted: r.Interrupted,
		Found: r.Count(trial.Found), Survived: r.Count(trial.Survived), Broken: r.Count(trial.Broken), Relays: []trialResult{},
	}
	for _, result := range r.Results {
		t := trialResult{
			ID: result.ID, Title: result.Title, Outcome: result.Outcome, Others: result.Others, Detail: result.Detail,
			AfterMS: milliseconds(result.Status.Elapsed), Operations: result.Status.Operations,
		}
		if f := result.Finding; f != nil {
			t.Kind, t.Rule, t.Command, t.AfterMS, t.Operations = string(f.Kind), f.Rule, f.Command, milliseconds(f.After), f.Operations
			t.Size, t.From, t.Shown, t.Tries = f.Shrunk, f.From, f.Stable, f.Tried
		}
		d.Relays = append(d.Relays, t)
	}
	return d
}
