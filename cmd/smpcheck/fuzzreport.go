package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"time"

	"smpcheck/conformance/report"
	"smpcheck/conformance/target"
	"smpcheck/conformance/trace"
	"smpcheck/fuzz/engine"
)

// fuzzDocument is the report of a run of the fuzzer as JSON.
type fuzzDocument struct {
	Tool   report.Tool `json:"tool"`
	Target fuzzTarget  `json:"target"`
	Seed   uint64      `json:"seed"`
	// Shard of Shards, counted from 1.
	Shard               int           `json:"shard"`
	Shards              int           `json:"shards"`
	Model               bool          `json:"model"`
	ElapsedMS           float64       `json:"elapsed_ms"`
	Interrupted         bool          `json:"interrupted"`
	Programs            int           `json:"programs"`
	Operations          int           `json:"operations"`
	OperationsPerSecond float64       `json:"operations_per_second"`
	Pairs               int           `json:"pairs"`
	LastNewPair         int           `json:"last_new_pair"` // the program that showed it
	Corpus              int           `json:"corpus"`
	MemoryStart         int64         `json:"memory_start"` // bytes, 0 if not known
	MemoryEnd           int64         `json:"memory_end"`
	Sequence            string        `json:"sequence"` // a hash of all programs, in their order
	Findings            []fuzzFinding `json:"findings"`
}

// fuzzTarget is what was fuzzed. The address has no password.
type fuzzTarget struct {
	Kind    target.Kind `json:"kind"`
	Address string      `json:"address,omitempty"`
	Exec    string      `json:"exec,omitempty"`
}

// fuzzFinding is a finding in a report.
type fuzzFinding struct {
	ID          string  `json:"id"`
	Kind        string  `json:"kind"`
	Rule        string  `json:"rule"`
	Requirement string  `json:"requirement,omitempty"`
	Command     string  `json:"command,omitempty"`
	Expected    string  `json:"expected"`
	Actual      string  `json:"actual"`
	AfterMS     float64 `json:"after_ms"`
	// Operations is how many had been done until then.
	Operations int `json:"operations"`
	// Size is how many operations are left after shrinking, From how many there were.
	Size int `json:"size"`
	From int `json:"from"`
	// Shown of Tries is how often it showed again after shrinking.
	Shown int `json:"shown"`
	Tries int `json:"tries"`
	// Behind are the ids of findings that its program shows before it.
	Behind []string `json:"behind"`
	Folder string   `json:"folder"`
	// Replay is the line for a shell that shows it again.
	Replay string `json:"replay"`
}

// fuzzOutput writes what a run of the fuzzer says.
type fuzzOutput struct {
	flags  *fuzzRelayFlags
	tested fuzzed
	stdout io.Writer
	bar    *progress
	// memory is that of the process when it was first known.
	memory int64
}

// begin says what is fuzzed, so that the seed is known however the run ends.
func (o *fuzzOutput) begin() error {
	if o.flags.asJSON {
		return nil
	}
	f := o.flags.options
	var b strings.Builder
	fmt.Fprintf(&b, "smpcheck %s: fuzzing %s, seed %d", version, trace.Printable(o.tested.name()), f.Seed)
	if f.Shards > 0 {
		fmt.Fprintf(&b, ", part %d of %d", f.Shard, f.Shards)
	}
	if f.Model {
		b.WriteString(", with the model")
	}
	b.WriteByte('\n')
	return o.write(b.String())
}

func (o *fuzzOutput) write(text string) error {
	if _, err := io.WriteString(o.stdout, text); err != nil {
		return broken("write the report: %w", err)
	}
	return nil
}

// status is told how far the run has come.
func (o *fuzzOutput) status(s engine.Status) {
	if o.memory == 0 {
		o.memory = s.Memory
	}
	o.bar.fuzzing(s)
}

// end writes the report.
func (o *fuzzOutput) end(found engine.Report) error {
	d := o.document(found)
	if o.flags.asJSON {
		return writeJSON(o.stdout, d)
	}
	return o.write(d.text())
}

