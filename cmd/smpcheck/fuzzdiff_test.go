package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/report"
	"smpcheck/conformance/target"
	"smpcheck/fuzz/differ"
	"smpcheck/fuzz/program"
	"smpcheck/reference/wire"
)

// fakeDifference is what diffSuite finds.
var fakeDifference = differ.Finding{
	ID: "0123456789abcdef", Rule: "SUB: OK / ERR AUTH", In: "answer", Command: "SUB", Op: 1,
	Shown: [2]string{"OK", "ERR AUTH"}, Blames: [2]string{"", "allowed-answer: expected OK, got ERR AUTH"},
	Requirements: [2]string{"", "SMP-PING-PONG"},
	Program:      program.Program{Ops: []program.Op{{Kind: program.NEW}, {Kind: program.SUB}}},
	Original:     program.Program{Ops: make([]program.Op, 9)},
	Seed:         7, Versions: wire.Versions(6, 9), After: time.Second, Stable: 10, Tried: 10,
}

// diffSuite is fakeSuite with two relays that differ as given. It notes its options.
func diffSuite(noted *differ.Options, err error, found ...differ.Finding) suite {
	s := fakeSuite()
	s.diff = func(_ context.Context, o differ.Options) (differ.Report, error) {
		*noted = o
		o.Status(differ.Status{Programs: 1, Doing: "comparing"})
		return differ.Report{
			Status: differ.Status{Elapsed: 2 * time.Second, Programs: 12, Operations: 300, Pairs: 40},
			Seed:   o.Seed, Versions: wire.Versions(6, 9), Chosen: map[string]int{"because": 3}, Dropped: map[string]int{"maybe": 1}, Found: found,
		}, err
	}
	s.rediff = func(_ context.Context, o differ.Options, f differ.Finding, times int) (int, differ.Finding, error) {
		*noted = o
		return times - 1, f, err
	}
	return s
}

func TestFuzzDiffReports(t *testing.T) {
	t.Parallel()
	var o differ.Options
	r := smpcheck(t, diffSuite(&o, nil, fakeDifference), "fuzz", "diff", fakeAddress, "--exec-a", "a -x", "--seed", "5", "--findings", "f")
	assert.Equal(t, exitViolated, r.code)
	assert.Equal(t, "smpcheck: 1 difference\n", r.stderr)
	assert.Equal(t, `smpcheck 0.1.0: comparing two relays, seed 5
A           a -x
B           smp://AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=@127.0.0.1:1
versions    SMP 6-9
elapsed     2.0 s
programs    12, with 300 operations; 40 pairs of command and answer
choices     that the protocol leaves to relays, and how often they differed
       3 × because
dropped     since they did not show each time
       1 × maybe
findings    1

answer      SUB: OK / ERR AUTH
  A         OK
  B         ERR AUTH
            the model objects to B: allowed-answer: expected OK, got ERR AUTH
            SMP-PING-PONG
  program   2 operations are left of 9 (after 1.0 s)
  folder    f/0123456789abcdef
`, r.stdout)

	r = smpcheck(t, diffSuite(&o, nil, fakeDifference), "fuzz", "diff", fakeAddress, "--seed", "5", "--json")
	assert.Equal(t, exitViolated, r.code)
	var d diffDocument
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &d))
	assert.Equal(t, diffDocument{
		Tool: report.Tool{Name: "smpcheck", Version: version}, Relays: [2]string{fakeAddress, "the reference relay"}, Versions: [2]uint16{6, 9},
		Seed: 5, ElapsedMS: 2000, Programs: 12, Operations: 300, Pairs: 40, Choices: map[string]int{"because": 3}, Dropped: map[string]int{"maybe": 1},
		Findings: []diffFinding{{
			ID: fakeDifference.ID, Rule: fakeDifference.Rule, In: "answer", Command: "SUB", Shown: fakeDifference.Shown,
			Blames: fakeDifference.Blames, Requirements: fakeDifference.Requirements, Size: 2, From: 9, AfterMS: 1000,
			Folder: "findings/0123456789abcdef",
		}},
	}, d)
}

func TestFuzzDiffFindsItsRelays(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	reference := differ.Relay{Command: target.Command{self, referenceName}}
	server, err := target.ParseAddress(fakeAddress)
	require.NoError(t, err)
	remote := differ.Relay{Server: server}
	for name, test := range map[string]struct {
		args []string
		want [2]differ.Relay
	}{
		"two addresses":   {[]string{fakeAddress, fakeAddress}, [2]differ.Relay{remote, remote}},
		"one address":     {[]string{fakeAddress}, [2]differ.Relay{remote, reference}},
		"two commands":    {[]string{"--exec-a", "a", "--exec-b", "b c"}, [2]differ.Relay{{Command: target.Command{"a"}}, {Command: target.Command{"b", "c"}}}},
		"only B":          {[]string{"--exec-b", "b"}, [2]differ.Relay{reference, {Command: target.Command{"b"}}}},
		"A and a command": {[]string{"--exec-b", "b", fakeAddress}, [2]differ.Relay{remote, {Command: target.Command{"b"}}}},
	} {
		var o differ.Options
		r := smpcheck(t, diffSuite(&o, nil), append([]string{"fuzz", "diff"}, test.args...)...)
		require.Zero(t, r.code, r.stderr)
		require.Empty(t, r.stderr)
		assert.Equal(t, test.want, o.Relays, name)
	}
	var o differ.Options
	require.Zero(t, smpcheck(t, diffSuite(&o, nil), "fuzz", "diff", fakeAddress, "--duration", "3s", "--max-programs", "4", "--max-findings", "5",
		"--findings", "f", "--seed", "6", "--levels", "field", "--versions", "9-11", "--timeout-scale", "2").code)
	o.Relays, o.Status = differ.Options{}.Relays, nil
	assert.Equal(t, differ.Options{
		Duration: 3 * time.Second, MaxPrograms: 4, MaxFindings: 5, Findings: "f", Seed: 6,
		Levels: []program.Level{6}, Versions: wire.Versions(9, 11), Scale: 2,
	}, o)
}

