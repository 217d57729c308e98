package fault

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"smpcheck/conformance"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// Fault is a named mistake of a relay.
type Fault struct {
	// ID is the name for ever: topic and mistake as lower-case words joined by hyphens,
	// such as "send/unsecured-key-ignored".
	ID string
	// Story is what an author misunderstood or forgot, one sentence.
	Story string
	// Breaks are the ids of the requirements that are not kept any more.
	Breaks []string
	// Cases are the ids of cases that have to notice. Each tests one of Breaks.
	Cases []string
	// Versions is where the mistake shows; the zero value is every version.
	Versions wire.VersionRange
	// Process says that the relay has to run in a process of its own, whose files and memory
	// the cases search. It keeps files in its working directory.
	Process bool
	// Apply makes the mistake. All stages are set when it is called.
	Apply func(*relay.Config)
}

// Config returns the configuration of a relay with the fault, made from that of one
// without.
func (f *Fault) Config(config relay.Config) relay.Config {
	config.Stages = relay.DefaultStages()
	f.Apply(&config)
	return config
}

// at reports whether the mistake shows at the version.
func (f *Fault) at(version uint16) bool {
	return f.Versions == (wire.VersionRange{}) || f.Versions.Contains(version)
}

// VersionsOf returns the versions at which the case has to notice the fault, in order.
func (f *Fault) VersionsOf(c *conformance.Case) []uint16 {
	return slices.DeleteFunc(slices.Clone(conformance.AllVersions), func(v uint16) bool {
		return !f.at(v) || c.Versions != (wire.VersionRange{}) && !c.Versions.Contains(v)
	})
}

// Since is the range of versions from one up to the last.
func Since(version uint16) wire.VersionRange { return wire.Versions(version, smp.MaxVersion) }

var faultID = regexp.MustCompile(`^[a-z]+(/[a-z0-9]+(-[a-z0-9]+)*)$`)

// Lookup returns the fault with the id.
func Lookup(faults []Fault, id string) (*Fault, bool) {
	i := slices.IndexFunc(faults, func(f Fault) bool { return f.ID == id })
	if i < 0 {
		return nil, false
	}
	return &faults[i], true
}

// Naming returns the faults that a case has to notice.
func Naming(faults []Fault, caseID string) []Fault {
	return those(faults, func(f *Fault) bool { return slices.Contains(f.Cases, caseID) })
}

// Breaking returns the faults that break a requirement.
func Breaking(faults []Fault, requirement string) []Fault {
	return those(faults, func(f *Fault) bool { return slices.Contains(f.Breaks, requirement) })
}

func those(faults []Fault, keep func(*Fault) bool) (kept []Fault) {
	for i := range faults {
		if keep(&faults[i]) {
			kept = append(kept, faults[i])
		}
	}
	return kept
}

// IDs returns the ids of faults. It is empty, not nil, if there are none.
func IDs(faults []Fault) []string {
	ids := make([]string, len(faults))
	for i := range faults {
		ids[i] = faults[i].ID
	}
	return ids
}

// Check is Problems as one error.
func Check(faults []Fault, registry *conformance.Registry) error {
	return errors.Join(Problems(faults, registry)...)
}

// Problems returns everything that contradicts itself or the cases: malformed or repeated
// ids, stories and lists that are missing, requirements that the catalogue lacks, cases
// that do not exist, test none of the requirements, or share no version with the fault.
func Problems(faults []Fault, registry *conformance.Registry) []error {
	var errs []error
	known := make(map[string]bool)
	for i := range faults {
		f := &faults[i]
		if known[f.ID] {
			errs = append(errs, fmt.Errorf("fault %s: the id is used twice", f.ID))
		}
		known[f.ID] = true
		for _, err := range f.check(registry) {
			errs = append(errs, fmt.Errorf("fault %s: %w", f.ID, err))
		}
	}
	return errs
}

func (f *Fault) check(registry *conformance.Registry) (errs []error) {
	report := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !faultID.MatchString(f.ID) {
		report("the id is not topic/mistake")
	}
	if f.Story == "" || len(f.Breaks) == 0 || len(f.Cases) == 0 || f.Apply == nil {
		report("story, requirements, cases or Apply are missing")
	}
	for _, id := range f.Breaks {
		if _, ok := registry.Catalogue().Lookup(id); !ok {
			report("no requirement %s", id)
		}
	}
	for _, id := range f.Cases {
		c, ok := registry.Lookup(id)
		switch {
		case !ok:
			report("no case %s", id)
		case !slices.ContainsFunc(c.Requirements, func(id string) bool { return slices.Contains(f.Breaks, id) }):
			report("case %s tests none of its requirements", id)
		case len(f.VersionsOf(c)) == 0:
			report("case %s runs at none of its versions", id)
		}
	}
	for _, id := range f.Breaks {
		if !slices.ContainsFunc(registry.Citing(id), func(c *conformance.Case) bool { return slices.Contains(f.Cases, c.ID) }) {
			report("none of its cases tests %s", id)
		}
	}
	return errs
}
