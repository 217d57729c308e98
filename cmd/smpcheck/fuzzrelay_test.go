package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/report"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/engine"
	"smpcheck/fuzz/program"
	"smpcheck/reference/wire"
)

// fakeFinding is what fuzzSuite finds.
var fakeFinding = engine.Finding{
	ID: "0123abcd",
	Breach: drive.Breach{
		Kind: drive.Violation, Rule: "message-lost", Requirement: "SMP-PING-PONG", Command: "SEND",
		Expected: "the message", Actual: "nothing\nbut \x1b[31msilence",
	},
	Program:  program.Program{Ops: []program.Op{{Kind: program.NEW}, {Kind: program.SEND, Arg: 3}}},
	Versions: wire.Versions(6, 20), TLS: "1.3",
	After: 1500 * time.Millisecond, Operations: 70, Shrunk: 2, From: 17, Stable: 10, Tried: 10, Behind: []string{"4567"},
}

// fuzzSuite is fakeSuite with a fuzzer that finds what is given. It notes its options.
func fuzzSuite(noted *engine.Options, err error, found ...engine.Finding) suite {
	s := fakeSuite()
	s.fuzz = func(_ context.Context, o engine.Options) (engine.Report, error) {
		*noted = o
		o.Status(engine.Status{Programs: 1, Memory: 20e6})
		return engine.Report{
			Seed: o.Seed, Found: found, Sequence: "89ab",
			Status: engine.Status{
				Elapsed: 2 * time.Second, Programs: 12, Operations: 300, Pairs: 40, Corpus: 9, Findings: len(found),
				Memory: 21e6, OperationsASec: 150, LastNewPairProg: 11,
			},
		}, err
	}
	return s
}

func TestFuzzRelayPassesItsFlags(t *testing.T) {
	t.Parallel()
	var o engine.Options
	r := smpcheck(t, fuzzSuite(&o, nil), "fuzz", "relay", fakeAddress, "--model", "--quota", "9", "--duration", "3s", "--max-programs", "4",
		"--max-findings", "5", "--corpus", "c", "--findings", "f", "--seed", "6", "--max-rate", "7.5", "--levels", "field,cipher",
		"--shard", "2/3", "--versions", "9-11", "--timeout-scale", "2")
	require.Zero(t, r.code, r.stderr)
	require.Empty(t, r.stderr, "no progress where there is no terminal")
	assert.Equal(t, fakeAddress, o.Server.String())
	assert.Nil(t, o.Command)
	o.Server, o.Status = engine.Options{}.Server, nil
	assert.Equal(t, engine.Options{
		Model: true, Quota: 9, Duration: 3 * time.Second, MaxPrograms: 4, MaxFindings: 5, Corpus: "c", Findings: "f", Seed: 6,
		MaxRate: 7.5, Levels: []program.Level{program.Field, program.Cipher}, Shard: 2, Shards: 3, Versions: wire.Versions(9, 11), Scale: 2,
	}, o)
}

func TestFuzzRelayFindsItsTarget(t *testing.T) {
	t.Parallel()
	var o engine.Options
	require.Zero(t, smpcheck(t, fuzzSuite(&o, nil), "fuzz", "relay", "--exec", "relay --listen 'a b'").code)
	assert.Equal(t, []string{"relay", "--listen", "a b"}, []string(o.Command))
	assert.Zero(t, o.Quota)

	// Without a target, the reference relay in a process of its own.
	r := smpcheck(t, fuzzSuite(&o, nil), "fuzz", "relay")
	require.Zero(t, r.code, r.stderr)
	self, err := os.Executable()
	require.NoError(t, err)
	assert.Equal(t, []string{self, referenceName}, []string(o.Command))
	assert.Equal(t, 128, o.Quota, "that of the reference relay")
	assert.Contains(t, r.stdout, "fuzzing the reference relay, seed ")
}

func TestFuzzRelayReportsAsText(t *testing.T) {
	t.Parallel()
	var o engine.Options
	r := smpcheck(t, fuzzSuite(&o, nil, fakeFinding), "fuzz", "relay", "--seed", "5", "--shard", "1/2", "--model", "--exec", "relay -x", "--timeout-scale", "3")
	assert.Equal(t, exitViolated, r.code)
	assert.Equal(t, "smpcheck: 1 finding\n", r.stderr)
	assert.Equal(t, `smpcheck 0.1.0: fuzzing relay -x, seed 5, part 1 of 2, with the model
elapsed     2.0 s
programs    12, with 300 operations, 150 a second
pairs       40 of command and answer, the last new one by program 11; corpus of 9
memory      20.0 MB at the start, 21.0 MB at the end
findings    1

violation   message-lost, SEND (after 1.5 s and 70 operations)
  rule      SMP-PING-PONG
  expected  the message
  actual    nothing
            but \x1b[31msilence
  program   2 operations are left of 17; it shows in 10 of 10 tries
            after 4567, from which it may follow
  folder    findings/0123abcd
  again     smpcheck replay findings/0123abcd --timeout-scale 3 --exec 'relay -x'
`, r.stdout)
}