func (o *fuzzOutput) document(found engine.Report) fuzzDocument {
	f := o.flags.options
	d := fuzzDocument{
		Tool:   report.Tool{Name: "smpcheck", Version: version},
		Target: fuzzTarget{Kind: o.tested.kind()},
		Seed:   f.Seed, Shard: max(f.Shard, 1), Shards: max(f.Shards, 1), Model: f.Model,
		ElapsedMS: milliseconds(found.Elapsed), Interrupted: found.Interrupted,
		Programs: found.Programs, Operations: found.Operations,
		OperationsPerSecond: math.Round(found.OperationsASec*10) / 10,
		Pairs:               found.Pairs, LastNewPair: found.LastNewPairProg, Corpus: found.Corpus,
		MemoryStart: o.memory, MemoryEnd: found.Memory, Sequence: found.Sequence, Findings: []fuzzFinding{},
	}
	switch d.Target.Kind {
	case target.Process:
		d.Target.Exec = o.tested.exec
	case target.Remote:
		d.Target.Address = o.tested.server.String()
	}
	for _, finding := range found.Found {
		folder := filepath.Join(f.Findings, finding.ID)
		d.Findings = append(d.Findings, fuzzFinding{
			ID: finding.ID, Kind: string(finding.Kind), Rule: finding.Rule, Requirement: finding.Requirement,
			Command: finding.Command, Expected: finding.Expected, Actual: finding.Actual,
			AfterMS: milliseconds(finding.After), Operations: finding.Operations,
			Size: finding.Shrunk, From: finding.From, Shown: finding.Stable, Tries: finding.Tried,
			Behind: append([]string{}, finding.Behind...), Folder: folder, Replay: o.tested.replay(folder, f.Scale),
		})
	}
	return d
}

// text is the report for a reader, without its first line.
func (d fuzzDocument) text() string {
	var b strings.Builder
	if d.Interrupted {
		b.WriteString("interrupted: the numbers are of what was done until then\n")
	}
	fmt.Fprintf(&b, "elapsed     %.1f s\n", d.ElapsedMS/1000)
	fmt.Fprintf(&b, "programs    %d, with %d operations, %.0f a second\n", d.Programs, d.Operations, d.OperationsPerSecond)
	fmt.Fprintf(&b, "pairs       %d of command and answer, the last new one by program %d; corpus of %d\n", d.Pairs, d.LastNewPair, d.Corpus)
	if d.MemoryEnd > 0 {
		fmt.Fprintf(&b, "memory      %s at the start, %s at the end\n", megabytes(d.MemoryStart), megabytes(d.MemoryEnd))
	}
	fmt.Fprintf(&b, "findings    %d\n", len(d.Findings))
	for _, f := range d.Findings {
		f.text(&b)
	}
	return b.String()
}

func (f fuzzFinding) text(b *strings.Builder) {
	about := f.Rule
	if f.Command != "" {
		about += ", " + f.Command
	}
	fmt.Fprintf(b, "\n%-11s %s (after %.1f s and %d operations)\n", f.Kind, about, f.AfterMS/1000, f.Operations)
	if f.Requirement != "" {
		fmt.Fprintf(b, "  rule      %s\n", f.Requirement)
	}
	fmt.Fprintf(b, "  expected  %s\n", indented(f.Expected))
	fmt.Fprintf(b, "  actual    %s\n", indented(f.Actual))
	fmt.Fprintf(b, "  program   %d operations are left of %d; it shows in %d of %d tries\n", f.Size, f.From, f.Shown, f.Tries)
	if len(f.Behind) > 0 {
		fmt.Fprintf(b, "            after %s, from which it may follow\n", strings.Join(f.Behind, ", "))
	}
	fmt.Fprintf(b, "  folder    %s\n", f.Folder)
	fmt.Fprintf(b, "  again     %s\n", f.Replay)
}

// indented is a text of the relay under test, safe for a terminal, whose lines after the
// first stand below it.
func indented(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		lines[i] = trace.Printable(line)
	}
	return strings.Join(lines, "\n            ")
}

// megabytes is a number of bytes for people.
func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// milliseconds returns d with three decimals.
func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Microsecond)) / 1000
}
