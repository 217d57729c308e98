package coverage

import (
	"smpcheck/conformance"
	"smpcheck/conformance/fault"
	"smpcheck/spec"
)

// judgeHidden finds rules of relays that a client could see broken and no case looks at.
func (m *Matrix) judgeHidden(row *Row) {
	tested := len(row.Checks[RelayCase]) > 0
	switch {
	case tested && row.Hidden != "":
		m.problem("%s says that no client can see it, but the case %s does", row.ID, row.Checks[RelayCase][0])
	case row.Role != spec.Relay || row.Level != spec.Must || tested || row.Hidden != "" || row.Reason != "" || row.Waits != "":
	case row.Checked():
		m.problem("%s (%s) has no relay case and does not say why no client can see it", row.ID, row.Level)
	}
}

// addFaults counts cases and faults, and finds cases of relays that nothing shows to be
// able to fail.
func (m *Matrix) addFaults(registry *conformance.Registry, faults []fault.Fault) {
	m.Summary.Faults = len(faults)
	for _, c := range registry.Cases() {
		m.Summary.Cases++
		if c.Role == spec.Relay && len(fault.Naming(faults, c.ID)) == 0 {
			m.problem("the case %s has no fault that it must notice", c.ID)
		}
	}
	for _, err := range fault.Problems(faults, registry) {
		m.problem("%v", err)
	}
}
