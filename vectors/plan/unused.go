package plan

import (
	"encoding/json"
	"slices"

	"smpcheck/vectors"
)

// Unused returns the paths of values in an official test that a correct codec must not
// depend on, in the form of Descriptive; a path stands for all that is below it. They are
// parts that are not sent at the versions of the test, and bytes with parts that a
// decoder passes over.
func Unused(kind string, t *vectors.Test) []string {
	switch kind {
	case "agent":
		return unusedByAgents(t)
	case "x3dh", "ratchet", "ratchet_recorded":
		return unusedByRatchets(t)
	case "conversation":
		return unusedByRefusedSteps(t)
	case "blocks", "transmissions", "smp_transmission", "ts_crosschecked":
		return unusedByTransmissions(kind, t)
	case "commands", "responses":
	default:
		return nil
	}
	if slices.Contains(t.Flags, "ReencodedDifferently") {
		return []string{"inputs." + map[string]string{"commands": "command", "responses": "response"}[kind] + "_bytes"}
	}
	var in object
	var versions []uint16
	if json.Unmarshal(t.Inputs, &in) != nil || json.Unmarshal(in["versions"], &versions) != nil || len(versions) == 0 {
		return nil
	}
	return append(lost(in, versions[0]), unsentReason(in)...)
}
