package regression

import (
	"cmp"
	"fmt"

	"smpcheck/fuzz/engine"
	"smpcheck/reference/wire"
	"smpcheck/spec"
)

// NewCase says what a case has that the finding it is made of does not say.
type NewCase struct {
	// ID is that of the case.
	ID string
	// Title is the rule as one sentence; empty for one made of what was expected.
	Title string
	// Requirements are ids of the catalogue; none for that of the finding.
	Requirements []string
}

// Make returns the case of a finding. Its versions are those of the run that have all the
// requirements.
func (n NewCase) Make(f engine.Finding, catalogue *spec.Catalogue) (*Case, error) {
	c := &Case{
		Format: caseFormat, ID: n.ID, Title: n.Title, Requirements: n.Requirements,
		Shows: Shows{Kind: f.Kind, Rule: f.Rule, Command: f.Command, Place: f.Place, Expected: f.Expected, Actual: f.Actual},
		Model: f.Model, Quota: f.Quota, Prompt: f.Prompt, Seed: f.Seed,
		Program: Text{f.Program}, Finding: f.ID,
	}
	if c.Title == "" {
		c.Title = defaultTitle(f)
	}
	if len(c.Requirements) == 0 {
		if f.Requirement == "" {
			return nil, fmt.Errorf("the finding %s names no requirement; expected --requirement with the rule that the case tests", f.ID)
		}
		c.Requirements = []string{f.Requirement}
	}
	versions, err := shared(f.Versions, c.Requirements, catalogue)
	c.Versions = [2]uint16{versions.Min, versions.Max}
	return c, err
}

// defaultTitle is a title made of what was expected.
func defaultTitle(f engine.Finding) string {
	about := cmp.Or(f.Command, string(f.Kind))
	return fmt.Sprintf("%s, %s: expected %s", about, f.Rule, cmp.Or(f.Expected, "nothing of the kind "+string(f.Kind)))
}

// shared is the part of the versions that all the requirements have.
func shared(versions wire.VersionRange, requirements []string, catalogue *spec.Catalogue) (wire.VersionRange, error) {
	for _, id := range requirements {
		record, ok := catalogue.Lookup(id)
		if !ok {
			return versions, fmt.Errorf("no requirement has the id %q", id)
		}
		if record.Versions.Protocol != spec.SMP {
			return versions, fmt.Errorf("%s is a rule of another protocol (%s), expected one of relays", id, record.Versions)
		}
		common, ok := versions.Common(wire.Versions(record.Versions.Min, record.Versions.Max))
		if !ok {
			return versions, fmt.Errorf("%s is a rule of the versions %s, the finding and the other requirements are of %s", id, record.Versions, versions)
		}
		versions = common
	}
	return versions, nil
}

// ReadCase reads the file of one case. The result is nil, without an error, for what is no
// file or has another format.
func ReadCase(name string) (*Case, error) {
	text, err := readFile(name)
	if err != nil || formatOf(text) != caseFormat {
		return nil, nil
	}
	return parseCase(text)
}
