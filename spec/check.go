package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// CheckKind says what sort of thing tests a rule.
type CheckKind string

// The kinds of checks that a record can name. Cases are not among them: a case names the
// rules that it tests.
const (
	// VectorCheck names vectors as kind/group, or one as kind/id: "vector: padding/unpad".
	VectorCheck CheckKind = "vector"
	// PropertyCheck names a property test as package.Test: "property: reference/ratchet.TestLoss".
	PropertyCheck CheckKind = "property"
	// TestCheck names another test as package.Test: "test: reference/transport.TestHello".
	TestCheck CheckKind = "test"
	// FuzzCheck names a fuzz target as package.Fuzz: "fuzz: reference/smp.FuzzCommand".
	FuzzCheck CheckKind = "fuzz"
	// AuditCheck names an experiment of the audit by its id: "audit: linkability/ids".
	AuditCheck CheckKind = "audit"
	// HiddenCheck says why no client of a relay can see whether it keeps the rule, though
	// something else tests it: "hidden: only the operator can block a queue".
	HiddenCheck CheckKind = "hidden"
	// ReasonCheck says why no check can exist: "reason: nobody can see whether …".
	ReasonCheck CheckKind = "reason"
)

var checkPatterns = map[CheckKind]*regexp.Regexp{
	VectorCheck:   regexp.MustCompile(`^[a-z0-9_]+/\S.*$`),
	PropertyCheck: regexp.MustCompile(`^[a-z0-9_/]+\.Test\w+$`),
	TestCheck:     regexp.MustCompile(`^[a-z0-9_/]+\.(Test|Example)\w+$`),
	FuzzCheck:     regexp.MustCompile(`^[a-z0-9_/]+\.Fuzz\w+$`),
	AuditCheck:    regexp.MustCompile(`^[a-z0-9-]+(/[a-z0-9-]+)+$`),
	HiddenCheck:   regexp.MustCompile(`(?s)^\S.{19,}$`),
	ReasonCheck:   regexp.MustCompile(`(?s)^\S.{19,}$`),
}

// CheckKinds returns all kinds in alphabetical order.
func CheckKinds() []CheckKind {
	kinds := make([]CheckKind, 0, len(checkPatterns))
	for kind := range checkPatterns {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

// Check is what tests a rule, as "kind: name", or the reason why no case or nothing can.
type Check string

// Kind is the part before the colon.
func (c Check) Kind() CheckKind {
	kind, _, _ := strings.Cut(string(c), ": ")
	return CheckKind(kind)
}

// Name is the part after the colon: what the kind of check calls it.
func (c Check) Name() string {
	_, name, _ := strings.Cut(string(c), ": ")
	return strings.TrimSpace(name)
}

func (c Check) validate() error {
	pattern, known := checkPatterns[c.Kind()]
	if !known {
		return fmt.Errorf("check %q does not start with one of %v and a colon", c, CheckKinds())
	}
	if !pattern.MatchString(c.Name()) {
		return fmt.Errorf("check %q: the name does not match %s", c, pattern)
	}
	return nil
}
