// Package expect reads and writes expectation files: lists of the cases that a target
// is known not to pass. Such cases still run; one that passes all the same is reported.
//
// A file has one expectation a line, "PATTERN: VERDICT # REASON". The pattern is that
// of conformance.ParsePattern, the verdict is fail, nonstrict or error, the reason is
// optional. Empty lines and lines that start with "#" have no meaning.
package expect

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"smpcheck/conformance"
)

// Expectation says how the cases that a pattern matches are known to end.
type Expectation struct {
	Pattern conformance.Pattern
	// Verdict is Fail, Nonstrict or Error.
	Verdict conformance.Verdict
	// Reason is free text of one line; it may be empty.
	Reason string
}

// List is an expectation file. The first expectation that matches a case holds.
type List []Expectation

// verdicts are those that a case can be known to end with.
var verdicts = []conformance.Verdict{conformance.Fail, conformance.Nonstrict, conformance.Error}

// Read reads an expectation file. The error names every line that is wrong.
func Read(r io.Reader) (List, error) {
	var list List
	var errs []error
	scanner := bufio.NewScanner(r)
	for number := 1; scanner.Scan(); number++ {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		e, err := parse(line)
		if err != nil {
			errs = append(errs, fmt.Errorf("line %d: %w", number, err))
			continue
		}
		list = append(list, e)
	}
	return list, errors.Join(append(errs, scanner.Err())...)
}

func parse(line string) (Expectation, error) {
	rule, reason, _ := strings.Cut(line, "#")
	text, verdict, ok := strings.Cut(rule, ":")
	if !ok {
		return Expectation{}, fmt.Errorf("%q is not PATTERN: VERDICT # REASON", line)
	}
	pattern, err := conformance.ParsePattern(strings.TrimSpace(text))
	if err != nil {
		return Expectation{}, err
	}
	e := Expectation{
		Pattern: pattern,
		Verdict: conformance.Verdict(strings.TrimSpace(verdict)),
		Reason:  strings.TrimSpace(reason),
	}
	if !slices.Contains(verdicts, e.Verdict) {
		return Expectation{}, fmt.Errorf("verdict %q is none of %v", e.Verdict, verdicts)
	}
	return e, nil
}

// Check returns an error that names every pattern which matches no registered case.
func (l List) Check(registry *conformance.Registry) error {
	var errs []error
	for _, e := range l {
		if _, err := registry.Match(e.Pattern.String()); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Expected returns the verdict that the case is known to end with.
func (l List) Expected(id string) (conformance.Verdict, bool) {
	if e, ok := l.find(id); ok {
		return e.Verdict, true
	}
	return "", false
}

func (l List) find(id string) (Expectation, bool) {
	i := slices.IndexFunc(l, func(e Expectation) bool { return e.Pattern.Match(id) })
	if i < 0 {
		return Expectation{}, false
	}
	return l[i], true
}

// From returns the expectations that a run would have met: one for every case that
// ended with fail, nonstrict or error, or as expected by known, whose reason it keeps.
func From(outcome *conformance.Outcome, known List) (List, error) {
	var list List
	for _, r := range outcome.Results {
		e, isKnown := known.find(r.Case.ID)
		verdict := r.Verdict
		if verdict == conformance.XFail && isKnown {
			verdict = e.Verdict
		}
		if !slices.Contains(verdicts, verdict) {
			continue
		}
		pattern, err := conformance.ParsePattern(r.Case.ID)
		if err != nil {
			return nil, err
		}
		list = append(list, Expectation{Pattern: pattern, Verdict: verdict, Reason: e.Reason})
	}
	return list, nil
}

// Write writes an expectation file that Read reads back.
func (l List) Write(w io.Writer) error {
	for _, e := range l {
		line := fmt.Sprintf("%s: %s", e.Pattern, e.Verdict)
		if e.Reason != "" {
			line += " # " + e.Reason
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return fmt.Errorf("write expectations: %w", err)
		}
	}
	return nil
}
