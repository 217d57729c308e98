// Package report writes the outcome of a run. The Document is the source of every
// format, and its JSON form is described by Schema.
package report

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/target"
	"smpcheck/conformance/trace"
	"smpcheck/reference/wire"
)

// Schema is the JSON Schema, draft 2020-12, of the JSON form of a Document.
//
//go:embed schema.json
var Schema []byte

// Document is a report.
type Document struct {
	Tool    Tool    `json:"tool"`
	Target  Target  `json:"target"`
	Options Options `json:"options"`
	// Shard is set for the report of a part of a run.
	Shard *Shard `json:"shard,omitempty"`
	// Parts are those of which Merge made the report; none for the report of one run.
	Parts []Part `json:"parts,omitempty"`
	Seed  uint64 `json:"seed"`
	// Command runs everything again with the same random choices; empty for a merged report,
	// and as long as Repeat has not been called.
	Command string    `json:"command"`
	Started time.Time `json:"started"`
	// DurationMS is the duration of the whole run in milliseconds.
	DurationMS float64 `json:"duration_ms"`
	// Interrupted says that the run was ended before its last case was.
	Interrupted bool `json:"interrupted"`
	// Summary has the number of cases for every verdict, also for those that did not occur.
	Summary map[conformance.Verdict]int `json:"summary"`
	Cases   []Case                      `json:"cases"`
}

// Tool is the program that wrote the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Target is what was tested.
type Target struct {
	// Address has no password.
	Address string `json:"address"`
	// Versions are the lowest and the highest SMP version that the target offers.
	Versions [2]uint16   `json:"versions"`
	Kind     target.Kind `json:"kind"`
	// Fault is what is wrong on purpose with the embedded relay, or with the same in a
	// process of its own; empty for nothing.
	Fault string `json:"fault,omitempty"`
	// Capabilities are in the order of target.CapabilityNames.
	Capabilities []Capability `json:"capabilities"`
}

// Case is the result of a case: its worst run, and all its runs.
type Case struct {
	ID           string   `json:"id"`
	Title        string   `json:"title"`
	Role         string   `json:"role"`
	Level        string   `json:"level"`
	Requirements []string `json:"requirements"`
	// Versions are the lowest and the highest version that the rule concerns.
	Versions [2]uint16 `json:"versions"`
	// Version is that of the worst run, 0 if the case ran at none.
	Version  uint16              `json:"version"`
	Verdict  conformance.Verdict `json:"verdict"`
	Expected string              `json:"expected"`
	Actual   string              `json:"actual"`
	// Violated are those of the requirements that Expected and Actual are about.
	Violated []string `json:"violated"`
	Detail   string   `json:"detail"`
	// Blocked says of a skip that the target fails in something that the case builds on.
	Blocked bool `json:"blocked"`
	// Trace is the conversation of the worst run; nil for a case that has passed, was
	// skipped or ran at no version.
	Trace *trace.Trace `json:"trace"`
	// Command runs the case again as in the worst run; empty for a case without trace, or
	// as long as Document.Repeat has not been called.
	Command    string  `json:"command"`
	DurationMS float64 `json:"duration_ms"`
	Runs       []Run   `json:"runs"`
}

// Run is the result of a case at one version.
type Run struct {
	Version    uint16              `json:"version"`
	Verdict    conformance.Verdict `json:"verdict"`
	Expected   string              `json:"expected"`
	Actual     string              `json:"actual"`
	Violated   []string            `json:"violated"`
	Detail     string              `json:"detail"`
	DurationMS float64             `json:"duration_ms"`
}

// New returns the report of a run. Options and Shard are for the caller to set. The
// password of the target, if it has at least four characters, stands in none of its texts.
func New(tool Tool, t target.Target, info target.Info, seed uint64, outcome *conformance.Outcome) *Document {
	d := &Document{
		Tool: tool,
		Target: Target{
			Address: t.Server().String(), Versions: [2]uint16{info.Versions.Min, info.Versions.Max}, Kind: t.Kind(),
			Capabilities: newCapabilities(info),
		},
		Seed:        seed,
		Started:     outcome.Started.UTC().Truncate(time.Millisecond),
		DurationMS:  milliseconds(outcome.Duration),
		Interrupted: outcome.Interrupted,
		Summary:     make(map[conformance.Verdict]int),
		Cases:       make([]Case, 0, len(outcome.Results)),
	}
	for _, r := range outcome.Results {
		d.Cases = append(d.Cases, newCase(r, t.Server().Password))
	}
	d.count()
	return d
}

// count fills in the summary.
func (d *Document) count() {
	for _, v := range conformance.Verdicts() {
		d.Summary[v] = 0
	}
	for _, c := range d.Cases {
		d.Summary[c.Verdict]++
	}
}

func newCase(r conformance.Result, password string) Case {
	valid := func(text string) string { return trace.HideText(strings.ToValidUTF8(text, "\uFFFD"), password) }
	c := Case{
		ID:           r.Case.ID,
		Title:        r.Case.Title,
		Role:         string(r.Case.Role),
		Level:        string(r.Case.Level),
		Requirements: r.Case.Requirements,
		Versions:     versions(r.Case.Versions),
		Version:      r.Version,
		Verdict:      r.Verdict,
		Expected:     valid(r.Expected),
		Actual:       valid(r.Actual),
		Violated:     append([]string{}, r.Violated...),
		Detail:       valid(r.Detail),
		Blocked:      r.Verdict == conformance.Skip && r.Blocked,
		DurationMS:   milliseconds(r.Duration),
		Runs:         make([]Run, 0, len(r.Runs)),
	}
	if r.Recording != nil {
		c.Trace = r.Recording.Decode(trace.ReportExtent)
	}
	for _, run := range r.Runs {
		c.Runs = append(c.Runs, Run{
			Version:    run.Version,
			Verdict:    run.Verdict,
			Expected:   valid(run.Expected),
			Actual:     valid(run.Actual),
			Violated:   append([]string{}, run.Violated...),
			Detail:     valid(run.Detail),
			DurationMS: milliseconds(run.Duration),
		})
	}
	return c
}

// versions returns the bounds of a rule, all versions for the zero value.
func versions(r wire.VersionRange) [2]uint16 {
	if r == (wire.VersionRange{}) {
		all := conformance.AllVersions
		return [2]uint16{all[0], all[len(all)-1]}
	}
	return [2]uint16{r.Min, r.Max}
}

// milliseconds returns d with three decimals.
func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Microsecond)) / 1000
}

// valid replaces bytes that are not UTF-8.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// Blocked counts the cases that could not be tested because the target fails in something
// that they build on.
func (d *Document) Blocked() int {
	n := 0
	for _, c := range d.Cases {
		if c.Blocked {
			n++
		}
	}
	return n
}

// JSON writes the report as one JSON document, indented.
func (d *Document) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(d); err != nil {
		return fmt.Errorf("write the JSON report: %w", err)
	}
	return nil
}

// topic is a group of cases.
type topic struct {
	name  string
	cases []*Case
}

// topics groups the cases by topic, in the order of the first case of each.
func (d *Document) topics() []*topic {
	var all []*topic
	byName := make(map[string]*topic)
	for i := range d.Cases {
		c := &d.Cases[i]
		t := byName[c.topic()]
		if t == nil {
			t = &topic{name: c.topic()}
			byName[t.name] = t
			all = append(all, t)
		}
		t.cases = append(t.cases, c)
	}
	return all
}

// topic is the middle part of the id of a case.
func (c *Case) topic() string {
	_, rest, _ := strings.Cut(c.ID, "/")
	topic, _, _ := strings.Cut(rest, "/")
	return topic
}
