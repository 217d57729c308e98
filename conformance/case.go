package conformance

import (
	"time"

	"smpcheck/reference/wire"
	"smpcheck/spec"
)

// DefaultTimeout is the deadline of a case that names none, at time scale 1.
const DefaultTimeout = 10 * time.Second

// AllVersions are the versions of SMP at which a case may run: 6 to 20 without 13,
// which was never assigned.
var AllVersions = []uint16{6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19, 20}

// Case is one check of one or more requirements.
type Case struct {
	// ID is the name of the case for ever: role, topic and name as lower-case words
	// joined by hyphens, such as "relay/new/unauthorised".
	ID string
	// Title is the rule as one sentence, such as "NEW without authorization is refused".
	Title string
	// Role is the party under test; it is also the first part of the id.
	Role spec.Role
	// Level decides what a violation is: Fail at spec.Must and spec.Claim, Nonstrict at
	// the others. At least one of the requirements has this level.
	Level spec.Level
	// Requirements are ids of package spec, at least one.
	Requirements []string
	// Versions is the range that the rule concerns; the zero value is every version.
	Versions wire.VersionRange
	// Edges runs the case at the lowest and the highest of its versions only: for rules
	// that cost much to test and that no version changes.
	Edges bool
	// Timeout is the deadline at one version, at time scale 1; 0 is DefaultTimeout.
	Timeout time.Duration
	// Solo cases never run while another case does.
	Solo bool
	// Run performs the check at T.Version. It ends with a verdict method of T, or
	// returns if the rule is kept.
	Run func(*T)
}

// Concerns reports whether the rule exists at the version.
func (c *Case) Concerns(version uint16) bool {
	return c.Versions == (wire.VersionRange{}) || c.Versions.Contains(version)
}

// timeout is the deadline of the case at time scale 1.
func (c *Case) timeout() time.Duration {
	if c.Timeout == 0 {
		return DefaultTimeout
	}
	return c.Timeout
}
