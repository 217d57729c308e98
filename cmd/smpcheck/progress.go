package main

import (
	"fmt"
	"io"

	"smpcheck/conformance"
	"smpcheck/conformance/load"
	"smpcheck/fuzz/differ"
	"smpcheck/fuzz/engine"
)

// progress shows how far a run is in one line of a terminal, and nothing elsewhere.
type progress struct {
	w     io.Writer
	total int
	bad   int
}

func newProgress(w io.Writer, total int) *progress {
	if !isTerminal(w) {
		w = io.Discard
	}
	return &progress{w: w, total: total}
}

// eraseLine returns to the start of the line and clears it.
const eraseLine = "\r\x1b[K"

func (p *progress) show(done int, r conformance.Result) {
	switch r.Verdict {
	case conformance.Fail, conformance.XPass, conformance.Error:
		p.bad++
	}
	fmt.Fprintf(p.w, "%s%d of %d cases, %d bad", eraseLine, done, p.total, p.bad)
}

// count shows how many things of a kind are done.
func (p *progress) count(done int, of string) {
	fmt.Fprintf(p.w, "%s%d of %d %s", eraseLine, done, p.total, of)
}

// phase shows how far a load is.
func (p *progress) phase(at load.Progress) {
	fmt.Fprintf(p.w, "%s%s: %d of %d", eraseLine, at.Phase, at.Done, at.Total)
}

func (p *progress) clear() { fmt.Fprint(p.w, eraseLine) }

// fuzzing shows how far the fuzzer is.
func (p *progress) fuzzing(s engine.Status) {
	fmt.Fprintf(p.w, "%s%.0f s, %d programs, %.0f operations a second, %d pairs, corpus %d, %d findings",
		eraseLine, s.Elapsed.Seconds(), s.Programs, s.OperationsASec, s.Pairs, s.Corpus, s.Findings)
	if s.Memory > 0 {
		fmt.Fprintf(p.w, ", %s", megabytes(s.Memory))
	}
	if s.Doing != "" {
		fmt.Fprintf(p.w, "; %s", s.Doing)
	}
}

// trying shows which of the relays with planted faults is fuzzed.
func (p *progress) trying(done int, now engine.Status) {
	fmt.Fprintf(p.w, "%s%d of %d relays; %.0f s, %d operations", eraseLine, done, p.total, now.Elapsed.Seconds(), now.Operations)
}

// comparing shows how far the comparison of two relays is.
func (p *progress) comparing(s differ.Status) {
	fmt.Fprintf(p.w, "%s%.0f s, %d programs, %d pairs, %d findings", eraseLine, s.Elapsed.Seconds(), s.Programs, s.Pairs, s.Findings)
	if s.Doing != "" {
		fmt.Fprintf(p.w, "; %s", s.Doing)
	}
}
