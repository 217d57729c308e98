package report

import (
	"regexp"
	"slices"
	"strings"

	"smpcheck/conformance"
	"smpcheck/spec"
)

// htmlRule is a requirement and the cases that test it.
type htmlRule struct {
	ID, Title, Level, Versions, Summary, Notes string
	// Document, Heading and URL say where the requirement was read.
	Document, Heading, URL string
	Cases                  []*Case
	// Worst holds the worst verdict at every version that a case ran at.
	Worst map[uint16]conformance.Verdict
}

// ruleIndex finds the requirements that the cases of a document cite.
type ruleIndex struct {
	byID map[string]*htmlRule
	// byTopic has every requirement once, under the topic of the first case that cites it.
	byTopic map[string][]*htmlRule
}

func newRuleIndex(d *Document, catalogue *spec.Catalogue) *ruleIndex {
	index := &ruleIndex{byID: make(map[string]*htmlRule), byTopic: make(map[string][]*htmlRule)}
	for i := range d.Cases {
		c := &d.Cases[i]
		for _, id := range c.Requirements {
			r := index.byID[id]
			if r == nil {
				r = newHTMLRule(id, catalogue)
				index.byID[id] = r
				index.byTopic[c.topic()] = append(index.byTopic[c.topic()], r)
			}
			r.add(c)
		}
	}
	return index
}

func newHTMLRule(id string, catalogue *spec.Catalogue) *htmlRule {
	r := &htmlRule{ID: id, Worst: make(map[uint16]conformance.Verdict)}
	record, ok := catalogue.Lookup(id)
	if !ok {
		return r
	}
	r.Level, r.Versions = string(record.Level), record.Versions.String()
	r.Title, r.Summary, r.Notes = record.Title, record.Summary, record.Notes
	r.Document, r.Heading = record.Source.Document, record.Source.Heading
	r.URL = documents + record.Source.Document + "#" + slug(record.Source.Heading)
	return r
}

// documents is where the protocol documents can be read.
const documents = "https://github.com/simplex-chat/simplexmq/blob/master/protocol/"

var noSlug = regexp.MustCompile(`[^\p{L}\p{N}\p{M}_ -]`)

// slug is the anchor that GitHub gives to a heading.
func slug(heading string) string {
	return strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

// add takes the runs of a case into account. A run that violates other requirements says
// nothing about this one.
func (r *htmlRule) add(c *Case) {
	r.Cases = append(r.Cases, c)
	for i := range c.Runs {
		run := &c.Runs[i]
		v := c.judged(run)
		if len(run.Violated) > 0 && !slices.Contains(run.Violated, r.ID) {
			v = conformance.Skip
		}
		if old, ok := r.Worst[run.Version]; !ok || v.WorseThan(old) {
			r.Worst[run.Version] = v
		}
	}
}

// verdict is the worst over all versions, Skip if there is none.
func (r *htmlRule) verdict() conformance.Verdict {
	worst := conformance.Skip
	for _, v := range r.Worst {
		if v.WorseThan(worst) {
			worst = v
		}
	}
	return worst
}

// judged is the verdict of a run with the user's expectation about the case applied.
func (c *Case) judged(run *Run) conformance.Verdict {
	switch {
	case c.Verdict == conformance.XFail && explained[run.Verdict]:
		return conformance.XFail
	case c.Verdict == conformance.XPass && run.Verdict == conformance.Pass:
		return conformance.XPass
	}
	return run.Verdict
}
