package expect

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"smpcheck/conformance"
)

// From returns the expectations that a run would have met: one for every case that
// ended with fail, nonstrict or error, whose reason is what came instead of what was
// expected, or as known said, which it keeps. It names no message: what a
// target says may differ from run to run. The password of the target stands in no reason.
func From(outcome *conformance.Outcome, known List, password string) (List, error) {
	var list List
	for _, r := range outcome.Results {
		e, isKnown := known.find(r.Case.ID)
		switch {
		case r.Verdict == conformance.XFail && isKnown:
		case slices.Contains(verdicts, r.Verdict):
			e = Expectation{Known: conformance.Known{Verdict: r.Verdict}, Reason: reason(r, password)}
		default:
			continue
		}
		pattern, err := conformance.ParsePattern(r.Case.ID)
		if err != nil {
			return nil, err
		}
		e.Pattern = pattern
		list = append(list, e)
	}
	return list, nil
}

// longest is how many characters of what a target says become a reason.
const longest = 120

// reason is what the case says about its end, as one line.
func reason(r conformance.Result, password string) string {
	text := r.Detail
	if r.Expected != "" || r.Actual != "" {
		text = fmt.Sprintf("expected %s, got %s", r.Expected, r.Actual)
	}
	if password != "" {
		text = strings.ReplaceAll(text, password, "PASSWORD")
	}
	text, _, _ = strings.Cut(text, "\n")
	printable := []rune(strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return '·'
	}, strings.TrimSpace(text)))
	if len(printable) > longest {
		printable = append(printable[:longest], '…')
	}
	return string(printable)
}

// Write writes an expectation file that Read reads back.
func (l List) Write(w io.Writer) error {
	for _, e := range l {
		line := fmt.Sprintf("%s: %s", e.Pattern, e.Known.Verdict)
		if e.Known.Message != "" {
			line += fmt.Sprintf(" %q", e.Known.Message)
		}
		if e.Reason != "" {
			line += " # " + e.Reason
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return fmt.Errorf("write expectations: %w", err)
		}
	}
	return nil
}
