package report

import (
	"fmt"
	"slices"
	"strings"

	"smpcheck/conformance"
)

// htmlCase is a case as the HTML report shows it.
type htmlCase struct {
	*Case
	Topic string
	// Problem says that the case is one of those that did not end well.
	Problem bool
	// Open says that the case is shown unfolded.
	Open bool
	// Applies is the range of versions that the rule concerns.
	Applies string
	// Tried lists the runs as the filters read them: "6:pass 9:fail".
	Tried string
	// Broken are the rules that Expected and Actual are about; Other the other rules that
	// the case tests.
	Broken, Other []*htmlRule
	Strip         []stripCell
	Talk          *htmlTalk
}

// stripCell is a run in the row of versions of a case.
type stripCell struct {
	Version uint16
	Verdict conformance.Verdict
}

func newHTMLCase(c *Case, rules *ruleIndex, talk extent) *htmlCase {
	shown := *c
	shown.Title, shown.Detail = escape(c.Title), escapeLines(c.Detail)
	shown.Expected, shown.Actual = escapeLines(c.Expected), escapeLines(c.Actual)
	view := &htmlCase{Case: &shown, Topic: c.topic(), Problem: explained[c.Verdict], Applies: span(c.Versions)}
	var tried []string
	for i := range c.Runs {
		run := &c.Runs[i]
		v := c.judged(run)
		tried = append(tried, fmt.Sprintf("%d:%s", run.Version, v))
		view.Strip = append(view.Strip, stripCell{run.Version, v})
	}
	view.Tried = strings.Join(tried, " ")
	violated := c.Violated
	if len(violated) == 0 {
		violated = c.Requirements
	}
	for _, id := range c.Requirements {
		if slices.Contains(violated, id) {
			view.Broken = append(view.Broken, rules.byID[id])
		} else {
			view.Other = append(view.Other, rules.byID[id])
		}
	}
	if view.Problem {
		view.Talk = newHTMLTalk(c.Trace, talk)
	}
	return view
}

// Rules are the ids of all rules of the case, as the filters read them.
func (c *htmlCase) Rules() string { return strings.Join(c.Requirements, " ") }

// escapeLines is escape for a text of several lines.
func escapeLines(s string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i := range lines {
		lines[i] = escape(lines[i])
	}
	return strings.Join(lines, "\n")
}
