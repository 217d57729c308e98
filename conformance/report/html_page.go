package report

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"smpcheck/conformance"
	"smpcheck/conformance/target"
	"smpcheck/conformance/trace"
	"smpcheck/spec"
)

// page is what the template of the HTML report shows.
type page struct {
	Policy string
	Style  template.CSS
	Script template.JS

	Tool    Tool
	Address string
	// Verdict is the worst of the run; Headline and Remarks say it in words.
	Verdict  conformance.Verdict
	Headline string
	Remarks  []string
	Tiles    []tile
	Facts    []fact
	// Abilities is what the target was found to be able to do.
	Abilities []Capability
	Command   string

	Verdicts []conformance.Verdict
	Levels   []string
	Versions []uint16

	// Problems are the cases that did not end well, the worst verdicts first; Topics hold
	// all others.
	Problems []*htmlCase
	Topics   []*htmlTopic
	Matrix   *matrix
}

// tile is the number of cases with a verdict.
type tile struct {
	Verdict conformance.Verdict
	Count   int
	Means   string
}

// fact is one line of what is known about the run.
type fact struct{ Name, Value string }

// htmlTopic is a group of cases and the requirements that they are the first to test.
type htmlTopic struct {
	Name string
	// Tally counts the Cases by verdict.
	Tally []tile
	Cases []*htmlCase
	Rules []*htmlRule
}

// fewProblems are so few that all are shown unfolded.
const fewProblems = 3

// means explains every verdict in a few words.
var means = map[conformance.Verdict]string{
	conformance.Fail:      "a rule is broken",
	conformance.Error:     "could not be judged",
	conformance.XPass:     "known failures that pass now",
	conformance.Nonstrict: "allowed, but not as expected",
	conformance.XFail:     "known failures",
	conformance.Pass:      "the rule is kept",
	conformance.Skip:      "not tested",
}

func newPage(d *Document, catalogue *spec.Catalogue) *page {
	p := &page{
		Tool:      Tool{Name: escape(d.Tool.Name), Version: escape(d.Tool.Version)},
		Address:   escape(d.Target.Address),
		Verdict:   d.worst(),
		Headline:  d.headline(),
		Remarks:   d.remarks(),
		Tiles:     tiles(d.Summary),
		Facts:     d.facts(),
		Abilities: d.abilities(),
		Command:   escape(d.Command),
		Versions:  d.ran(),
	}
	rules := newRuleIndex(d, catalogue)
	talk := extentFor(d.traces())
	for _, t := range d.topics() {
		topic := &htmlTopic{Name: t.name, Rules: rules.byTopic[t.name]}
		tally := make(map[conformance.Verdict]int)
		for _, c := range t.cases {
			view := newHTMLCase(c, rules, talk)
			if explained[c.Verdict] {
				p.Problems = append(p.Problems, view)
				continue
			}
			tally[c.Verdict]++
			topic.Cases = append(topic.Cases, view)
		}
		topic.Tally = slices.DeleteFunc(tiles(tally), func(t tile) bool { return t.Count == 0 })
		p.Topics = append(p.Topics, topic)
	}
	slices.SortStableFunc(p.Problems, func(a, b *htmlCase) int {
		return slices.Index(conformance.Verdicts(), a.Verdict) - slices.Index(conformance.Verdicts(), b.Verdict)
	})
	for i, c := range p.Problems {
		c.Open = i == 0 || len(p.Problems) <= fewProblems
	}
	p.Matrix = newMatrix(p.Topics, p.Versions)
	p.choices(d)
	return p
}

// choices are the values that the filters offer.
func (p *page) choices(d *Document) {
	for _, t := range p.Tiles {
		if t.Count > 0 {
			p.Verdicts = append(p.Verdicts, t.Verdict)
		}
	}
	for _, level := range spec.Levels() {
		if slices.ContainsFunc(d.Cases, func(c Case) bool { return c.Level == string(level) }) {
			p.Levels = append(p.Levels, string(level))
		}
	}
}

// tiles are the numbers of a summary, the worst verdict first.
func tiles(summary map[conformance.Verdict]int) []tile {
	var all []tile
	for _, v := range conformance.Verdicts() {
		all = append(all, tile{v, summary[v], means[v]})
	}
	return all
}

// worst is the worst verdict that occurred.
func (d *Document) worst() conformance.Verdict {
	for _, v := range conformance.Verdicts() {
		if d.Summary[v] > 0 {
			return v
		}
	}
	return conformance.Skip
}

