package spec

import "fmt"

// Level says how binding a requirement is, and so which verdict its violation earns.
type Level string

// The levels, strongest first.
const (
	// Must is a rule that the protocol documents state without an exception.
	Must Level = "must"
	// Claim is a privacy or security claim that an experiment checks.
	Claim Level = "claim"
	// Should is a rule that the documents recommend.
	Should Level = "should"
	// Observed is what the official implementation does although no document says it,
	// or although a document says otherwise.
	Observed Level = "observed"
	// May is something that the documents leave open.
	May Level = "may"
)

// Levels returns all levels, strongest first.
func Levels() []Level { return []Level{Must, Claim, Should, Observed, May} }

// ParseLevel returns the level that s names. The error lists the names that exist.
func ParseLevel(s string) (Level, error) {
	for _, l := range Levels() {
		if string(l) == s {
			return l, nil
		}
	}
	return "", fmt.Errorf("level %q is none of %v", s, Levels())
}

// Binding reports whether a violation is a failure. A violation of any other level
// is a departure from strict behaviour.
func (l Level) Binding() bool { return l == Must || l == Claim }
