package report

import "smpcheck/conformance/target"

// Capability is what was found out about one ability of the target.
type Capability struct {
	Name  string       `json:"name"`
	State target.State `json:"state"`
	// Detail says how it was found out, or with which limits; it may be empty.
	Detail string `json:"detail"`
}

// Options are what was asked for, as far as verdicts depend on it. The zero value of
// each stands for a flag that was not given.
type Options struct {
	Profile  string   `json:"profile"`
	Run      []string `json:"run"`
	Skip     []string `json:"skip"`
	Level    string   `json:"level"`
	Versions []uint16 `json:"versions"`
	// TimeoutScale is never 0.
	TimeoutScale float64 `json:"timeout_scale"`
	FailOnSkip   bool    `json:"fail_on_skip"`
	KnownName    string  `json:"known_name"`
	// Expectations is the SHA-256 of the expectation file, in hex.
	Expectations string `json:"expectations"`
}

// Shard says which part of a run a report is.
type Shard struct {
	// Index is the number of the part, from 1 to Count.
	Index int `json:"index"`
	Count int `json:"count"`
	// Of is the number of cases in all parts.
	Of int `json:"of"`
}

// cases is how many cases the shard has.
func (s Shard) cases() int { return (s.Of - s.Index + s.Count) / s.Count }

// newCapabilities are those of the target, empty if nobody has asked.
func newCapabilities(info target.Info) []Capability {
	all := make([]Capability, 0, len(info.Capabilities))
	for _, c := range info.Capabilities {
		all = append(all, Capability{Name: c.Name, State: c.State, Detail: valid(c.Detail)})
	}
	return all
}
