package regression

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"smpcheck/conformance"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/engine"
	"smpcheck/fuzz/program"
	"smpcheck/reference/wire"
	"smpcheck/spec"
)

// caseFormat is the format of the files of cases.
const caseFormat = "smpcheck-case-1"

// caseTimeout is the deadline of a case at one version, at time scale 1: programs wait for
// answers that a relay does not owe.
const caseTimeout = time.Minute

// Case is a finding about a relay as a conformance case: a program, and what it must not
// show.
type Case struct {
	Format string `json:"format"`
	// ID is that of a conformance case for relays: "relay/TOPIC/name".
	ID string `json:"id"`
	// Title is the rule as one sentence.
	Title string `json:"title"`
	// Requirements are ids of package spec, at least one. The strongest of their levels is
	// that of the case.
	Requirements []string `json:"requirements"`
	// Versions are the lowest and the highest version that the case is about.
	Versions [2]uint16 `json:"versions"`
	// Shows is what the relay does wrong.
	Shows Shows `json:"shows"`
	// Model says that the model judges the answers. Quota is the quota of the relay in
	// messages that it counts with, 0 if it is not known; Prompt that events have to be
	// there when everything has settled.
	Model  bool `json:"model"`
	Quota  int  `json:"quota"`
	Prompt bool `json:"prompt"`
	// Seed decides what is random in the program.
	Seed uint64 `json:"seed"`
	// Program is what is done to the relay, as program.Parse reads it.
	Program Text `json:"program"`
	// Finding is the id of the finding that the case was made of.
	Finding string `json:"finding"`
}

// Text is a program that is written as its lines in JSON.
type Text struct{ program.Program }

// MarshalJSON returns the lines of the program.
func (t Text) MarshalJSON() ([]byte, error) {
	return json.Marshal(strings.Split(strings.TrimSpace(t.String()), "\n"))
}

// UnmarshalJSON reads lines of a program.
func (t *Text) UnmarshalJSON(text []byte) (err error) {
	var lines []string
	if err := json.Unmarshal(text, &lines); err != nil {
		return err
	}
	t.Program, err = program.Parse(strings.Join(lines, "\n"))
	return err
}

// Shows is what makes a breach of a run that of a case.
type Shows struct {
	Kind    drive.Kind `json:"kind"`
	Rule    string     `json:"rule"`
	Command string     `json:"command"`
	// Place is where a process has crashed, empty for other kinds.
	Place string `json:"place"`
	// Expected and Actual were said when it was found, for people.
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
}

// kinds are the kinds of findings that a case can show: a run against a relay that is only
// known by its address. The growth of memory is seen from outside alone.
var kinds = []drive.Kind{drive.Hang, drive.Protocol, drive.Accepted, drive.Violation, engine.Crash, engine.Canary}

// parseCase reads the file of a case.
func parseCase(text []byte) (*Case, error) {
	c := new(Case)
	if err := decodeStrict(text, c); err != nil {
		return nil, err
	}
	return c, c.check()
}

// check fails unless the case has all its parts and a run can show what it shows. What a
// registry checks is left to it.
func (c *Case) check() error {
	switch {
	case c.Format != caseFormat:
		return fmt.Errorf("the format is %q, expected %q", c.Format, caseFormat)
	case !strings.HasPrefix(c.ID, string(spec.Relay)+"/"):
		return fmt.Errorf("the id %q does not begin with %s/", c.ID, spec.Relay)
	case len(c.Program.Ops) == 0:
		return errors.New("the program is empty")
	case !slices.Contains(kinds, c.Shows.Kind):
		return fmt.Errorf("a case cannot show a finding of the kind %q, expected one of %v", c.Shows.Kind, kinds)
	case c.Shows.Rule == "":
		return errors.New("the case does not say which rule is broken")
	case c.Versions[0] == 0 || c.Versions[0] > c.Versions[1]:
		return fmt.Errorf("the versions are %v, expected the lowest and the highest", c.Versions)
	case c.Quota < 0:
		return fmt.Errorf("the quota is %d, expected 0 or more", c.Quota)
	}
	return nil
}

// Conformance returns the case as the runner takes it. The catalogue has its requirements.
func (c *Case) Conformance(catalogue *spec.Catalogue) (conformance.Case, error) {
	level, err := c.level(catalogue)
	if err != nil {
		return conformance.Case{}, err
	}
	return conformance.Case{
		ID: c.ID, Title: c.Title, Role: spec.Relay, Level: level, Requirements: c.Requirements,
		Versions: wire.Versions(c.Versions[0], c.Versions[1]), Timeout: caseTimeout, Run: c.run,
	}, nil
}

// level is the strongest level of the requirements.
func (c *Case) level(catalogue *spec.Catalogue) (spec.Level, error) {
	levels := spec.Levels()
	strongest := len(levels)
	for _, id := range c.Requirements {
		record, ok := catalogue.Lookup(id)
		switch {
		case !ok:
			return "", fmt.Errorf("no requirement has the id %q", id)
		case record.Role != spec.Relay:
			return "", fmt.Errorf("%s binds a %s, expected a rule of relays", id, record.Role)
		}
		strongest = min(strongest, slices.Index(levels, record.Level))
	}
	if strongest == len(levels) {
		return "", errors.New("the case names no requirement")
	}
	return levels[strongest], nil
}
