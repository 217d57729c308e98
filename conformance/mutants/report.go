package mutants

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"smpcheck/conformance"
)

// Schema is the JSON Schema, draft 2020-12, of the JSON form of a Report.
//
//go:embed schema.json
var Schema []byte

// Verdict says what became of a fault.
type Verdict string

// The verdicts, best first.
const (
	// Killed: every case that has to notice the fault has.
	Killed Verdict = "killed"
	// Survived: a case noticed nothing, or something else.
	Survived Verdict = "survived"
	// Broken: the relay could not be started or tested.
	Broken Verdict = "broken"
	// Skipped: the run was interrupted before.
	Skipped Verdict = "skipped"
)

// Report is what became of all faults.
type Report struct {
	Seed        uint64    `json:"seed"`
	Started     time.Time `json:"started"`
	DurationMS  int64     `json:"duration_ms"`
	Interrupted bool      `json:"interrupted"`
	Summary     Summary   `json:"summary"`
	Faults      []Result  `json:"faults"`
	// Idle are the cases that no fault has to be noticed by.
	Idle []string `json:"idle_cases"`
}

// Summary counts faults by verdict, and the cases that have killed one.
type Summary struct {
	Faults   int `json:"faults"`
	Killed   int `json:"killed"`
	Survived int `json:"survived"`
	Broken   int `json:"broken"`
	Skipped  int `json:"skipped"`
	Cases    int `json:"cases"`
}

// Result is what became of one fault.
type Result struct {
	ID         string   `json:"id"`
	Story      string   `json:"story"`
	Breaks     []string `json:"breaks"`
	Verdict    Verdict  `json:"verdict"`
	Detail     string   `json:"detail,omitempty"`
	Cases      []Notice `json:"cases"`
	DurationMS int64    `json:"duration_ms"`
}

// Notice is how a case ended that had to notice a fault.
type Notice struct {
	ID       string              `json:"id"`
	Version  uint16              `json:"version"`
	Verdict  conformance.Verdict `json:"verdict"`
	Violated []string            `json:"violated"`
	Expected string              `json:"expected,omitempty"`
	Actual   string              `json:"actual,omitempty"`
	Detail   string              `json:"detail,omitempty"`
	// Noticed says that the case reported what the fault breaks.
	Noticed bool `json:"noticed"`
}

// count makes the summary of the faults.
func (r *Report) count() {
	killers := make(map[string]bool)
	r.Summary = Summary{Faults: len(r.Faults)}
	for i := range r.Faults {
		f := &r.Faults[i]
		switch f.Verdict {
		case Killed:
			r.Summary.Killed++
		case Survived:
			r.Summary.Survived++
		case Broken:
			r.Summary.Broken++
		case Skipped:
			r.Summary.Skipped++
		}
		for _, n := range f.Cases {
			if n.Noticed {
				killers[n.ID] = true
			}
		}
	}
	r.Summary.Cases = len(killers)
}

// WriteText writes a line for each fault, more for those that were not killed, and the
// summary.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for i := range r.Faults {
		r.Faults[i].write(&b)
	}
	s := r.Summary
	fmt.Fprintf(&b, "\n%s: %d killed, %d survived, %d broken, %d skipped; %s noticed one, %d had none to notice; seed %d, %.1f s\n",
		count(s.Faults, "fault"), s.Killed, s.Survived, s.Broken, s.Skipped, count(s.Cases, "case"), len(r.Idle), r.Seed, float64(r.DurationMS)/1000)
	_, err := io.WriteString(w, b.String())
	return err
}

// count is a number of things: "1 case", "2 cases".
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// write writes the lines of the fault.
func (f *Result) write(b *strings.Builder) {
	var killers []string
	for _, n := range f.Cases {
		if n.Noticed {
			killers = append(killers, n.ID)
		}
	}
	fmt.Fprintf(b, "%-9s %-45s %s\n", f.Verdict, f.ID, strings.Join(slices.Compact(killers), " "))
	if f.Verdict == Killed {
		return
	}
	fmt.Fprintf(b, "          %s Breaks %s.\n", f.Story, strings.Join(f.Breaks, ", "))
	if f.Detail != "" {
		fmt.Fprintf(b, "          %s\n", f.Detail)
	}
	for _, n := range f.Cases {
		if n.Noticed {
			continue
		}
		fmt.Fprintf(b, "          %s\n", n.line())
	}
}

// line is how the case ended.
func (n *Notice) line() string {
	text := n.ID
	if n.Version != 0 {
		text += fmt.Sprintf(" at version %d", n.Version)
	}
	text += ": " + string(n.Verdict)
	if len(n.Violated) > 0 {
		text += fmt.Sprintf(" of %s: expected %s, actual %s", strings.Join(n.Violated, ", "), n.Expected, n.Actual)
	}
	if n.Detail != "" {
		text += ": " + strings.ReplaceAll(n.Detail, "\n", "\n            ")
	}
	return text
}
