package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/conformance/report"
	"smpcheck/conformance/target"
)

func TestExitCodesOfRuns(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want int
		err  string
	}{
		"all pass":              {[]string{"--run", "relay/good/*"}, 0, ""},
		"address":               {[]string{fakeAddress, "--run", "relay/good/*"}, 0, ""},
		"pass and nonstrict":    {[]string{"--run", "relay/good/one,relay/bad/odd"}, 0, ""},
		"pass and skip":         {[]string{"--run", "relay/good/one,relay/bad/skip"}, 0, ""},
		"fail":                  {[]string{"--run", "relay/good/one", "--run", "relay/bad/fail"}, 1, "1 of 2 cases"},
		"fail and error":        {[]string{"--run", "relay/bad/fail,relay/bad/broken"}, 1, "1 of 2 cases"},
		"error":                 {[]string{"--run", "relay/good/one,relay/bad/broken"}, 3, "could not be judged"},
		"only skips":            {[]string{"--run", "relay/bad/skip"}, 1, "no case passed"},
		"only nonstrict":        {[]string{"--run", "relay/bad/odd"}, 1, "no case passed"},
		"pass and blocked":      {[]string{"--run", "relay/good/one,relay/bad/blocked"}, 1, "1 of 2 cases were blocked: the relay fails in something that no case of the run reports"},
		"blocked and nonstrict": {[]string{"--run", "relay/good/one,relay/bad/blocked,relay/bad/odd"}, 1, "1 of 3 cases were blocked: rules that the relay must keep could not be tested; no case failed, see what is nonstrict (1)"},
		"fail on skip":          {[]string{"--run", "relay/good/one,relay/bad/skip", "--fail-on-skip"}, 1, "1 of 2 cases were skipped"},
		"skip the bad":          {[]string{"--skip", "relay/bad/*"}, 0, ""},
		"level":                 {[]string{"--skip", "relay/bad/fail", "--skip", "relay/bad/broken", "--skip", "relay/bad/traced", "--skip", "relay/bad/blocked", "--level", "must"}, 0, ""},
		"shard":                 {[]string{"--run", "relay/good/*", "--shard", "2/2"}, 0, ""},
		"versions":              {[]string{"--run", "relay/good/*", "--versions", "6,8-9"}, 0, ""},
		"versions out of sight": {[]string{"--run", "relay/good/*", "--versions", "20"}, 1, "no case passed"},

		"unknown flag":       {[]string{"--colour"}, 2, "unknown flag: --colour"},
		"flag without value": {[]string{"--run"}, 2, "needs an argument"},
		"two addresses":      {[]string{fakeAddress, fakeAddress}, 2, "at most 1 arg"},
		"address and exec":   {[]string{fakeAddress, "--exec", "x"}, 2, "expected one"},
		"malformed address":  {[]string{"relay.example"}, 2, "smp://FINGERPRINT@HOST"},
		"short fingerprint":  {[]string{"smp://AAAA@relay.example"}, 2, "3 bytes, expected 32"},
		"unknown id":         {[]string{"--run", "relay/good/three"}, 2, `no case matches "relay/good/three"`},
		"unknown skip":       {[]string{"--skip", "relay/none/*"}, 2, "relay/none/*"},
		"malformed pattern":  {[]string{"--run", "relay/["}, 2, "malformed"},
		"bad versions":       {[]string{"--versions", "13"}, 2, "no version of SMP"},
		"bad profile":        {[]string{"--profile", "fast"}, 2, "none of [core full privacy v7-minimal]"},
		"profile versions":   {[]string{"--profile", "v7-minimal", "--versions", "9"}, 2, "versions 6-7"},
		"empty profile":      {[]string{"--profile", "core"}, 2, "no case is left"},
		"full profile":       {[]string{"--profile", "full", "--run", "relay/good/*"}, 0, ""},
		"bad level":          {[]string{"--level", "high"}, 2, "none of"},
		"bad shard":          {[]string{"--shard", "3/2"}, 2, "shard"},
		"empty shard":        {[]string{"--run", "relay/good/one", "--shard", "2/2"}, 2, "no case is left"},
		"bad parallel":       {[]string{"--parallel", "0"}, 2, "--parallel"},
		"bad scale":          {[]string{"--timeout-scale", "-1"}, 2, "--timeout-scale"},
		"scale is no number": {[]string{"--timeout-scale", "NaN"}, 2, "--timeout-scale"},
		"bad seed":           {[]string{"--seed", "x"}, 2, "--seed"},
		"large seed":         {[]string{"--seed", "9007199254740992"}, 2, "--seed"},
		"unknown format":     {[]string{"--report", "pdf=x"}, 2, "none of [text json junit html]"},
		"one file twice":     {[]string{"--report", "json=x", "--report", "html=./x"}, 2, "--report json=x and --report html=./x would write to the same place"},
		"stdout twice":       {[]string{"--report", "json=-", "--report", "text=-"}, 2, "same place"},
		"expectations there": {[]string{"--report", "json=x", "--write-expect", "x"}, 2, "--write-expect x and --report json=x"},
		"no report folder":   {[]string{"--report", "json=/no/such/folder/x"}, 2, "output file"},
		"no expectations":    {[]string{"--expect", "/no/such/file"}, 2, "expectations"},
		"open quote":         {[]string{"--exec", "'x"}, 2, "open quote"},
		"scan, no exec":      {[]string{"--scan", "."}, 2, "expected --exec"},
		"scan of nothing":    {[]string{"--exec", "x", "--scan", "/no/such/folder"}, 2, "--scan: stat /no/such/folder"},
		"scan of a file":     {[]string{"--exec", "x", "--scan", "relay_test.go"}, 2, "expected a folder"},
		"no such program":    {[]string{"--exec", "/no/such/program"}, 3, "start the target"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := smpcheck(t, fakeSuite(), append([]string{"relay"}, test.args...)...)
			assert.Equal(t, test.want, r.code, r.stderr)
			if test.err == "" {
				assert.Empty(t, r.stderr)
				return
			}
			assert.Contains(t, r.stderr, test.err)
			assert.Equal(t, 1, lines(r.stderr), r.stderr)
			if test.want == 2 {
				assert.Empty(t, r.stdout)
			}
		})
	}
}

