package check

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Report is what came of a run.
type Report struct {
	Adapter  string      `json:"adapter"` // what was checked
	Summary  Summary     `json:"summary"`
	Kinds    []KindCount `json:"kinds"`
	Failures []Failure   `json:"failures"`
	Flags    []FlagCount `json:"flags"` // flags of which tests failed, most telling first
	// OtherClass lists tests, as kind/id, whose inputs were refused with a class that is
	// not the expected one. They pass, unless the check is strict.
	OtherClass []string `json:"other_class"`
	Skipped    []string `json:"unsupported"` // operations that the adapter does not know
}

// Summary counts tests by what came of them.
type Summary struct {
	Tests   int `json:"tests"`
	Valid   int `json:"valid"`
	Invalid int `json:"invalid"`
	Pass    int `json:"pass"`
	Fail    int `json:"fail"`
	Skip    int `json:"skip"` // tests of which the adapter supports no operation
}

// KindCount is the summary of one file of vectors.
type KindCount struct {
	Kind   string `json:"kind"`
	Source string `json:"source"` // "official" or "generated"
	Summary
}

// Failure is one test that the codec gets wrong.
type Failure struct {
	Kind      string            `json:"kind"`
	ID        string            `json:"id"`
	What      string            `json:"what"`
	Operation string            `json:"operation"`
	Detail    string            `json:"detail"` // what was expected and what came
	Flags     map[string]string `json:"flags,omitempty"`
}

// FlagCount says how many tests with a flag failed. A flag of which all fail tells what
// an author misunderstood.
type FlagCount struct {
	Kind  string `json:"kind"`
	Flag  string `json:"flag"`
	Text  string `json:"text"` // what the flag means
	Fail  int    `json:"fail"`
	Tests int    `json:"tests"` // with this flag, and supported
}

// OK reports whether tests passed and none failed.
func (r *Report) OK() bool { return r.Summary.Fail == 0 && r.Summary.Pass > 0 }

// outcome is what came of one test.
type outcome int

const (
	pass outcome = iota
	fail
	skip
)

func (s *Summary) count(invalid bool, o outcome) {
	s.Tests++
	if invalid {
		s.Invalid++
	} else {
		s.Valid++
	}
	switch o {
	case pass:
		s.Pass++
	case fail:
		s.Fail++
	case skip:
		s.Skip++
	}
}

// sortFlags keeps the flags of failed tests: first those with the largest part of their
// tests failed, then those with most.
func sortFlags(all map[string]*FlagCount) []FlagCount {
	flags := []FlagCount{}
	for _, f := range all {
		if f.Fail > 0 {
			flags = append(flags, *f)
		}
	}
	slices.SortFunc(flags, func(a, b FlagCount) int {
		if d := b.Fail*a.Tests - a.Fail*b.Tests; d != 0 {
			return d
		}
		if d := b.Fail - a.Fail; d != 0 {
			return d
		}
		return strings.Compare(a.Kind+a.Flag, b.Kind+b.Flag)
	})
	return flags
}

// WriteText writes the report for people: a line for each kind, then what failed, then
// what the failures have in common.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, k := range r.Kinds {
		fmt.Fprintf(&b, "%-22s %-9s %5d valid %5d invalid   %s\n", k.Kind, k.Source, k.Valid, k.Invalid, verdict(k.Summary))
	}
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "\nFAIL %s %s\n  %s\n  %s: %s\n", f.Kind, f.ID, f.What, f.Operation, f.Detail)
		for _, flag := range sorted(f.Flags) {
			fmt.Fprintf(&b, "  %s: %s\n", flag, f.Flags[flag])
		}
	}
	if len(r.Flags) > 0 {
		b.WriteString("\nflags of the failures:\n")
	}
	for _, f := range r.Flags {
		fmt.Fprintf(&b, "  %s %s: %d of %d fail: %s\n", f.Kind, f.Flag, f.Fail, f.Tests, f.Text)
	}
	if len(r.OtherClass) > 0 {
		fmt.Fprintf(&b, "\n%d refused with another class than expected; --strict shows them\n", len(r.OtherClass))
	}
	if len(r.Skipped) > 0 {
		fmt.Fprintf(&b, "\nnot supported: %d operations, such as %s\n", len(r.Skipped), strings.Join(r.Skipped[:min(3, len(r.Skipped))], ", "))
	}
	fmt.Fprintf(&b, "\n%s: %d vectors (%d valid, %d invalid): %s\n", r.Adapter, r.Summary.Tests, r.Summary.Valid, r.Summary.Invalid, verdict(r.Summary))
	_, err := io.WriteString(w, b.String())
	return err
}

func verdict(s Summary) string {
	parts := []string{fmt.Sprintf("%d pass", s.Pass)}
	if s.Fail > 0 {
		parts = append(parts, fmt.Sprintf("%d fail", s.Fail))
	}
	if s.Skip > 0 {
		parts = append(parts, fmt.Sprintf("%d skip", s.Skip))
	}
	return strings.Join(parts, ", ")
}

func sorted(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
