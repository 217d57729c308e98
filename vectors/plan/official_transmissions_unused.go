package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"smpcheck/vectors"
)

// unusedByTransmissions returns the paths of Unused for tests of transmissions and blocks:
// the session where nothing is encrypted or authorized with it, a correlation id that a
// signature does not cover, and blocks of which not every byte has a part in the answer,
// because it is an error.
func unusedByTransmissions(kind string, t *vectors.Test) []string {
	if kind == "blocks" {
		if strings.HasPrefix(t.ID, "decode/plain ") {
			return []string{"inputs.dh_secret", "inputs.session_id"}
		}
		return nil
	}
	if kind == "ts_crosschecked" {
		return unusedRest(t)
	}
	var in struct{ Version uint16 }
	if json.Unmarshal(t.Inputs, &in) != nil {
		return nil
	}
	var paths []string
	if kind == "smp_transmission" { // which has tests at the versions between two changes
		paths = append(paths, "inputs.version")
	}
	group, _, _ := strings.Cut(t.ID, "/")
	switch group {
	case "scheme": // only the length counts
		paths = append(paths, "inputs.authorization")
	case "unsigned", "response", "decode", "received":
		if in.Version > 6 || slices.Contains(t.Flags, "RefusedTransmission") {
			paths = append(paths, "inputs.session_id")
		}
	case "batch":
		return unusedSizes(t)
	case "signed":
		if strings.Contains(t.ID, "/verify/other correlation id") {
			paths = append(paths, "inputs.correlation_id")
		}
	}
	if slices.Contains(t.Flags, "RefusedTransmission") {
		paths = append(paths, "inputs.content")
	}
	return paths
}

// unusedRest returns the input of a function that takes a message from the front of
// longer bytes, of which the output shows nothing.
func unusedRest(t *vectors.Test) []string {
	prefix := map[string]int{"unPad": 2, "decodeBytes": 1}[function(t)]
	var in crosschecked
	var whole, message vectors.Hex
	if prefix == 0 || t.Inputs.Decode(&in) != nil || json.Unmarshal(in.In, &whole) != nil || t.Output.Decode(&message) != nil {
		return nil
	}
	if len(whole) > prefix+len(message) {
		return []string{"inputs.in"}
	}
	return nil
}

// unusedSizes returns the sizes of transmissions that fit no block: how much too long one
// is does not matter.
func unusedSizes(t *vectors.Test) []string {
	var blocks []struct {
		Indexes []int  `json:"indexes"`
		Error   string `json:"error"`
	}
	if json.Unmarshal(t.Output, &blocks) != nil {
		return nil
	}
	var paths []string
	for _, block := range blocks {
		for _, i := range block.Indexes {
			if block.Error != "" {
				paths = append(paths, fmt.Sprintf("inputs.sizes.%d", i))
			}
		}
	}
	return paths
}