func TestAPreflightThatFailsExitsWith3(t *testing.T) {
	t.Parallel()
	s := fakeSuite()
	s.preflight = func(_ context.Context, t target.Target, _ float64, _ ...uint16) (target.Info, error) {
		return target.Info{}, &target.IdentityError{Expected: t.Server().KeyHash, Actual: make([]byte, 32)}
	}
	r := smpcheck(t, s, "relay", strings.Replace(fakeAddress, "=@", "=:secret@", 1))
	assert.Equal(t, 3, r.code)
	assert.Equal(t, 3, strings.Count(r.stderr, strings.Repeat("A", 43)), r.stderr)
	assert.NotContains(t, r.stderr, "secret")
	assert.Empty(t, r.stdout)
}

func TestAnEmbeddedRelayThatFailsExitsWith3(t *testing.T) {
	t.Parallel()
	s := fakeSuite()
	s.embed = func(context.Context) (string, func(), error) { return "", nil, errors.New("no port") }
	r := smpcheck(t, s, "relay")
	assert.Equal(t, 3, r.code)
	assert.Contains(t, r.stderr, "no port")
}

func TestCasesThatContradictTheCatalogueExitWith3(t *testing.T) {
	t.Parallel()
	s := fakeSuite()
	s.cases = func() []conformance.Case { return []conformance.Case{{ID: "relay/x"}} }
	assert.Equal(t, 3, smpcheck(t, s, "relay").code)
}

func TestAnInterruptedRunReportsWhatItHas(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := fakeSuite()
	s.preflight = func(ctx context.Context, tgt target.Target, scale float64, _ ...uint16) (target.Info, error) {
		cancel()
		return fakeSuite().preflight(ctx, tgt, scale)
	}
	r := smpcheckContext(ctx, s, "relay")
	assert.Equal(t, 3, r.code)
	assert.Contains(t, r.stderr, "interrupted")
	assert.Contains(t, r.stdout, "8 cases: 8 skip")
	assert.Contains(t, r.stdout, "(interrupted)")
}

func TestReportsGoToTheirFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	r := smpcheck(t, fakeSuite(), "relay", "--run", "relay/good/*", "--seed", "11",
		"--report", "json="+at("a.json"), "--report", "junit="+at("a.xml"), "--report", "text="+at("a.txt"))
	require.Equal(t, 0, r.code, r.stderr)
	for _, name := range []string{"a.xml", "a.txt"} {
		content, err := os.ReadFile(at(name))
		require.NoError(t, err)
		assert.Contains(t, string(content), "relay/good/two")
	}
	assert.Contains(t, r.stdout, "seed 11", "the text also goes to standard output")
	content, err := os.ReadFile(at("a.json"))
	require.NoError(t, err)
	var d report.Document
	require.NoError(t, json.Unmarshal(content, &d))
	assert.Equal(t, uint64(11), d.Seed)
	assert.Equal(t, report.Target{Address: fakeAddress, Versions: [2]uint16{6, 9}, Kind: target.Embedded, Capabilities: []report.Capability{}}, d.Target)
	require.Len(t, d.Cases, 2)
	var ran []uint16
	for _, run := range d.Cases[0].Runs {
		ran = append(ran, run.Version)
	}
	assert.Equal(t, []uint16{6, 7, 9}, ran)
}

