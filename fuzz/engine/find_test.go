package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/target"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/program"
)

func TestAFindingIsShrunkAndKeptOnce(t *testing.T) {
	t.Parallel()
	var announced []Finding
	r := runFake(t, has(program.NEW, program.SEND, 500), Options{
		MaxPrograms: 300, Seed: 3, Found: func(f Finding) { announced = append(announced, f) },
	})
	require.Len(t, r.Found, 1)
	f := r.Found[0]
	assert.Equal(t, []program.Op{{Kind: program.NEW, Arg: 501}, {Kind: program.SEND}}, f.Program.Ops)
	assert.Equal(t, drive.Violation, f.Kind)
	assert.Equal(t, "SEND", f.Command)
	assert.Equal(t, 1, f.Op)
	assert.Equal(t, 2, f.Shrunk)
	assert.Equal(t, len(f.Original.Ops), f.From)
	assert.Equal(t, stableRuns, f.Stable)
	assert.Equal(t, stableRuns, f.Tried)
	assert.Greater(t, f.Times, 1)
	assert.Empty(t, f.Behind)
	require.Len(t, announced, 1)
	assert.Equal(t, f.ID, announced[0].ID)
}

// folders runs programs until there is a finding, and returns its folder.
func folder(t *testing.T, b *fakeRelay, o Options) (Finding, string) {
	t.Helper()
	if o.Findings == "" {
		o.Findings = t.TempDir()
	}
	o.MaxFindings = 1
	r := runFake(t, b, o)
	require.Len(t, r.Found, 1)
	return r.Found[0], filepath.Join(o.Findings, r.Found[0].ID)
}

func read(t *testing.T, parts ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	require.NoError(t, err)
	return string(b)
}

func TestTheFolderOfAFinding(t *testing.T) {
	t.Parallel()
	server, err := target.ParseAddress("smp://AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:hunter2!@127.0.0.1:5223")
	require.NoError(t, err)
	f, dir := folder(t, has(program.NEW, program.SEND, 500), Options{Server: server})

	loaded, err := LoadFinding(dir)
	require.NoError(t, err)
	f.Times, f.After = loaded.Times, loaded.After
	f.Actual = strings.ReplaceAll(f.Actual, "hunter2!", "***")
	f.Behind = []string{}
	assert.Equal(t, strings.Count(loaded.Actual, "hunter2!"), 0)
	f.Actual = loaded.Actual
	assert.Equal(t, f, loaded)
	same, err := LoadFinding(filepath.Join(dir, "finding.json"))
	require.NoError(t, err)
	assert.Equal(t, loaded, same)

	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("finding.json", schema))
	compiled, err := c.Compile("finding.json")
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(read(t, dir, "finding.json")))
	require.NoError(t, err)
	require.NoError(t, compiled.Validate(document))

	readme := read(t, dir, "README.md")
	for _, text := range []string{
		"# violation: odd-order (SEND)", "SMP-MSG-ORDER", "in the order in which the relay accepted them",
		"smpcheck replay " + dir + "/finding.json smp://AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=@127.0.0.1:5223\n",
		"10 of 10 replays", strings.TrimSpace(f.Program.String()),
	} {
		assert.Contains(t, readme, text)
	}
	assert.Contains(t, read(t, dir, "trace.txt"), "odd-order")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 3)
	for _, e := range entries {
		assert.NotContains(t, read(t, dir, e.Name()), "hunter2!", e.Name())
	}
}

func TestTheCommandThatStartsTheRelayIsInTheReadme(t *testing.T) {
	t.Parallel()
	_, dir := folder(t, has(program.NEW, program.SEND, 500), Options{Command: target.Command{"relay", "--name", "it's", "hunter2!"}})
	readme := read(t, dir, "README.md")
	_, rest, found := strings.Cut(readme, "--exec ")
	require.True(t, found)
	line, _, _ := strings.Cut(rest, "\n")
	words, err := target.ParseCommand(line)
	require.NoError(t, err)
	require.Len(t, words, 1)
	words, err = target.ParseCommand(words[0])
	require.NoError(t, err)
	require.Len(t, words, 4)
	assert.Equal(t, target.Command{"relay", "--name", "it's"}, words[:3])
}

func TestAFindingIsWrittenBeforeItIsShrunk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	b := has(program.NEW, program.SEND, 500)
	var first []string
	b.cancel = func(int) { // the first run after the finding is the first of shrinking
		if found, _ := filepath.Glob(filepath.Join(dir, "*", "finding.json")); found != nil && first == nil {
			first = found
			cancel()
		}
	}
	r, err := fake(t, b, Options{Findings: dir}).run(ctx)
	require.NoError(t, err)
	assert.True(t, r.Interrupted)
	require.Len(t, r.Found, 1)
	require.Len(t, first, 1)
	f, err := LoadFinding(first[0])
	require.NoError(t, err)
	assert.Equal(t, f.Original, f.Program)
	assert.Zero(t, f.Tried)
	assert.Contains(t, read(t, filepath.Dir(first[0]), "README.md"), "Not reproduced")
}

func TestABetterFindingOfAnEarlierRunStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	better, at := folder(t, has(program.NEW, program.SEND, 500), Options{Findings: dir})
	before := read(t, at, "finding.json")

	b := has(program.NEW, program.SEND, 500)
	always := b.broken
	b.broken = func(before []input, in input) []drive.Breach {
		if b.runs%2 == 0 {
			return nil
		}
		return always(before, in)
	}
	worse, _ := folder(t, b, Options{Findings: dir, Seed: 1})
	require.Equal(t, better.ID, worse.ID)
	require.Less(t, worse.Stable, better.Stable)
	assert.Equal(t, before, read(t, at, "finding.json"))
}

func TestACrash(t *testing.T) {
	t.Parallel()
	b := &fakeRelay{ill: func(_ []input, in input) *sighting {
		for i, op := range in.Ops {
			if op.Kind == program.LSET && i > 0 {
				return &sighting{
					Breach: drive.Breach{Kind: Crash, Rule: "process-ended", Expected: "a relay that goes on", Actual: "exit status 2"},
					place:  "main.set main.go:7", detail: "panic: oops\n\ngoroutine 1:\n```", output: "password hunter2!\npanic: oops",
				}
			}
		}
		return nil
	}}
	b.broken = func([]input, input) []drive.Breach {
		return []drive.Breach{{Kind: drive.Violation, Rule: "connection-closed"}}
	}
	dir := t.TempDir()
	r := runFake(t, b, Options{MaxPrograms: 60, Findings: dir})
	i := 0
	for r.Found[i].Kind != Crash {
		i++
	}
	f := r.Found[i]
	assert.Len(t, f.Program.Ops, 2)
	assert.Equal(t, "main.set main.go:7", f.Place)
	assert.Contains(t, read(t, dir, f.ID, "README.md"), "panic: oops")
	assert.Contains(t, read(t, dir, f.ID, "stderr.txt"), "panic: oops")
	assert.NotContains(t, read(t, dir, f.ID, "stderr.txt"), "hunter2!")
	assert.GreaterOrEqual(t, b.renewals, f.Times, "the process is started anew each time")
}

func TestTwoPlacesOfACrashAreTwoFindings(t *testing.T) {
	t.Parallel()
	b := &fakeRelay{ill: func(_ []input, in input) *sighting {
		for _, op := range in.Ops {
			if op.Kind == program.LSET || op.Kind == program.LDEL {
				return &sighting{Breach: drive.Breach{Kind: Crash, Rule: "process-ended"}, place: op.Kind.String()}
			}
		}
		return nil
	}}
	assert.Len(t, runFake(t, b, Options{MaxPrograms: 60}).Found, 2)
}

func TestWhatTwoProgramsDoIsJoined(t *testing.T) {
	t.Parallel()
	// The canary is damaged by SUB in a program after OFF in one before, or in the same.
	hurts := func(before []input, in input) bool {
		off := false
		for _, p := range append(slices.Clone(before[max(0, len(before)-2):]), in) {
			for _, op := range p.Ops {
				if off && op.Kind == program.SUB {
					return true
				}
				off = off || op.Kind == program.OFF && op.Arg%3 == 0
			}
		}
		return false
	}
	b := &fakeRelay{ill: func(before []input, in input) *sighting {
		if !hurts(before, in) {
			return nil
		}
		return &sighting{Breach: drive.Breach{Kind: Canary, Rule: "message-lost", Expected: "a message"}}
	}}
	r := runFake(t, b, Options{MaxFindings: 1, Seed: 5})
	require.Len(t, r.Found, 1)
	assert.Equal(t, []program.Op{{Kind: program.OFF}, {Kind: program.SUB}}, r.Found[0].Program.Ops)
	assert.Equal(t, stableRuns, r.Found[0].Stable)
}

func TestWhatIsNotSeenAgainIsKeptAsItWas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	once := false
	b := &fakeRelay{broken: func(_ []input, in input) []drive.Breach {
		if once || len(in.Ops) < 5 {
			return nil
		}
		once = true
		return []drive.Breach{{Kind: drive.Protocol, Rule: "unknown-tag", Op: 3}}
	}}
	r := runFake(t, b, Options{MaxPrograms: 40, Findings: dir})
	require.Len(t, r.Found, 1)
	f := r.Found[0]
	assert.Equal(t, f.Original, f.Program)
	assert.Zero(t, f.Stable+f.Tried)
	loaded, err := LoadFinding(filepath.Join(dir, f.ID))
	require.NoError(t, err)
	assert.Equal(t, f.Program, loaded.Program)
}

