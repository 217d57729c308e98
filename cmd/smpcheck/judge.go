package main

import (
	"fmt"

	"smpcheck/conformance"
	"smpcheck/conformance/report"
)

// judge returns nil for a run that went as expected, and otherwise the error with the
// exit code of the run. An interruption counts before a violation, a violation before
// an error of the harness.
func judge(d *report.Document) error {
	count, total, blocked := d.Summary, len(d.Cases), d.Blocked()
	bad := count[conformance.Fail] + count[conformance.XPass]
	switch {
	case d.Interrupted:
		return broken("the run was interrupted")
	case bad > 0:
		return violated(fmt.Sprintf("%d of %d cases did not end as expected", bad, total))
	case count[conformance.Error] > 0:
		return broken("%d of %d cases could not be judged", count[conformance.Error], total)
	case count[conformance.Pass]+count[conformance.XFail] == 0:
		return violated("no case passed")
	case blocked > 0 && count[conformance.XFail] == 0:
		return violated(fmt.Sprintf("%d of %d cases were blocked: %s", blocked, total, blocker(count)))
	case d.Options.FailOnSkip && count[conformance.Skip] > 0:
		return violated(fmt.Sprintf("%d of %d cases were skipped", count[conformance.Skip], total))
	}
	return nil
}

// blocker says where to look for what has blocked cases in a run without a failure.
func blocker(count map[conformance.Verdict]int) string {
	if n := count[conformance.Nonstrict]; n > 0 {
		return fmt.Sprintf("rules that the relay must keep could not be tested; no case failed, see what is nonstrict (%d)", n)
	}
	return "the relay fails in something that no case of the run reports"
}
