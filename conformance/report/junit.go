package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"smpcheck/conformance"
	"smpcheck/spec"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
	Skipped *junitProblem `xml:"skipped"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit writes the report as JUnit XML: a suite for each topic, a test case for each
// case, its id as the name. The verdicts fail and xpass are failures, error is an
// error, skip and xfail are skipped; nonstrict is a success with a text in system-out.
// Control characters are escaped as in Text.
func (d *Document) JUnit(w io.Writer, catalogue *spec.Catalogue) error {
	all := junitSuites{Name: d.Tool.Name, Time: seconds(d.DurationMS)}
	for _, topic := range d.topics() {
		s := d.junitSuite(topic, catalogue)
		all.Suites = append(all.Suites, s)
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		all.Skipped += s.Skipped
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the JUnit report: %w", err)
	}
	if _, err := fmt.Fprintf(w, "%s%s\n", xml.Header, text); err != nil {
		return fmt.Errorf("write the JUnit report: %w", err)
	}
	return nil
}

func (d *Document) junitSuite(t *topic, catalogue *spec.Catalogue) junitSuite {
	s := junitSuite{
		Name:      t.name,
		Timestamp: d.Started.Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{
			{"target", escape(d.Target.Address)},
			{"versions", fmt.Sprintf("%d-%d", d.Target.Versions[0], d.Target.Versions[1])},
			{"seed", fmt.Sprint(d.Seed)},
		},
	}
	duration := 0.0
	for _, c := range t.cases {
		s.add(c, catalogue)
		duration += c.DurationMS
	}
	s.Time = seconds(duration)
	return s
}

func (s *junitSuite) add(c *Case, catalogue *spec.Catalogue) {
	j := junitCase{
		Class: strings.ReplaceAll(c.ID[:strings.LastIndex(c.ID, "/")], "/", "."),
		Name:  c.ID,
		Time:  seconds(c.DurationMS),
	}
	problem := &junitProblem{Message: escape(c.headline()), Type: string(c.Verdict), Text: c.story(catalogue)}
	s.Tests++
	switch c.Verdict {
	case conformance.Fail, conformance.XPass:
		j.Failure = problem
		s.Failures++
	case conformance.Error:
		j.Error = problem
		s.Errors++
	case conformance.Skip, conformance.XFail:
		j.Skipped = &junitProblem{Message: problem.Message}
		s.Skipped++
	case conformance.Nonstrict:
		j.Output = problem.Text
	case conformance.Pass:
	}
	s.Cases = append(s.Cases, j)
}

// headline is one line that says why the case did not pass.
func (c *Case) headline() string {
	switch {
	case c.Verdict == conformance.XFail:
		return "failed as expected"
	case c.Expected != "" || c.Actual != "":
		return fmt.Sprintf("expected %s, got %s", c.Expected, c.Actual)
	}
	line, _, _ := strings.Cut(c.Detail, "\n")
	return line
}

// story is the text that Text has under the line of the case.
func (c *Case) story(catalogue *spec.Catalogue) string {
	var b strings.Builder
	t := newTextWriter(&b, catalogue, false)
	fmt.Fprintf(t, "%s\n", escape(c.Title))
	t.explain(c)
	t.Flush()
	return b.String()
}

func seconds(ms float64) string { return fmt.Sprintf("%.3f", ms/1000) }
