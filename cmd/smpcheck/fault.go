package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/target"
)

// withFault returns the suite whose embedded relay has the fault of --fault, if it was
// given. The error is one of usage.
func (f *runFlags) withFault(args []string, s suite) (suite, error) {
	if f.fault == "" {
		return s, nil
	}
	if len(args) > 0 || f.exec != "" {
		return suite{}, errors.New("--fault changes the embedded relay; expected no address and no --exec")
	}
	wrong, ok := fault.Lookup(s.faults(), f.fault)
	if !ok {
		return suite{}, fmt.Errorf("no fault has the id %q; %s", f.fault, hint(s.faults(), f.fault))
	}
	config, err := embeddedConfig()
	if err != nil {
		return suite{}, broken("%w", err)
	}
	if wrong.Config(config).Names == nil {
		s.names = target.Names{Off: true}
	}
	s.embed = func(ctx context.Context) (string, func(), error) { return startChanged(ctx, wrong.Config) }
	return s, nil
}

// maxHints is how many ids a hint names.
const maxHints = 3

// hint says how to find the fault that somebody may have meant.
func hint(faults []fault.Fault, id string) string {
	topic, mistake, _ := strings.Cut(id, "/")
	var close []string
	known := false
	for i := range faults {
		t, m, _ := strings.Cut(faults[i].ID, "/")
		known = known || t == topic
		if len(close) < maxHints && mistake != "" && (m == mistake || t == topic && (strings.Contains(m, mistake) || strings.Contains(mistake, m))) {
			close = append(close, faults[i].ID)
		}
	}
	switch {
	case len(close) > 0:
		return "is it " + strings.Join(close, " or ") + "?"
	case known:
		return fmt.Sprintf("smpcheck list '%s/*' lists those of the topic", topic)
	}
	return "smpcheck list '*/*' lists them all"
}
