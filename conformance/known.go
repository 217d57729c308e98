package conformance

import (
	"fmt"
	"strings"
)

// Expectations say how cases are known to end.
type Expectations interface {
	// Expected returns how the case is known to end, if it is known.
	Expected(id string) (Known, bool)
}

// Known is how a case is known to end.
type Known struct {
	// Verdict is Fail, Nonstrict or Error.
	Verdict Verdict
	// Message is a text that the reason has at every version at which the case does not
	// pass: what was expected, what came, or the detail. Empty is any reason.
	Message string
}

// expect changes the verdict of a case that is known to end in some way. A case that
// ends so for another reason keeps its verdict, and its detail says what was known.
func (r *Result) expect(known Known) {
	if run, other := r.otherReason(known.Message); other {
		note := fmt.Sprintf("known is a %s that says %q, not this", known.Verdict, known.Message)
		if run.Version != r.Version {
			note = fmt.Sprintf("known is a %s that says %q, not that at version %d: %s", known.Verdict, known.Message, run.Version, run.reason())
		}
		r.Detail = strings.TrimPrefix(r.Detail+"\n"+note, "\n")
		return
	}
	actual := r.Verdict
	r.Verdict = judge(actual, known.Verdict)
	if r.Verdict == XPass {
		r.Expected, r.Actual = string(known.Verdict), string(actual)
	}
}

// otherReason returns the first run that was not good, for a reason without the message.
func (r *Result) otherReason(message string) (Run, bool) {
	for _, run := range r.Runs {
		switch run.Verdict {
		case Fail, Nonstrict, Error:
			if !strings.Contains(run.reason(), message) {
				return run, true
			}
		}
	}
	return Run{}, false
}

// reason is all that the run says about its verdict.
func (r Run) reason() string {
	if r.Verdict == Error {
		return r.Detail
	}
	return strings.TrimSuffix(fmt.Sprintf("expected %s, got %s; %s", r.Expected, r.Actual, r.Detail), "; ")
}

// judge returns the verdict of a case that is known to end with expected: XFail if it
// did, or ended milder without passing; XPass if it passed; and its own verdict if it
// was skipped or ended worse than known.
func judge(actual, expected Verdict) Verdict {
	switch {
	case actual == Pass:
		return XPass
	case actual == Skip, actual.WorseThan(expected):
		return actual
	case actual == Error && expected != Error:
		return actual
	}
	return XFail
}
