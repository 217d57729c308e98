package conformance

import (
	"fmt"
	"slices"
)

// Verdict is the result of a case.
type Verdict string

// The verdicts.
const (
	// Pass: the rule is kept.
	Pass Verdict = "pass"
	// Fail: a rule of level must or claim is violated.
	Fail Verdict = "fail"
	// Nonstrict: a rule of another level is violated.
	Nonstrict Verdict = "nonstrict"
	// Skip: the target lacks the capability or the version; the detail says which.
	Skip Verdict = "skip"
	// XFail: the case ended as the user's expectation file says.
	XFail Verdict = "xfail"
	// XPass: the user's expectation file says otherwise, but the case passed.
	XPass Verdict = "xpass"
	// Error: the harness or the connection broke, so the rule was not tested.
	Error Verdict = "error"
)

// severity lists the verdicts, worst first. A violation that was shown at one version
// stays shown when the connection breaks at another, so Fail comes before Error.
var severity = []Verdict{Fail, Error, XPass, Nonstrict, XFail, Pass, Skip}

// Verdicts returns all verdicts, worst first: fail, error, xpass, nonstrict, xfail,
// pass, skip. A case that ended differently at several versions has the worst.
func Verdicts() []Verdict { return slices.Clone(severity) }

// ParseVerdict returns the verdict that s names. The error lists the names that exist.
func ParseVerdict(s string) (Verdict, error) {
	if slices.Contains(severity, Verdict(s)) {
		return Verdict(s), nil
	}
	return "", fmt.Errorf("verdict %q is none of %v", s, severity)
}

// WorseThan reports whether v comes before o in the order of Verdicts.
func (v Verdict) WorseThan(o Verdict) bool {
	return slices.Index(severity, v) < slices.Index(severity, o)
}
