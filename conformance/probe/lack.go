package probe

import (
	"fmt"

	"smpcheck/conformance"
	"smpcheck/conformance/target"
)

// Lack skips the case: the relay does not have the capability that the rule is about.
// The report names it, and says what the survey found out; where it does not know of the
// lack, what the case saw.
func Lack(t *conformance.T, capability, saw string) {
	if known := t.Info().Capability(capability); known.State == target.No && known.Detail != "" {
		saw = known.Detail
	}
	t.Skip(fmt.Sprintf("the relay lacks %s: %s", capability, saw))
}
