package probe

import (
	"context"
	"fmt"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/target"
	"smpcheck/reference/wire"
	"smpcheck/spec"
)

// surveyTime bounds each question of the survey at time scale 1.
const surveyTime = 4 * time.Second

// question asks the relay for one capability at the newest version that it serves.
type question struct {
	name string
	// since is the first version that has the capability.
	since uint16
	ask   func(*conformance.T) (target.State, string)
}

// Survey finds out which capabilities the relay has, by trying each once, and returns
// them in the order of target.CapabilityNames. info is what Preflight learned, with what
// the operator says about names. The queues that it makes it deletes. What cannot be
// found out within a deadline is target.Unknown.
func Survey(ctx context.Context, tgt target.Target, info target.Info, scale float64) []target.Capability {
	found := []target.Capability{newestTLS(info)}
	newest := newestServed(info)
	asked := make([]target.Capability, len(questions))
	pending := make(map[string]int)
	answers := make([]chan target.Capability, len(questions))
	var cases []*conformance.Case
	for i, q := range questions {
		if newest < q.since {
			asked[i] = q.tooNew(newest)
			continue
		}
		answers[i] = make(chan target.Capability, len(conformance.AllVersions))
		c := q.asCase(answers[i])
		pending[c.ID] = i
		cases = append(cases, c)
	}
	info.Patience = target.NewPatience()
	if newest != 0 {
		info.Versions, info.Unusable = wire.Versions(newest, newest), nil
	}
	outcome := conformance.Execute(ctx, cases, tgt, info, conformance.Options{Parallel: len(cases), TimeoutScale: scale})
	for _, r := range outcome.Results {
		i := pending[r.Case.ID]
		if r.Verdict == conformance.Pass {
			asked[i] = <-answers[i]
		} else {
			asked[i] = target.Capability{Name: questions[i].name, State: target.Unknown, Detail: r.Detail + r.Actual}
		}
	}
	return append(found, asked...)
}

// tooNew is the answer for a relay that serves no version with the capability.
func (q question) tooNew(newest uint16) target.Capability {
	if newest == 0 {
		return target.Capability{Name: q.name, State: target.Unknown, Detail: "the relay serves nothing"}
	}
	detail := fmt.Sprintf("exists from version %d on, the relay serves up to %d", q.since, newest)
	return target.Capability{Name: q.name, State: target.No, Detail: detail}
}

// asCase is the question as a case, which sends its answer once for each version at
// which it runs.
func (q question) asCase(answer chan<- target.Capability) *conformance.Case {
	return &conformance.Case{
		ID: "relay/survey/" + q.name, Title: "Survey", Role: spec.Relay, Level: spec.May,
		Edges: true, Timeout: surveyTime,
		Run: func(t *conformance.T) {
			state, detail := q.ask(t)
			answer <- target.Capability{Name: q.name, State: state, Detail: detail}
		},
	}
}

// newestServed is the highest version at which the relay answers, 0 for none.
func newestServed(info target.Info) uint16 {
	newest := uint16(0)
	for _, v := range conformance.AllVersions {
		if _, silent := info.Unusable[v]; !silent && info.Versions.Contains(v) {
			newest = v
		}
	}
	return newest
}

// newestTLS is what the preflight says about TLS 1.3.
func newestTLS(info target.Info) target.Capability {
	if info.TLS == "1.3" {
		return target.Capability{Name: target.TLS13, State: target.Yes}
	}
	return target.Capability{Name: target.TLS13, State: target.No, Detail: "the relay speaks TLS " + info.TLS}
}
