// Package expect reads and writes expectation files: lists of the cases that a target
// is known not to pass. Such cases still run; one that passes all the same is reported.
//
// A file has one expectation a line,
//
//	PATTERN: VERDICT "MESSAGE" # REASON
//
// The pattern is that of conformance.ParsePattern, the verdict is fail, nonstrict or
// error. The message, in the quotes of a Go string, is optional: a case that ends with
// the verdict but says something else is not the known one. The reason is optional and
// for readers. Empty lines and lines that start with "#" have no meaning. The first line
// whose pattern matches a case holds for it.
package expect

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"smpcheck/conformance"
)

// Expectation says how the cases that a pattern matches are known to end.
type Expectation struct {
	Pattern conformance.Pattern
	Known   conformance.Known
	// Reason is free text of one line; it may be empty.
	Reason string
	// Line is where the expectation stands in the file that it was read from, from 1.
	Line int
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
		e.Line = number
		list = append(list, e)
	}
	return list, errors.Join(append(errs, scanner.Err())...)
}

func parse(line string) (Expectation, error) {
	text, rest, ok := strings.Cut(line, ":")
	if !ok {
		return Expectation{}, fmt.Errorf("%q is not PATTERN: VERDICT \"MESSAGE\" # REASON", line)
	}
	pattern, err := conformance.ParsePattern(strings.TrimSpace(text))
	if err != nil {
		return Expectation{}, err
	}
	e := Expectation{Pattern: pattern}
	rest = strings.TrimSpace(rest)
	end := strings.IndexAny(rest, "\"# \t")
	if end < 0 {
		end = len(rest)
	}
	e.Known.Verdict = conformance.Verdict(rest[:end])
	if !slices.Contains(verdicts, e.Known.Verdict) {
		return Expectation{}, fmt.Errorf("verdict %q is none of %v", e.Known.Verdict, verdicts)
	}
	e.Known.Message, e.Reason, err = parseTail(strings.TrimSpace(rest[end:]))
	return e, err
}

// parseTail reads what follows the verdict: a message, a reason, both or nothing.
func parseTail(text string) (message, reason string, err error) {
	if strings.HasPrefix(text, `"`) {
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return "", "", fmt.Errorf("the message %s has no closing quote, or an escape that does not exist", text)
		}
		if message, err = strconv.Unquote(quoted); err != nil {
			return "", "", fmt.Errorf("the message %s: %w", quoted, err)
		}
		text = strings.TrimSpace(text[len(quoted):])
	}
	reason, found := strings.CutPrefix(text, "#")
	if !found && text != "" {
		return "", "", fmt.Errorf("%q follows the verdict, expected \"MESSAGE\" or # REASON", text)
	}
	return message, strings.TrimSpace(reason), nil
}

// Check returns an error that names every line which holds for no registered case: its
// pattern matches none, or earlier lines match all that it does.
func (l List) Check(registry *conformance.Registry) error {
	var errs []error
	for i, e := range l {
		cases, err := registry.Match(e.Pattern.String())
		if err != nil {
			errs = append(errs, fmt.Errorf("line %d: %w", e.Line, err))
			continue
		}
		own := func(c *conformance.Case) bool { _, taken := l[:i].find(c.ID); return !taken }
		if !slices.ContainsFunc(cases, own) {
			first, _ := l.find(cases[0].ID)
			errs = append(errs, fmt.Errorf("line %d: earlier lines, such as line %d, hold for all that %q matches", e.Line, first.Line, e.Pattern))
		}
	}
	return errors.Join(errs...)
}

// Expected returns how the case is known to end.
func (l List) Expected(id string) (conformance.Known, bool) {
	e, ok := l.find(id)
	return e.Known, ok
}

func (l List) find(id string) (Expectation, bool) {
	i := slices.IndexFunc(l, func(e Expectation) bool { return e.Pattern.Match(id) })
	if i < 0 {
		return Expectation{}, false
	}
	return l[i], true
}