func TestFuzzRelayReportsAsJSON(t *testing.T) {
	t.Parallel()
	var o engine.Options
	address := strings.Replace(fakeAddress, "=@", "=:secret@", 1)
	r := smpcheck(t, fuzzSuite(&o, nil, fakeFinding), "fuzz", "relay", "--seed", "5", "--json", address)
	assert.Equal(t, exitViolated, r.code)
	assert.NotContains(t, r.stdout+r.stderr, "secret")
	var d fuzzDocument
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &d))
	assert.Equal(t, fuzzDocument{
		Tool: report.Tool{Name: "smpcheck", Version: version}, Target: fuzzTarget{Kind: "address", Address: fakeAddress},
		Seed: 5, Shard: 1, Shards: 1, ElapsedMS: 2000, Programs: 12, Operations: 300, OperationsPerSecond: 150,
		Pairs: 40, LastNewPair: 11, Corpus: 9, MemoryStart: 20e6, MemoryEnd: 21e6, Sequence: "89ab",
		Findings: []fuzzFinding{{
			ID: "0123abcd", Kind: "violation", Rule: "message-lost", Requirement: "SMP-PING-PONG", Command: "SEND",
			Expected: "the message", Actual: fakeFinding.Actual, AfterMS: 1500, Operations: 70, Size: 2, From: 17, Shown: 10, Tries: 10, Behind: []string{"4567"},
			Folder: "findings/0123abcd", Replay: "smpcheck replay findings/0123abcd " + strings.Replace(address, "secret", "PASSWORD", 1),
		}},
	}, d)
}

func TestExitCodesOfFuzzRelay(t *testing.T) {
	t.Parallel()
	gone := errors.New("it is gone")
	for name, test := range map[string]struct {
		report engine.Report
		err    error
		want   int
		stderr string
	}{
		"nothing found":        {engine.Report{Status: engine.Status{Programs: 1}}, nil, 0, ""},
		"found":                {engine.Report{Found: make([]engine.Finding, 2)}, nil, 1, "2 findings"},
		"found before the end": {engine.Report{Found: make([]engine.Finding, 2)}, gone, 1, "2 findings"},
		"interrupted":          {engine.Report{Interrupted: true, Found: make([]engine.Finding, 2)}, nil, 3, "the run was interrupted"},
		"unreachable":          {engine.Report{}, gone, 3, "the reference relay: it is gone"},
		"no program":           {engine.Report{}, nil, 3, "no program was run"},
	} {
		s := fakeSuite()
		s.fuzz = func(context.Context, engine.Options) (engine.Report, error) { return test.report, test.err }
		r := smpcheck(t, s, "fuzz", "relay")
		assert.Equal(t, test.want, r.code, name)
		assert.Contains(t, r.stderr, test.stderr, name)
		assert.Contains(t, r.stdout, "findings ", "%s: the report is there however the run ends", name)
		assert.Equal(t, test.report.Interrupted, strings.Contains(r.stdout, "interrupted: "), name)
	}
}

func TestFuzzCalledWrongly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"nothing":            {nil, "fuzz what? expected relay, diff or planted"},
		"unknown":            {[]string{"client"}, `unknown command "client" of fuzz`},
		"two addresses":      {[]string{"relay", fakeAddress, fakeAddress}, "at most 1 arg"},
		"address and exec":   {[]string{"relay", fakeAddress, "--exec", "x"}, "expected one"},
		"malformed address":  {[]string{"relay", "relay.example"}, "smp://FINGERPRINT@HOST"},
		"open quote":         {[]string{"relay", "--exec", "'x"}, "open quote"},
		"negative quota":     {[]string{"relay", "--quota", "-1"}, "--quota -1, expected 0 or more"},
		"negative programs":  {[]string{"relay", "--max-programs", "-1"}, "--max-programs -1"},
		"negative findings":  {[]string{"relay", "--max-findings", "-1"}, "--max-findings -1"},
		"negative duration":  {[]string{"relay", "--duration", "-1s"}, "--duration -1s, expected 0 or more"},
		"bad duration":       {[]string{"relay", "--duration", "long"}, "--duration"},
		"negative rate":      {[]string{"relay", "--max-rate", "-1"}, "--max-rate -1, expected 0 or more"},
		"rate is no number":  {[]string{"relay", "--max-rate", "NaN"}, "--max-rate NaN"},
		"large seed":         {[]string{"relay", "--seed", "9007199254740992"}, "--seed"},
		"bad scale":          {[]string{"relay", "--timeout-scale", "0"}, "--timeout-scale 0"},
		"bad shard":          {[]string{"relay", "--shard", "3/2"}, `shard "3/2"`},
		"bad versions":       {[]string{"relay", "--versions", "5-9"}, "--versions: "},
		"unknown level":      {[]string{"relay", "--levels", "field,byte"}, `--levels: "byte" is none of [order record hello block content transmission field cipher]`},
		"no findings folder": {[]string{"relay", "--findings", ""}, "--findings is empty"},
	} {
		r := smpcheck(t, fakeSuite(), append([]string{"fuzz"}, test.args...)...)
		assert.Equal(t, exitUsage, r.code, name)
		assert.Contains(t, r.stderr, test.want, name)
		assert.Equal(t, 1, lines(r.stderr), name)
		assert.Empty(t, r.stdout, name)
	}
}