func TestWhatDependsOnChanceIsShrunkToo(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(7, 7))
	b := &fakeRelay{broken: func(_ []input, in input) []drive.Breach {
		shows := slices.ContainsFunc(in.Ops, func(op program.Op) bool { return op.Kind == program.OFF })
		if !shows || dice.IntN(5) > 1 {
			return nil
		}
		return []drive.Breach{{Kind: drive.Protocol, Rule: "unknown-tag"}}
	}}
	r := runFake(t, b, Options{MaxFindings: 1, MaxPrograms: 2000})
	require.Len(t, r.Found, 1)
	assert.Equal(t, []program.Op{{Kind: program.OFF}}, r.Found[0].Program.Ops)
	assert.Less(t, r.Found[0].Stable, stableRuns)
	assert.Equal(t, stableRuns, r.Found[0].Tried)
}

// A finding that chance decides is looked at again, and the surer program stays.
func TestASurerProgramIsLookedFor(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(7, 7))
	sure := func(in input) bool {
		return slices.ContainsFunc(in.Ops, func(op program.Op) bool { return op.Kind == program.SUB })
	}
	runs := 0
	b := &fakeRelay{broken: func(_ []input, in input) []drive.Breach {
		runs++
		breach := []drive.Breach{{Kind: drive.Protocol, Rule: "unknown-tag"}}
		switch {
		case sure(in) && runs > 100:
			return breach
		case slices.ContainsFunc(in.Ops, func(op program.Op) bool { return op.Kind == program.OFF }) && dice.IntN(5) < 2:
			return breach
		}
		return nil
	}}
	r := runFake(t, b, Options{MaxPrograms: 3000})
	require.Len(t, r.Found, 1)
	assert.Equal(t, []program.Op{{Kind: program.SUB}}, r.Found[0].Program.Ops)
	assert.True(t, r.Found[0].Certain())
}

func TestWhatIsSeenAgainLaterIsShrunkThen(t *testing.T) {
	t.Parallel()
	n := 0
	b := &fakeRelay{broken: func(_ []input, in input) []drive.Breach {
		if n++; n < 10 || n > 10 && n < 60 { // once, and for good when that was given up
			return nil
		}
		return []drive.Breach{{Kind: drive.Protocol, Rule: "unknown-tag"}}
	}}
	r := runFake(t, b, Options{MaxPrograms: 100})
	require.Len(t, r.Found, 1)
	assert.Empty(t, r.Found[0].Program.Ops)
	assert.Equal(t, stableRuns, r.Found[0].Stable)
}

func TestWhatFollowsFromAnotherFindingSaysSo(t *testing.T) {
	t.Parallel()
	b := has(program.NEW, program.SEND, 500)
	first := b.broken
	b.broken = func(before []input, in input) []drive.Breach {
		breaches := first(before, in)
		if breaches == nil {
			return nil
		}
		return append(breaches, drive.Breach{Kind: drive.Violation, Rule: "consequence"})
	}
	r := runFake(t, b, Options{MaxFindings: 2})
	require.Len(t, r.Found, 2)
	assert.Empty(t, r.Found[0].Behind)
	assert.Equal(t, "consequence", r.Found[1].Rule)
	assert.Equal(t, []string{r.Found[0].ID}, r.Found[1].Behind)
}

func TestFilesThatAreNoFindings(t *testing.T) {
	t.Parallel()
	f, dir := folder(t, has(program.NEW, program.SEND, 500), Options{})
	good, err := json.Marshal(f)
	require.NoError(t, err)
	for name, text := range map[string]string{
		"empty":         "",
		"no JSON":       "finding",
		"other form":    strings.Replace(string(good), `"format":1`, `"format":2`, 1),
		"unknown field": strings.Replace(string(good), `"format":1`, `"format":1,"more":1`, 1),
		"no kind":       strings.Replace(string(good), `"kind":"violation"`, `"kind":""`, 1),
		"no TLS":        strings.Replace(string(good), `"tls":"1.3"`, `"tls":""`, 1),
		"no versions":   strings.Replace(string(good), `"versions":[6,20]`, `"versions":[20,6]`, 1),
		"no program":    strings.Replace(string(good), `"program":{"code":"`, `"program":{"code":"////`, 1),
		"too large":     string(good) + strings.Repeat(" ", maxFinding),
	} {
		path := filepath.Join(dir, "other.json")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := LoadFinding(path)
		assert.Error(t, err, name)
	}
	_, err = LoadFinding(filepath.Join(dir, "nothing.json"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}
