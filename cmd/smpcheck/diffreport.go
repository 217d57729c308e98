package main

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"smpcheck/conformance/report"
	"smpcheck/conformance/trace"
	"smpcheck/fuzz/differ"
)

// diffDocument is the report of fuzz diff as JSON.
type diffDocument struct {
	Tool        report.Tool    `json:"tool"`
	Relays      [2]string      `json:"relays"` // A and B
	Versions    [2]uint16      `json:"versions"`
	Seed        uint64         `json:"seed"`
	ElapsedMS   float64        `json:"elapsed_ms"`
	Interrupted bool           `json:"interrupted"`
	Programs    int            `json:"programs"`
	Operations  int            `json:"operations"`
	Pairs       int            `json:"pairs"`
	Choices     map[string]int `json:"choices"` // how often the relays chose differently, by reason
	Dropped     map[string]int `json:"dropped"` // differences that did not show each time
	Findings    []diffFinding  `json:"findings"`
}

// diffFinding is a difference in a report.
type diffFinding struct {
	ID           string    `json:"id"`
	Rule         string    `json:"rule"`
	In           string    `json:"in"`
	Command      string    `json:"command,omitempty"`
	Shown        [2]string `json:"shown"`
	Blames       [2]string `json:"blames"`
	Requirements [2]string `json:"requirements"`
	Size         int       `json:"size"` // operations that are left
	From         int       `json:"from"`
	AfterMS      float64   `json:"after_ms"`
	Folder       string    `json:"folder"`
}

// diffOutput writes what a run of fuzz diff says.
type diffOutput struct {
	asJSON bool
	names  [2]string
	stdout io.Writer
	bar    *progress
}

// begin says what is compared, so that the seed is known however the run ends.
func (o *diffOutput) begin(seed uint64) error {
	if o.asJSON {
		return nil
	}
	return o.write(fmt.Sprintf("smpcheck %s: comparing two relays, seed %d\nA           %s\nB           %s\n",
		version, seed, trace.Printable(o.names[0]), trace.Printable(o.names[1])))
}

func (o *diffOutput) write(text string) error {
	if _, err := io.WriteString(o.stdout, text); err != nil {
		return broken("write the report: %w", err)
	}
	return nil
}

// end writes the report.
func (o *diffOutput) end(options differ.Options, found differ.Report) error {
	d := diffDocument{
		Tool: report.Tool{Name: "smpcheck", Version: version}, Relays: o.names,
		Versions: [2]uint16{found.Versions.Min, found.Versions.Max}, Seed: options.Seed,
		ElapsedMS: milliseconds(found.Elapsed), Interrupted: found.Interrupted,
		Programs: found.Programs, Operations: found.Operations, Pairs: found.Pairs, Choices: found.Chosen, Dropped: found.Dropped,
		Findings: []diffFinding{},
	}
	for _, counts := range []*map[string]int{&d.Choices, &d.Dropped} {
		if *counts == nil {
			*counts = map[string]int{}
		}
	}
	for _, f := range found.Found {
		d.Findings = append(d.Findings, diffFinding{
			ID: f.ID, Rule: f.Rule, In: f.In, Command: f.Command, Shown: f.Shown, Blames: f.Blames, Requirements: f.Requirements,
			Size: len(f.Program.Ops), From: len(f.Original.Ops), AfterMS: milliseconds(f.After), Folder: filepath.Join(options.Findings, f.ID),
		})
	}
	if o.asJSON {
		return writeJSON(o.stdout, d)
	}
	return o.write(d.text())
}

// text is the report for a reader, without its first lines.
func (d diffDocument) text() string {
	var b strings.Builder
	if d.Interrupted {
		b.WriteString("interrupted: the numbers are of what was done until then\n")
	}
	if d.Versions[1] != 0 {
		fmt.Fprintf(&b, "versions    SMP %d-%d\n", d.Versions[0], d.Versions[1])
	}
	fmt.Fprintf(&b, "elapsed     %.1f s\n", d.ElapsedMS/1000)
	fmt.Fprintf(&b, "programs    %d, with %d operations; %d pairs of command and answer\n", d.Programs, d.Operations, d.Pairs)
	if len(d.Choices) > 0 {
		b.WriteString("choices     that the protocol leaves to relays, and how often they differed\n")
	}
	for _, reason := range slices.Sorted(maps.Keys(d.Choices)) {
		fmt.Fprintf(&b, "  %6d × %s\n", d.Choices[reason], reason)
	}
	if len(d.Dropped) > 0 {
		b.WriteString("dropped     since they did not show each time\n")
	}
	for _, group := range slices.Sorted(maps.Keys(d.Dropped)) {
		fmt.Fprintf(&b, "  %6d × %s\n", d.Dropped[group], trace.Printable(group))
	}
	fmt.Fprintf(&b, "findings    %d\n", len(d.Findings))
	for _, f := range d.Findings {
		f.text(&b)
	}
	return b.String()
}

func (f diffFinding) text(b *strings.Builder) {
	fmt.Fprintf(b, "\n%-11s %s\n", f.In, trace.Printable(f.Rule))
	for i, name := range []string{"A", "B"} {
		fmt.Fprintf(b, "  %s         %s\n", name, indented(f.Shown[i]))
		if f.Blames[i] != "" {
			fmt.Fprintf(b, "            the model objects to %s: %s\n", name, indented(f.Blames[i]))
		}
		if f.Requirements[i] != "" {
			fmt.Fprintf(b, "            %s\n", f.Requirements[i])
		}
	}
	fmt.Fprintf(b, "  program   %d operations are left of %d (after %.1f s)\n  folder    %s\n", f.Size, f.From, f.AfterMS/1000, f.Folder)
}

// rediffDocument is what fuzz diff --program says as JSON.
type rediffDocument struct {
	ID   string `json:"id"`
	Rule string `json:"rule"`
	// Shown of Times is how often the difference showed.
	Shown int `json:"shown"`
	Times int `json:"times"`
	// A and B are what the relays have shown the last time; empty if they did not differ.
	A string `json:"a"`
	B string `json:"b"`
}

func (f *fuzzDiffFlags) writeReplay(w io.Writer, finding, last differ.Finding, shown int) error {
	d := rediffDocument{ID: finding.ID, Rule: finding.Rule, Shown: shown, Times: f.times, A: last.Shown[0], B: last.Shown[1]}
	if f.asJSON {
		return writeJSON(w, d)
	}
	text := fmt.Sprintf("%s  %s\nshown     %d of %d\n", d.ID, trace.Printable(d.Rule), d.Shown, d.Times)
	if shown > 0 {
		text += fmt.Sprintf("A         %s\nB         %s\n", indented(d.A), indented(d.B))
	}
	if _, err := io.WriteString(w, text); err != nil {
		return broken("write the report: %w", err)
	}
	return nil
}
