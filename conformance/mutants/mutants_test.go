package mutants_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/all"
	"smpcheck/conformance/mutants"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/relaycases"
	"smpcheck/conformance/target"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/spec"
)

func registry(t *testing.T) *conformance.Registry {
	t.Helper()
	catalogue, err := spec.Load()
	require.NoError(t, err)
	r := conformance.NewRegistry(catalogue)
	require.NoError(t, r.Add(relaycases.All()...))
	return r
}

// start starts the reference relay with a changed configuration.
func start(ctx context.Context, change func(relay.Config) relay.Config) (string, func(), error) {
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	if err != nil {
		return "", nil, err
	}
	e, err := relay.Listen(ctx, "127.0.0.1:0", change(relay.Config{Credentials: credentials}))
	if err != nil {
		return "", nil, err
	}
	return e.Address(), func() { _ = e.Close() }, nil
}

// silent is a relay that tells nothing about a queue.
func silent(c *relay.Config) {
	next := c.Stages.Execute
	c.Stages.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		if _, ok := r.Command.(smp.QUE); ok {
			return []relay.Output{{CorrelationID: r.Transmission.CorrelationID, EntityID: r.Transmission.EntityID, Response: smp.OK{}}}
		}
		return next(s, r)
	}
}

func options() mutants.Options {
	return mutants.Options{Launcher: mutants.Launcher{Start: start}, Preflight: probe.Preflight, Seed: 1}
}

func run(t *testing.T, o mutants.Options, faults ...fault.Fault) *mutants.Report {
	t.Helper()
	return mutants.Run(t.Context(), faults, registry(t), o)
}

// queInfo is a case about the answer to QUE.
const queInfo, queRule = "relay/que/info", "SMP-QUE-INFO"

func TestVerdicts(t *testing.T) {
	t.Parallel()
	made := fault.Fault{ID: "que/no-info", Story: "QUE is answered with OK.", Breaks: []string{queRule}, Cases: []string{queInfo}, Apply: silent}
	none, other, partly := made, made, made
	none.ID, none.Apply = "que/none", func(*relay.Config) {}
	other.ID, other.Breaks = "que/other", []string{"SMP-PING-PONG"}
	partly.ID, partly.Cases = "que/partly", []string{queInfo, "relay/ping/pong"}
	done := 0
	o := options()
	o.Progress = func(n int) { done = max(done, n) }
	report := run(t, o, made, none, other, partly)
	verdicts := []mutants.Verdict{}
	for _, f := range report.Faults {
		verdicts = append(verdicts, f.Verdict)
	}
	require.Equal(t, []mutants.Verdict{mutants.Killed, mutants.Survived, mutants.Survived, mutants.Survived}, verdicts)
	require.Equal(t, mutants.Summary{Faults: 4, Killed: 1, Survived: 3, Cases: 1}, report.Summary)
	require.Equal(t, 4, done)
	require.Equal(t, []string{queRule}, report.Faults[0].Cases[0].Violated)
	require.False(t, report.Faults[2].Cases[0].Noticed, "a violation of another rule")
	require.NotContains(t, report.Idle, queInfo)
	require.Contains(t, report.Idle, "relay/send/secured")

	var text bytes.Buffer
	require.NoError(t, report.WriteText(&text))
	require.Contains(t, text.String(), "killed    que/no-info")
	require.Contains(t, text.String(), "relay/ping/pong at version 6: pass")
	require.Contains(t, text.String(), "4 faults: 1 killed, 3 survived, 0 broken, 0 skipped; 1 case noticed one")
}

func TestRelayThatDoesNotStart(t *testing.T) {
	t.Parallel()
	o := options()
	o.Start = func(context.Context, func(relay.Config) relay.Config) (string, func(), error) {
		return "", nil, errors.New("no room")
	}
	report := run(t, o, all.Faults()[0])
	require.Equal(t, mutants.Broken, report.Faults[0].Verdict)
	require.Contains(t, report.Faults[0].Detail, "no room")
	require.Equal(t, 1, report.Summary.Broken)
}

func TestFaultThatNeedsAProcess(t *testing.T) {
	t.Parallel()
	made := fault.Fault{ID: "ping/process", Story: "It runs elsewhere.", Breaks: []string{queRule}, Cases: []string{queInfo}, Process: true, Apply: silent}
	o := options()
	report := run(t, o, made)
	require.Equal(t, mutants.Broken, report.Faults[0].Verdict)
	require.Contains(t, report.Faults[0].Detail, "no command starts one")

	var dir string
	o.Command = func(id, folder string) (target.Command, error) {
		require.Equal(t, made.ID, id)
		require.DirExists(t, folder)
		dir = folder
		return target.Command{"/no/such/program"}, nil
	}
	report = run(t, o, made)
	require.Equal(t, mutants.Broken, report.Faults[0].Verdict)
	require.Contains(t, report.Faults[0].Detail, "/no/such/program")
	require.NoDirExists(t, dir)
}

// What the machine was too slow for is tried again.
func TestSecondChance(t *testing.T) {
	t.Parallel()
	made := fault.Fault{ID: "que/no-info", Story: "QUE is answered with OK.", Breaks: []string{queRule}, Cases: []string{queInfo}, Apply: silent}
	o := options()
	var mu sync.Mutex
	starts := 0
	o.Start = func(ctx context.Context, change func(relay.Config) relay.Config) (string, func(), error) {
		mu.Lock()
		defer mu.Unlock()
		if starts++; starts == 1 {
			return "", nil, errors.New("too busy")
		}
		return start(ctx, change)
	}
	done := 0
	o.Progress = func(n int) { done = n }
	report := run(t, o, made)
	require.Equal(t, mutants.Killed, report.Faults[0].Verdict, report.Faults[0].Detail)
	require.Equal(t, 2, starts)
	require.Equal(t, 1, done)
}

func TestInterruption(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	report := mutants.Run(ctx, all.Faults(), registry(t), options())
	require.True(t, report.Interrupted)
	require.Equal(t, len(all.Faults()), report.Summary.Skipped)
}
