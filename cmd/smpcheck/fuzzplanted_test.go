package main

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/target"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/engine"
	"smpcheck/fuzz/planted"
)

// findsCrashes is fakeSuite with a fuzzer that finds a crash in each relay with a crash.
func findsCrashes() suite {
	s := fakeSuite()
	s.fuzz = func(_ context.Context, o engine.Options) (engine.Report, error) {
		r := engine.Report{Status: engine.Status{Programs: 1, Operations: 20}}
		if f, ok := planted.Lookup(o.Command[2]); ok && f.Finds[0] == planted.Crash {
			r.Found = []engine.Finding{{Breach: drive.Breach{Kind: engine.Crash, Rule: "panic"}, Operations: 7, Shrunk: 1, From: 9, Stable: 10, Tried: 10}}
		}
		return r, nil
	}
	return s
}

func TestFuzzPlanted(t *testing.T) {
	t.Parallel()
	r := smpcheck(t, findsCrashes(), "fuzz", "planted", "--run", "crash/*", "--seed", "4", "--json")
	require.Zero(t, r.code, r.stderr)
	var d trialDocument
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &d))
	assert.Equal(t, uint64(4), d.Seed)
	assert.Equal(t, 60_000.0, d.DurationMS)
	assert.Equal(t, len(d.Relays)-1, d.Found)
	assert.Equal(t, "control", d.Relays[0].ID)
	assert.EqualValues(t, "clean", d.Relays[0].Outcome)
	assert.Equal(t, 20, d.Relays[0].Operations)
	assert.Equal(t, trialResult{
		ID: d.Relays[1].ID, Title: d.Relays[1].Title, Outcome: "found", Kind: "crash", Rule: "panic", Operations: 7, Size: 1, From: 9, Shown: 10, Tries: 10,
	}, d.Relays[1])

	r = smpcheck(t, findsCrashes(), "fuzz", "planted", "--run", "crash/*,hang/*", "--skip", "crash/*")
	assert.Equal(t, exitViolated, r.code)
	assert.Contains(t, r.stderr, " faults were not found")
	assert.Contains(t, r.stdout, "survived hang/")
}

func TestFuzzPlantedNeedsARelayWithoutFault(t *testing.T) {
	t.Parallel()
	s := findsCrashes()
	fuzz := s.fuzz
	s.fuzz = func(ctx context.Context, o engine.Options) (engine.Report, error) {
		o.Command = target.Command{"", "", planted.IDs()[0]}
		return fuzz(ctx, o)
	}
	r := smpcheck(t, s, "fuzz", "planted", "--run", planted.IDs()[0])
	assert.Equal(t, exitViolated, r.code)
	assert.Contains(t, r.stderr, "something in the relay without a fault")
	s.fuzz = func(context.Context, engine.Options) (engine.Report, error) {
		return engine.Report{}, engine.ErrUnreachable
	}
	r = smpcheck(t, s, "fuzz", "planted")
	assert.Equal(t, exitBroken, r.code)
	assert.Contains(t, r.stderr, "the relay without a fault: the relay cannot be reached")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r = smpcheckContext(ctx, s, "fuzz", "planted")
	assert.Equal(t, exitBroken, r.code)
	assert.Contains(t, r.stdout, "interrupted: ")
}

func TestFuzzPlantedLists(t *testing.T) {
	t.Parallel()
	r := smpcheck(t, fakeSuite(), "fuzz", "planted", "--list")
	require.Zero(t, r.code, r.stderr)
	assert.Equal(t, len(planted.IDs()), lines(r.stdout))
	var entries []plantedEntry
	r = smpcheck(t, fakeSuite(), "fuzz", "planted", "--list", "--json", "--run", "memory/*")
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &entries))
	require.NotEmpty(t, entries)
	assert.Equal(t, []string{"memory"}, entries[0].Finds)
}

func TestFuzzPlantedCalledWrongly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"argument":     {[]string{"fuzz", "planted", "crash"}, "unknown command"},
		"unknown":      {[]string{"fuzz", "planted", "--run", "crash/nothing"}, `no planted fault matches "crash/nothing"; fuzz planted --list has them all`},
		"unknown skip": {[]string{"fuzz", "planted", "--skip", "crush/*"}, `no planted fault matches "crush/*"`},
		"malformed":    {[]string{"fuzz", "planted", "--run", "crash/["}, "malformed"},
		"none left":    {[]string{"fuzz", "planted", "--skip", "**"}, "no fault is left"},
		"no time":      {[]string{"fuzz", "planted", "--duration", "0s"}, "--duration 0s, expected more than 0"},
		"large seed":   {[]string{"fuzz", "planted", "--seed", "9007199254740992"}, "--seed"},
		"bad scale":    {[]string{"fuzz", "planted", "--timeout-scale", "-1"}, "--timeout-scale -1"},
		"child":        {[]string{"planted", "crash/nothing"}, `no planted fault has the id "crash/nothing"`},
		"no child":     {[]string{"planted"}, "accepts 1 arg"},
	} {
		r := smpcheck(t, fakeSuite(), test.args...)
		assert.Equal(t, exitUsage, r.code, name)
		assert.Contains(t, r.stderr, test.want, name)
		assert.Equal(t, 1, lines(r.stderr), name)
		assert.Empty(t, r.stdout, name)
	}
}

// What the fuzzer starts prints its address and ends when it is told to.
func TestRelaysForTheFuzzer(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{referenceName}, {plantedName, "control"}, {plantedName, planted.IDs()[0]}} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := smpcheckContext(ctx, embeddedSuite(), args...)
		require.Zero(t, r.code, r.stderr)
		_, err := target.ParseAddress(r.stdout[:len(r.stdout)-1])
		require.NoError(t, err, r.stdout)
	}
}
