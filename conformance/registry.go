package conformance

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"smpcheck/spec"
)

// Registry holds cases in the order of their registration.
type Registry struct {
	catalogue *spec.Catalogue
	cases     []*Case
	byID      map[string]*Case
}

// NewRegistry returns an empty registry of cases that cite the catalogue.
func NewRegistry(catalogue *spec.Catalogue) *Registry {
	return &Registry{catalogue: catalogue, byID: make(map[string]*Case)}
}

var caseID = regexp.MustCompile(`^[a-z]+(/[a-z0-9]+(-[a-z0-9]+)*){2}$`)

// Add registers cases. The error names everything wrong with them: a malformed or used
// id, an id that contradicts the role, no title, no requirement, a requirement that the
// catalogue lacks, a level that none of its requirements has, an empty version range,
// no function. Cases with an error are not registered.
func (r *Registry) Add(cases ...Case) error {
	var errs []error
	for _, c := range cases {
		if err := r.check(&c); err != nil {
			errs = append(errs, fmt.Errorf("case %q: %w", c.ID, err))
			continue
		}
		r.byID[c.ID] = &c
		r.cases = append(r.cases, &c)
	}
	return errors.Join(errs...)
}

func (r *Registry) check(c *Case) error {
	var errs []error
	report := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !caseID.MatchString(c.ID) {
		report("the id is not role/topic/name in lower-case words joined by hyphens")
	} else if role, _, _ := strings.Cut(c.ID, "/"); role != string(c.Role) {
		report("the id starts with %q but the role is %q", role, c.Role)
	}
	if _, used := r.byID[c.ID]; used {
		report("the id is used twice")
	}
	if strings.TrimSpace(c.Title) == "" {
		report("the title is empty")
	}
	if c.Versions.Min > c.Versions.Max {
		report("the version range ends before it starts")
	} else if !slices.ContainsFunc(AllVersions, c.Concerns) {
		report("no version of SMP is in the range %s", c.Versions)
	}
	if c.Timeout < 0 {
		report("the timeout is negative")
	}
	if c.Run == nil {
		report("there is no function to run")
	}
	return errors.Join(append(errs, r.checkRequirements(c))...)
}

func (r *Registry) checkRequirements(c *Case) error {
	if len(c.Requirements) == 0 {
		return errors.New("it cites no requirement")
	}
	var errs []error
	levels := make(map[spec.Level]bool)
	for _, id := range c.Requirements {
		record, known := r.catalogue.Lookup(id)
		if !known {
			errs = append(errs, fmt.Errorf("it cites %s, which is not in the catalogue", id))
			continue
		}
		levels[record.Level] = true
	}
	if len(errs) == 0 && !levels[c.Level] {
		errs = append(errs, fmt.Errorf("its level is %q, which none of its requirements has", c.Level))
	}
	return errors.Join(errs...)
}

// Cases returns all cases in the order of their registration.
func (r *Registry) Cases() []*Case { return slices.Clone(r.cases) }

// Lookup returns the case with the id.
func (r *Registry) Lookup(id string) (*Case, bool) {
	c, ok := r.byID[id]
	return c, ok
}

// Citing returns the cases that test the requirement, in the order of registration.
func (r *Registry) Citing(requirement string) []*Case {
	var citing []*Case
	for _, c := range r.cases {
		if slices.Contains(c.Requirements, requirement) {
			citing = append(citing, c)
		}
	}
	return citing
}

// Catalogue returns the requirements that the cases cite.
func (r *Registry) Catalogue() *spec.Catalogue { return r.catalogue }

// Select returns the cases that match a pattern of run, or all cases if run is empty,
// without those that match a pattern of skip. See ParsePattern for their syntax. A
// pattern that is malformed or matches no registered case is an error.
func (r *Registry) Select(run, skip []string) ([]*Case, error) {
	wanted, err := r.matching(run)
	if err != nil {
		return nil, err
	}
	unwanted, err := r.matching(skip)
	if err != nil {
		return nil, err
	}
	var selected []*Case
	for _, c := range r.cases {
		if (len(run) == 0 || wanted[c]) && !unwanted[c] {
			selected = append(selected, c)
		}
	}
	return selected, nil
}

func (r *Registry) matching(patterns []string) (map[*Case]bool, error) {
	matched := make(map[*Case]bool)
	for _, text := range patterns {
		cases, err := r.Match(text)
		if err != nil {
			return nil, err
		}
		for _, c := range cases {
			matched[c] = true
		}
	}
	return matched, nil
}

// Match returns the cases that match one pattern; none is an error.
func (r *Registry) Match(text string) ([]*Case, error) {
	pattern, err := ParsePattern(text)
	if err != nil {
		return nil, err
	}
	var matched []*Case
	for _, c := range r.cases {
		if pattern.Match(c.ID) {
			matched = append(matched, c)
		}
	}
	if matched == nil {
		return nil, fmt.Errorf("no case matches %q", text)
	}
	return matched, nil
}
