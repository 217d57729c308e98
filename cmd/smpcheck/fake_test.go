package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"smpcheck/conformance"
	"smpcheck/conformance/fault"
	"smpcheck/conformance/target"
	"smpcheck/reference/relay"
	"smpcheck/reference/wire"
	"smpcheck/spec"
)

// fakeAddress is that of a relay which is never connected to.
const fakeAddress = "smp://AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=@127.0.0.1:1"

// fakeCase is a case whose verdict is decided by run.
func fakeCase(id string, level spec.Level, requirement string, run func(*conformance.T)) conformance.Case {
	return conformance.Case{
		ID: id, Title: "Title of " + id, Role: spec.Relay, Level: level,
		Requirements: []string{requirement}, Run: run,
	}
}

// fakeFault has to be noticed by one of the cases of fakeSuite.
var fakeFault = fault.Fault{
	ID: "good/mistaken", Story: "Somebody was mistaken.", Breaks: []string{"SMP-PING-PONG"},
	Cases: []string{"relay/good/one"}, Versions: wire.Versions(7, 9), Apply: func(*relay.Config) {},
}

// fakeSuite has cases of every verdict and a target that takes versions 6 to 9.
func fakeSuite() suite {
	return suite{
		cases: func() []conformance.Case {
			return []conformance.Case{
				fakeCase("relay/good/one", spec.Must, "SMP-PING-PONG", func(*conformance.T) {}),
				fakeCase("relay/good/two", spec.Should, "SMP-TX-ORDER", func(*conformance.T) {}),
				fakeCase("relay/bad/fail", spec.Must, "SMP-PING-PONG", func(t *conformance.T) { t.Fail("PONG", "OK") }),
				fakeCase("relay/bad/odd", spec.Should, "SMP-TX-ORDER", func(t *conformance.T) { t.Fail("order", "none") }),
				fakeCase("relay/bad/broken", spec.Must, "SMP-PING-PONG", func(t *conformance.T) { t.Broken(errors.New("reset")) }),
				fakeCase("relay/bad/skip", spec.Must, "SMP-PING-PONG", func(t *conformance.T) { t.Skip("lacks it") }),
				fakeCase("relay/bad/blocked", spec.Must, "SMP-PING-PONG", func(t *conformance.T) { t.Block("no queue") }),
				fakeCase("relay/bad/traced", spec.Must, "SMP-PING-PONG", func(t *conformance.T) {
					t.Record(conformance.Sent, "PING", []byte("PING"))
					t.Failf("PONG", "%x", t.Rand().Bytes(4))
				}),
			}
		},
		faults: func() []fault.Fault { return []fault.Fault{fakeFault} },
		preflight: func(context.Context, target.Target, float64, ...uint16) (target.Info, error) {
			return target.Info{Versions: wire.Versions(6, 9)}, nil
		},
		embed: func(context.Context) (string, func(), error) { return fakeAddress, func() {}, nil },
	}
}

// result is what a command line did.
type result struct {
	code           int
	stdout, stderr string
}

// smpcheck runs a command line with the suite.
func smpcheck(t testing.TB, s suite, args ...string) result {
	t.Helper()
	return smpcheckContext(t.Context(), s, args...)
}

func smpcheckContext(ctx context.Context, s suite, args ...string) result {
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, &stdout, &stderr, s)
	return result{code, stdout.String(), stderr.String()}
}

// lines counts the lines of a text.
func lines(s string) int { return strings.Count(s, "\n") }