func TestAReportOnStandardOutputStandsAlone(t *testing.T) {
	t.Parallel()
	r := smpcheck(t, fakeSuite(), "relay", "--run", "relay/good/*", "--report", "json=-")
	require.Equal(t, 0, r.code)
	var d report.Document
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &d))
	assert.Len(t, d.Cases, 2)
}

func TestASeedRepeatsARun(t *testing.T) {
	t.Parallel()
	actual := func(args ...string) string {
		r := smpcheck(t, fakeSuite(), append([]string{"relay", "--run", "relay/bad/traced", "--report", "json=-"}, args...)...)
		var d report.Document
		require.NoError(t, json.Unmarshal([]byte(r.stdout), &d), r.stderr)
		return d.Cases[0].Actual
	}
	assert.Equal(t, actual("--seed", "5"), actual("--seed", "5", "--parallel", "1"))
	assert.NotEqual(t, actual("--seed", "5"), actual("--seed", "6"))
	assert.NotEqual(t, actual(), actual())
}

func TestTraceWritesAFileForEachCaseAndVersion(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "er")
	r := smpcheck(t, fakeSuite(), "relay", "--run", "relay/bad/traced", "--versions", "6,9", "--trace", dir)
	assert.Equal(t, 1, r.code)
	for _, name := range []string{"relay.bad.traced.v6", "relay.bad.traced.v9"} {
		text, err := os.ReadFile(filepath.Join(dir, name+".txt"))
		require.NoError(t, err)
		assert.Contains(t, string(text), "50 49 4e 47")
		lines, err := os.ReadFile(filepath.Join(dir, name+".jsonl"))
		require.NoError(t, err)
		assert.Contains(t, string(lines), `"hex":"50494e47"`)
	}
	assert.Contains(t, r.stdout, "50494e47")
	assert.Contains(t, r.stdout, "SMP-PING-PONG (must) PING is answered with PONG")
}

func TestRawTracesAreLonger(t *testing.T) {
	t.Parallel()
	size := func(extra ...string) int64 {
		dir := t.TempDir()
		args := append([]string{"relay", "--run", "relay/send/flags", "--versions", "6", "--trace", dir}, extra...)
		require.Equal(t, 0, smpcheck(t, relaySuite(), args...).code)
		info, err := os.Stat(filepath.Join(dir, "relay.send.flags.v6.jsonl"))
		require.NoError(t, err)
		return info.Size()
	}
	assert.Greater(t, size("--trace-raw"), size()+1000)
	r := smpcheck(t, fakeSuite(), "relay", "--trace-raw")
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, "expected --trace")
}

func TestFilesAreWrittenBeforeStandardOutput(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "report.json")
	reader, gone := io.Pipe()
	require.NoError(t, reader.Close())
	out, err := openOutputs(gone, []report.Destination{{Format: report.JSONFormat, File: file}}, "")
	require.NoError(t, err)
	registry, err := fakeSuite().registry()
	require.NoError(t, err)
	d := &report.Document{Summary: map[conformance.Verdict]int{}}
	require.ErrorIs(t, out.writeReports(d, registry.Catalogue()), io.ErrClosedPipe)
	require.NoError(t, out.close())
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.True(t, json.Valid(text))
}

func TestExpectationsMakeARoundTrip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	known, again := filepath.Join(dir, "known"), filepath.Join(dir, "again")
	r := smpcheck(t, fakeSuite(), "relay", "--seed", "1", "--write-expect", known)
	require.Equal(t, 1, r.code)
	r = smpcheck(t, fakeSuite(), "relay", "--seed", "1", "--expect", known, "--write-expect", again)
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stdout, "4 xfail, 2 pass, 2 skip")
	first, err := os.ReadFile(known)
	require.NoError(t, err)
	second, err := os.ReadFile(again)
	require.NoError(t, err)
	assert.Equal(t, string(first), string(second))

	require.NoError(t, os.WriteFile(known, []byte("relay/good/one: fail # not any more\n"), 0o644))
	r = smpcheck(t, fakeSuite(), "relay", "--run", "relay/good/*", "--expect", known)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stdout, "xpass")

	require.NoError(t, os.WriteFile(known, []byte("relay/gone/*: fail\n"), 0o644))
	r = smpcheck(t, fakeSuite(), "relay", "--expect", known)
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, "relay/gone/*")
}
