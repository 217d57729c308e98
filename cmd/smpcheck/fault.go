package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/mutants"
	"smpcheck/conformance/target"
)

// launcher starts relays with faults, of which names are known.
func (suite) launcher(names target.Names) mutants.Launcher {
	return mutants.Launcher{Start: startChanged, Command: mutantProcess, Names: names}
}

// faultOpener is opener for the relay with the fault of --fault. Its error is one of usage.
func (f *runFlags) faultOpener(args []string, s suite, names target.Names) (opener, error) {
	if len(args) > 0 || f.exec != "" {
		return nil, errors.New("--fault changes the embedded relay; expected no address and no --exec")
	}
	wrong, ok := fault.Lookup(s.faults(), f.fault)
	if !ok {
		return nil, unknownFault(s.faults(), f.fault)
	}
	return func(ctx context.Context) (*subject, error) {
		relay, err := s.launcher(names).Launch(ctx, wrong)
		if err != nil {
			return nil, fmt.Errorf("the relay with the fault %s: %w", wrong.ID, err)
		}
		return &subject{relay.Target, relay.Names, relay.Files, relay.Close}, nil
	}, nil
}

// unknownFault is the error for an id that no fault has.
func unknownFault(faults []fault.Fault, id string) error {
	return fmt.Errorf("no fault has the id %q; %s", id, hint(faults, id))
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