func TestExitCodesOfFuzzDiff(t *testing.T) {
	t.Parallel()
	gone := errors.New("relay B is gone")
	for name, test := range map[string]struct {
		report differ.Report
		err    error
		want   int
		stderr string
	}{
		"no difference": {differ.Report{Status: differ.Status{Programs: 1}}, nil, 0, ""},
		"found, gone":   {differ.Report{Found: make([]differ.Finding, 2)}, gone, 1, "2 differences"},
		"interrupted":   {differ.Report{Interrupted: true, Found: make([]differ.Finding, 2)}, nil, 3, "the run was interrupted"},
		"unreachable":   {differ.Report{}, gone, 3, "relay B is gone"},
		"no program":    {differ.Report{}, nil, 3, "no program was run"},
	} {
		s := fakeSuite()
		s.diff = func(context.Context, differ.Options) (differ.Report, error) { return test.report, test.err }
		r := smpcheck(t, s, "fuzz", "diff", fakeAddress)
		assert.Equal(t, test.want, r.code, name)
		assert.Contains(t, r.stderr, test.stderr, name)
		assert.Contains(t, r.stdout, "findings ", name)
	}
}

func TestFuzzDiffRunsAFindingAgain(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "finding.json")
	text, err := json.Marshal(fakeDifference)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, text, 0o644))
	var o differ.Options
	r := smpcheck(t, diffSuite(&o, nil), "fuzz", "diff", "--program", file, "--times", "3", fakeAddress)
	assert.Equal(t, exitViolated, r.code)
	assert.Equal(t, "0123456789abcdef  SUB: OK / ERR AUTH\nshown     2 of 3\nA         OK\nB         ERR AUTH\n", r.stdout)
	assert.Contains(t, r.stderr, "the difference shows in 2 of 3 runs")
	r = smpcheck(t, diffSuite(&o, nil), "fuzz", "diff", "--program", filepath.Dir(file), "--times", "1", fakeAddress, "--json")
	require.Zero(t, r.code, r.stderr)
	assert.JSONEq(t, `{"id": "0123456789abcdef", "rule": "SUB: OK / ERR AUTH", "shown": 0, "times": 1, "a": "OK", "b": "ERR AUTH"}`, r.stdout)

	r = smpcheck(t, diffSuite(&o, errors.New("relay A is gone")), "fuzz", "diff", "--program", file, fakeAddress)
	assert.Equal(t, exitBroken, r.code)
	assert.Contains(t, r.stderr, "relay A is gone")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r = smpcheckContext(ctx, diffSuite(&o, nil), "fuzz", "diff", "--program", file, fakeAddress)
	assert.Equal(t, exitBroken, r.code)
	assert.Contains(t, r.stderr, "interrupted")
}

func TestFuzzDiffCalledWrongly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no relay":          {nil, "no relay to compare with the reference relay"},
		"three relays":      {[]string{fakeAddress, fakeAddress, "--exec-a", "a"}, "3 relays are named, expected two"},
		"three addresses":   {[]string{fakeAddress, fakeAddress, fakeAddress}, "at most 2 arg"},
		"malformed address": {[]string{fakeAddress, "relay.example"}, "smp://FINGERPRINT@HOST"},
		"open quote":        {[]string{"--exec-b", "'x"}, "open quote"},
		"negative programs": {[]string{fakeAddress, "--max-programs", "-1"}, "--max-programs -1"},
		"negative findings": {[]string{fakeAddress, "--max-findings", "-1"}, "--max-findings -1"},
		"negative duration": {[]string{fakeAddress, "--duration", "-1s"}, "--duration -1s"},
		"no folder":         {[]string{fakeAddress, "--findings", ""}, "--findings is empty"},
		"large seed":        {[]string{fakeAddress, "--seed", "9007199254740992"}, "--seed"},
		"bad scale":         {[]string{fakeAddress, "--timeout-scale", "0"}, "--timeout-scale 0"},
		"bad versions":      {[]string{fakeAddress, "--versions", "5"}, "--versions: "},
		"unknown level":     {[]string{fakeAddress, "--levels", "byte"}, `"byte" is none of`},
		"no program":        {[]string{fakeAddress, "--program", "/no/such/file"}, "--program /no/such/file: "},
		"times alone":       {[]string{fakeAddress, "--times", "3"}, "expected --program"},
		"no times":          {[]string{fakeAddress, "--program", "x", "--times", "0"}, "--times 0, expected 1 to 10000"},
	} {
		r := smpcheck(t, fakeSuite(), append([]string{"fuzz", "diff"}, test.args...)...)
		assert.Equal(t, exitUsage, r.code, name)
		assert.Contains(t, r.stderr, test.want, name)
		assert.Equal(t, 1, lines(r.stderr), name)
		assert.Empty(t, r.stdout, name)
	}
}
