package spec

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Role names the party that a requirement binds.
type Role string

// The roles.
const (
	Relay  Role = "relay"
	Client Role = "client"
	Both   Role = "both"
)

// Source says where a requirement was read.
type Source struct {
	// Document is the file name of the official document, such as "simplex-messaging.md".
	Document string `yaml:"document" json:"document"`
	// Heading is the heading of the section, spelled as in the document.
	Heading string `yaml:"heading" json:"heading"`
}

// Record is one requirement: a single sentence that an implementation keeps or breaks.
type Record struct {
	// ID is the requirement's name for ever, such as "SMP-NEW-AUTHORIZED".
	ID string `yaml:"id" json:"id"`
	// Title is the rule in a few words.
	Title string `yaml:"title" json:"title"`
	// Role is the party that the rule binds.
	Role Role `yaml:"role" json:"role"`
	// Level says how binding the rule is.
	Level Level `yaml:"level" json:"level"`
	// Versions is the range of versions that have the rule: "6-20", "11-20" or "9" of
	// SMP, "agent 2-7" of another protocol.
	Versions Versions `yaml:"versions" json:"versions"`
	// Summary is the rule in our own words.
	Summary string `yaml:"summary" json:"summary"`
	// Source is where the rule was read.
	Source Source `yaml:"source" json:"source"`
	// Notes hold what a reader must know besides: where document and code differ,
	// and which answers a check accepts. It may be empty.
	Notes string `yaml:"notes" json:"notes,omitempty"`
	// Checks name what tests the rule besides the cases that cite it.
	Checks []Check `yaml:"checks" json:"checks,omitempty"`
	// Topic is the path of the file that holds the record, without its suffix.
	Topic string `yaml:"-" json:"topic"`
}

var idPattern = regexp.MustCompile(`^[A-Z][A-Z0-9]*(-[A-Z0-9]+)+$`)

// validate returns an error that names everything wrong with the record.
func (r *Record) validate() error {
	var errs []error
	report := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !idPattern.MatchString(r.ID) {
		report("id %q is not words of capitals and digits joined by hyphens", r.ID)
	}
	for name, text := range map[string]string{
		"title": r.Title, "summary": r.Summary,
		"source document": r.Source.Document, "source heading": r.Source.Heading,
	} {
		if strings.TrimSpace(text) == "" {
			report("%s is empty", name)
		}
	}
	if r.Role != Relay && r.Role != Client && r.Role != Both {
		report("role %q is none of relay, client, both", r.Role)
	}
	if _, err := ParseLevel(string(r.Level)); err != nil {
		errs = append(errs, err)
	}
	if r.Versions.Min == 0 {
		report("versions are missing")
	}
	if r.Level != Claim && strings.HasPrefix(r.Topic, claimsTopic) {
		report("level %q in the folder of claims", r.Level)
	}
	if r.Level == Observed && strings.TrimSpace(r.Notes) == "" {
		report("an observed rule needs notes that say what the documents leave open")
	}
	for _, check := range r.Checks {
		if err := check.validate(); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
