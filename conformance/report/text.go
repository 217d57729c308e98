package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"smpcheck/conformance"
	"smpcheck/conformance/trace"
	"smpcheck/spec"
)

// explained are the verdicts whose cases are shown with their reasons.
var explained = map[conformance.Verdict]bool{
	conformance.Fail: true, conformance.Nonstrict: true, conformance.Error: true, conformance.XPass: true,
}

// colours are the ANSI codes of the verdicts on a terminal.
var colours = map[conformance.Verdict]string{
	conformance.Pass: "32", conformance.Fail: "31;1", conformance.Error: "35;1", conformance.XPass: "31",
	conformance.Nonstrict: "33", conformance.XFail: "36", conformance.Skip: "90",
}

// Text writes the report for a reader: what the target can do, then one line for each case, grouped by topic, with
// the rule, what was expected, what came and the bytes under every case that did not
// end well, and the numbers in the last line. The catalogue gives the texts of the
// requirements. Control characters are escaped; colour adds ANSI codes.
func (d *Document) Text(w io.Writer, catalogue *spec.Catalogue, colour bool) error {
	t := newTextWriter(w, catalogue, colour)
	fmt.Fprintf(t, "%s %s: %s (%s), SMP %d-%d, seed %d\n", d.Tool.Name, d.Tool.Version,
		escape(d.Target.Address), d.Target.reached(), d.Target.Versions[0], d.Target.Versions[1], d.Seed)
	t.head(d)
	for _, topic := range d.topics() {
		fmt.Fprintf(t, "\n%s\n", topic.name)
		for _, c := range topic.cases {
			t.line(c)
		}
	}
	fmt.Fprintf(t, "\n%s\n", d.summary())
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the text report: %w", err)
	}
	return nil
}

// reached says how the target was reached, and what is wrong with it on purpose.
func (t Target) reached() string {
	if t.Fault == "" {
		return string(t.Kind)
	}
	return string(t.Kind) + ", fault " + t.Fault
}

// summary is the last line of the text: the number of cases and of each verdict that
// occurred, the worst first.
func (d *Document) summary() string {
	var parts []string
	for _, v := range conformance.Verdicts() {
		if n := d.Summary[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	return fmt.Sprintf("%s: %s; %.1f s", Count(len(d.Cases), "case"), strings.Join(parts, ", "), d.DurationMS/1000)
}

// textWriter keeps its first error until Flush.
type textWriter struct {
	*bufio.Writer
	catalogue *spec.Catalogue
	colour    bool
}

func newTextWriter(w io.Writer, catalogue *spec.Catalogue, colour bool) *textWriter {
	return &textWriter{Writer: bufio.NewWriter(w), catalogue: catalogue, colour: colour}
}

func (t *textWriter) line(c *Case) {
	verdict := fmt.Sprintf("%-9s", c.Verdict)
	if t.colour {
		verdict = "\x1b[" + colours[c.Verdict] + "m" + verdict + "\x1b[0m"
	}
	fmt.Fprintf(t, "  %s %s: %s", verdict, c.ID, escape(c.Title))
	if c.Verdict == conformance.Skip {
		fmt.Fprintf(t, " (%s)", escape(c.Detail))
	}
	t.WriteByte('\n')
	if explained[c.Verdict] {
		t.explain(c)
	}
}

func (t *textWriter) explain(c *Case) {
	rules := c.Violated
	if len(rules) == 0 {
		rules = c.Requirements
	}
	for _, id := range rules {
		rule := id
		if r, ok := t.catalogue.Lookup(id); ok {
			rule = fmt.Sprintf("%s (%s) %s", id, r.Level, r.Summary)
		}
		t.field("rule", rule)
	}
	if c.Version != 0 {
		t.field("version", c.where())
	}
	if c.Expected != "" || c.Actual != "" {
		t.field("expected", c.Expected)
		t.field("actual", c.Actual)
	}
	t.field("detail", c.Detail)
	if c.Trace != nil {
		t.field("trace", strings.Join(c.Trace.Lines(traceLines), "\n"))
	}
	t.field("again", c.Command)
}

// traceLines is how many events of a conversation the text shows.
const traceLines = 16

// where names the version of the worst run, and the others that ended like it.
func (c *Case) where() string {
	var others []string
	var worst conformance.Verdict
	for _, r := range c.Runs {
		if r.Version == c.Version {
			worst = r.Verdict
		}
	}
	for _, r := range c.Runs {
		if r.Version != c.Version && r.Verdict == worst {
			others = append(others, fmt.Sprint(r.Version))
		}
	}
	if others == nil {
		return fmt.Sprint(c.Version)
	}
	return fmt.Sprintf("%d (also %s)", c.Version, strings.Join(others, ", "))
}

// field writes a named text, whose further lines are indented; an empty text is left out.
func (t *textWriter) field(name, text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		fmt.Fprintf(t, "            %-9s %s\n", name, escape(line))
		name = ""
	}
}

// escape replaces every character that could act on a terminal or hide in a text.
func escape(s string) string { return trace.Printable(s) }
