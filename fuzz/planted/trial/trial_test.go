package trial

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance/target"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/engine"
	"smpcheck/fuzz/planted"
)

// faults are some whose ids tell fake what to find.
var faults = []planted.Fault{
	{ID: "crash/found", Title: "It is found.", Finds: []string{planted.Crash}},
	{ID: "crash/late", Title: "It is found after something else.", Finds: []string{planted.Hang, planted.Crash}},
	{ID: "crash/other", Title: "Something else is found.", Finds: []string{planted.Crash}},
	{ID: "crash/nothing", Title: "Nothing is found.", Finds: []string{planted.Crash}},
	{ID: "crash/broken", Title: "It does not start.", Finds: []string{planted.Crash}},
}

// fake is a fuzzer that notes its options.
func fake(noted map[string]engine.Options) func(context.Context, engine.Options) (engine.Report, error) {
	finds := func(kinds ...drive.Kind) (found []engine.Finding) {
		for _, kind := range kinds {
			found = append(found, engine.Finding{Breach: drive.Breach{Kind: kind, Rule: "rule", Command: "SEND"}, After: time.Second, Operations: 9, Shrunk: 2, From: 5, Stable: 10, Tried: 10})
		}
		return found
	}
	return func(_ context.Context, o engine.Options) (report engine.Report, err error) {
		id := o.Command[1]
		noted[id] = o
		if o.Status != nil {
			o.Status(engine.Status{Programs: 3})
		}
		report = engine.Report{Status: engine.Status{Elapsed: 2 * time.Second, Operations: 40}}
		defer func() {
			for _, f := range report.Found {
				o.Found(f)
			}
		}()
		switch id {
		case "crash/found":
			report.Found = finds(engine.Crash)
		case "crash/late":
			report.Found = finds(drive.Protocol, drive.Hang)
		case "crash/other":
			report.Found = finds(drive.Protocol)
		case "crash/broken":
			return report, errors.New("it does not start")
		}
		return report, nil
	}
}

func options(noted map[string]engine.Options) Options {
	return Options{
		Fuzz: fake(noted), Duration: time.Minute, Seed: 5, Scale: 2, Findings: "dir",
		Command: func(id string) target.Command { return target.Command{"relay", id} },
	}
}

func TestEachFaultIsTried(t *testing.T) {
	t.Parallel()
	noted := make(map[string]engine.Options)
	var done []int
	o := options(noted)
	o.Progress = func(n int, s engine.Status) { done = append(done, n+10*s.Programs) }
	r := Run(t.Context(), faults, o)
	var outcomes []Outcome
	for _, result := range r.Results {
		outcomes = append(outcomes, result.Outcome)
	}
	require.Equal(t, []Outcome{Clean, Found, Found, Survived, Survived, Broken}, outcomes)
	require.Equal(t, []int{30, 31, 32, 33, 34, 35}, done)
	require.Equal(t, 2, r.Count(Found))
	require.Equal(t, 2, r.Count(Survived))
	require.Equal(t, 0, r.Count(Clean), "the relay without a fault does not count")
	require.False(t, r.OK())
	require.Equal(t, drive.Hang, r.Results[2].Finding.Kind)
	require.Equal(t, 1, r.Results[2].Others)

	for id, used := range noted {
		require.True(t, used.Model, id)
		require.Equal(t, planted.Quota, used.Quota, id)
		require.True(t, used.Prompt, id)
		require.Equal(t, time.Minute, used.Duration, id)
		require.Equal(t, uint64(5), used.Seed, id)
		require.Equal(t, 2.0, used.Scale, id)
		require.Equal(t, "dir/"+strings.ReplaceAll(id, "/", "."), used.Findings, id)
	}

	var text strings.Builder
	require.NoError(t, r.WriteText(&text))
	require.Equal(t, `relay          outcome   finding           seconds  operations  size    shows again
control        clean                       2.0      40
crash/found    found     crash rule, SEND  1.0      9           2 of 5  10 of 10
crash/late     found     hang rule, SEND   1.0      9           2 of 5  10 of 10
crash/other    survived                    2.0      40
crash/nothing  survived                    2.0      40
crash/broken   broken                      2.0      40

survived crash/other: Something else is found.
  1 findings of kinds that do not prove the fault

survived crash/nothing: Nothing is found.

broken crash/broken: It does not start.
  it does not start

2 of 5 faults found, 2 survived, 1 broken; 1m0s for each, seed 5
`, text.String())
}

// What proves the fault each time ends the run of the fuzzer; something else does not, nor
// does what is shown by some tries.
func TestATrialEndsWhenTheFaultIsFound(t *testing.T) {
	t.Parallel()
	o := options(make(map[string]engine.Options))
	o.Fuzz = func(ctx context.Context, e engine.Options) (engine.Report, error) {
		other := engine.Finding{Breach: drive.Breach{Kind: drive.Protocol}}
		doubtful := engine.Finding{Breach: drive.Breach{Kind: engine.Crash, Rule: "doubtful"}, Stable: 3, Tried: 10}
		proof := engine.Finding{Breach: drive.Breach{Kind: engine.Crash}, Stable: 10, Tried: 10}
		if e.Command[1] == Control {
			return engine.Report{}, nil
		}
		e.Found(other)
		e.Found(doubtful)
		require.NoError(t, ctx.Err())
		e.Found(proof)
		require.Error(t, ctx.Err())
		return engine.Report{Found: []engine.Finding{other, doubtful, proof}, Interrupted: true}, nil
	}
	r := Run(t.Context(), faults[:1], o)
	require.True(t, r.OK())
	require.True(t, r.Results[1].Finding.Certain())
	require.False(t, r.Interrupted)
}

func TestAFalseAlarmIsNoSuccess(t *testing.T) {
	t.Parallel()
	noted := make(map[string]engine.Options)
	o := options(noted)
	require.True(t, Run(t.Context(), faults[:1], o).OK())
	alarming := o.Fuzz
	o.Fuzz = func(ctx context.Context, e engine.Options) (engine.Report, error) {
		e.Command = target.Command{"relay", "crash/found"}
		return alarming(ctx, e)
	}
	r := Run(t.Context(), faults[:1], o)
	require.False(t, r.OK())
	require.Equal(t, Alarm, r.Results[0].Outcome)
}

func TestAnInterruptedTrialSaysWhatItHas(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	noted := make(map[string]engine.Options)
	o := options(noted)
	fuzz := o.Fuzz
	o.Fuzz = func(ctx context.Context, e engine.Options) (engine.Report, error) {
		if e.Command[1] == "crash/late" {
			cancel()
		}
		return fuzz(ctx, e)
	}
	r := Run(ctx, faults, o)
	require.True(t, r.Interrupted)
	require.Len(t, r.Results, 2, "that which was interrupted does not count")
	var text strings.Builder
	require.NoError(t, r.WriteText(&text))
	require.Contains(t, text.String(), "interrupted: ")
}