// headline is the outcome of the run in one sentence.
func (d *Document) headline() string {
	all := Count(len(d.Cases), "case")
	has := func(v conformance.Verdict) bool { return d.Summary[v] > 0 }
	switch {
	case has(conformance.Fail):
		return fmt.Sprintf("%d of %s failed.", d.Summary[conformance.Fail], all)
	case has(conformance.Error):
		return fmt.Sprintf("%d of %s could not be judged.", d.Summary[conformance.Error], all)
	case has(conformance.XPass):
		return fmt.Sprintf("%s passed against expectation.", Count(d.Summary[conformance.XPass], "case"))
	case !has(conformance.Pass):
		return "No case passed."
	case has(conformance.Skip), has(conformance.XFail), has(conformance.Nonstrict):
		return fmt.Sprintf("%d of %s passed, none failed.", d.Summary[conformance.Pass], all)
	}
	return fmt.Sprintf("All %s passed.", all)
}

// remarks are what a reader has to know besides the headline: where to start, and why
// cases were skipped.
func (d *Document) remarks() []string {
	var out []string
	remark := func(n int, text string) {
		if n > 0 {
			out = append(out, Count(n, "case")+" "+text)
		}
	}
	if d.Summary[conformance.Fail] > 0 {
		out = append(out, "Start with the first failure: they are in the order of the protocol, and later ones may follow from earlier ones.")
		remark(d.Summary[conformance.Error], "could not be judged: the connection or the suite broke.")
	}
	reasons := make(map[string]int)
	blocked, versions, others := 0, 0, 0
	for _, c := range d.Cases {
		switch {
		case c.Verdict != conformance.Skip:
		case c.Blocked:
			blocked++
			reasons[strings.TrimPrefix(c.Detail, "blocked: ")]++
		case strings.HasPrefix(c.Detail, "the rule concerns "):
			versions++
		default:
			others++
		}
	}
	remark(blocked, "could not be tested because the relay fails in something that they build on"+mostOf(reasons)+".")
	remark(versions, "concern versions that the relay does not speak or that were not asked for.")
	remark(others, "were skipped for reasons that each tells.")
	return out
}

// mostOf names the most frequent reason if it occurs more than once.
func mostOf(reasons map[string]int) string {
	most, n := "", 1
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		if reasons[reason] > n {
			most, n = reason, reasons[reason]
		}
	}
	if most == "" {
		return ""
	}
	return fmt.Sprintf("; %d times: %s", n, shorten(escape(most), 200))
}

// kinds says how the target was found.
var kinds = map[target.Kind]string{
	target.Remote: "by its address", target.Process: "started by the suite", target.Embedded: "the embedded reference relay",
}

func (d *Document) facts() []fact {
	all := []fact{
		{"Target", kinds[d.Target.Kind]},
		{"SMP versions", span(d.Target.Versions)},
		{"Suite", escape(d.Tool.Name + " " + d.Tool.Version)},
		{"Seed", fmt.Sprint(d.Seed)},
		{"Started", d.Started.UTC().Format("2006-01-02 15:04:05 UTC")},
		{"Duration", fmt.Sprintf("%.1f s", d.DurationMS/1000)},
	}
	if d.Target.Fault != "" {
		all = append(all, fact{"Fault on purpose", escape(d.Target.Fault)})
	}
	if seeds := d.seeds(); len(d.Parts) > 0 {
		all[3].Value = strings.Join(seeds, ", ")
		all = append(all, fact{"Merged from", Count(len(d.Parts), "shard")})
	}
	if d.Target.Fault != "" {
		all = append(all, fact{"Fault, on purpose", escape(d.Target.Fault)})
	}
	if d.Shard != nil {
		all = append(all, fact{"Shard", fmt.Sprintf("%d of %d", d.Shard.Index, d.Shard.Count)})
	}
	if asked := d.Options.String(); asked != "" {
		all = append(all, fact{"Options", escape(asked)})
	}
	return all
}

// abilities are the capabilities of the target with texts that are safe to show.
func (d *Document) abilities() []Capability {
	var all []Capability
	for _, c := range d.Target.Capabilities {
		all = append(all, Capability{Name: escape(c.Name), State: c.State, Detail: escape(c.Detail)})
	}
	return all
}

// ran are the versions at which any case ran, in order.
func (d *Document) ran() []uint16 {
	var all []uint16
	for _, c := range d.Cases {
		for _, r := range c.Runs {
			all = append(all, r.Version)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// span is a range of versions: "6-20", or "9".
func span(bounds [2]uint16) string {
	if bounds[0] == bounds[1] {
		return fmt.Sprint(bounds[0])
	}
	return fmt.Sprintf("%d-%d", bounds[0], bounds[1])
}

// traces are those of the cases that have one.
func (d *Document) traces() []*trace.Trace {
	var all []*trace.Trace
	for i := range d.Cases {
		if d.Cases[i].Trace != nil {
			all = append(all, d.Cases[i].Trace)
		}
	}
	return all
}
